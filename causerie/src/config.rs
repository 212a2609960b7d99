//! The settings of all five services, as one process needs them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use kit::config::{Common, ConfigError, Flags, Loader, Settings};
use url::Url;

/// Every section, each beside the common keys.
pub struct Config {
    pub users: Settings<user_service::Config>,
    pub channels: Settings<channel_service::Config>,
    pub messages: Settings<message_service::Config>,
    pub logs: Settings<log_service::Config>,
    pub gateway: Settings<gateway::Config>,
}

impl Config {
    /// # Errors
    /// A key or value that is not allowed, by its full name.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let loader = Loader::new(flags)?;
        Ok(Self {
            users: loader.section("users")?,
            channels: loader.section("channels")?,
            messages: loader.section("messages")?,
            logs: loader.section("logs")?,
            gateway: loader.section("gateway")?,
        })
    }

    /// The effective configuration as TOML, secrets hidden.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        let mut table = toml::Table::try_from(&self.gateway.common)?;
        table.insert("gateway".into(), toml::Value::try_from(&self.gateway.service)?);
        table.insert("users".into(), toml::Value::try_from(&self.users.service)?);
        table.insert("channels".into(), toml::Value::try_from(&self.channels.service)?);
        table.insert("messages".into(), toml::Value::try_from(&self.messages.service)?);
        table.insert("logs".into(), toml::Value::try_from(&self.logs.service)?);
        Ok(toml::to_string_pretty(&table)?)
    }

    /// In one process the services find each other where they listen, whatever `urls` says of other machines.
    #[must_use]
    pub(crate) fn in_one_process(mut self) -> Self {
        let mut common = self.gateway.common.clone();
        common.urls.users = reach(self.users.service.listen);
        common.urls.channels = reach(self.channels.service.listen);
        common.urls.messages = reach(self.messages.service.listen);
        common.urls.logs = reach(self.logs.service.listen);
        for shared in self.commons() {
            *shared = common.clone();
        }
        self
    }

    fn commons(&mut self) -> [&mut Common; 5] {
        [
            &mut self.users.common,
            &mut self.channels.common,
            &mut self.messages.common,
            &mut self.logs.common,
            &mut self.gateway.common,
        ]
    }
}

/// Where this process reaches a listener of its own: one on all addresses is on loopback too.
fn reach(listen: SocketAddr) -> Url {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    Url::parse(&format!("http://{address}")).expect("an address makes a URL")
}
