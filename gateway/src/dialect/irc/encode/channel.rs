//! Channels as their members see them.

use api::{
    ChannelName, Timestamp,
    channels::{ChannelSummary, ListEntry, ListKind, Topic},
    mode::Modes,
};

use super::Reply;
use crate::{
    command::Scene,
    dialect::irc::{Caps, End, events},
};

impl Reply<'_> {
    /// JOIN, then the topic if there is one, then the names (<https://modern.ircdocs.horse/#join-message>).
    pub(super) fn joined(&mut self, channel: &ChannelName, scene: &Scene) {
        // RFC 2812 §3.2.1 leaves joining again open; servers let it pass in silence.
        if scene.again {
            return;
        }
        let (account, nick) = match &self.me {
            Some(me) => (me.account.clone(), me.person.nick.clone()),
            None => return,
        };
        let realname = self.realname.clone();
        let extended = self.caps.has(Caps::EXTENDED_JOIN);
        let line = self.mine("JOIN").param(channel.as_str());
        if extended {
            let realname = realname.as_deref().unwrap_or(nick.as_str());
            line.param(account.as_ref().map_or("*", AsRef::as_ref)).trailing(realname);
        } else {
            line.end();
        }
        if scene.topic.is_some() {
            self.topic(channel, scene.topic.as_ref());
        }
        // "MUST be sent before RPL_ENDOFNAMES" (IRCv3 read-marker).
        if self.caps.has(Caps::READ_MARKER) {
            self.marker(channel.as_str(), scene.found.marker.at);
        }
        if !self.caps.has(Caps::NO_IMPLICIT_NAMES) {
            self.names(channel.as_str(), scene.names.iter(), scene.secret);
            self.end(&End::Names(channel.to_string()));
        }
        self.playback(&scene.found.lines);
        if let Some(told) = &scene.found.metadata {
            self.metadata(told);
        }
    }

    pub(super) fn parted(&mut self, channel: &ChannelName, reason: &str) {
        events::part(self.mine("PART"), channel, reason);
    }

    pub(super) fn topic(&mut self, channel: &ChannelName, topic: Option<&Topic>) {
        let Some(topic) = topic else {
            self.numeric(331).param(channel.as_str()).trailing("No topic is set");
            return;
        };
        self.numeric(332).param(channel.as_str()).trailing(&topic.text);
        let line = self.numeric(333).param(channel.as_str()).param(topic.by.nick.as_str());
        line.number(seconds(topic.at)).end();
    }

    /// 336 for each, 337.
    pub(super) fn invitations(&mut self, channels: &[ChannelName]) {
        for channel in channels {
            self.numeric(336).param(channel.as_str()).end();
        }
        self.numeric(337).trailing("End of /INVITE list");
    }

    /// 324 and 329.
    pub(super) fn modes(&mut self, channel: &ChannelName, modes: &Modes, created_at: Timestamp) {
        self.numeric(324).param(channel.as_str()).params(modes.letters().split(' ')).end();
        self.numeric(329).param(channel.as_str()).number(seconds(created_at)).end();
    }

    pub(super) fn bans(&mut self, channel: &ChannelName, list: ListKind, entries: &[ListEntry]) {
        let (code, end, text) = match list {
            ListKind::Bans => (367, 368, "End of channel ban list"),
            ListKind::InviteMasks => (346, 347, "End of channel invite list"),
            ListKind::Excepts => (348, 349, "End of channel exception list"),
        };
        for entry in entries {
            let line = self.numeric(code).param(channel.as_str()).param(entry.mask.as_str());
            line.param(entry.by.nick.as_str()).number(seconds(entry.at)).end();
        }
        self.numeric(end).param(channel.as_str()).trailing(text);
    }

    pub(super) fn list(&mut self, channels: &[ChannelSummary]) {
        for channel in channels {
            let line = self.numeric(322).param(channel.name.as_str()).number(channel.member_count);
            line.trailing(&channel.topic);
        }
    }

    pub(super) fn end(&mut self, end: &End) {
        match end {
            End::Names(of) => self.numeric(366).param(of).trailing("End of /NAMES list"),
            End::List => self.numeric(323).trailing("End of /LIST"),
        };
    }
}

/// As IRC's numerics write a moment.
pub(super) fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_micros() / 1_000_000).unwrap_or(0)
}
