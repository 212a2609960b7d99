//! Who may do what in a conversation.

use std::time::Duration;

use api::{
    EntryKind, ErrorCode, Problem, Timestamp,
    mode::{Modes, Role, Roles},
};

/// What somebody wants to do in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Read,
    /// Also to say something else than one said: an edit.
    Speak,
    /// To say what only clients understand (CTCP, <https://modern.ircdocs.horse/ctcp.html>) and is no action.
    SpeakToClients,
    React,
    /// Whose entry it is shows later.
    Redact,
}

/// Where a person stands in a channel, at one version of it.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub modes: &'a Modes,
    /// None: not a member.
    pub roles: Option<Roles>,
    /// A ban matches and no exception does.
    pub banned: bool,
    /// Nobody is in it, or it is deleted.
    pub asleep: bool,
}

impl Standing<'_> {
    fn has(&self, role: Role) -> bool {
        self.roles.is_some_and(|roles| roles.at_least(role))
    }

    pub fn is_op(&self) -> bool {
        self.has(Role::Op)
    }

    /// A secret channel does not exist for others, nor does one that sleeps.
    fn exists(&self) -> Result<(), ErrorCode> {
        if self.asleep || (self.modes.secret && self.roles.is_none()) {
            Err(ErrorCode::NoSuchChannel)
        } else {
            Ok(())
        }
    }

    fn is_member(&self) -> Result<(), ErrorCode> {
        self.exists()?;
        if self.roles.is_none() { Err(ErrorCode::NotAMember) } else { Ok(()) }
    }

    pub fn may(&self, deed: Deed) -> Result<(), ErrorCode> {
        match deed {
            Deed::Speak => self.may_speak(),
            Deed::SpeakToClients if self.modes.no_ctcp => self.may_speak().and(Err(ErrorCode::Moderated)),
            Deed::SpeakToClients => self.may_speak(),
            // A reaction is a word, too, and none for strangers.
            Deed::React => self.is_member().and_then(|()| self.may_speak()),
            Deed::Read | Deed::Redact => self.is_member(),
        }
    }

    fn may_speak(&self) -> Result<(), ErrorCode> {
        self.exists()?;
        if self.roles.is_none() && self.modes.no_external {
            return Err(ErrorCode::NotAMember);
        }
        if self.has(Role::Voice) {
            return Ok(());
        }
        if self.banned {
            return Err(ErrorCode::Banned);
        }
        if self.modes.moderated { Err(ErrorCode::Moderated) } else { Ok(()) }
    }

    /// Seconds between two messages, for whom slow mode holds.
    pub fn slow_seconds(&self) -> Option<u32> {
        self.modes.slow_seconds.filter(|_| !self.has(Role::HalfOp))
    }
}

/// Slow mode: whether `seconds` have gone by since the last one.
pub fn slow(last: Timestamp, now: Timestamp, seconds: u32) -> Result<(), Problem> {
    let wait = Duration::from_secs(u64::from(seconds)).saturating_sub(now.since(last));
    if wait.is_zero() {
        return Ok(());
    }
    let wait = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
    let detail = format!("slow mode: {seconds} seconds between two messages, {wait} to go");
    Err(Problem::new(ErrorCode::TooFast).detail(detail).retry_after(wait))
}

/// The entry that a redaction, edit or reaction is about.
#[derive(Debug, Clone, Copy)]
pub struct Original {
    pub kind: EntryKind,
    /// The one who acts wrote it.
    pub own: bool,
    pub redacted: bool,
}

impl Original {
    fn is_message(&self) -> Result<(), Problem> {
        if self.kind.is_spoken() { Ok(()) } else { Err(no_such_message()) }
    }

    fn still_stands(&self) -> Result<(), Problem> {
        self.is_message()?;
        if self.redacted {
            Err(Problem::new(ErrorCode::NoSuchMessage).detail("that message was redacted"))
        } else {
            Ok(())
        }
    }

    /// `op`: none in direct conversations, where nobody is.
    pub fn may_be_redacted(&self, op: Option<bool>) -> Result<(), Problem> {
        self.is_message()?;
        match op {
            _ if self.own => Ok(()),
            Some(true) => Ok(()),
            Some(false) => Err(Problem::new(ErrorCode::NotAnOperator)
                .detail("only its author or an operator may redact a message")),
            None => {
                Err(Problem::new(ErrorCode::Forbidden).detail("only its author may redact a direct message"))
            }
        }
    }

    pub fn may_be_edited(&self) -> Result<(), Problem> {
        self.still_stands()?;
        if self.own {
            Ok(())
        } else {
            Err(Problem::new(ErrorCode::Forbidden).detail("only its author may edit a message"))
        }
    }

    pub fn may_be_reacted_to(&self) -> Result<(), Problem> {
        self.still_stands()
    }
}

pub fn no_such_message() -> Problem {
    Problem::new(ErrorCode::NoSuchMessage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(modes: &Modes, roles: Option<Roles>) -> Standing<'_> {
        Standing { modes, roles, banned: false, asleep: false }
    }

    #[test]
    fn strangers_speak_only_where_nothing_keeps_them_out() {
        let open = Modes::default();
        assert_eq!(standing(&open, None).may_speak(), Ok(()));
        assert_eq!(Standing { banned: true, ..standing(&open, None) }.may_speak(), Err(ErrorCode::Banned));
        assert_eq!(standing(&open, None).may(Deed::Read), Err(ErrorCode::NotAMember));
        let closed = Modes { no_external: true, ..Modes::default() };
        assert_eq!(standing(&closed, None).may_speak(), Err(ErrorCode::NotAMember));
        let secret = Modes { secret: true, no_external: true, ..Modes::default() };
        assert_eq!(standing(&secret, None).may_speak(), Err(ErrorCode::NoSuchChannel));
        assert_eq!(standing(&secret, None).may(Deed::Read), Err(ErrorCode::NoSuchChannel));
        assert_eq!(standing(&secret, Some(Roles::NONE)).may(Deed::Read), Ok(()));
    }

    #[test]
    fn a_voice_is_heard_through_moderation_and_bans() {
        let modes = Modes { moderated: true, ..Modes::default() };
        assert_eq!(standing(&modes, Some(Roles::NONE)).may_speak(), Err(ErrorCode::Moderated));
        for role in Role::ALL {
            let voiced = Standing { banned: true, ..standing(&modes, Some(Roles::NONE.with(role))) };
            assert_eq!(voiced.may_speak(), Ok(()), "{role}");
        }
        let banned = Standing { banned: true, ..standing(&modes, Some(Roles::NONE)) };
        for deed in [Deed::Speak, Deed::React] {
            assert_eq!(banned.may(deed), Err(ErrorCode::Banned), "{deed:?}");
            assert_eq!(standing(&modes, Some(Roles::NONE)).may(deed), Err(ErrorCode::Moderated), "{deed:?}");
        }
        assert_eq!(standing(&Modes::default(), None).may(Deed::React), Err(ErrorCode::NotAMember));
    }

    #[test]
    fn where_no_commands_for_clients_are_wanted_nobody_gives_any() {
        let modes = Modes { no_ctcp: true, ..Modes::default() };
        for roles in [Roles::NONE, Roles::NONE.with(Role::Op)] {
            let member = standing(&modes, Some(roles));
            assert_eq!(member.may(Deed::SpeakToClients), Err(ErrorCode::Moderated));
            assert_eq!(member.may(Deed::Speak), Ok(()));
        }
        assert_eq!(standing(&Modes::default(), Some(Roles::NONE)).may(Deed::SpeakToClients), Ok(()));
    }

    #[test]
    fn slow_mode_tells_how_long_to_wait() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        assert_eq!(slow(at(100), at(109), 10).unwrap_err().retry_after, Some(1));
        assert_eq!(slow(at(100), Timestamp(at(109).0 + 1), 10).unwrap_err().retry_after, Some(1));
        assert_eq!(slow(at(100), at(110), 10), Ok(()));
        // A clock that went back makes nobody wait longer than the mode says.
        assert_eq!(slow(at(100), at(50), 10).unwrap_err().retry_after, Some(10));
        let modes = Modes { slow_seconds: Some(10), ..Modes::default() };
        assert_eq!(standing(&modes, Some(Roles::NONE.with(Role::Voice))).slow_seconds(), Some(10));
        assert_eq!(standing(&modes, Some(Roles::NONE.with(Role::HalfOp))).slow_seconds(), None);
    }

    #[test]
    fn only_authors_edit_and_only_operators_redact_for_others() {
        let other = Original { kind: EntryKind::Message, own: false, redacted: false };
        let own = Original { own: true, ..other };
        assert!(
            own.may_be_edited().is_ok()
                && own.may_be_redacted(Some(false)).is_ok()
                && own.may_be_redacted(None).is_ok()
        );
        assert_eq!(other.may_be_edited().unwrap_err().code, ErrorCode::Forbidden);
        assert_eq!(other.may_be_redacted(Some(false)).unwrap_err().code, ErrorCode::NotAnOperator);
        assert!(other.may_be_redacted(Some(true)).is_ok());
        assert_eq!(other.may_be_redacted(None).unwrap_err().code, ErrorCode::Forbidden);
        let reaction = Original { kind: EntryKind::Reaction, ..own };
        assert_eq!(reaction.may_be_redacted(Some(true)).unwrap_err().code, ErrorCode::NoSuchMessage);
        let gone = Original { redacted: true, ..own };
        assert_eq!(gone.may_be_edited().unwrap_err().code, ErrorCode::NoSuchMessage);
        assert_eq!(gone.may_be_reacted_to().unwrap_err().code, ErrorCode::NoSuchMessage);
    }
}
