use std::time::Duration;

use crate::{command::Outcome, reply::Reply, session::Session};

/// What a PONG waits for what others have said before: a commit takes a tenth of that, and nobody is to take a slow disk for a dead
/// server.
const PONG_WITHIN: Duration = Duration::from_millis(100);

/// So long the other sockets have to be read, of what came to them before the PING.
const READ_WITHIN: Duration = Duration::from_millis(1);

/// Whoever asks has been shown, when the answer comes, what had been said to them when they asked. Nothing else waits for it.
pub(crate) fn ping(session: &Session, text: String, reply: Reply) {
    let answer = Ok(Outcome::Pong { text });
    let hub = session.gateway.hub.clone();
    tokio::spawn(async move {
        tokio::time::sleep(READ_WITHIN).await;
        if let Some(open) = hub.open_sends() {
            // A time-out: it is said later.
            let _ = tokio::time::timeout(PONG_WITHIN, hub.sends_ended(open)).await;
        }
        reply.give(&answer);
    });
}
