//! A service's life: settings, start, signals, end.

mod kit;
mod main;
pub(crate) mod tasks;

use std::{future::Future, net::SocketAddr, time::Duration};

use api::auth::ServiceName;
use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    kit::Kit,
    main::{main, print, run, run_until_signal, signal},
    tasks::Tasks,
};
use crate::config::Settings;

/// How long a stop may take; supervisors kill after 10 s or more.
pub const STOP_WITHIN: Duration = Duration::from_secs(10);

/// One of the services, as `main` and the process that holds them all start it.
pub trait Service: Sized + Send + 'static {
    const NAME: ServiceName;
    /// Its section of the configuration.
    const SECTION: &'static str = Self::NAME.as_str();
    /// The section's keys. Derive with `#[serde(default, deny_unknown_fields)]`, so that wrong keys are refused.
    type Config: Serialize + DeserializeOwned + Default + Send + 'static;

    /// Starts it; it is reachable when this returns, and ready when `/readyz` says so.
    fn up(settings: Settings<Self::Config>) -> impl Future<Output = anyhow::Result<Running>> + Send;
}

/// A service that runs.
#[must_use = "a service whose handle is dropped cannot be stopped"]
pub struct Running {
    pub name: ServiceName,
    /// Where its HTTP side listens.
    pub addr: SocketAddr,
    pub tasks: Tasks,
}

impl Running {
    /// Finishes what is in hand, then ends what runs in the background. False if that took longer than [`STOP_WITHIN`].
    pub async fn stop(self) -> bool {
        self.stop_within(STOP_WITHIN).await
    }

    /// As [`stop`](Self::stop), in the time that several services share.
    pub async fn stop_within(self, within: Duration) -> bool {
        let stopped = self.tasks.stop(within).await;
        if !stopped {
            tracing::warn!(service = %self.name, "did not stop in time, leaving work behind");
        }
        stopped
    }
}
