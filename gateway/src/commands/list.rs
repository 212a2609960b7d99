use std::time::Duration;

use api::{Timestamp, auth::ServiceName, channels::ChannelSummary, mask::glob, page::MAX_LIMIT};

use crate::{
    command::{Answer, Asked, Outcome},
    session::Session,
};

/// Pages of the largest size that are looked through for one answer: as many channels as channel-service looks through for a pattern.
const MAX_PAGES: usize = 10;

/// Which channels of those that may be seen are listed: all that is asked for holds. `ELIST` in 005.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ListFilter {
    /// None of these masks matches.
    pub(crate) not: Vec<String>,
    /// More, and fewer, people than these.
    pub(crate) more_than: Option<u64>,
    pub(crate) fewer_than: Option<u64>,
    /// Made, and their topic set, longer ago and less long ago than so many minutes.
    pub(crate) created: Ages,
    pub(crate) topic: Ages,
}

/// Minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ages {
    pub(crate) older: Option<u64>,
    pub(crate) younger: Option<u64>,
}

impl Ages {
    fn hold(self, at: Option<Timestamp>, now: Timestamp) -> bool {
        if self == Self::default() {
            return true;
        }
        let Some(age) = at.map(|at| now.since(at)) else { return false };
        let minutes = |minutes: u64| Duration::from_secs(minutes.saturating_mul(60));
        self.older.is_none_or(|than| age > minutes(than))
            && self.younger.is_none_or(|than| age < minutes(than))
    }
}

impl ListFilter {
    fn holds(&self, channel: &ChannelSummary, now: Timestamp) -> bool {
        let members = channel.member_count;
        self.more_than.is_none_or(|than| members > than)
            && self.fewer_than.is_none_or(|than| members < than)
            && self.created.hold(Some(channel.created_at), now)
            && self.topic.hold(channel.topic_at, now)
            && !self.not.iter().any(|mask| glob(mask, channel.name.as_str()))
    }
}

/// The channels that this person may see, as many as a page of the largest size has: whoever needs more asks more narrowly, or REST.
pub(super) async fn list(session: &mut Session, matching: Option<String>, filter: ListFilter) -> Answer {
    let actor = session.actor()?;
    let (mut found, mut cursor, now) = (Vec::new(), None::<String>, Timestamp::now());
    for _ in 0..MAX_PAGES {
        let asked = session.gateway.channels.list(&actor, matching.as_deref(), cursor.as_deref(), MAX_LIMIT);
        let page = asked.await.of(ServiceName::Channels)?;
        found.extend(page.items.into_iter().filter(|channel| filter.holds(channel, now)));
        cursor = page.next;
        if cursor.is_none() || filter == ListFilter::default() || found.len() >= MAX_LIMIT as usize {
            break;
        }
    }
    found.truncate(MAX_LIMIT as usize);
    Ok(Outcome::List(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_holds_all_that_is_asked_for() {
        let at = |minutes: i64| Timestamp(minutes * 60_000_000);
        let channel = ChannelSummary {
            id: "9x".try_into().unwrap(),
            name: "#chan1".try_into().unwrap(),
            member_count: 2,
            topic: String::new(),
            topic_at: Some(at(7)),
            created_at: at(0),
        };
        let holds = |filter: ListFilter| filter.holds(&channel, at(10));
        let ages = |older, younger| Ages { older, younger };
        let all = ListFilter::default;
        assert!(holds(all()));
        assert!(holds(ListFilter { more_than: Some(1), fewer_than: Some(3), ..all() }));
        assert!(!holds(ListFilter { more_than: Some(2), ..all() }));
        assert!(!holds(ListFilter { fewer_than: Some(2), ..all() }));
        assert!(holds(ListFilter { created: ages(Some(9), None), topic: ages(None, Some(4)), ..all() }));
        assert!(!holds(ListFilter { created: ages(Some(10), None), ..all() }));
        assert!(!holds(ListFilter { topic: ages(None, Some(3)), ..all() }));
        assert!(!holds(ListFilter { not: vec!["*AN1".to_owned()], ..all() }));
        assert!(!ages(Some(0), None).hold(None, at(10)), "without a topic it has no age");
    }
}
