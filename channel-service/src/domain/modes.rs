//! What modes may be set to.

use api::mode::{MAX_KEY_BYTES, Modes, ModesPatch};

/// Seconds between two messages in slow mode: past an hour a channel is rather moderated.
pub const MAX_SLOW_SECONDS: u32 = 3600;
/// Members a channel may be limited to: an IRC client's number, far above what a service holds.
pub const MAX_LIMIT: u32 = 1_000_000;

/// What a channel begins with: `+nt`.
pub fn initial() -> Modes {
    Modes { no_external: true, topic_locked: true, ..Modes::default() }
}

/// Whether it keeps some people out, so that what is said there is not for everybody who may come later.
pub fn is_closed(modes: &Modes) -> bool {
    modes.secret || modes.invite_only || modes.registered_only || modes.key.is_some()
}

/// What is wrong with a patch: the field and why.
pub fn check(patch: &ModesPatch) -> Result<(), (&'static str, String)> {
    if let Some(Some(key)) = &patch.key {
        // A key is one parameter of a line: a word that does not begin like a trailing text, nor divides a list of keys.
        let word = !key.is_empty()
            && key.len() <= MAX_KEY_BYTES
            && !key.starts_with(':')
            && !key.chars().any(|c| c.is_whitespace() || c.is_control() || c == ',');
        if !word {
            let why = format!(
                "a key is 1 to {MAX_KEY_BYTES} bytes without spaces and commas and does not begin with a colon"
            );
            return Err(("/key", why));
        }
    }
    if let Some(Some(limit)) = patch.limit
        && !(1..=MAX_LIMIT).contains(&limit)
    {
        return Err(("/limit", format!("a limit is 1 to {MAX_LIMIT} members")));
    }
    if let Some(Some(seconds)) = patch.slow_seconds
        && !(1..=MAX_SLOW_SECONDS).contains(&seconds)
    {
        return Err(("/slow_seconds", format!("slow mode is 1 to {MAX_SLOW_SECONDS} seconds")));
    }
    Ok(())
}
