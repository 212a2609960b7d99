//! Lists, heads and batches: the shapes that every service answers in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Problem;

/// Items of a page when `?limit=` is absent.
pub const DEFAULT_LIMIT: u32 = 50;
/// Most items of a page; more is 422, never a silent clamp.
pub const MAX_LIMIT: u32 = 1000;
/// Most ids in one `POST /v1/heads`: 10,000 × some 40 bytes stay below the body limit.
pub const MAX_HEADS: usize = 10_000;
/// Most channels in one `POST /v1/channels:replicas`: some 100 ms of reading at the owner.
pub const MAX_REPLICAS: usize = 100;
/// Most items in one batch: bounds a transaction to some milliseconds.
pub const MAX_BATCH: usize = 1000;

/// One page of a list; `next` is the cursor of the page after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// "I hold these versions: which are behind?"
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeadsRequest {
    /// Thing's id → the version (or seq) that the asker holds.
    pub held: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeadsReply {
    /// A restore of the database changes it: versions are compared within one epoch only.
    pub epoch: String,
    /// Those of the things asked for that have a higher version than held, with it.
    pub behind: BTreeMap<String, u64>,
    /// Those that do not exist (any more).
    pub gone: Vec<String>,
}

/// One item's result in a batch, in the order of the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Item<T> {
    Ok(T),
    Problem(Problem),
}

impl<T> From<Item<T>> for Result<T, Problem> {
    fn from(item: Item<T>) -> Self {
        match item {
            Item::Ok(value) => Ok(value),
            Item::Problem(problem) => Err(problem),
        }
    }
}

impl<T> From<Result<T, Problem>> for Item<T> {
    fn from(result: Result<T, Problem>) -> Self {
        match result {
            Ok(value) => Item::Ok(value),
            Err(problem) => Item::Problem(problem),
        }
    }
}

/// A batch of anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Batch<T> {
    pub items: Vec<T>,
}
