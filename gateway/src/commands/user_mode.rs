//! Modes of oneself, which user-service keeps.

use api::{
    ErrorCode, Nick,
    auth::ServiceName,
    users::{PatchUser, PatchUserModes, UserModes},
};

use super::operate;
use crate::{
    command::{Answer, Asked as _, Outcome, Refusal},
    dialect::irc::Told,
    session::Session,
};

/// What errors name: 502, and 501.
pub(crate) const SOMEBODY_ELSE: &str = "user";
pub(crate) const USER_MODE: &str = "user-mode";

/// Shows one's modes, or changes them.
pub(super) async fn user_mode(session: &mut Session, nick: &str, changes: Option<&str>) -> Answer {
    let actor = session.actor()?;
    let is_me = Nick::try_from(nick).is_ok_and(|nick| nick == actor.person.nick);
    if !is_me {
        return Err(Refusal::new(ErrorCode::Forbidden)
            .detail("modes are everybody's own")
            .what(SOMEBODY_ELSE));
    }
    let before = session.gateway.hub.modes(actor.id());
    let asked = Changes::read(changes.unwrap_or_default());
    if asked.drops_operator && actor.is_operator() {
        operate::deoper(session).await?;
        if asked.patch == PatchUserModes::default() {
            let changes = "-o".to_owned();
            return Ok(Outcome::Irc(Told::UserModeChanged { changes, unknown: asked.has_unknown }));
        }
    }
    if asked.patch == PatchUserModes::default() {
        if asked.has_unknown {
            return Err(unknown());
        }
        let letters = match (changes, actor.is_operator()) {
            // Nobody makes themselves an operator so, and nothing is said of it (RFC 2812 §3.1.5).
            (Some(changes), _) if !changes.trim_matches(['+', '-']).is_empty() => None,
            (_, true) => Some(format!("{}o", before.letters())),
            (_, false) => Some(before.letters()),
        };
        let told = letters.map_or(Told::Nothing, |letters| Told::UserModes(format!("+{letters}")));
        return Ok(Outcome::Irc(told));
    }
    let patch = PatchUser { modes: Some(asked.patch), ..PatchUser::default() };
    let changed = session.gateway.users.change(&actor, &patch).await.of(ServiceName::Users)?;
    let after = changed.user.modes;
    session.gateway.hub.user_changed(session.client.id, changed.events);
    Ok(Outcome::Irc(Told::UserModeChanged { changes: difference(before, after), unknown: asked.has_unknown }))
}

fn unknown() -> Refusal {
    Refusal::new(ErrorCode::InvalidMode).what(USER_MODE).detail("there is no such mode")
}

/// What letters with signs ask for.
#[derive(Default)]
struct Changes {
    patch: PatchUserModes,
    has_unknown: bool,
    /// Whoever operates the network may lay that down.
    drops_operator: bool,
}

impl Changes {
    fn read(changes: &str) -> Self {
        let mut asked = Self::default();
        let mut set = true;
        for letter in changes.chars() {
            match letter {
                '+' => set = true,
                '-' => set = false,
                'o' => asked.drops_operator |= !set,
                letter => asked.has_unknown |= !asked.patch.set(letter, set),
            }
        }
        asked
    }
}

/// `+B-i`; empty if nothing is different.
fn difference(before: UserModes, after: UserModes) -> String {
    let mut out = String::new();
    for (sign, one, other) in [('+', after, before), ('-', before, after)] {
        let letters = UserModes::LETTERS.into_iter().filter(|&letter| one.has(letter) && !other.has(letter));
        let letters: String = letters.collect();
        if !letters.is_empty() {
            out.push(sign);
            out.push_str(&letters);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_take_the_sign_before_them() {
        let asked = Changes::read("B+i-wo");
        let patch = PatchUserModes {
            bot: Some(true),
            invisible: Some(true),
            wallops: Some(false),
            ..PatchUserModes::default()
        };
        assert_eq!((asked.patch, asked.has_unknown), (patch, false));
        assert!(Changes::read("+iZ").has_unknown);
    }

    proptest! {
        #[test]
        fn what_is_told_leads_from_one_to_the_other(before in "[BRiw]{0,4}", after in "[BRiw]{0,4}") {
            let (before, after) = (UserModes::of(&before), UserModes::of(&after));
            let asked = Changes::read(&difference(before, after));
            prop_assert_eq!(before.patched(asked.patch), after);
            prop_assert!(!asked.has_unknown);
        }

        #[test]
        fn anything_can_be_typed(changes in "\\PC{0,40}") {
            let asked = Changes::read(&changes);
            let known = |letter: char| letter == 'o' || "+-".contains(letter) || UserModes::LETTERS.contains(&letter);
            prop_assert_eq!(asked.has_unknown, !changes.chars().all(known));
        }
    }
}
