//! The gateway goes and others stay: its people have a while to go on at another one as who they are, and nobody sees them leave.
//! Where there is no other, their sessions end with their connections.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{gateway::Gateway, lease};

/// For user-service to be told before people are: a session must not be looked for before it can be taken over. Without an answer the
/// lease lapses in its time.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// Waits for the end, and sends everybody away when all is prepared.
pub(crate) async fn run(gateway: Arc<Gateway>, draining: CancellationToken, leaving: CancellationToken) {
    // However this ends, people are told.
    let told = leaving.drop_guard();
    draining.cancelled().await;
    if gateway.has_neighbours {
        let _ = tokio::time::timeout(TOLD_WITHIN, lease::drain(&gateway)).await;
    }
    drop(told);
}
