//! The gateway over real sockets, with the real services in the same process.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part of it")]

pub(crate) mod irc;
mod person;
mod rest;
mod services;

use std::{net::SocketAddr, time::Duration};

use gateway::{Config, Started};
use ipnet::IpNet;
use kit::{
    Clock, Running,
    config::{BusConfig, BusKind, Common, Settings},
};

use self::services::Services;
pub(crate) use self::{
    person::{Person, WITHIN, within},
    rest::{PASSWORD, Token},
};

pub(crate) struct Town {
    pub(crate) lines: SocketAddr,
    pub(crate) lines_tls: SocketAddr,
    pub(crate) irc: SocketAddr,
    pub(crate) irc_tls: SocketAddr,
    pub(crate) web: SocketAddr,
    pub(crate) common: Common,
    gateway: Option<Running>,
    services: Services,
}

/// On free ports.
fn anywhere(config: &mut Config) {
    let Config { lines, lines_tls, irc, irc_tls, listen, .. } = config;
    for address in [lines, lines_tls, irc, irc_tls, listen] {
        address.set_port(0);
    }
}

impl Town {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With settings of the gateway's.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::behind(&[], change).await
    }

    /// On the NATS server of the tests.
    pub(crate) async fn on_nats() -> Self {
        Self::on_nats_with(|_| {}).await
    }

    /// With settings of user-service's.
    pub(crate) async fn on_nats_with(change: impl FnOnce(&mut user_service::Config)) -> Self {
        let nats_prefix = format!("t{:016x}", rand::random::<u64>());
        let nats_url = kit::testing::nats_url().into();
        let services = Services::with(BusConfig { kind: BusKind::Nats, nats_url, nats_prefix }, change).await;
        Self::of(services, &[], |_| {}).await
    }

    /// Another gateway, which asks the same services.
    pub(crate) async fn another_gateway(&self) -> Started {
        let mut service = Config::default();
        anywhere(&mut service);
        let started = gateway::start(Settings { common: self.common.clone(), service }).await;
        started.expect("the gateway is up")
    }

    /// With load balancers in front of the gateway.
    pub(crate) async fn behind(proxies: &[IpNet], change: impl FnOnce(&mut Config)) -> Self {
        Self::of(Services::up().await, proxies, change).await
    }

    async fn of(services: Services, proxies: &[IpNet], change: impl FnOnce(&mut Config)) -> Self {
        let common = services.common.clone();
        let mut service = Config::default();
        anywhere(&mut service);
        change(&mut service);
        let of_gateway = Common { proxies: proxies.to_vec(), ..common.clone() };
        let started = gateway::start(Settings { common: of_gateway, service }).await;
        let Started { running, lines, lines_tls, irc, irc_tls } = started.expect("the gateway is up");
        Self { lines, lines_tls, irc, irc_tls, web: running.addr, common, gateway: Some(running), services }
    }

    /// Somebody new, greeted.
    pub(crate) async fn connect(&self) -> Person {
        let mut person = Person::connect(self.lines).await;
        person.sees("200 welcome causerie/1 Causerie :").await;
        person
    }

    pub(crate) async fn person(&self, nick: &str) -> Person {
        let mut person = self.connect().await;
        person.asks(&format!("/nick {nick}"), &format!("200 nick {nick}")).await;
        person
    }

    /// As another gateway or service would ask.
    pub(crate) fn users(&self) -> client::Users {
        let keys = kit::secrets::Keys::open(&self.common.secrets_dir(), api::auth::ServiceName::Gateway);
        let keys = std::sync::Arc::new(keys.expect("the keys are there"));
        let signer = kit::auth::Signer::new(keys, Clock::system());
        let credentials = std::sync::Arc::new(move || {
            let bearer = signer.bearer();
            bearer.to_str().expect("a token is text").trim_start_matches("Bearer ").to_owned()
        });
        let name = api::auth::ServiceName::Users;
        client::Users(
            client::Service::new(name, self.common.urls.users.as_str(), credentials).expect("a client"),
        )
    }

    /// message-service takes its time for the next request to `path`.
    pub(crate) async fn slows_the_next(&self, path: &str) {
        self.slows(path, Duration::from_secs(1), 1).await;
    }

    /// So many requests to `path` take message-service so long.
    pub(crate) async fn slows(&self, path: &str, by: Duration, times: u32) {
        let millis = by.as_millis();
        let body = format!(r#"{{"path":"{path}","fault":"slow","millis":{millis},"times":{times}}}"#);
        let messages = self.common.urls.messages.socket_addrs(|| None).expect("it is an address")[0];
        let mut http = Person::connect(messages).await;
        let head =
            "POST /v1/test/faults HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json";
        http.raw(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
        http.sees_next("HTTP/1.1 204").await;
    }

    /// The files of all services that hold a text.
    pub(crate) fn files_with(&self, text: &str) -> Vec<String> {
        let files = std::fs::read_dir(self.services.home.path()).expect("a folder").flatten();
        let holds = |path: &std::path::Path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        };
        files
            .map(|file| file.path())
            .filter(|path| holds(path))
            .map(|path| path.display().to_string())
            .collect()
    }

    /// The gateway stops, as at SIGTERM.
    pub(crate) async fn stops(&mut self) -> bool {
        self.gateway.take().expect("the gateway stops once").stop().await
    }
}
