//! What makes a send safe to repeat.

use api::{ErrorCode, Problem, messages::MAX_KEY_BYTES};

use super::act::What;

/// An idempotency key, with the hash of the request that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub hash: [u8; 32],
}

impl Key {
    pub fn new(text: &str, what: &What) -> Result<Self, Problem> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_KEY_BYTES || !visible {
            let detail = format!("an idempotency key is 1 to {MAX_KEY_BYTES} visible ASCII characters");
            return Err(Problem::new(ErrorCode::InvalidParameter).detail(detail));
        }
        Ok(Self { text: text.to_owned(), hash: what.hash() })
    }
}
