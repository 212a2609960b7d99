//! The services that a gateway asks, in this process.

use std::net::{Ipv4Addr, SocketAddr};

use kit::{
    Clock, Running, Service,
    config::{BusConfig, Common, Settings},
};
use tempfile::TempDir;
use url::Url;

pub(crate) struct Services {
    pub(crate) common: Common,
    pub(crate) home: TempDir,
    _running: Vec<Running>,
}

fn url(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}")).expect("an address makes a URL")
}

impl Services {
    pub(crate) async fn up() -> Self {
        Self::with(BusConfig::default(), |_| {}).await
    }

    /// On this bus, and with settings of user-service's.
    pub(crate) async fn with(bus: BusConfig, change: impl FnOnce(&mut user_service::Config)) -> Self {
        let (mut common, home) = kit::testing::common();
        common.bus = bus;
        common.http.test_faults = true;
        let [users, channels, messages, logs] =
            [(); 4].map(|()| SocketAddr::from((Ipv4Addr::LOCALHOST, kit::testing::port())));
        common.urls.users = url(users);
        common.urls.channels = url(channels);
        common.urls.messages = url(messages);
        common.urls.logs = url(logs);
        let mut of_users = user_service::Config { listen: users, ..Default::default() };
        change(&mut of_users);
        let running = vec![
            user_service::up(Settings { common: common.clone(), service: of_users }, Clock::system())
                .await
                .expect("users are up"),
            channel_service::ChannelService::up(Settings {
                common: common.clone(),
                service: channel_service::Config { listen: channels, ..Default::default() },
            })
            .await
            .expect("channels are up"),
            message_service::MessageService::up(Settings {
                common: common.clone(),
                service: message_service::Config { listen: messages, ..Default::default() },
            })
            .await
            .expect("messages are up"),
        ];
        Self { common, home, _running: running }
    }
}
