use api::{
    Entry, EntryKind,
    auth::ServiceName,
    messages::{History, Point},
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};
use client::messages::From;

use crate::{
    command::{Answer, Asked, Outcome, Page, Refusal},
    session::{Session, Target, no_target},
};

/// Entries that one `/history` looks through for its messages: more reactions, edits and redactions in a row are past bearing.
const MOST_LOOKED_THROUGH: usize = 10 * MAX_LIMIT as usize;

pub(super) async fn history(session: &mut Session, target: Option<String>, page: Page) -> Answer {
    let actor = session.actor()?;
    let current = session.target_name();
    let name = target.as_deref().or(current.as_deref()).ok_or_else(no_target)?;
    let messages = &session.gateway.messages;
    let mut search = match page {
        Page::Latest(count) => Search::new(From::Latest, count, Way::Down),
        Page::After(seq) => Search::new(From::After(seq.into()), DEFAULT_LIMIT, Way::Up),
        Page::Before(seq) => Search::new(From::Before(seq.into()), DEFAULT_LIMIT, Way::Down),
    };
    let target = if name.starts_with('#') {
        let channel = session.channel(name).await?;
        let about = |refusal: Refusal| refusal.channel(channel.name.as_str());
        while let Some((from, limit)) = search.next() {
            let page = messages.channel_history(&actor, &channel.id, from, limit).await;
            search.take(page.of(ServiceName::Messages).map_err(about)?);
        }
        channel.name.to_string()
    } else {
        // The current target stays the person it was set to, whatever they are called now.
        let person = match &session.target {
            Some(Target::Person(person)) if target.is_none() => person.clone(),
            _ => session.person(name).await?,
        };
        let about = |refusal: Refusal| refusal.nick(person.nick.as_str());
        while let Some((from, limit)) = search.next() {
            let page = messages.direct_history(&actor, &person.id, from, limit).await;
            search.take(page.of(ServiceName::Messages).map_err(about)?);
        }
        person.nick.to_string()
    };
    Ok(Outcome::History { target, entries: search.entries() })
}

/// As many messages as were asked for, if there are so many; entries of other kinds are passed over.
pub(super) struct Search {
    /// The page to ask for; none: it has ended.
    next: Option<(From, u32)>,
    way: Way,
    /// Where it ends, if that is not where the conversation does.
    until: Option<Point>,
    count: usize,
    looked_through: usize,
    found: Vec<Entry>,
    /// Reactions as well.
    with_reactions: bool,
}

/// Where a search goes from where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

impl Search {
    pub(super) fn new(from: From, count: u32, way: Way) -> Self {
        let until = match from {
            From::Between(_, until) => Some(until),
            _ => None,
        };
        Self {
            next: Some((from, count)),
            way,
            until,
            count: count as usize,
            looked_through: 0,
            found: Vec::new(),
            with_reactions: false,
        }
    }

    #[must_use]
    pub(super) fn and_reactions(mut self, with_reactions: bool) -> Self {
        self.with_reactions = with_reactions;
        self
    }

    pub(super) fn next(&self) -> Option<(From, u32)> {
        self.next
    }

    pub(super) fn take(&mut self, page: History) {
        let History { items, has_before, has_after, .. } = page;
        self.looked_through += items.len();
        let (edge, more) = match self.way {
            Way::Up => (items.last(), has_after),
            Way::Down => (items.first(), has_before),
        };
        let edge = edge.map(|entry| Point::Seq(entry.seq));
        let at = if self.way == Way::Up { self.found.len() } else { 0 };
        self.found
            .splice(at..at, items.into_iter().filter(|entry| is_found(entry.kind, self.with_reactions)));
        let goes_on = more && self.found.len() < self.count && self.looked_through < MOST_LOOKED_THROUGH;
        // An empty page leads no further, whatever it says of itself.
        self.next = edge.filter(|_| goes_on).map(|edge| {
            let from = match (self.until, self.way) {
                (Some(until), _) => From::Between(edge, until),
                (None, Way::Up) => From::After(edge),
                (None, Way::Down) => From::Before(edge),
            };
            (from, MAX_LIMIT)
        });
    }

    /// Those next to where it began.
    pub(super) fn entries(mut self) -> Vec<Entry> {
        match self.way {
            Way::Up => self.found.truncate(self.count),
            Way::Down => drop(self.found.drain(..self.found.len().saturating_sub(self.count))),
        }
        self.found
    }
}

/// Whether those who look back are shown it.
pub(super) fn is_found(kind: EntryKind, with_reactions: bool) -> bool {
    kind.is_spoken()
        || with_reactions && matches!(kind, EntryKind::Reaction | EntryKind::Unreaction | EntryKind::Tags)
}

#[cfg(test)]
mod tests {
    use api::{
        EntryKind, Person, Timestamp,
        id::{ConversationId, MessageId},
    };

    use super::*;

    fn entry(seq: u64, kind: EntryKind) -> Entry {
        let conversation: ConversationId = "9x".try_into().unwrap();
        Entry {
            id: MessageId { conversation: conversation.clone(), seq },
            conversation,
            target: "#x".into(),
            seq,
            author: Person {
                id: "9bob".try_into().unwrap(),
                nick: "bob".try_into().unwrap(),
                user_version: 1,
            },
            kind,
            text: "x".into(),
            at: Timestamp(1),
            channel_version: None,
            reply_to: None,
            of: None,
            to: None,
            session: None,
            redacted: false,
            edited_at: None,
            tags: Default::default(),
            splits: Vec::new(),
        }
    }

    fn search(from: From, count: u32) -> Search {
        let upwards = match from {
            From::After(_) => true,
            From::Between(Point::Seq(from), Point::Seq(to)) => from < to,
            _ => false,
        };
        Search::new(from, count, if upwards { Way::Up } else { Way::Down })
    }

    /// The seqs found among `last` entries of which `is_spoken` are messages, and how often was asked.
    fn found(last: u64, is_spoken: impl Fn(u64) -> bool, from: From, count: u32) -> (Vec<u64>, u32) {
        let mut asked = 0;
        let mut search = search(from, count);
        while let Some((from, limit)) = search.next() {
            asked += 1;
            let limit = u64::from(limit);
            let (low, high) = match from {
                From::After(Point::Seq(seq)) => (seq + 1, last.min(seq + limit)),
                From::Before(Point::Seq(seq)) => (seq.saturating_sub(limit).max(1), seq - 1),
                From::Between(Point::Seq(from), Point::Seq(to)) if from > to => {
                    (from.saturating_sub(limit).max(to + 1), from - 1)
                }
                From::Between(Point::Seq(from), Point::Seq(to)) => (from + 1, (to - 1).min(from + limit)),
                _ => ((last + 1).saturating_sub(limit).max(1), last),
            };
            let kind = |seq| if is_spoken(seq) { EntryKind::Message } else { EntryKind::Reaction };
            search.take(History {
                items: (low..=high).map(|seq| entry(seq, kind(seq))).collect(),
                first_seq: 1,
                has_before: low > 1,
                has_after: high < last,
            });
        }
        (search.entries().iter().map(|entry| entry.seq).collect(), asked)
    }

    #[test]
    fn messages_are_found_behind_any_number_of_reactions() {
        let talk = |seq: u64| seq <= 4 || seq == 65 || seq > 2000;
        let (after, before) = (|seq| From::After(Point::Seq(seq)), |seq| From::Before(Point::Seq(seq)));
        assert_eq!(found(65, talk, From::Latest, 3).0, [3, 4, 65]);
        assert_eq!(found(65, talk, after(4), 50).0, [65]);
        assert_eq!(found(65, talk, before(65), 50).0, [1, 2, 3, 4]);
        assert_eq!(found(2002, talk, before(2001), 50).0, [1, 2, 3, 4, 65]);
        assert_eq!(found(2002, talk, after(3), 50).0, [4, 65, 2001, 2002]);
        let between = |from, to| From::Between(Point::Seq(from), Point::Seq(to));
        assert_eq!(found(2002, talk, between(2, 2002), 3).0, [3, 4, 65]);
        assert_eq!(found(2002, talk, between(2002, 2), 3).0, [4, 65, 2001]);
        assert_eq!(found(2002, talk, between(2002, 3), 9).0, [4, 65, 2001]);
    }

    #[test]
    fn a_page_of_nothing_but_messages_is_asked_for_once() {
        assert_eq!(found(100, |_| true, From::Latest, 2), (vec![99, 100], 1));
        assert_eq!(found(100, |_| true, From::After(Point::Seq(0)), 50), ((1..=50).collect(), 1));
    }

    #[test]
    fn the_search_has_an_end() {
        let (most, first) = (MOST_LOOKED_THROUGH as u64, u64::from(DEFAULT_LIMIT));
        let first_page = From::After(Point::Seq(0));
        // Pages end at 50 + 1000 n: the last one begins below the limit.
        let end = first + most;
        assert_eq!(found(99_999, |seq| seq == end, first_page, DEFAULT_LIMIT), (vec![end], 11));
        assert_eq!(found(99_999, |seq| seq == end + 1, first_page, DEFAULT_LIMIT), (vec![], 11));
    }

    #[test]
    fn an_empty_page_is_the_last() {
        for from in [From::Latest, From::After(Point::Seq(0)), From::Before(Point::Seq(5))] {
            let mut search = search(from, 5);
            search.take(History { items: Vec::new(), first_seq: 9, has_before: true, has_after: true });
            assert_eq!(search.next(), None);
        }
    }
}
