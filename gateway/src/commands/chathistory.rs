//! `CHATHISTORY` (<https://ircv3.net/specs/extensions/chathistory>): the same history as everybody's, by ids and by moments; and what
//! happened beside what was said, for those who want to be shown that (`draft/event-playback`).

mod places;

use api::{
    Entry, ErrorCode, Person, Timestamp,
    auth::ServiceName,
    channels::EventsQuery,
    event::ChannelEvent,
    id::{ChannelId, EventId, MessageId},
    messages::{History, Point},
    page::MAX_LIMIT,
};
use client::messages::From;

use self::places::{Place, in_order};
use super::history::{Search, Way, is_found};
use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    dialect::irc::{HistoryAsked, HistoryPart, Past, Selector, Told},
    event::Happened,
    session::Session,
};

/// Entries that AROUND looks at for each that it may show: those that are no messages lie between.
const AROUND_FACTOR: u32 = 4;

/// Events that are looked through for those that are shown: more that show nothing in a row are past bearing.
const MOST_EVENTS: usize = 10 * MAX_LIMIT as usize;

/// Whose history it is.
enum With {
    Channel(ChannelId),
    Person(Person),
}

pub(super) async fn chathistory(session: &Session, asked: HistoryAsked) -> Answer {
    let HistoryAsked { target, part, most } = asked;
    let word = part.word();
    let items = match part {
        HistoryPart::Targets(first, second) => return targets(session, first, second, most).await,
        part => read(session, &target, part, most).await.map_err(|refusal| refusal.what(word))?,
    };
    Ok(Outcome::Irc(Told::History { target, items }))
}

async fn read(session: &Session, target: &str, part: HistoryPart, most: u32) -> Result<Vec<Past>, Refusal> {
    let with = if target.starts_with('#') {
        With::Channel(session.channel(target).await?.id)
    } else {
        With::Person(session.person(target).await?)
    };
    let with_events = session.client.queue.dialect().shows_past_events();
    let reading = Reading { session, target, with, with_events };
    let (from, until, way) = match part {
        HistoryPart::Latest(None) => (None, None, Way::Down),
        HistoryPart::Latest(Some(after)) => (Some(Place::END), Some(reading.place(after).await?), Way::Down),
        HistoryPart::Before(place) => (Some(reading.place(place).await?), None, Way::Down),
        HistoryPart::After(place) => (Some(reading.place(place).await?), None, Way::Up),
        HistoryPart::Between(first, second) => {
            let (first, second) = (reading.place(first).await?, reading.place(second).await?);
            let way = reading.way(&first, &second).await?;
            (Some(first), Some(second), way)
        }
        HistoryPart::Around(place) => {
            let place = reading.place(place).await?;
            return reading.around(&place, most).await;
        }
        HistoryPart::Targets(..) => return Ok(Vec::new()),
    };
    reading.items(from.as_ref(), until.as_ref(), way, most).await
}

struct Reading<'a> {
    session: &'a Session,
    target: &'a str,
    with: With,
    with_events: bool,
}

impl Reading<'_> {
    /// Those next to `from`, or to the end, as far as `until`.
    async fn items(
        &self,
        from: Option<&Place>,
        until: Option<&Place>,
        way: Way,
        most: u32,
    ) -> Result<Vec<Past>, Refusal> {
        let up = way == Way::Up;
        let search_from = match (from, until) {
            (Some(from), Some(until)) => From::Between(from.message(up), until.message(!up)),
            (Some(from), None) if up => From::After(from.message(true)),
            (Some(from), None) => From::Before(from.message(false)),
            (None, _) => From::Latest,
        };
        let mut search = Search::new(search_from, most, way).and_reactions(self.with_events);
        while let Some((from, limit)) = search.next() {
            search.take(self.page(from, limit).await?);
        }
        let entries = search.entries();
        let mut query = EventsQuery { latest: !up, ..EventsQuery::default() };
        for (place, is_lower) in [(from, up), (until, !up)] {
            if let Some(place) = place {
                place.bound(&mut query, is_lower);
            }
        }
        let events = self.events(query, way, most).await?;
        let mut items = self.shown(entries, events);
        let most = most as usize;
        match way {
            Way::Up => items.truncate(most),
            Way::Down => drop(items.drain(..items.len().saturating_sub(most))),
        }
        Ok(items)
    }

    fn shown(&self, entries: Vec<Entry>, events: Vec<ChannelEvent>) -> Vec<Past> {
        let hub = &self.session.gateway.hub;
        let said = hub.with_authors(entries).into_iter().map(|said| Past::Said(Box::new(said)));
        let happened = hub.with_people(events).into_iter().map(|event| Past::Happened(Box::new(event)));
        in_order(said.chain(happened).collect())
    }

    /// Events that are shown, as many as there may be of them.
    async fn events(
        &self,
        mut query: EventsQuery,
        way: Way,
        most: u32,
    ) -> Result<Vec<ChannelEvent>, Refusal> {
        let With::Channel(id) = &self.with else { return Ok(Vec::new()) };
        if !self.with_events {
            return Ok(Vec::new());
        }
        let actor = self.session.actor()?;
        let (mut found, mut looked_through) = (Vec::new(), 0);
        loop {
            query.limit = Some(MAX_LIMIT);
            let page = self.session.gateway.channels.past_events(&actor, id, &query).await;
            let events = page.of(ServiceName::Channels).map_err(|refusal| self.about(refusal))?.events;
            let (first, last) = (events.first(), events.last());
            match way {
                Way::Up => query.after = last.map_or(query.after, |last| last.version),
                Way::Down => query.before = first.map(|first| first.version),
            }
            let count = events.len();
            looked_through += count;
            let at = if way == Way::Up { found.len() } else { 0 };
            found.splice(at..at, events.into_iter().filter(|event| Happened::is_shown(&event.change)));
            if count < MAX_LIMIT as usize || found.len() >= most as usize || looked_through >= MOST_EVENTS {
                return Ok(found);
            }
        }
    }

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
    async fn place(&self, selector: Selector) -> Result<Place, Refusal> {
        let id = match selector {
            Selector::At(at) => return Ok(Place::Moment(at)),
            Selector::Id(id) => id,
        };
        let unknown =
            || self.about(Refusal::new(ErrorCode::NoSuchMessage).detail("there is no such message"));
        if let Ok(event) = id.parse::<EventId>() {
            return self.event(&event).await?.ok_or_else(unknown);
        }
        let id = id.parse::<MessageId>().map_err(|_| unknown())?;
        let entry = match &self.with {
            With::Channel(channel) if id.conversation.as_channel() != *channel => return Err(unknown()),
            // What happened about it is found by its moment.
            With::Channel(_) if !self.with_events => return Ok(Place::Message(id.seq, None)),
            With::Channel(_) | With::Person(_) => self.entry(id.seq).await?,
        };
        match (entry, &self.with) {
            (Some(entry), _) if entry.id == id => Ok(Place::Message(id.seq, Some(entry.at))),
            (None, With::Channel(_)) => Ok(Place::Message(id.seq, None)),
            _ => Err(unknown()),
        }
    }

    async fn event(&self, id: &EventId) -> Result<Option<Place>, Refusal> {
        let With::Channel(channel) = &self.with else { return Ok(None) };
        if id.channel != *channel {
            return Ok(None);
        }
        let actor = self.session.actor()?;
        let query =
            EventsQuery { after: id.version.saturating_sub(1), limit: Some(1), ..EventsQuery::default() };
        let page = self.session.gateway.channels.past_events(&actor, channel, &query).await;
        let page = page.of(ServiceName::Channels).map_err(|refusal| self.about(refusal))?;
        let event = page.events.into_iter().find(|event| event.version == id.version);
        Ok(event.map(|event| Place::Event(event.version, event.at)))
    }

    async fn entry(&self, seq: u64) -> Result<Option<Entry>, Refusal> {
        let from = From::After(Point::Seq(seq.saturating_sub(1)));
        let page = self.page(from, 1).await?;
        Ok(page.items.into_iter().next().filter(|entry| entry.seq == seq))
    }

    /// Which of two ends is the later one.
    async fn way(&self, first: &Place, second: &Place) -> Result<Way, Refusal> {
        let up = match (first, second) {
            (Place::Message(first, _), Place::Message(second, _)) => first < second,
            (Place::Event(first, _), Place::Event(second, _)) => first < second,
            (first, second) => self.at(first).await? < self.at(second).await?,
        };
        Ok(if up { Way::Up } else { Way::Down })
    }

    async fn at(&self, place: &Place) -> Result<Option<Timestamp>, Refusal> {
        match place {
            Place::Message(seq, None) => Ok(self.entry(*seq).await?.map(|entry| entry.at)),
            place => Ok(place.at()),
        }
    }

    async fn around(&self, place: &Place, most: u32) -> Result<Vec<Past>, Refusal> {
        if self.with_events {
            let half = most / 2;
            let mut before = self.items(Some(place), None, Way::Down, most).await?;
            let after = self.items(Some(&place.just_before()), None, Way::Up, most - half).await?;
            let kept = (most as usize).saturating_sub(after.len()).min(half as usize);
            before.drain(..before.len().saturating_sub(kept));
            before.extend(after);
            return Ok(before);
        }
        let point = place.message(true);
        let limit = most.saturating_mul(AROUND_FACTOR).clamp(1, MAX_LIMIT);
        let mut items = self.page(From::Around(point), limit).await?.items;
        items.retain(|entry| is_found(entry.kind, false));
        let is_before = |entry: &Entry| match point {
            Point::Seq(seq) => entry.seq < seq,
            Point::At(at) => entry.at.to_millis() < at.to_millis(),
            Point::End => true,
        };
        let (centre, most) = (items.partition_point(is_before), most as usize);
        let items = items.into_iter().skip(centre.saturating_sub(most / 2)).take(most).collect();
        Ok(self.shown(items, Vec::new()))
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
