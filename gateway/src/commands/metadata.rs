//! `METADATA` (<https://ircv3.net/specs/extensions/metadata>): what people and channels say of themselves, asked of its owners.

use std::collections::BTreeMap;

use api::{
    auth::ServiceName,
    channels::Channel,
    id::{ChannelId, UserId},
    metadata::{MAX_METADATA_LOOKUP, MetadataKey, MetadataLookup, MetadataValue, Metadatum},
};
use client::Caller;

use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    dialect::irc::{Datum, DatumRow, MetadataAsked, MetadataTold, Subscribed, Told},
    session::Session,
};

/// Seconds after which a client may ask for what is too much to be shown on joining: it is busy with the names until then.
const LATER: u64 = 2;

/// Whose metadata it is.
enum Of {
    Channel(ChannelId),
    Person(UserId),
}

pub(super) async fn metadata(session: &Session, target: String, asked: MetadataAsked) -> Answer {
    let told = match asked {
        MetadataAsked::Sub(keys) => subscribe(session, keys),
        MetadataAsked::Unsub(keys) => unsubscribe(session, keys),
        MetadataAsked::Subs => {
            let keys = session.gateway.hub.subscriptions(session.client.id);
            MetadataTold::Subs(keys.iter().map(ToString::to_string).collect())
        }
        asked => {
            let key = match &asked {
                MetadataAsked::Set(key, _) => key.clone(),
                _ => "*".to_owned(),
            };
            let about = |refusal: Refusal| refusal.what(key.clone()).value(target.clone());
            let (of, name) = find(session, &target).await.map_err(about)?;
            carry_out(session, &of, name, asked).await.map_err(about)?
        }
    };
    Ok(Outcome::Irc(Told::Metadata(told)))
}

async fn find(session: &Session, target: &str) -> Result<(Of, String), Refusal> {
    if target.starts_with('#') {
        let channel = session.channel(target).await?;
        return Ok((Of::Channel(channel.id), channel.name.to_string()));
    }
    let person = match target {
        "*" => session.actor()?.person.clone(),
        nick => session.person(nick).await?,
    };
    let nick = session.gateway.hub.called(&person);
    Ok((Of::Person(person.id), nick))
}

async fn carry_out(
    session: &Session,
    of: &Of,
    name: String,
    asked: MetadataAsked,
) -> Result<MetadataTold, Refusal> {
    let rows = match asked {
        MetadataAsked::Get(keys) => {
            let said = read(session, of).await?;
            let datum = |key: &String| match MetadataKey::try_from(key.as_str()) {
                Err(_) => Datum::NoKey,
                Ok(key) => match said.iter().find(|datum| datum.key == key) {
                    Some(datum) => Datum::Value(datum.value.clone()),
                    None => Datum::NotSet,
                },
            };
            keys.iter().map(|key| row(&name, key, datum(key))).collect()
        }
        MetadataAsked::List => all(&name, read(session, of).await?),
        MetadataAsked::Set(key, value) => {
            return set(session, of, &key, value)
                .await
                .map(|datum| MetadataTold::One(row(&name, &key, datum)));
        }
        MetadataAsked::Clear => {
            let said = read(session, of).await?;
            clear(session, of).await?;
            said.iter().map(|datum| row(&name, datum.key.as_str(), Datum::NotSet)).collect()
        }
        MetadataAsked::Sync => {
            let keys = session.gateway.hub.subscriptions(session.client.id);
            let mut rows = all(&name, read(session, of).await?);
            rows.retain(|row| keys.iter().any(|key| key.as_str() == row.key));
            if let Of::Channel(id) = of {
                rows.extend(of_members(session, id, &keys).await?);
            }
            rows
        }
        MetadataAsked::Sub(_) | MetadataAsked::Unsub(_) | MetadataAsked::Subs => Vec::new(),
    };
    Ok(MetadataTold::Batch(name, rows))
}

fn row(target: &str, key: &str, datum: Datum) -> DatumRow {
    DatumRow { target: target.to_owned(), key: key.to_owned(), datum }
}

fn all(target: &str, said: Vec<Metadatum>) -> Vec<DatumRow> {
    let row = |datum: Metadatum| row(target, datum.key.as_str(), Datum::Value(datum.value));
    said.into_iter().map(row).collect()
}

async fn read(session: &Session, of: &Of) -> Result<Vec<Metadatum>, Refusal> {
    let actor = session.actor()?;
    match of {
        Of::Channel(id) => session.gateway.channels.metadata(&actor, id).await.of(ServiceName::Channels),
        Of::Person(id) => session.gateway.users.metadata(&actor, id).await.of(ServiceName::Users),
    }
}

/// Without a value, or with an empty one, it is said no more.
pub(super) fn datum(
    key: &str,
    value: Option<String>,
) -> Result<(MetadataKey, Option<MetadataValue>), Refusal> {
    let key = MetadataKey::try_from(key).map_err(|error| Refusal::from(error.problem("/key")))?;
    let value = value.filter(|value| !value.is_empty()).map(MetadataValue::try_from).transpose();
    Ok((key, value.map_err(|error| Refusal::from(error.problem("/value")))?))
}

/// Of the connection's own person.
pub(super) async fn set_own(
    session: &Session,
    key: &MetadataKey,
    value: MetadataValue,
) -> Result<(), Refusal> {
    let id = session.actor()?.person.id.clone();
    set(session, &Of::Person(id), key.as_str(), Some(value.into())).await.map(drop)
}

async fn set(session: &Session, of: &Of, key: &str, value: Option<String>) -> Result<Datum, Refusal> {
    let (parsed, value) = datum(key, value)?;
    let value = value.map(String::from);
    let (actor, gateway) = (session.actor()?, &session.gateway);
    match of {
        Of::Channel(id) => {
            let changed = gateway.channels.set_metadatum(&actor, id, &parsed, value.clone()).await;
            gateway.hub.changed(session.client.id, changed.of(ServiceName::Channels)?);
        }
        Of::Person(id) => {
            let changed = gateway.users.set_metadatum(&actor, id, &parsed, value.clone()).await;
            gateway.hub.user_changed(session.client.id, changed.of(ServiceName::Users)?.events);
        }
    }
    Ok(value.map_or(Datum::NotSet, Datum::Value))
}

async fn clear(session: &Session, of: &Of) -> Result<(), Refusal> {
    let (actor, gateway) = (session.actor()?, &session.gateway);
    match of {
        Of::Channel(id) => {
            let changed = gateway.channels.clear_metadata(&actor, id).await.of(ServiceName::Channels)?;
            gateway.hub.changed(session.client.id, changed);
        }
        Of::Person(id) => {
            let changed = gateway.users.clear_metadata(&actor, id).await.of(ServiceName::Users)?;
            gateway.hub.user_changed(session.client.id, changed.events);
        }
    }
    Ok(())
}

/// Rows of one answer to `SYNC`, of some 350 bytes: with them a send queue is not full. Of larger channels those who come first are shown, and
/// others when they say something new.
const MOST_SYNCED: usize = 2000;

/// What the members of a channel say under these keys.
async fn of_members(
    session: &Session,
    channel: &ChannelId,
    keys: &[MetadataKey],
) -> Result<Vec<DatumRow>, Refusal> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (actor, gateway) = (session.actor()?, &session.gateway);
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = gateway.channels.members(&actor, channel, cursor.as_deref()).await;
        let page = page.of(ServiceName::Channels)?;
        for part in page.items.chunks(MAX_METADATA_LOOKUP) {
            let people: BTreeMap<_, _> =
                part.iter().map(|member| (&member.person.id, &member.person)).collect();
            let ids = people.keys().map(|&id| id.clone()).collect();
            let asked = MetadataLookup { ids, keys: keys.to_vec() };
            let said = gateway.users.metadata_of(Caller::Actor(&actor), &asked).await;
            for said in said.of(ServiceName::Users)? {
                let Some(person) = people.get(&said.user) else { continue };
                let nick = gateway.hub.called(person);
                rows.push(row(&nick, said.datum.key.as_str(), Datum::Value(said.datum.value)));
            }
        }
        cursor = page.next;
        if cursor.is_none() || rows.len() >= MOST_SYNCED {
            rows.truncate(MOST_SYNCED);
            return Ok(rows);
        }
    }
}

/// What is shown of it to somebody who joins a channel; none to those who hear of no key. Without it the join is none the less.
pub(super) async fn on_join(session: &Session, channel: &Channel) -> Option<MetadataTold> {
    let keys = session.gateway.hub.subscriptions(session.client.id);
    if keys.is_empty() || !session.client.queue.dialect().shows_metadata() {
        return None;
    }
    let name = channel.name.to_string();
    if channel.member_count > MAX_METADATA_LOOKUP as u64 {
        return Some(MetadataTold::Later(name, LATER));
    }
    let told = carry_out(session, &Of::Channel(channel.id.clone()), name, MetadataAsked::Sync).await;
    told.ok().filter(|told| !matches!(told, MetadataTold::Batch(_, rows) if rows.is_empty()))
}

/// What somebody says of themselves who comes in, as it was kept.
pub(super) async fn own(session: &Session) -> Option<MetadataTold> {
    if !session.client.queue.dialect().shows_metadata() {
        return None;
    }
    let person = session.actor().ok()?.person.clone();
    let said = read(session, &Of::Person(person.id)).await.unwrap_or_default();
    Some(MetadataTold::Batch(person.nick.to_string(), all(person.nick.as_str(), said)))
}

/// What somebody says who is asked about; left out where nobody can show it.
pub(super) async fn of_person(session: &Session, user: &UserId) -> Vec<Metadatum> {
    if !session.client.queue.dialect().shows_metadata() {
        return Vec::new();
    }
    read(session, &Of::Person(user.clone())).await.unwrap_or_default()
}

/// Keys, and what is none.
pub(super) fn parsed(typed: Vec<String>) -> (Vec<MetadataKey>, Vec<String>) {
    let (mut keys, mut invalid) = (Vec::new(), Vec::new());
    for key in typed {
        match MetadataKey::try_from(key.as_str()) {
            Ok(key) => keys.push(key),
            Err(_) => invalid.push(key),
        }
    }
    (keys, invalid)
}

fn subscribe(session: &Session, typed: Vec<String>) -> MetadataTold {
    let (mut keys, invalid) = parsed(typed);
    let too_many = session.gateway.hub.subscribe(session.client.id, &keys);
    if let Some(first) = &too_many {
        // "The server does not process any further keys."
        keys.truncate(keys.iter().position(|key| key == first).unwrap_or(keys.len()));
    }
    // What is said under them now is for its reader to ask for: it may be much.
    let later = if keys.is_empty() { Vec::new() } else { session.client.memberships() };
    MetadataTold::Subscribed(Subscribed {
        keys: keys.iter().map(ToString::to_string).collect(),
        invalid,
        too_many: too_many.map(String::from),
        later: later.into_iter().map(|membership| (membership.name.to_string(), LATER)).collect(),
    })
}

fn unsubscribe(session: &Session, typed: Vec<String>) -> MetadataTold {
    let (keys, invalid) = parsed(typed);
    session.gateway.hub.unsubscribe(session.client.id, &keys);
    MetadataTold::Unsubscribed(keys.iter().map(ToString::to_string).collect(), invalid)
}
