use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use crate::{Rest, ServiceName};

/// Where a network is reached, whoever runs it.
#[derive(Clone)]
pub struct Doors {
    /// Gateways of the line protocol.
    pub lines: Vec<SocketAddr>,
    /// Gateways of IRC.
    pub irc: Vec<SocketAddr>,
    pub rest: Rest,
}

impl Doors {
    /// All at the ports that they have by default.
    pub fn at(address: IpAddr) -> Self {
        let url = |name: ServiceName, port: u16| (name, vec![format!("http://{address}:{port}")]);
        let ports = [
            (ServiceName::Gateway, 8080),
            (ServiceName::Users, 8101),
            (ServiceName::Channels, 8102),
            (ServiceName::Messages, 8103),
            (ServiceName::Logs, 8104),
        ];
        let bases: BTreeMap<_, _> = ports.map(|(name, port)| url(name, port)).into();
        let at = |port| vec![SocketAddr::new(address, port)];
        Self { lines: at(7667), irc: at(6667), rest: Rest::new(bases) }
    }
}
