//! The page on which one transaction does its sums: rooms and seats come in as they were read under their locks, the rules
//! change them here, and what became of them goes back in one piece, with the events. No I/O.

mod coming;
mod going;
mod listing;
mod saying;
mod setting;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use api::{
    ErrorCode, Person, Timestamp,
    auth::Actor,
    channels::{Channel, Member},
    event::{ChannelChange, ChannelEvent},
    id::{ChannelId, ListEntryId, SessionId, UserId},
    metadata::MetadataKey,
};

pub use self::{coming::Joining, going::Ending, listing::NewEntry, saying::Said};
use super::{
    lists::Lists,
    modes,
    policy::{Asker, JoinLimits},
    room::{Room, Seat},
};

/// One person in one channel.
pub type Place = (ChannelId, UserId);

/// Whose doing a change is. Nobody's: the service's own.
#[derive(Debug, Clone, Default)]
pub struct Doer {
    pub person: Option<Person>,
    /// The session whose gateway is being answered.
    pub session: Option<SessionId>,
}

/// What came of a change: the events in their order, the last one the change itself, and the channel after it.
#[derive(Debug, Clone)]
pub struct Change {
    pub before: Vec<ChannelEvent>,
    /// None when nothing changed.
    pub event: Option<ChannelEvent>,
    pub channel: Channel,
}

/// Versions that the asker will accept; none: any.
pub type Expected<'a> = Option<&'a [u64]>;

#[derive(Debug)]
pub struct Ledger {
    pub now: Timestamp,
    pub limits: JoinLimits,
    pub rooms: BTreeMap<ChannelId, Room>,
    /// Places that were asked for and are taken.
    pub seats: BTreeMap<Place, Seat>,
    pub lists: HashMap<ChannelId, Lists>,
    /// What is said of rooms.
    pub said: HashMap<ChannelId, BTreeMap<MetadataKey, Said>>,
    /// Until when.
    pub invitations: HashMap<Place, Timestamp>,
    /// Channels that each person who joins is in.
    pub memberships: HashMap<UserId, usize>,
    /// Those of the sessions at hand that have ended.
    pub ended: HashSet<SessionId>,
    /// Where the conversations end of channels whose floor is pending.
    pub floors: HashMap<ChannelId, u64>,
    pub written: Written,
}

/// What is to be written back.
#[derive(Debug, Default)]
pub struct Written {
    /// In the order of the versions of each channel.
    pub events: Vec<ChannelEvent>,
    pub rooms: BTreeSet<ChannelId>,
    /// Those of them that are called otherwise now.
    pub renamed: BTreeSet<ChannelId>,
    /// Places whose seat was taken, changed or left.
    pub places: BTreeSet<Place>,
    /// Rooms whose lists, invitations and metadata are gone.
    pub emptied: BTreeSet<ChannelId>,
    pub used_invitations: BTreeSet<Place>,
    pub invited: BTreeMap<Place, Timestamp>,
    pub listed: Vec<(ChannelId, api::channels::ListKind, api::channels::ListEntry)>,
    pub unlisted: Vec<ListEntryId>,
    /// Each key once at most; none: it is said no more.
    pub said: Vec<(ChannelId, MetadataKey, Option<Said>)>,
    /// Rooms that cannot be woken before their conversation's end is known.
    pub need_floor: BTreeSet<ChannelId>,
}

impl Ledger {
    pub fn new(now: Timestamp, limits: JoinLimits) -> Self {
        Self {
            now,
            limits,
            rooms: BTreeMap::new(),
            seats: BTreeMap::new(),
            lists: HashMap::new(),
            said: HashMap::new(),
            invitations: HashMap::new(),
            memberships: HashMap::new(),
            ended: HashSet::new(),
            floors: HashMap::new(),
            written: Written::default(),
        }
    }

    /// A room that is awake, as people know rooms.
    fn awake(&self, id: &ChannelId) -> Result<&Room, ErrorCode> {
        self.rooms.get(id).filter(|room| !room.is_dormant()).ok_or(ErrorCode::NoSuchChannel)
    }

    fn room_mut(&mut self, id: &ChannelId) -> &mut Room {
        self.rooms.get_mut(id).expect("a room is on the page before it is changed")
    }

    pub fn member(&self, id: &ChannelId, user: &UserId) -> Option<&Member> {
        self.seats.get(&(id.clone(), user.clone())).map(|seat| &seat.member)
    }

    fn asker<'a>(&'a self, id: &ChannelId, actor: &'a Actor) -> Asker<'a> {
        Asker { actor, member: self.member(id, actor.id()) }
    }

    /// One change of one room: its version, and the event that says so.
    fn record(&mut self, id: &ChannelId, doer: &Doer, change: ChannelChange) -> ChannelEvent {
        let at = self.now;
        let channel = &mut self.room_mut(id).channel;
        channel.version += 1;
        let event = ChannelEvent {
            channel: id.clone(),
            name: channel.name.clone(),
            version: channel.version,
            at,
            by: doer.person.clone(),
            session: doer.session.clone(),
            change,
        };
        self.written.rooms.insert(id.clone());
        self.written.events.push(event.clone());
        event
    }

    /// The answer, with the room as it is now.
    fn change(&self, id: &ChannelId, mut events: Vec<ChannelEvent>) -> Change {
        let event = events.pop();
        Change { before: events, event, channel: self.rooms[id].channel.clone() }
    }

    /// Somebody is in, at the first moment of a room that was asleep or new.
    fn wake(&mut self, id: &ChannelId, doer: &Doer) -> Result<Vec<ChannelEvent>, ErrorCode> {
        let asked = self.floors.get(id).copied();
        let room = self.room_mut(id);
        if room.floor_pending {
            let Some(end) = asked else {
                self.written.need_floor.insert(id.clone());
                return Err(ErrorCode::Unavailable);
            };
            room.channel.floor = room.channel.floor.max(end);
            room.floor_pending = false;
        }
        room.dormant_since = None;
        let floor = room.channel.floor;
        let before = std::mem::replace(&mut room.channel.modes, modes::initial());
        let modes = room.channel.modes.clone();
        let changes = before.changes(&modes);
        if room.channel.version == 0 {
            // What has just begun was never asleep for anybody: its first event says all.
            return Ok(Vec::new());
        }
        let service = Doer { person: None, session: doer.session.clone() };
        Ok(vec![
            self.record(id, &service, ChannelChange::Woken { floor }),
            self.record(id, &service, ChannelChange::Modes { modes, changes }),
        ])
    }

    /// Nobody is in any more: an unregistered channel keeps nothing but its id, version and history.
    fn sleep_if_empty(&mut self, id: &ChannelId) -> Option<ChannelEvent> {
        let now = self.now;
        let room = self.room_mut(id);
        if room.channel.member_count > 0 || room.channel.founder.is_some() || room.is_dormant() {
            return None;
        }
        room.dormant_since = Some(now);
        room.floor_pending |= std::mem::take(&mut room.closed);
        room.channel.topic = None;
        room.channel.modes = api::mode::Modes::default();
        self.lists.remove(id);
        self.said.remove(id);
        self.invitations.retain(|(channel, _), _| channel != id);
        self.written.emptied.insert(id.clone());
        Some(self.record(id, &Doer::default(), ChannelChange::Dormant))
    }

    /// Whether the asker's versions allow a change now.
    fn expect(&self, id: &ChannelId, expected: Expected<'_>) -> Result<(), ErrorCode> {
        let version = self.rooms[id].channel.version;
        match expected {
            Some(versions) if !versions.contains(&version) => Err(ErrorCode::VersionMismatch),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
