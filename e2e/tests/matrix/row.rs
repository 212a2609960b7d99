//! A role, a mode and a ban; and what happens to somebody in that place who tries everything.

use std::{
    fmt,
    time::{Duration, Instant},
};

use e2e::{Channels, Rest, Town, fresh, fresh_channel, segment};
use serde_json::{Value, json};

use super::action::{Action, Place};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Not in the channel.
    Outsider,
    Member,
    Voice,
    HalfOp,
    Op,
}

const ROLES: [Role; 5] = [Role::Outsider, Role::Member, Role::Voice, Role::HalfOp, Role::Op];

/// A mode, as `PATCH …/modes` takes it.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    name: &'static str,
    patch: fn() -> Value,
}

const MODES: [Mode; 9] = [
    Mode { name: "no mode", patch: || json!({ "topic_locked": false, "no_external": false }) },
    Mode { name: "+n", patch: || json!({ "no_external": true, "topic_locked": false }) },
    Mode { name: "+i", patch: || json!({ "invite_only": true }) },
    Mode { name: "+m", patch: || json!({ "moderated": true }) },
    Mode { name: "+t", patch: || json!({ "topic_locked": true }) },
    Mode { name: "+s", patch: || json!({ "secret": true, "no_external": false }) },
    Mode { name: "+r", patch: || json!({ "registered_only": true }) },
    Mode { name: "+k", patch: || json!({ "key": "sesame" }) },
    Mode { name: "+l", patch: || json!({ "limit": 1 }) },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ban {
    None,
    Banned,
    Excepted,
}

/// A change has reached message-service by then.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy)]
pub struct Row {
    role: Role,
    mode: Mode,
    ban: Ban,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {}, {:?}", self.role, self.mode.name, self.ban)
    }
}

/// What all doors said.
#[derive(Debug)]
pub struct Cell {
    pub row: Row,
    pub action: &'static Action,
    pub line: String,
    pub rest: String,
    pub irc: Option<String>,
}

impl Cell {
    pub fn agrees(&self) -> bool {
        self.action.agrees(&self.line, &self.rest)
            && self.action.agrees_in_irc(self.irc.as_deref(), &self.rest)
    }
}

impl Row {
    pub fn all() -> Vec<Self> {
        let mut rows = Vec::new();
        for role in ROLES {
            for mode in MODES {
                rows.extend([Ban::None, Ban::Banned].map(|ban| Self { role, mode, ban }));
            }
            // With an exception a ban is as none: one row shows it.
            rows.push(Self { role, mode: MODES[0], ban: Ban::Excepted });
        }
        rows
    }

    pub async fn play(&self, town: &Town) -> Vec<Cell> {
        let (founder_nick, actor_nick, victim_nick) = (fresh("founder"), fresh("actor"), fresh("victim"));
        let founder = town.rest().guest(&founder_nick).await;
        let victim = town.rest().guest(&victim_nick).await;
        let mut line = town.person(&actor_nick).await;
        let token = line.does("/token").await.last().word(2).to_owned();
        let rest = identify(town, &token).await;

        // Somebody else in the same place: an IRC client has no token.
        let irc_nick = fresh("ircactor");
        let mut irc = town.irc(&irc_nick).await;
        let mut places = Vec::new();
        for door in ["line", "rest", "irc"] {
            let channel = fresh_channel(door);
            set_up(&channel, &founder, &victim).await;
            if self.role != Role::Outsider {
                // Roles are given before modes and bans would be in the way.
                let actor = match door {
                    "line" => {
                        line.does(&format!("/join {channel}")).await;
                        rest.id.clone()
                    }
                    "rest" => {
                        rest.joins(&channel).await.ok();
                        rest.id.clone()
                    }
                    _ => {
                        irc.asks(&format!("JOIN {channel}")).await;
                        member(&founder, &channel, &irc_nick).await
                    }
                };
                self.raise(&channel, &founder, &actor).await;
            }
            self.close(&channel, &founder, if door == "irc" { &irc_nick } else { &actor_nick }).await;
            let ids = ids(&founder, &channel).await;
            places.push(Place {
                channel,
                victim_nick: victim_nick.clone(),
                victim: victim.id.clone(),
                messages: ids,
                founder: founder.clone(),
                founder_nick: founder_nick.clone(),
                victim_program: victim.clone(),
                modes: (self.mode.patch)(),
            });
        }
        let mut cells = Vec::new();
        for action in Action::ALL {
            let by_line = action.by_line(&mut line, &places[0]).await;
            let mut by_rest = action.by_rest(&rest, &places[1]).await;
            // The terminal's gateway says which changes it has shown, a program cannot: what it asks may be decided by a state of
            // a moment ago, but not for long.
            let deadline = Instant::now() + SETTLES_WITHIN;
            while !action.agrees(&by_line, &by_rest)
                && action.is_decided_by_replica()
                && Instant::now() < deadline
            {
                by_rest = action.by_rest(&rest, &places[1]).await;
            }
            let mut by_irc = action.by_irc(&mut irc, &places[2]).await;
            while !action.agrees_in_irc(by_irc.as_deref(), &by_rest)
                && action.is_decided_by_replica()
                && Instant::now() < deadline
            {
                by_irc = action.by_irc(&mut irc, &places[2]).await;
            }
            cells.push(Cell { row: *self, action, line: by_line, rest: by_rest, irc: by_irc });
            for place in &places {
                action.undo(place).await;
            }
        }
        cells
    }

    async fn raise(&self, channel: &str, founder: &Rest, actor: &str) {
        let role = match self.role {
            Role::Outsider | Role::Member => return,
            Role::Voice => "voice",
            Role::HalfOp => "halfop",
            Role::Op => "op",
        };
        let path = format!("/v1/channels/{}/members/{actor}/roles", segment(channel));
        founder.put(Channels, &path, &json!({ "role": role, "set": true })).await.ok();
    }

    async fn close(&self, channel: &str, founder: &Rest, actor_nick: &str) {
        let path = format!("/v1/channels/{}", segment(channel));
        founder.patch(Channels, &format!("{path}/modes"), &(self.mode.patch)()).await.ok();
        let mask = json!({ "mask": format!("{actor_nick}!*@*") });
        if self.ban != Ban::None {
            founder.post(Channels, &format!("{path}/bans"), &mask).await.is(201);
        }
        if self.ban == Ban::Excepted {
            founder.post(Channels, &format!("{path}/excepts"), &mask).await.is(201);
        }
    }
}

/// A channel with an operator, a victim, and something said by both.
async fn set_up(channel: &str, founder: &Rest, victim: &Rest) {
    founder.joins(channel).await.ok();
    victim.joins(channel).await.ok();
    founder.sends(channel, "said by the operator").await.is(201);
    victim.sends(channel, "said by the victim").await.is(201);
}

/// The id of a member.
async fn member(founder: &Rest, channel: &str, nick: &str) -> String {
    let path = format!("/v1/channels/{}/members", segment(channel));
    let members = founder.get(Channels, &path).await;
    let is_it = |member: &&Value| member["nick"] == nick;
    let found =
        members.items().iter().find(is_it).unwrap_or_else(|| panic!("{nick} is in {channel}: {members:?}"));
    found["id"].as_str().expect("an id").to_owned()
}

/// The program that is the same person as the terminal.
async fn identify(town: &Town, token: &str) -> Rest {
    let mut rest = town.rest().with_token(token);
    let me = rest.get(e2e::Users, "/v1/users/me").await;
    rest.id = me.ok().body["id"].as_str().expect("an id").to_owned();
    rest
}

/// Of what was said at the start.
async fn ids(founder: &Rest, channel: &str) -> Vec<String> {
    let history = founder.history(channel).await;
    history.items().iter().map(|entry| entry["id"].as_str().expect("an id").to_owned()).collect()
}
