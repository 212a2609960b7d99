//! What the writer need not look up again. It is written before a commit and emptied if that fails.

use std::{collections::HashMap, hash::Hash};

use api::id::{ChannelId, UserId};

use super::{people::Speaker, places::Conversation};

/// Entries of each map, some 100 bytes each; a full one is emptied, and filled again from the database.
const MOST: usize = 100_000;

#[derive(Default)]
pub(super) struct Memory {
    pub(super) users: HashMap<UserId, i64>,
    pub(super) speakers: HashMap<Speaker, i64>,
    // The rest on SQLite only, where nobody else writes.
    pub(super) channels: HashMap<ChannelId, i64>,
    pub(super) pairs: HashMap<(i64, i64), i64>,
    pub(super) conversations: HashMap<i64, Conversation>,
}

impl Memory {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

pub(super) fn remember<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= MOST {
        map.clear();
    }
    map.insert(key, value);
}
