use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

/// A check that takes longer than this has failed: probes give up after a few seconds themselves.
const CHECK_WITHIN: Duration = Duration::from_secs(2);

type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// What `/readyz` waits for.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Arc<Mutex<Vec<(&'static str, Check)>>>,
}

/// Opened and closed by the one who knows.
#[derive(Clone, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Relaxed);
    }

    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Readiness {
    /// A condition that somebody sets; closed at first.
    pub fn gate(&self, name: &'static str) -> Gate {
        let gate = Gate::default();
        let seen = gate.clone();
        self.check(name, move || std::future::ready(seen.is_ready()));
        gate
    }

    /// A condition that is asked each time.
    pub fn check<F, W>(&self, name: &'static str, check: F)
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = bool> + Send + 'static,
    {
        self.checks.lock().push((name, Arc::new(move || Box::pin(check()))));
    }

    /// The database answers.
    #[cfg(feature = "db")]
    pub fn database(&self, db: &crate::db::Db) {
        let db = db.clone();
        self.check("database", move || {
            let db = db.clone();
            async move { db.ping().await.is_ok() }
        });
    }

    /// The names of what is not ready.
    pub async fn waiting_for(&self) -> Vec<&'static str> {
        let checks = self.checks.lock().clone();
        let mut waiting = Vec::new();
        for (name, check) in checks {
            if !tokio::time::timeout(CHECK_WITHIN, check()).await.unwrap_or(false) {
                waiting.push(name);
            }
        }
        waiting
    }
}
