use std::{collections::BTreeMap, fmt, net::SocketAddr, time::Duration};

use sqlx::{Connection as _, PgConnection};
use tokio::net::TcpStream;

use super::{Part, Server, Town};
use crate::clock::until;

/// What can break in a town that has servers of its own: see [`super::Plan::with_own_servers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Machine {
    Part(Part),
    Database,
    Bus,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => part.fmt(f),
            Self::Database => f.write_str("PostgreSQL"),
            Self::Bus => f.write_str("NATS"),
        }
    }
}

/// PostgreSQL may have to go through what it had not finished.
const SERVES_WITHIN: Duration = Duration::from_secs(30);

pub(super) fn superuser(at: SocketAddr) -> String {
    format!("postgres://postgres@{at}/postgres")
}

pub(super) type Servers = BTreeMap<Machine, Server>;

impl Town {
    /// All that can break.
    pub fn machines(&self) -> Vec<Machine> {
        let parts = self.parts().into_iter().map(Machine::Part);
        parts.chain(self.servers().keys().copied()).collect()
    }

    /// Whether any two of them can be cut off from each other.
    pub fn has_hosts(&self) -> bool {
        self.replicas.hosts.is_some()
    }

    /// `kill -9`; it is gone when this returns.
    pub fn breaks(&self, machine: Machine) {
        match machine {
            Machine::Part(part) => self.kill9(part),
            server => self.server(server, Server::kill9),
        }
    }

    /// Starts what was killed, and waits for nothing.
    pub fn mends(&self, machine: Machine) {
        match machine {
            Machine::Part(part) => self.start_without_waiting(part),
            server => self.server(server, Server::start),
        }
    }

    /// It stands still, and its sockets stay open.
    pub fn stops_still(&self, machine: Machine) {
        match machine {
            Machine::Part(part) => self.freeze(part),
            server => self.server(server, |server| server.signal("STOP")),
        }
    }

    pub fn goes_on(&self, machine: Machine) {
        match machine {
            Machine::Part(part) => self.thaw(part),
            server => self.server(server, |server| server.signal("CONT")),
        }
    }

    /// Nothing goes from one to the other.
    ///
    /// # Panics
    /// If the town has no hosts.
    pub fn cuts(&self, one: Machine, other: Machine) {
        let hosts = self.replicas.hosts.as_ref().expect("each is on a machine of its own");
        hosts.cut(self.replicas.number(one), self.replicas.number(other));
    }

    /// # Panics
    /// If the town has no hosts.
    pub fn connects(&self, one: Machine, other: Machine) {
        let hosts = self.replicas.hosts.as_ref().expect("each is on a machine of its own");
        hosts.heal(self.replicas.number(one), self.replicas.number(other));
    }

    /// Waits until the servers take connections.
    pub(super) async fn servers_serve(&self) {
        let all: Vec<(Machine, SocketAddr)> =
            self.servers().iter().map(|(machine, server)| (*machine, server.at)).collect();
        for (machine, at) in all {
            until(&format!("{machine} serves at {at}"), SERVES_WITHIN, async || match machine {
                // It listens before it has gone through what it had not finished.
                Machine::Database => PgConnection::connect(&superuser(at)).await.ok().map(drop),
                _ => TcpStream::connect(at).await.ok().map(drop),
            })
            .await;
        }
    }

    fn server(&self, machine: Machine, act: impl FnOnce(&mut Server)) {
        let mut servers = self.servers();
        act(servers.get_mut(&machine).expect("the town has servers of its own"));
    }
}
