//! What all connections of this gateway share.

use std::sync::Arc;

use api::{
    Item,
    auth::ServiceName,
    channels::{Changed, JoinItem, PartItem},
    id::GatewayId,
    page::Batch,
    users::{EndSession, OpenSession, OpenedSession},
};
use client::{Channels, Messages, Service, Users};
use kit::{Kit, auth::Signer};

use crate::{
    certificate::Certificate,
    config::Config,
    hub::Hub,
    lane::{Lane, sends::Sends},
    lease::{LeaseHeld, Unended},
    leaving::Leaving,
    server::Server,
};

pub(crate) struct Gateway {
    /// This run of this process; what comes of its requests comes back marked with it.
    pub(crate) id: GatewayId,
    /// There may be other gateways, where its people can go.
    pub(crate) has_neighbours: bool,
    pub(crate) server: Arc<Server>,
    /// Of the TLS ports.
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) config: Config,
    pub(crate) users: Users,
    pub(crate) channels: Channels,
    pub(crate) messages: Messages,
    pub(crate) hub: Arc<Hub>,
    pub(crate) lease: LeaseHeld,
    pub(crate) sends: Sends,
    pub(crate) joins: Lane<JoinItem, Changed>,
    pub(crate) parts: Lane<PartItem, Changed>,
    /// Sessions of guests and by token. Passwords take their time to check, and nobody waits behind them.
    pub(crate) opens: Lane<OpenSession, OpenedSession>,
    pub(crate) ends: Lane<EndSession, ()>,
    pub(crate) unended: Unended,
    pub(crate) leaving: Leaving,
}

impl Gateway {
    pub(crate) fn new(kit: &Kit, config: Config, certificate: Arc<Certificate>) -> anyhow::Result<Arc<Self>> {
        let id = GatewayId::random(&mut rand::rng());
        let urls = &kit.common.urls;
        let service = |name, url: &str| {
            let signer = kit.signer.clone();
            let credentials = Arc::new(move || token(&signer));
            anyhow::Ok(Service::new(name, url, credentials)?.with_origin(id.to_string()))
        };
        let users = Users(service(ServiceName::Users, urls.users.as_str())?);
        let channels = Channels(service(ServiceName::Channels, urls.channels.as_str())?);
        let messages = Messages(service(ServiceName::Messages, urls.messages.as_str())?);
        let hub = Arc::new(Hub::new());
        let tasks = &kit.tasks;
        let joins = {
            let channels = channels.clone();
            Lane::start(tasks, "joins", ServiceName::Channels, move |batch| {
                let channels = channels.clone();
                async move { channels.join(&batch).await }
            })
        };
        let parts = {
            let channels = channels.clone();
            Lane::start(tasks, "parts", ServiceName::Channels, move |batch| {
                let channels = channels.clone();
                async move { channels.part(&batch).await }
            })
        };
        let opens = {
            let users = users.clone();
            Lane::start(tasks, "session-opens", ServiceName::Users, move |batch| {
                let users = users.clone();
                async move { users.open_sessions(&batch).await }
            })
        };
        let ends = {
            let users = users.clone();
            Lane::start(tasks, "session-ends", ServiceName::Users, move |batch: Batch<EndSession>| {
                let users = users.clone();
                async move {
                    users.end_sessions(&batch).await?;
                    Ok(Batch { items: batch.items.iter().map(|_| Item::Ok(())).collect() })
                }
            })
        };
        Ok(Arc::new(Self {
            server: Arc::new(Server::new(&config.irc_name, &kit.common.network)),
            sends: Sends::start(tasks, hub.clone(), messages.clone(), &config.limits),
            lease: LeaseHeld::default(),
            certificate,
            id,
            has_neighbours: kit.bus.joins_replicas(),
            config,
            users,
            channels,
            messages,
            hub,
            joins,
            parts,
            opens,
            ends,
            unended: Unended::default(),
            leaving: Leaving::default(),
        }))
    }
}

/// The token of `Bearer <token>`.
fn token(signer: &Signer) -> String {
    let bearer = signer.bearer();
    let text = bearer.to_str().unwrap_or_default();
    text.strip_prefix("Bearer ").unwrap_or(text).to_owned()
}
