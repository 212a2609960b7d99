use std::{net::IpAddr, sync::Arc};

use api::auth::ServiceName;

use super::{Machine, Part, hosts::Hosts};

/// How many processes there are of each service, and where. Where there are several, each has an address of its own, on this machine
/// or on a machine of its own, and the service's name stands for them all.
#[derive(Clone)]
pub(crate) struct Replicas {
    gateways: usize,
    services: usize,
    pub(super) hosts: Option<Arc<Hosts>>,
}

impl Replicas {
    pub(super) const ALONE: Self = Self { gateways: 1, services: 1, hosts: None };
    pub(super) const SCALED: Self = Self { gateways: 3, services: 2, hosts: None };

    /// Each on a machine of its own, and two more for the servers.
    pub(super) fn on_hosts(self) -> Self {
        let count = u8::try_from(self.parts().len() + 2).expect("a town is small");
        Self { hosts: Some(Arc::new(Hosts::new(count))), ..self }
    }

    pub(super) fn are_many(&self) -> bool {
        self.gateways > 1 || self.services > 1
    }

    pub(super) fn of(&self, service: ServiceName) -> usize {
        if service == ServiceName::Gateway { self.gateways } else { self.services }
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let replicas = |service| (0..self.of(service)).map(move |number| Part { service, number });
        ServiceName::ALL.into_iter().flat_map(replicas).collect()
    }

    /// Of its host.
    pub(super) fn number(&self, machine: Machine) -> u8 {
        let parts = self.parts();
        let place = match machine {
            Machine::Part(part) => parts.iter().position(|it| *it == part).expect("it is of this town"),
            Machine::Database => parts.len(),
            Machine::Bus => parts.len() + 1,
        };
        u8::try_from(place).expect("a town is small")
    }

    pub(super) fn address(&self, machine: Machine) -> IpAddr {
        match (&self.hosts, machine) {
            (Some(hosts), machine) => hosts.address(self.number(machine)),
            // Some platforms know no other loopback address than the first.
            (None, Machine::Part(part)) if self.are_many() => {
                IpAddr::from([127, 0, 0, u8::try_from(part.number + 2).expect("a town is small")])
            }
            (None, _) => IpAddr::from([127, 0, 0, 1]),
        }
    }

    pub(super) fn namespace(&self, machine: Machine) -> Option<String> {
        self.hosts.as_ref().map(|hosts| hosts.namespace(self.number(machine)))
    }

    /// What the others call a service.
    pub(super) fn host(&self, service: ServiceName) -> String {
        if self.are_many() {
            format!("{service}.town")
        } else {
            self.address(Machine::Part(service.into())).to_string()
        }
    }

    /// Which addresses those names stand for, as in `/etc/hosts`.
    pub(super) fn hosts_file(&self) -> String {
        let line =
            |part: Part| format!("{} {}\n", self.address(Machine::Part(part)), self.host(part.service));
        self.parts().into_iter().map(line).collect()
    }
}
