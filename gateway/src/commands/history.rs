use api::{
    Entry,
    auth::ServiceName,
    messages::History,
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
    let name = target.as_deref().or(session.target.as_ref().map(Target::name)).ok_or_else(no_target)?;
    let messages = &session.gateway.messages;
    let mut search = Search::new(page);
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
struct Search {
    /// The page to ask for; none: it has ended.
    next: Option<(From, u32)>,
    upwards: bool,
    count: usize,
    looked_through: usize,
    found: Vec<Entry>,
}

impl Search {
    fn new(page: Page) -> Self {
        let (from, count) = match page {
            Page::Latest(count) => (From::Latest, count),
            Page::After(seq) => (From::After(seq), DEFAULT_LIMIT),
            Page::Before(seq) => (From::Before(seq), DEFAULT_LIMIT),
        };
        Self {
            next: Some((from, count)),
            upwards: matches!(page, Page::After(_)),
            count: count as usize,
            looked_through: 0,
            found: Vec::new(),
        }
    }

    fn next(&self) -> Option<(From, u32)> {
        self.next
    }

    fn take(&mut self, page: History) {
        let History { items, has_before, has_after, .. } = page;
        self.looked_through += items.len();
        let (edge, more) = if self.upwards { (items.last(), has_after) } else { (items.first(), has_before) };
        let edge = edge.map(|entry| entry.seq);
        let at = if self.upwards { self.found.len() } else { 0 };
        self.found.splice(at..at, items.into_iter().filter(|entry| entry.kind.is_spoken()));
        let goes_on = more && self.found.len() < self.count && self.looked_through < MOST_LOOKED_THROUGH;
        // An empty page leads no further, whatever it says of itself.
        self.next = edge
            .filter(|_| goes_on)
            .map(|edge| (if self.upwards { From::After(edge) } else { From::Before(edge) }, MAX_LIMIT));
    }

    /// Those next to where it began.
    fn entries(mut self) -> Vec<Entry> {
        if self.upwards {
            self.found.truncate(self.count);
        } else {
            self.found.drain(..self.found.len().saturating_sub(self.count));
        }
        self.found
    }
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
        }
    }

    /// The seqs found among `last` entries of which `is_spoken` are messages, and how often was asked.
    fn found(last: u64, is_spoken: impl Fn(u64) -> bool, page: Page) -> (Vec<u64>, u32) {
        let mut asked = 0;
        let mut search = Search::new(page);
        while let Some((from, limit)) = search.next() {
            asked += 1;
            let limit = u64::from(limit);
            let (low, high) = match from {
                From::After(seq) => (seq + 1, last.min(seq + limit)),
                From::Before(seq) => (seq.saturating_sub(limit).max(1), seq - 1),
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
        assert_eq!(found(65, talk, Page::Latest(3)).0, [3, 4, 65]);
        assert_eq!(found(65, talk, Page::After(4)).0, [65]);
        assert_eq!(found(65, talk, Page::Before(65)).0, [1, 2, 3, 4]);
        assert_eq!(found(2002, talk, Page::Before(2001)).0, [1, 2, 3, 4, 65]);
        assert_eq!(found(2002, talk, Page::After(3)).0, [4, 65, 2001, 2002]);
    }

    #[test]
    fn a_page_of_nothing_but_messages_is_asked_for_once() {
        assert_eq!(found(100, |_| true, Page::Latest(2)), (vec![99, 100], 1));
        assert_eq!(found(100, |_| true, Page::After(0)), ((1..=50).collect(), 1));
    }

    #[test]
    fn the_search_has_an_end() {
        let (most, first) = (MOST_LOOKED_THROUGH as u64, u64::from(DEFAULT_LIMIT));
        // Pages end at 50 + 1000 n: the last one begins below the limit.
        let end = first + most;
        assert_eq!(found(99_999, |seq| seq == end, Page::After(0)), (vec![end], 11));
        assert_eq!(found(99_999, |seq| seq == end + 1, Page::After(0)), (vec![], 11));
    }

    #[test]
    fn an_empty_page_is_the_last() {
        for page in [Page::Latest(5), Page::After(0), Page::Before(5)] {
            let mut search = Search::new(page);
            search.take(History { items: Vec::new(), first_seq: 9, has_before: true, has_after: true });
            assert_eq!(search.next(), None);
        }
    }
}
