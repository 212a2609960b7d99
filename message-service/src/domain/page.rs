//! Which part of a history is asked for.

use api::{
    ErrorCode, Problem,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// The query of a page of history: at most one of the four cursors; none: the latest.
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
    /// Entries between two seqs, written `10,20`, neither among them.
    pub between: Option<String>,
    /// At most so many, 1 to 1,000; 50 if absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    Latest,
    After(u64),
    Before(u64),
    Around(u64),
    Between(u64, u64),
}

impl HistoryQuery {
    pub fn range(&self) -> Result<(Range, u32), Problem> {
        let limit = limit(self.limit)?;
        let given =
            [self.after.is_some(), self.before.is_some(), self.around.is_some(), self.between.is_some()];
        if given.into_iter().filter(|given| *given).count() > 1 {
            let detail = "give one of after, before, around and between";
            return Err(Problem::new(ErrorCode::BadRequest).detail(detail));
        }
        let range = match self {
            Self { after: Some(seq), .. } => Range::After(*seq),
            Self { before: Some(seq), .. } => Range::Before(*seq),
            Self { around: Some(seq), .. } => Range::Around(*seq),
            Self { between: Some(pair), .. } => between(pair)?,
            _ => Range::Latest,
        };
        Ok((range, limit))
    }
}

fn between(pair: &str) -> Result<Range, Problem> {
    let parse = |text: &str| text.trim().parse::<u64>().ok();
    let ends = pair.split_once(',').and_then(|(from, to)| Some((parse(from)?, parse(to)?)));
    match ends {
        Some((from, to)) if from <= to => Ok(Range::Between(from, to)),
        _ => Err(Problem::new(ErrorCode::InvalidParameter)
            .detail("between is two seqs, the lower first: between=10,20")),
    }
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
        assert_eq!(range(HistoryQuery { around: Some(3), ..Default::default() }), Ok(Range::Around(3)));
        assert_eq!(range(HistoryQuery { after: Some(3), before: Some(9), ..Default::default() }), Err(400));
        let between = |text: &str| range(HistoryQuery { between: Some(text.into()), ..Default::default() });
        assert_eq!(between("3,9"), Ok(Range::Between(3, 9)));
        assert_eq!(between("9,3"), Err(422));
        assert_eq!(between("x"), Err(422));
    }
}
