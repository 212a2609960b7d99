//! People as somebody who asks about them sees them: those who are connected here, or share a channel with somebody who is.

use api::{
    ChannelName, Entry, Nick, Person,
    auth::Actor,
    event::{ChannelChange, ChannelEvent},
    id::{ChannelId, UserId},
    mask::glob,
    mode::Roles,
    users::UserModes,
};

use super::{ClientId, Hub, State, person::Known};
use crate::{
    command::{Named, Seen, WhoRow},
    event::{self, Happened, Shown},
};

impl Hub {
    /// What is known here of somebody, to this client.
    pub(crate) fn seen(&self, user: &UserId, by: ClientId) -> Seen {
        self.state.lock().seen(user, by)
    }

    /// Entries of a history with those who wrote them, by the nicks that they had then.
    pub(crate) fn with_authors(&self, entries: Vec<Entry>) -> Vec<(Entry, Shown)> {
        let state = self.state.lock();
        let with_author = |entry: Entry| {
            let author = Shown { nick: entry.author.nick.clone(), ..state.shown(&entry.author) };
            (entry, author)
        };
        entries.into_iter().map(with_author).collect()
    }

    /// Events of a channel with those whom they name, by the nicks that they had then.
    pub(crate) fn with_people(&self, events: Vec<ChannelEvent>) -> Vec<Happened> {
        let state = self.state.lock();
        let then = |person: &Person| Shown { nick: person.nick.clone(), ..state.shown(person) };
        let happened = |event: ChannelEvent| {
            let by = event.by.as_ref().map(then);
            let mut who = Happened::whom(&event.change).map(then);
            if let (ChannelChange::Joined { member }, Some(who)) = (&event.change, &mut who) {
                who.mask = event::mask(&member.username, &member.host);
                who.account = event::account(member.account.as_ref());
            }
            Happened { event, by, who }
        };
        events.into_iter().map(happened).collect()
    }

    /// The members of a channel that is followed here.
    pub(crate) fn who_is_in(&self, channel: &ChannelId) -> Option<Vec<WhoRow>> {
        self.state.lock().who_is_in(channel)
    }

    /// Those who are connected here and whose nick, user, host or real name matches, as `by` may find them; of more than `most`,
    /// any.
    pub(crate) fn who_matches(&self, pattern: &str, most: usize, by: &Actor) -> Vec<WhoRow> {
        self.state.lock().who_matches(pattern, most, by)
    }

    /// What somebody has set about themselves, as far as this gateway has heard.
    pub(crate) fn modes(&self, user: &UserId) -> UserModes {
        self.state.lock().people.get(user).map(|known| known.modes).unwrap_or_default()
    }

    /// How many of those connected here are invisible, and how many operators.
    pub(crate) fn marked(&self) -> (usize, usize) {
        let state = self.state.lock();
        let here = || state.people.values().filter(|known| !known.clients.is_empty());
        (here().filter(|known| known.modes.invisible).count(), here().filter(|known| known.operator).count())
    }
}

impl State {
    fn seen(&self, user: &UserId, by: ClientId) -> Seen {
        let Some(known) = self.people.get(user) else { return Seen::default() };
        let channels = known.channels.iter().filter_map(|id| self.shown_channel(id, user, by)).collect();
        Seen { mask: known.mask.clone(), operator: known.operator, channels, metadata: Vec::new() }
    }

    /// A channel that somebody is in, unless it is secret and the one who asks is not in it.
    fn shown_channel(&self, id: &ChannelId, user: &UserId, by: ClientId) -> Option<(Roles, ChannelName)> {
        let channel = self.channels.get(id)?;
        let replica = channel.replica()?;
        let is_open = !replica.channel.modes.secret || channel.viewers().any(|viewer| viewer == by);
        let member = replica.member(user).filter(|_| is_open)?;
        Some((member.roles, replica.channel.name.clone()))
    }

    fn who_is_in(&self, id: &ChannelId) -> Option<Vec<WhoRow>> {
        let replica = self.channels.get(id)?.replica()?;
        let mut rows: Vec<_> = replica
            .members
            .values()
            .filter_map(|member| Some((self.people.get(&member.person.id)?, member.roles)))
            .map(|(known, roles)| WhoRow {
                channel: Some(replica.channel.name.to_string()),
                ..row(known, roles)
            })
            .collect();
        sort(&mut rows);
        Some(rows)
    }

    pub(super) fn who_matches(&self, pattern: &str, most: usize, by: &Actor) -> Vec<WhoRow> {
        let me = self.people.get(by.id());
        // RFC 2812 §3.6.1: whoever is invisible and shares no channel with those who ask is not found by masks.
        let shares = |known: &Known| {
            me.is_some_and(|me| me.channels.iter().any(|channel| known.channels.contains(channel)))
        };
        let here = self.people.iter().filter(|(id, known)| {
            let is_found = !known.modes.invisible || *id == by.id() || by.is_operator() || shares(known);
            is_found && !known.clients.is_empty()
        });
        let here = here.map(|(_, known)| known);
        let matches = |known: &&Known| {
            let (user, host) = known.mask.split_once('@').unwrap_or_default();
            let realname = known.realname.as_deref().unwrap_or_default();
            [known.nick.as_str(), user, host, realname].iter().any(|text| glob(pattern, text))
        };
        let mut rows: Vec<_> = here.filter(matches).take(most).map(|known| row(known, Roles::NONE)).collect();
        sort(&mut rows);
        rows
    }
}

fn row(known: &Known, roles: Roles) -> WhoRow {
    WhoRow {
        channel: None,
        named: Named { nick: known.nick.clone(), roles, mask: known.mask.clone() },
        realname: known.realname.clone(),
        account: known.account.clone(),
        away: known.away.is_some(),
        operator: known.operator,
        bot: known.modes.bot,
    }
}

fn sort(rows: &mut [WhoRow]) {
    rows.sort_by_cached_key(|row| Nick::key(&row.named.nick));
}
