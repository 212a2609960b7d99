//! The time, passed in where rules depend on it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use api::Timestamp;

/// The system's clock, or one that a test moves by hand.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    pub fn system() -> Self {
        Self(None)
    }

    /// Stands still until [`advance`](Self::advance) or [`set`](Self::set); clones share it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.0))))
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            None => Timestamp::now(),
            Some(time) => Timestamp(time.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock on.
    ///
    /// # Panics
    /// If this is the system's clock.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }

    /// Sets a manual clock.
    ///
    /// # Panics
    /// If this is the system's clock.
    pub fn set(&self, to: Timestamp) {
        self.0.as_ref().expect("only a manual clock can be moved").store(to.0, Ordering::SeqCst);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "manual clock" } else { "system clock" })
    }
}
