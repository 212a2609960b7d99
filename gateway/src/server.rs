//! How this server calls itself.

use api::Timestamp;

#[derive(Debug)]
pub(crate) struct Server {
    /// Of IRC: where its messages come from.
    pub(crate) name: String,
    pub(crate) network: String,
    /// When it was started.
    pub(crate) since: Timestamp,
}

impl Server {
    pub(crate) fn new(name: &str, network: &str) -> Self {
        Self { name: name.to_owned(), network: network.to_owned(), since: Timestamp::now() }
    }
}
