//! Which signing key is used, which are published, and when the next is made.

use std::time::Duration;

use api::{Timestamp, auth::ACCESS_TOKEN_SECONDS};

/// A new key is published this long before its use, so that everybody has it by then.
pub(crate) const PUBLISHED_AHEAD: Duration = Duration::from_secs(15 * 60);
/// A key is published this long after its last use: the life of a token and some more for clocks that differ.
const PUBLISHED_AFTER: Duration = Duration::from_secs(ACCESS_TOKEN_SECONDS + 5 * 60);

/// The key to sign with: the one that came into use last. Keys are in the order of their use.
pub(crate) fn current<K>(keys: &[K], use_from: impl Fn(&K) -> Timestamp, now: Timestamp) -> Option<&K> {
    keys.iter().rev().find(|key| use_from(key) <= now)
}

/// When the next key comes into use, if it is to be made now. The very first one is used at once: nobody has an older one.
pub(crate) fn next(newest: Option<Timestamp>, now: Timestamp, rotation: Duration) -> Option<Timestamp> {
    match newest {
        None => Some(now),
        Some(newest) if newest.plus(rotation) <= now.plus(PUBLISHED_AHEAD) => Some(now.plus(PUBLISHED_AHEAD)),
        Some(_) => None,
    }
}

/// Keys whose successor came into use before this moment are of no use any more.
pub(crate) fn outlived(now: Timestamp) -> Timestamp {
    now.minus(PUBLISHED_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp(minutes * 60_000_000)
    }

    #[test]
    fn a_new_key_is_published_before_its_use() {
        let rotation = Duration::from_secs(60 * 60);
        assert_eq!(next(None, at(0), rotation), Some(at(0)));
        assert_eq!(next(Some(at(0)), at(44), rotation), None);
        assert_eq!(next(Some(at(0)), at(45), rotation), Some(at(60)));
        assert_eq!(current(&[at(0), at(60)], |key| *key, at(59)), Some(&at(0)));
        assert_eq!(current(&[at(0), at(60)], |key| *key, at(60)), Some(&at(60)));
        assert_eq!(current(&[at(60)], |key| *key, at(59)), None);
    }
}
