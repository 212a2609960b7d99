use std::path::PathBuf;

use api::auth::ServiceName;

use super::{Replicas, Town, hosts};

/// What a town is to be like; [`start`](Self::start) builds it.
#[derive(Clone)]
pub struct Plan {
    pub(super) five: bool,
    pub(super) postgres: bool,
    pub(super) replicas: Replicas,
    pub(super) own_servers: bool,
    pub(super) open: bool,
    /// Instead of the program under test.
    pub(super) binary: Option<PathBuf>,
    pub(super) settings: Vec<(Option<ServiceName>, String)>,
}

impl Plan {
    pub fn one_process() -> Self {
        Self {
            five: false,
            postgres: false,
            replicas: Replicas::ALONE,
            own_servers: false,
            open: false,
            binary: None,
            settings: Vec::new(),
        }
    }

    pub fn five_processes() -> Self {
        Self { five: true, ..Self::one_process() }
    }

    /// Three gateways and two of each service, on PostgreSQL and NATS.
    pub fn scaled() -> Self {
        Self { replicas: Replicas::SCALED, ..Self::five_processes().on_postgres() }
    }

    /// Databases on the PostgreSQL of the tests instead of SQLite files.
    #[must_use]
    pub fn on_postgres(mut self) -> Self {
        self.postgres = true;
        self
    }

    /// A PostgreSQL and a NATS of its own, which can be killed; and where that can be had, a machine for each process, any two of which can
    /// be cut off from each other: see [`super::Machine`].
    #[must_use]
    pub fn with_own_servers(mut self) -> Self {
        self.own_servers = true;
        if hosts::are_available() {
            self.replicas = self.replicas.on_hosts();
        }
        self
    }

    /// Another program, such as the release before: see [`Town::upgrades`].
    #[must_use]
    pub fn of(mut self, binary: PathBuf) -> Self {
        self.binary = Some(binary);
        self
    }

    /// `users.lease=1s` and the like, as `--set` takes it.
    #[must_use]
    pub fn set(mut self, setting: &str) -> Self {
        self.settings.push((None, setting.to_owned()));
        self
    }

    /// A setting of one of five processes only.
    #[must_use]
    pub fn set_for(mut self, name: ServiceName, setting: &str) -> Self {
        self.settings.push((Some(name), setting.to_owned()));
        self
    }

    /// The line protocol is not only for this machine: see [`Town::chat_address_from_outside`].
    #[must_use]
    pub fn open_to_all(mut self) -> Self {
        self.open = true;
        self
    }

    /// Services can be told to fail: see [`Town::arms`].
    #[must_use]
    pub fn with_faults(self) -> Self {
        self.set("http.test_faults=true")
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// If it does not get ready.
    pub async fn start(self) -> Town {
        let town = Town::build(self).await;
        for process in town.processes().iter_mut() {
            process.start();
        }
        town.ready().await;
        town
    }
}
