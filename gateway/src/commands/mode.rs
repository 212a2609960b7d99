use api::{ErrorCode, auth::ServiceName, mode::ModesPatch};

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    session::Session,
};

/// Shows a channel's modes, or changes them: all of a line's changes are made or none.
pub(super) async fn mode(session: &mut Session, channel: Option<String>, changes: &[String]) -> Answer {
    let channel = session.channel_or_current(channel.as_deref()).await?;
    let actor = session.actor()?;
    let channels = &session.gateway.channels;
    let about = |refusal: Refusal| refusal.channel(channel.name.as_str());
    if changes.is_empty() {
        // Its owner knows who may see the key.
        let seen = channels.by_name(&actor, &channel.name).await.of(ServiceName::Channels).map_err(about)?;
        let (modes, created_at) = (seen.modes, seen.created_at);
        return Ok(Outcome::Mode { channel: channel.name, modes, created_at, set: false });
    }
    let patch = patch(changes).map_err(about)?;
    let changed = channels.set_modes(&actor, &channel.id, &patch).await.of(ServiceName::Channels);
    let changed = changed.map_err(|refusal| about(refusal).what(changes[0].as_str()))?;
    let (modes, created_at) = (changed.channel.modes.clone(), changed.channel.created_at);
    session.gateway.hub.changed(session.client.id, changed);
    Ok(Outcome::Mode { channel: channel.name, modes, created_at, set: true })
}

/// `+i-l`, `+kl secret 10`: letters with signs, then the values of those that have one.
fn patch(changes: &[String]) -> Result<ModesPatch, Refusal> {
    let mut patch = ModesPatch::default();
    let Some((letters, values)) = changes.split_first() else { return Ok(patch) };
    let mut values = values.iter();
    let mut set = true;
    for letter in letters.chars() {
        let wrong = |detail: String| {
            let shown = format!("{}{letter}", if set { '+' } else { '-' });
            Refusal::new(ErrorCode::InvalidMode).what(shown).detail(detail)
        };
        let mut value = || values.next().ok_or_else(|| wrong(format!("+{letter} needs a value")));
        let mut number = || {
            value()?
                .parse()
                .ok()
                .filter(|&number: &u32| number > 0)
                .ok_or_else(|| wrong(format!("+{letter} needs a number")))
        };
        match letter {
            '+' => set = true,
            '-' => set = false,
            'C' => patch.no_ctcp = Some(set),
            'i' => patch.invite_only = Some(set),
            'm' => patch.moderated = Some(set),
            'n' => patch.no_external = Some(set),
            't' => patch.topic_locked = Some(set),
            's' => patch.secret = Some(set),
            // `R` as other servers call it.
            'r' | 'R' => patch.registered_only = Some(set),
            'l' => patch.limit = Some(if set { Some(number()?) } else { None }),
            'w' => patch.slow_seconds = Some(if set { Some(number()?) } else { None }),
            'k' if set => patch.key = Some(Some(value()?.clone())),
            'k' => {
                patch.key = Some(None);
                // As IRC clients write it: -k key.
                let _ = values.next();
            }
            _ => {
                return Err(wrong(format!(
                    "there is no mode {letter}; roles and bans have commands of their own"
                )));
            }
        }
    }
    if let Some(left) = values.next() {
        return Err(Refusal::new(ErrorCode::InvalidMode)
            .what(left.as_str())
            .detail("a value without its mode"));
    }
    Ok(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<ModesPatch, String> {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        patch(&words).map_err(|refusal| refusal.about.what.unwrap_or_default())
    }

    #[test]
    fn letters_change_what_they_stand_for() {
        let all = read("+CimntsR").unwrap();
        assert_eq!(all.no_ctcp, Some(true));
        assert_eq!(all.invite_only.and(all.moderated).and(all.no_external), Some(true));
        assert_eq!(all.topic_locked.and(all.secret).and(all.registered_only), Some(true));
        let mixed = read("+i-m+kl secret 10").unwrap();
        assert_eq!((mixed.invite_only, mixed.moderated), (Some(true), Some(false)));
        assert_eq!((mixed.key, mixed.limit), (Some(Some("secret".into())), Some(Some(10))));
        assert_eq!(read("-lw").unwrap().slow_seconds, Some(None));
        assert_eq!(read("-k secret").unwrap().key, Some(None));
    }

    #[test]
    fn what_is_no_mode_is_named() {
        for (line, wrong) in
            [("+z", "+z"), ("-io bob", "-o"), ("+k", "+k"), ("+l", "+l"), ("+l many", "+l"), ("+i 3", "3")]
        {
            assert_eq!(read(line).unwrap_err(), wrong, "{line}");
        }
    }
}
