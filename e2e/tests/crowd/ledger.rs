//! A channel as its owner has it: the snapshot, and every event that led to it.

use std::collections::BTreeMap;

use api::{
    channels::{ChannelEvents, Snapshot},
    event::{ChannelChange, ChannelEvent},
    id::UserId,
    mode::Roles,
    users::User,
};
use e2e::{Channels, Gateway, Rest, Town, Users, segment};
use serde_json::json;

use super::view::Members;

pub struct Ledger {
    snapshot: Snapshot,
    events: Vec<ChannelEvent>,
    service: Rest,
}

/// Reads both as a service may. The crowd has stopped, so they are of the same moment.
pub async fn read(town: &Town, channel: &str) -> Ledger {
    let service = town.as_service(Gateway);
    let path = format!("/v1/channels/{}", segment(channel));
    let answer = service.get(Channels, &format!("{path}?view=replica")).await;
    let snapshot: Snapshot = serde_json::from_value(answer.ok().body.clone()).expect("a snapshot");
    let mut events: Vec<ChannelEvent> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.version);
        let path = format!("/v1/channels/{}/events?after={after}", snapshot.channel.id);
        let answer = service.get(Channels, &path).await;
        let page: ChannelEvents = serde_json::from_value(answer.ok().body.clone()).expect("events");
        assert!(page.complete, "events are gone after {after}");
        if page.events.is_empty() {
            return Ledger { snapshot, events, service };
        }
        events.extend(page.events);
    }
}

impl Ledger {
    /// Versions are 1, 2, 3, … up to the channel's.
    pub fn has_no_hole(&self) {
        let versions: Vec<_> = self.events.iter().map(|event| event.version).collect();
        let expected: Vec<_> = (1..=self.snapshot.channel.version).collect();
        assert_eq!(versions, expected, "{}", self.snapshot.channel.name);
    }

    /// The events one after the other lead to what the snapshot says.
    pub fn replays_to_its_snapshot(&self) {
        let mut members: BTreeMap<UserId, Roles> = BTreeMap::new();
        for event in &self.events {
            match &event.change {
                ChannelChange::Joined { member } => {
                    let held = members.insert(member.person.id.clone(), member.roles);
                    assert!(held.is_none(), "a member joins: {event:?}");
                }
                ChannelChange::Parted { user, .. }
                | ChannelChange::Quit { user, .. }
                | ChannelChange::Kicked { user, .. } => {
                    assert!(members.remove(&user.id).is_some(), "one who is no member goes: {event:?}");
                }
                ChannelChange::Roles { user, roles, .. } => {
                    let held = members.get_mut(&user.id);
                    *held.unwrap_or_else(|| panic!("one who is no member gets a role: {event:?}")) = *roles;
                }
                ChannelChange::Dormant => assert!(members.is_empty(), "dormant with members: {event:?}"),
                _ => {}
            }
        }
        let stored: BTreeMap<_, _> =
            self.snapshot.members.iter().map(|member| (member.person.id.clone(), member.roles)).collect();
        assert_eq!(members, stored, "{}", self.snapshot.channel.name);
        assert_eq!(self.snapshot.channel.member_count, stored.len() as u64);
    }

    /// Who is in it, by the nick that user-service knows them by.
    pub async fn members_by_nick(&self) -> Members {
        let ids: Vec<_> = self.snapshot.members.iter().map(|member| &member.person.id).collect();
        let answer = self.service.post(Users, "/v1/users:lookup", &json!({ "ids": ids })).await;
        let users: Vec<User> = serde_json::from_value(answer.ok().body["items"].clone()).expect("users");
        let nicks: BTreeMap<_, _> =
            users.into_iter().map(|user| (user.person.id, user.person.nick)).collect();
        self.snapshot
            .members
            .iter()
            .map(|member| {
                let role = member.roles.highest().map_or("member", |role| role.as_str());
                (nicks[&member.person.id].to_string(), role.to_owned())
            })
            .collect()
    }
}
