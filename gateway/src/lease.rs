//! One lease for all sessions of this gateway: while it is held they live. Past it nobody joins or speaks here, as their sessions
//! may have ended without this gateway knowing.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use api::{
    ErrorCode,
    id::GatewayId,
    page::{Batch, MAX_BATCH},
    users::{EndSession, LeaseState, RenewLease},
};
use kit::Tasks;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::gateway::Gateway;

const RENEW_EVERY: Duration = Duration::from_secs(5);
/// After a renewal that failed, and before the first: contact is what matters.
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// How long the lease holds, as this gateway knows.
#[derive(Default)]
pub(crate) struct LeaseHeld {
    until: Mutex<Option<Instant>>,
    doubted: Notify,
    /// The gateway goes: it will not be active again.
    drains: AtomicBool,
}

impl LeaseHeld {
    pub(crate) fn is_held(&self) -> bool {
        self.until.lock().is_some_and(|until| Instant::now() < until)
    }

    fn state(&self) -> LeaseState {
        if self.drains.load(Ordering::Relaxed) { LeaseState::Draining } else { LeaseState::Active }
    }

    fn hold(&self, until: Instant) {
        *self.until.lock() = Some(until);
    }

    /// A session could not be opened: the lease may be gone. It is renewed now rather than when it is time.
    pub(crate) fn doubt(&self) {
        self.doubted.notify_one();
    }
}

/// Sessions whose connections are gone, and whose end nobody has heard of yet: told with the next lease that is renewed.
#[derive(Default)]
pub(crate) struct Unended(Mutex<Vec<EndSession>>);

/// As many as connections that may be lost while user-service is away; what does not fit is left to the end of this process.
const UNENDED: usize = 100_000;

impl Unended {
    pub(crate) fn add(&self, ending: EndSession) {
        let mut unended = self.0.lock();
        if unended.len() < UNENDED {
            unended.push(ending);
        } else {
            tracing::error!(session = %ending.session, "too many sessions wait for their end, leaving one open");
        }
    }

    async fn tell(&self, gateway: &Gateway) {
        let unended = std::mem::take(&mut *self.0.lock());
        for items in unended.chunks(MAX_BATCH) {
            let batch = Batch { items: items.to_vec() };
            if gateway.users.end_sessions(&batch).await.is_err() {
                self.0.lock().extend(batch.items);
            }
        }
    }
}

/// Renews the lease for ever.
pub(crate) async fn keep(gateway: Arc<Gateway>, ready: kit::http::Gate) {
    // The first failure of several is worth a warning, and so is the end.
    let mut in_contact = gateway.lease.is_held();
    loop {
        let renewal = renew(&gateway).await;
        let renewed = renewal.is_ok();
        match renewal {
            Err(error) if in_contact => {
                tracing::warn!(cause = %error, "could not renew the lease, will again")
            }
            Err(error) => tracing::debug!(cause = %error, "still could not renew the lease"),
            Ok(()) if !in_contact => tracing::info!("in contact with user-service"),
            Ok(()) => {}
        }
        in_contact = renewed;
        ready.set(gateway.lease.is_held());
        if renewed {
            gateway.unended.tell(&gateway).await;
        }
        tokio::time::sleep(RETRY_EVERY).await;
        if renewed {
            let rest = RENEW_EVERY.saturating_sub(RETRY_EVERY);
            let _ = tokio::time::timeout(rest, gateway.lease.doubted.notified()).await;
        }
    }
}

/// Once, before the gateway is up, so that the first session finds a lease; without an answer it goes on. `before`: the run of this
/// very gateway that is gone for sure, as its port was free: nobody has to wait for its lease to lapse.
pub(crate) async fn begin(gateway: &Arc<Gateway>, before: Option<GatewayId>, tasks: &Tasks) {
    let renewal = renew(gateway).await;
    if let Err(error) = &renewal {
        let hint = if is_stranger(error) { ": are the secrets of both those of one network?" } else { "" };
        tracing::warn!(cause = %error, "user-service gives no lease yet, will ask again{hint}");
    }
    let Some(before) = before else { return };
    if renewal.is_ok() && gateway.users.end_lease(&before).await.is_ok() {
        return;
    }
    let gateway = gateway.clone();
    tasks.spawn("end-lease-before", async move {
        while gateway.users.end_lease(&before).await.is_err() {
            tokio::time::sleep(RETRY_EVERY).await;
        }
    });
}

/// From now on sessions wait to be taken over by other gateways. Tried again for as long as that is waited for.
pub(crate) async fn drain(gateway: &Gateway) {
    gateway.lease.drains.store(true, Ordering::Relaxed);
    while renew(gateway).await.is_err() {
        tokio::time::sleep(RETRY_EVERY).await;
    }
}

/// The gateway goes: what sessions are left end at once, or, if others can take them over, when the lease lapses.
pub(crate) async fn end(gateway: &Gateway, data: &Path, at: SocketAddr) {
    if gateway.has_neighbours {
        // The next run here has nothing to end.
        let _ = std::fs::remove_file(note(data, at));
        return;
    }
    if let Err(error) = gateway.users.end_lease(&gateway.id).await {
        tracing::warn!(cause = %error, "could not end the lease, it will lapse");
    }
}

/// Notes which run of the gateway at this address this is, and gives the one before it. Without a place for the note leases lapse in
/// their time.
pub(crate) fn take_turns(data: &Path, at: SocketAddr, this: &GatewayId) -> Option<GatewayId> {
    let note = note(data, at);
    let before = std::fs::read_to_string(&note).ok().and_then(|id| id.trim().parse().ok());
    if let Err(error) = std::fs::create_dir_all(data).and_then(|()| std::fs::write(&note, this.as_str())) {
        tracing::warn!(cause = %error, "could not note this run in {}", note.display());
    }
    before
}

fn note(data: &Path, at: SocketAddr) -> PathBuf {
    // Colons cannot be in a file's name everywhere.
    data.join(format!("gateway-{}.run", at.to_string().replace(':', "-")))
}

/// Our token is not valid there.
fn is_stranger(error: &client::Error) -> bool {
    matches!(error, client::Error::Refused(problem) if problem.code == ErrorCode::NotAuthenticated)
}

async fn renew(gateway: &Gateway) -> Result<(), client::Error> {
    let (asked, state) = (Instant::now(), gateway.lease.state());
    let lease = gateway.users.renew_lease(&gateway.id, &RenewLease { state }).await?;
    if lease.was_lapsed {
        tracing::warn!("the lease had lapsed: the sessions of this gateway have ended");
        gateway.hub.sessions_have_ended("out of contact for too long");
    }
    gateway.lease.hold(asked + Duration::from_millis(lease.lapses_in_ms));
    Ok(())
}
