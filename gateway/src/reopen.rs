//! Connections that go on as somebody: who logs in, or whose session has ended while the connection lives, is in the same channels
//! again, and misses nothing that was said meanwhile.

use std::{net::IpAddr, sync::Arc, time::Duration};

use api::{
    channels::JoinItem,
    id::SessionId,
    users::{Credentials, OpenSession, OpenedSession},
};

use crate::{
    commands::resume,
    event::{Event, Shown},
    gateway::Gateway,
    hub::{Client, ClientId, Left, Lost},
};

/// How often, and after which pauses, an owner that does not answer is asked to open a session again: it has been killed, and is
/// started again.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_secs(1);

/// A session to open for a connection, with what it has said of itself.
pub(crate) fn opening(
    gateway: &Gateway,
    client: &Client,
    address: IpAddr,
    credentials: Credentials,
) -> OpenSession {
    OpenSession {
        id: SessionId::random(&mut rand::rng()),
        gateway: gateway.id.clone(),
        address,
        credentials,
        replaces: None,
        username: client.username(),
        realname: client.realname().map(|name| name.to_string()),
        nick: None,
        authzid: None,
    }
}

/// The connection is this person from now on, in the channels that it was in.
pub(crate) async fn opened(gateway: &Gateway, client: &Arc<Client>, address: IpAddr, opened: &OpenedSession) {
    for left in gateway.hub.opened(client, address, opened) {
        rejoin(gateway, client, left).await;
    }
}

/// A channel that cannot be joined again is shown as left.
async fn rejoin(gateway: &Gateway, client: &Arc<Client>, left: Left) {
    let Some(actor) = client.actor() else { return };
    let item = JoinItem { actor: (*actor).clone(), name: left.name.clone(), key: None };
    let joined = match gateway.joins.put(item).await {
        Ok(changed) => resume::catch_up(gateway, client, changed, left.seq).await.map(drop),
        Err(refusal) => Err(refusal),
    };
    if let Err(refusal) = joined {
        let me = Shown::from(&*actor);
        let event = Event::Part { channel: &left.name, who: me.who(), reason: &refusal.problem.detail };
        client.queue.event(|dialect| dialect.one_event(&event, api::Timestamp::now()));
    }
}

/// A session has ended without its connection (the gateway was out of contact for too long, say): it is opened again with its secret.
/// Where that is refused, as when another connection has taken it over, the connection is closed.
pub(crate) async fn reopen(gateway: &Gateway, id: ClientId) {
    for _ in 0..TRIES {
        let Some(Lost { client, session, address, secret }) = gateway.hub.lost(id) else { return };
        let item = opening(gateway, &client, address, Credentials::Token { token: secret.into_inner() });
        match gateway.opens.put(item).await {
            Ok(session) => return opened(gateway, &client, address, &session).await,
            Err(refusal) if refusal.problem.status == 503 => {
                gateway.lease.doubt();
                tokio::time::sleep(PAUSE).await;
            }
            Err(_) => return gateway.hub.give_up(id, &session),
        }
    }
    if let Some(Lost { session, .. }) = gateway.hub.lost(id) {
        gateway.hub.give_up(id, &session);
    }
}
