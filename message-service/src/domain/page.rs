//! Which part of a history is asked for.

use api::{
    ErrorCode, Problem, Timestamp,
    messages::Point,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// The query of a page of history: at most one cursor; none: the latest.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Entries above this seq, the lowest first.
    pub after: Option<u64>,
    /// Entries below this seq, those next to it.
    pub before: Option<u64>,
    /// Entries around this seq, half on either side, itself among them.
    pub around: Option<u64>,
    /// Entries later than this millisecond, the earliest first.
    pub after_at: Option<Timestamp>,
    /// Entries earlier than this millisecond, those next to it.
    pub before_at: Option<Timestamp>,
    /// Entries around this millisecond, half on either side, its own on the later one.
    pub around_at: Option<Timestamp>,
    /// Entries between two seqs or times, neither among them: `10,20` those next to 10, `20,10` those next to 20. An end that is left
    /// out is beyond the newest: `,10` are the latest above 10.
    pub between: Option<String>,
    /// At most so many, 1 to 1,000; 50 if absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    Latest,
    After(Point),
    Before(Point),
    Around(Point),
    Between(Point, Point),
}

impl HistoryQuery {
    pub fn range(&self) -> Result<(Range, u32), Problem> {
        let limit = limit(self.limit)?;
        let point = |seq: Option<u64>, at: Option<Timestamp>| [seq.map(Point::Seq), at.map(Point::At)];
        let after = point(self.after, self.after_at).into_iter().flatten().map(Range::After);
        let before = point(self.before, self.before_at).into_iter().flatten().map(Range::Before);
        let around = point(self.around, self.around_at).into_iter().flatten().map(Range::Around);
        let between = self.between.as_deref().map(between).transpose()?;
        let mut given = after.chain(before).chain(around).chain(between);
        match (given.next(), given.next()) {
            (range, None) => Ok((range.unwrap_or(Range::Latest), limit)),
            _ => Err(Problem::new(ErrorCode::BadRequest)
                .detail("give one of after, before and around, as a seq or with _at as a time, or between")),
        }
    }
}

fn between(pair: &str) -> Result<Range, Problem> {
    let parse = |text: &str| text.trim().parse::<Point>().ok();
    let ends = pair.split_once(',').and_then(|(from, to)| Some((parse(from)?, parse(to)?)));
    ends.map(|(from, to)| Range::Between(from, to)).ok_or_else(|| {
        Problem::new(ErrorCode::InvalidParameter).detail("between is two seqs or times: between=10,20")
    })
}

/// `?limit=`: over the maximum is refused, never clamped.
pub fn limit(given: Option<u32>) -> Result<u32, Problem> {
    match given.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        _ => Err(Problem::new(ErrorCode::InvalidParameter).detail(format!("limit is 1 to {MAX_LIMIT}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_refused_and_not_clamped() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some(1000)).unwrap(), 1000);
        for wrong in [0, 1001] {
            assert_eq!(limit(Some(wrong)).unwrap_err().status, 422);
        }
    }

    #[test]
    fn one_cursor_at_most() {
        let range =
            |query: HistoryQuery| query.range().map(|(range, _)| range).map_err(|problem| problem.status);
        assert_eq!(range(HistoryQuery::default()), Ok(Range::Latest));
        let around = Ok(Range::Around(Point::Seq(3)));
        assert_eq!(range(HistoryQuery { around: Some(3), ..Default::default() }), around);
        let (seq, at) = (Some(3), Some(Timestamp(0)));
        assert_eq!(range(HistoryQuery { after: seq, after_at: at, ..Default::default() }), Err(400));
        assert_eq!(range(HistoryQuery { before_at: at, around_at: at, ..Default::default() }), Err(400));
        assert_eq!(range(HistoryQuery { after: Some(3), before: Some(9), ..Default::default() }), Err(400));
        let between = |text: &str| range(HistoryQuery { between: Some(text.into()), ..Default::default() });
        assert_eq!(between("3,9"), Ok(Range::Between(Point::Seq(3), Point::Seq(9))));
        assert_eq!(between("9, 3"), Ok(Range::Between(Point::Seq(9), Point::Seq(3))));
        assert_eq!(between(",3"), Ok(Range::Between(Point::End, Point::Seq(3))));
        let mixed = Range::Between(Point::Seq(3), Point::At(Timestamp(7_000)));
        assert_eq!(between("3,1970-01-01T00:00:00.007Z"), Ok(mixed));
        for wrong in ["x", "3", "3,x", "3,-1", "3,9,12"] {
            assert_eq!(between(wrong), Err(422), "{wrong}");
        }
    }
}
