//! `CHATHISTORY` (<https://ircv3.net/specs/extensions/chathistory>): the same history as everybody's, by ids and by moments.

use api::{
    Entry, ErrorCode, Person, Timestamp,
    auth::ServiceName,
    id::{ChannelId, MessageId},
    messages::{History, Point},
    page::MAX_LIMIT,
};
use client::messages::From;

use super::history::{Search, Way};
use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    dialect::irc::{HistoryAsked, HistoryPart, Selector, Told},
    session::Session,
};

/// Entries that AROUND looks at for each that it may show: those that are no messages lie between.
const AROUND_FACTOR: u32 = 4;

/// Whose history it is.
enum With {
    Channel(ChannelId),
    Person(Person),
}

pub(super) async fn chathistory(session: &Session, asked: HistoryAsked) -> Answer {
    let HistoryAsked { target, part, most } = asked;
    let word = part.word();
    let entries = match part {
        HistoryPart::Targets(first, second) => return targets(session, first, second, most).await,
        part => read(session, &target, part, most).await.map_err(|refusal| refusal.what(word))?,
    };
    let entries = session.gateway.hub.with_authors(entries);
    Ok(Outcome::Irc(Told::History { target, entries }))
}

async fn read(session: &Session, target: &str, part: HistoryPart, most: u32) -> Result<Vec<Entry>, Refusal> {
    let with = if target.starts_with('#') {
        With::Channel(session.channel(target).await?.id)
    } else {
        With::Person(session.person(target).await?)
    };
    let reading = Reading { session, target, with };
    let (from, way) = match part {
        HistoryPart::Latest(None) => (From::Latest, Way::Down),
        HistoryPart::Latest(Some(after)) => {
            (From::Between(Point::End, reading.point(after).await?), Way::Down)
        }
        HistoryPart::Before(point) => (From::Before(reading.point(point).await?), Way::Down),
        HistoryPart::After(point) => (From::After(reading.point(point).await?), Way::Up),
        HistoryPart::Between(first, second) => {
            let (first, second) = (reading.point(first).await?, reading.point(second).await?);
            let way = reading.way(first, second).await?;
            (From::Between(first, second), way)
        }
        HistoryPart::Around(point) => {
            let point = reading.point(point).await?;
            return reading.around(point, most).await;
        }
        HistoryPart::Targets(..) => return Ok(Vec::new()),
    };
    let mut search = Search::new(from, most, way);
    while let Some((from, limit)) = search.next() {
        search.take(reading.page(from, limit).await?);
    }
    Ok(search.entries())
}

struct Reading<'a> {
    session: &'a Session,
    target: &'a str,
    with: With,
}

impl Reading<'_> {
    async fn page(&self, from: From, limit: u32) -> Result<History, Refusal> {
        let actor = self.session.actor()?;
        let messages = &self.session.gateway.messages;
        let page = match &self.with {
            With::Channel(id) => messages.channel_history(&actor, id, from, limit).await,
            With::Person(person) => messages.direct_history(&actor, &person.id, from, limit).await,
        };
        page.of(ServiceName::Messages).map_err(|refusal| self.about(refusal))
    }

    /// Where an id or a moment lies. An id is one of this conversation.
    async fn point(&self, selector: Selector) -> Result<Point, Refusal> {
        let id = match selector {
            Selector::At(at) => return Ok(Point::At(at)),
            Selector::Id(id) => id,
        };
        let unknown =
            || self.about(Refusal::new(ErrorCode::NoSuchMessage).detail("there is no such message"));
        let id = id.parse::<MessageId>().map_err(|_| unknown())?;
        let is_here = match &self.with {
            With::Channel(channel) => id.conversation.as_channel() == *channel,
            With::Person(_) => self.entry(id.seq).await?.is_some_and(|entry| entry.id == id),
        };
        if is_here { Ok(Point::Seq(id.seq)) } else { Err(unknown()) }
    }

    async fn entry(&self, seq: u64) -> Result<Option<Entry>, Refusal> {
        let from = From::After(Point::Seq(seq.saturating_sub(1)));
        let page = self.page(from, 1).await?;
        Ok(page.items.into_iter().next().filter(|entry| entry.seq == seq))
    }

    /// Which of two ends is the later one.
    async fn way(&self, first: Point, second: Point) -> Result<Way, Refusal> {
        let up = match (first, second) {
            (Point::Seq(first), Point::Seq(second)) => first < second,
            (Point::At(first), Point::At(second)) => first < second,
            (Point::Seq(seq), Point::At(at)) => self.entry(seq).await?.is_none_or(|entry| entry.at < at),
            (Point::At(at), Point::Seq(seq)) => self.entry(seq).await?.is_some_and(|entry| entry.at > at),
            (Point::End, _) | (_, Point::End) => false,
        };
        Ok(if up { Way::Up } else { Way::Down })
    }

    async fn around(&self, point: Point, most: u32) -> Result<Vec<Entry>, Refusal> {
        let limit = most.saturating_mul(AROUND_FACTOR).clamp(1, MAX_LIMIT);
        let mut items = self.page(From::Around(point), limit).await?.items;
        items.retain(|entry| entry.kind.is_spoken());
        let is_before = |entry: &Entry| match point {
            Point::Seq(seq) => entry.seq < seq,
            Point::At(at) => entry.at.to_millis() < at.to_millis(),
            Point::End => true,
        };
        let (centre, most) = (items.partition_point(is_before), most as usize);
        Ok(items.into_iter().skip(centre.saturating_sub(most / 2)).take(most).collect())
    }

    fn about(&self, refusal: Refusal) -> Refusal {
        match self.with {
            With::Channel(_) => refusal.channel(self.target),
            With::Person(_) => refusal.nick(self.target),
        }
    }
}

/// Conversations whose latest entry lies between two moments.
async fn targets(session: &Session, first: Timestamp, second: Timestamp, most: u32) -> Answer {
    let actor = session.actor()?;
    let (after, before) = (first.min(second), first.max(second));
    let page = session.gateway.messages.conversations_between(&actor, after, before, most).await;
    let page = page.of(ServiceName::Messages).map_err(|refusal| refusal.what("TARGETS"))?;
    let targets = page.items.into_iter().filter_map(|found| Some((found.target, found.last_at?)));
    Ok(Outcome::Irc(Told::Targets(targets.collect())))
}
