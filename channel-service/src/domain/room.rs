//! A channel as its owner knows it: what all may see, and what only the rules need.

use api::{
    ChannelName, Timestamp,
    channels::{Channel, HistoryPolicy, Member},
    id::{ChannelId, UserId},
    mode::Modes,
};

use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    pub channel: Channel,
    /// The user of the founder's account.
    pub founder_user: Option<UserId>,
    /// It kept some people out at some time since it was woken.
    pub closed: bool,
    /// Its floor is to rise to the conversation's end, which has not been asked for yet.
    pub floor_pending: bool,
    pub dormant_since: Option<Timestamp>,
}

impl Room {
    /// A channel that nobody has been in yet: asleep, to be woken like any other.
    pub fn unborn(id: ChannelId, name: ChannelName, now: Timestamp) -> Self {
        let channel = Channel {
            id,
            name,
            version: 0,
            topic: None,
            modes: Modes::default(),
            member_count: 0,
            created_at: now,
            founder: None,
            history: HistoryPolicy::default(),
            floor: 0,
        };
        Self { channel, founder_user: None, closed: false, floor_pending: false, dormant_since: Some(now) }
    }

    pub fn is_dormant(&self) -> bool {
        self.dormant_since.is_some()
    }
}

/// What keeps somebody in who joined over REST.
pub const REST_HOLDER: &str = "account";

/// What keeps somebody in whose account stays when its last session has ended.
pub const ALWAYS_ON_HOLDER: &str = "always-on";

/// A member and what holds them: session ids, [`REST_HOLDER`] or [`ALWAYS_ON_HOLDER`].
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    pub member: Member,
    pub holders: BTreeSet<String>,
}

/// Days that messages may be kept at most, if their number is limited at all.
pub const MAX_RETENTION_DAYS: u32 = 3650;
/// Lines shown on joining: what a screen or two hold.
pub const MAX_LINES_ON_JOIN: u32 = 100;

/// What is wrong with a history policy: the field and why.
pub fn check_history(history: &HistoryPolicy) -> Result<(), (&'static str, String)> {
    if history.retention_days.is_some_and(|days| !(1..=MAX_RETENTION_DAYS).contains(&days)) {
        return Err((
            "/history/retention_days",
            format!("messages are kept 1 to {MAX_RETENTION_DAYS} days, or without end"),
        ));
    }
    if history.lines_on_join > MAX_LINES_ON_JOIN {
        return Err((
            "/history/lines_on_join",
            format!("at most {MAX_LINES_ON_JOIN} lines are shown on joining"),
        ));
    }
    Ok(())
}
