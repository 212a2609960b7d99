//! Places in a history of what was said and what happened. Each has numbers of its own; together they are ordered by their moments, of
//! the same millisecond what happened first.

use std::time::Duration;

use api::{Timestamp, channels::EventsQuery, messages::Point};

use crate::dialect::irc::Past;

/// Moments are told apart by it.
const MILLISECOND: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A message, and its moment where that is known.
    Message(u64, Option<Timestamp>),
    /// An event, by its version.
    Event(u64, Timestamp),
    Moment(Timestamp),
    /// Just before one of these.
    Before(u64, Option<Timestamp>),
    BeforeEvent(u64, Timestamp),
    End,
}

impl Place {
    pub(super) const END: Self = Self::End;

    pub(super) fn at(&self) -> Option<Timestamp> {
        match *self {
            Self::Message(_, at) | Self::Before(_, at) => at,
            Self::Event(_, at) | Self::BeforeEvent(_, at) | Self::Moment(at) => Some(at),
            Self::End => Some(Timestamp(i64::MAX)),
        }
    }

    /// The place that comes before it and after all else that does.
    pub(super) fn just_before(self) -> Self {
        match self {
            Self::Message(seq, at) => Self::Before(seq, at),
            Self::Event(version, at) => Self::BeforeEvent(version, at),
            Self::Moment(at) => Self::Moment(at.minus(MILLISECOND)),
            place => place,
        }
    }

    /// What bounds messages: those after it, if it is the lower end, or those before it.
    pub(super) fn message(&self, is_lower: bool) -> Point {
        match *self {
            Self::Message(seq, _) => Point::Seq(seq),
            Self::Before(seq, _) => Point::Seq(seq.saturating_sub(1)),
            // Messages of its millisecond come after it.
            Self::Event(_, at) | Self::BeforeEvent(_, at) if is_lower => Point::At(at.minus(MILLISECOND)),
            Self::Event(_, at) | Self::BeforeEvent(_, at) | Self::Moment(at) => Point::At(at),
            Self::End => Point::End,
        }
    }

    /// The same for events.
    pub(super) fn bound(&self, query: &mut EventsQuery, is_lower: bool) {
        match *self {
            Self::Event(version, _) if is_lower => query.after = version,
            Self::BeforeEvent(version, _) if is_lower => query.after = version.saturating_sub(1),
            Self::Event(version, _) | Self::BeforeEvent(version, _) => query.before = Some(version),
            Self::Moment(at) | Self::Message(_, Some(at)) | Self::Before(_, Some(at)) if is_lower => {
                // Events of its millisecond come before a message.
                query.after_at = Some(at);
            }
            Self::Moment(at) => query.before_at = Some(at),
            Self::Message(_, Some(at)) | Self::Before(_, Some(at)) => {
                query.before_at = Some(at.plus(MILLISECOND))
            }
            Self::Message(_, None) | Self::Before(_, None) | Self::End => {}
        }
    }
}

pub(super) fn in_order(mut items: Vec<Past>) -> Vec<Past> {
    items.sort_by_key(|item| match item {
        Past::Said(said) => (said.0.at.to_millis(), true, said.0.seq),
        Past::Happened(happened) => (happened.event.at.to_millis(), false, happened.event.version),
    });
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(5_000_000);

    fn events(place: Place, is_lower: bool) -> EventsQuery {
        let mut query = EventsQuery::default();
        place.bound(&mut query, is_lower);
        query
    }

    #[test]
    fn of_one_millisecond_what_happened_comes_before_what_was_said() {
        let (message, event) = (Place::Message(7, Some(AT)), Place::Event(3, AT));
        assert_eq!(events(message, true).after_at, Some(AT));
        assert_eq!(events(message, false).before_at, Some(AT.plus(MILLISECOND)));
        assert_eq!(event.message(true), Point::At(AT.minus(MILLISECOND)));
        assert_eq!(event.message(false), Point::At(AT));
        assert_eq!((events(event, true).after, events(event, false).before), (3, Some(3)));
    }

    #[test]
    fn just_before_something_is_after_what_came_before_it() {
        assert_eq!(Place::Message(7, None).just_before().message(true), Point::Seq(6));
        assert_eq!(events(Place::Event(3, AT).just_before(), true).after, 2);
        assert_eq!(Place::Moment(AT).just_before().message(true), Point::At(AT.minus(MILLISECOND)));
    }
}
