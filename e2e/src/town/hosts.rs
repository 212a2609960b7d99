//! A machine for each process, in a network namespace of its own, all of them on one switch: any two can be cut off from each other,
//! and then nothing comes and nothing is refused. Needs root and `ip`.

use std::{
    net::{IpAddr, Ipv4Addr},
    process::Command,
};

use rand::RngExt as _;

/// Of an Ethernet card that does not exist: what is sent there is sent into the void.
const NOWHERE: &str = "02:00:00:00:00:ff";
/// The tests' own machine.
const OURS: u8 = 1;

/// The switch, and its machines by number. All of it goes when it is dropped.
pub(crate) struct Hosts {
    /// In the names of all that is made: interfaces have at most 15 characters.
    name: String,
    /// 10.x.y.0/24, of nobody else here.
    network: [u8; 3],
    count: u8,
}

/// Whether machines can be made here.
pub(super) fn are_available() -> bool {
    let name = format!("try{:04x}", rand::rng().random::<u16>());
    let made = Command::new("ip").args(["netns", "add", &name]).output().is_ok_and(|it| it.status.success());
    made && run(&["netns", "del", &name]).is_ok()
}

impl Hosts {
    pub(super) fn new(count: u8) -> Self {
        let mut rng = rand::rng();
        let name = format!("t{:04x}", rng.random::<u16>());
        let hosts = Self { name, network: [10, rng.random_range(100..250), rng.random()], count };
        let Self { name, .. } = &hosts;
        let switch = format!("{name}s");
        let ours = format!("{name}u");
        let all: [&[&str]; 7] = [
            &["netns", "add", &switch],
            &["-n", &switch, "link", "add", "br0", "type", "bridge"],
            &["-n", &switch, "link", "set", "br0", "up"],
            &["link", "add", &ours, "type", "veth", "peer", "name", "ours", "netns", &switch],
            &["-n", &switch, "link", "set", "ours", "master", "br0", "up"],
            &["addr", "add", &format!("{}/24", hosts.address_of(OURS)), "dev", &ours],
            &["link", "set", &ours, "up"],
        ];
        for arguments in all {
            must(arguments);
        }
        for number in 0..count {
            let (host, port) = (hosts.namespace(number), format!("p{number}"));
            let address = format!("{}/24", hosts.address(number));
            let all: [&[&str]; 6] = [
                &["netns", "add", &host],
                &[
                    "-n", &host, "link", "add", "eth0", "type", "veth", "peer", "name", &port, "netns",
                    &switch,
                ],
                &["-n", &switch, "link", "set", &port, "master", "br0", "up"],
                &["-n", &host, "addr", "add", &address, "dev", "eth0"],
                &["-n", &host, "link", "set", "eth0", "up"],
                &["-n", &host, "link", "set", "lo", "up"],
            ];
            for arguments in all {
                must(arguments);
            }
        }
        hosts
    }

    pub(super) fn address(&self, number: u8) -> IpAddr {
        self.address_of(OURS + 1 + number)
    }

    fn address_of(&self, last: u8) -> IpAddr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, last).into()
    }

    pub(super) fn namespace(&self, number: u8) -> String {
        format!("{}h{number}", self.name)
    }

    /// Nothing goes from one to the other any more, in either direction.
    pub(super) fn cut(&self, one: u8, other: u8) {
        for (at, from) in [(one, other), (other, one)] {
            let (host, address) = (self.namespace(at), self.address(from).to_string());
            must(&[
                "-n",
                &host,
                "neigh",
                "replace",
                &address,
                "lladdr",
                NOWHERE,
                "dev",
                "eth0",
                "nud",
                "permanent",
            ]);
        }
    }

    pub(super) fn heal(&self, one: u8, other: u8) {
        for (at, from) in [(one, other), (other, one)] {
            let (host, address) = (self.namespace(at), self.address(from).to_string());
            must(&["-n", &host, "neigh", "del", &address, "dev", "eth0"]);
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        // What is on a machine goes with it, its end of each cable too.
        for number in 0..self.count {
            let _ = run(&["netns", "del", &self.namespace(number)]);
        }
        let _ = run(&["netns", "del", &format!("{}s", self.name)]);
        let _ = run(&["link", "del", &format!("{}u", self.name)]);
    }
}

fn must(arguments: &[&str]) {
    run(arguments).unwrap_or_else(|error| panic!("ip {}: {error}", arguments.join(" ")));
}

fn run(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
