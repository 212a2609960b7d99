use std::net::IpAddr;

use api::auth::ServiceName;

use super::Part;

/// How many processes there are of each service. Where there are several, each has an address of its own on this machine, as if it
/// were a machine of its own, and the service's name stands for them all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replicas {
    gateways: usize,
    services: usize,
}

impl Default for Replicas {
    fn default() -> Self {
        Self { gateways: 1, services: 1 }
    }
}

impl Replicas {
    pub(super) const SCALED: Self = Self { gateways: 3, services: 2 };

    pub(super) fn are_many(self) -> bool {
        self.gateways > 1 || self.services > 1
    }

    pub(super) fn of(self, service: ServiceName) -> usize {
        if service == ServiceName::Gateway { self.gateways } else { self.services }
    }

    pub(super) fn parts(self) -> Vec<Part> {
        let replicas = |service| (0..self.of(service)).map(move |number| Part { service, number });
        ServiceName::ALL.into_iter().flat_map(replicas).collect()
    }

    pub(super) fn address(self, number: usize) -> IpAddr {
        let number = u8::try_from(number).expect("a town has few replicas");
        // Some platforms know no other loopback address than the first.
        IpAddr::from([127, 0, 0, number + if self.are_many() { 2 } else { 1 }])
    }

    /// What the others call a service.
    pub(super) fn host(self, service: ServiceName) -> String {
        if self.are_many() { format!("{service}.town") } else { self.address(0).to_string() }
    }

    /// Which addresses those names stand for, as in `/etc/hosts`.
    pub(super) fn hosts(self) -> String {
        let line = |part: Part| format!("{} {}\n", self.address(part.number), self.host(part.service));
        self.parts().into_iter().map(line).collect()
    }
}
