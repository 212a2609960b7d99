//! What somebody may say of themselves before they are welcomed (`draft/pre-away`, `before-connect` of `draft/metadata-3`): it is kept until
//! then, and said when they are.

use std::collections::BTreeMap;

use api::{
    ErrorCode, Nick,
    metadata::{MAX_METADATA_KEYS, MetadataKey, MetadataValue},
};

use super::{away, metadata};
use crate::{
    command::{Answer, Command, Outcome, Refusal},
    dialect::{
        Dialect,
        irc::{Caps, Datum, DatumRow, MetadataAsked, MetadataTold, Subscribed, Told, Word},
    },
    hub::metadata::MAX_SUBSCRIPTIONS,
    session::{Session, line_text},
};

/// What is said in the end.
#[derive(Default)]
pub(crate) struct Before {
    /// Away with a text, back without; none: nothing was said of it.
    away: Option<Option<String>>,
    metadata: BTreeMap<MetadataKey, MetadataValue>,
    subscriptions: Vec<MetadataKey>,
}

/// "There is nobody, for a reason that is not given" (<https://ircv3.net/specs/extensions/pre-away>).
const NOBODY_THERE: &str = "*";
const ONESELF: &str = "*";

/// What is answered to somebody who is not welcomed yet.
pub(super) fn before(session: &mut Session, command: Command) -> Answer {
    let Dialect::Irc(caps) = session.client.queue.dialect() else {
        return Err(Refusal::new(ErrorCode::NotRegistered));
    };
    let kept = session.irc.as_mut().filter(|irc| irc.registration.is_some());
    match (command, kept) {
        (Command::Away { text }, Some(irc)) if caps.has(Caps::PRE_AWAY) => {
            if let Some(text) = &text {
                line_text(text.clone(), "away")?;
            }
            let is_away = text.is_some();
            irc.before.get_or_insert_default().away = Some(text);
            Ok(if is_away { Outcome::Away } else { Outcome::Back })
        }
        (Command::Irc(Word::Metadata { target, asked }), Some(irc)) if caps.has(Caps::METADATA) => {
            let wanted = irc.registration.as_ref().and_then(|registration| registration.wanted_nick());
            if target != ONESELF && wanted.map(Nick::as_str) != Some(&*target) {
                return Err(Refusal::new(ErrorCode::NotRegistered));
            }
            let key = match &asked {
                MetadataAsked::Set(key, _) => key.clone(),
                _ => "*".to_owned(),
            };
            let told = irc.before.get_or_insert_default().metadata(asked);
            told.map(|told| Outcome::Irc(Told::Metadata(told)))
                .map_err(|refusal| refusal.what(key).value(target))
        }
        _ => Err(Refusal::new(ErrorCode::NotRegistered)),
    }
}

/// Says it. What is refused now leaves them as welcome: what of their metadata was kept they are shown.
pub(super) async fn say(session: &mut Session, before: Before, is_here_already: bool) {
    let Before { away, metadata, subscriptions } = before;
    match away {
        // A client that comes by itself says nothing of somebody who is there by another.
        Some(Some(text)) if text == NOBODY_THERE && is_here_already => {}
        Some(text) => drop(away::away(session, text).await),
        None => {}
    }
    for (key, value) in metadata {
        drop(metadata::set_own(session, &key, value).await);
    }
    session.gateway.hub.subscribe(session.client.id, &subscriptions);
}

impl Before {
    fn metadata(&mut self, asked: MetadataAsked) -> Result<MetadataTold, Refusal> {
        Ok(match asked {
            MetadataAsked::Set(key, value) => {
                let datum = self.set(&key, value)?;
                MetadataTold::One(row(&key, datum))
            }
            MetadataAsked::Get(keys) => {
                let datum = |key: &String| match MetadataKey::try_from(key.as_str()) {
                    Err(_) => Datum::NoKey,
                    Ok(key) => self.metadata.get(&key).map_or(Datum::NotSet, shown),
                };
                batch(keys.iter().map(|key| row(key, datum(key))).collect())
            }
            MetadataAsked::List => {
                batch(self.metadata.iter().map(|(key, it)| row(key.as_str(), shown(it))).collect())
            }
            MetadataAsked::Clear => {
                let said = std::mem::take(&mut self.metadata);
                batch(said.keys().map(|key| row(key.as_str(), Datum::NotSet)).collect())
            }
            MetadataAsked::Sub(typed) => self.subscribe(typed),
            MetadataAsked::Unsub(typed) => {
                let (keys, invalid) = metadata::parsed(typed);
                self.subscriptions.retain(|key| !keys.contains(key));
                MetadataTold::Unsubscribed(keys.iter().map(ToString::to_string).collect(), invalid)
            }
            MetadataAsked::Subs => {
                MetadataTold::Subs(self.subscriptions.iter().map(ToString::to_string).collect())
            }
            MetadataAsked::Sync => batch(Vec::new()),
        })
    }

    fn set(&mut self, key: &str, value: Option<String>) -> Result<Datum, Refusal> {
        let (key, value) = metadata::datum(key, value)?;
        let Some(value) = value else {
            self.metadata.remove(&key);
            return Ok(Datum::NotSet);
        };
        if self.metadata.len() == MAX_METADATA_KEYS && !self.metadata.contains_key(&key) {
            return Err(Refusal::new(ErrorCode::ListFull));
        }
        let datum = shown(&value);
        self.metadata.insert(key, value);
        Ok(datum)
    }

    fn subscribe(&mut self, typed: Vec<String>) -> MetadataTold {
        let (keys, invalid) = metadata::parsed(typed);
        let (mut heard, mut too_many) = (Vec::new(), None);
        for key in keys {
            if self.subscriptions.contains(&key) {
                heard.push(key.to_string());
            } else if self.subscriptions.len() == MAX_SUBSCRIPTIONS {
                too_many = Some(key.to_string());
                break;
            } else {
                heard.push(key.to_string());
                self.subscriptions.push(key);
            }
        }
        MetadataTold::Subscribed(Subscribed { keys: heard, invalid, too_many, later: Vec::new() })
    }
}

fn row(key: &str, datum: Datum) -> DatumRow {
    DatumRow { target: ONESELF.to_owned(), key: key.to_owned(), datum }
}

fn shown(value: &MetadataValue) -> Datum {
    Datum::Value(value.to_string())
}

fn batch(rows: Vec<DatumRow>) -> MetadataTold {
    MetadataTold::Batch(ONESELF.to_owned(), rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_may_be_said() {
        let mut before = Before::default();
        for n in 0..MAX_METADATA_KEYS {
            assert!(before.set(&format!("key{n}"), Some("x".into())).is_ok());
        }
        assert!(before.set("key0", Some("y".into())).is_ok(), "it is there already");
        let refused = before.set("onemore", Some("x".into())).err().map(|refusal| refusal.code());
        assert_eq!(refused, Some(ErrorCode::ListFull));
        assert!(before.set("key0", None).is_ok() && before.set("onemore", Some("x".into())).is_ok());

        let keys = |count: usize| (0..count).map(|n| format!("key{n}")).collect();
        let told = |told| match told {
            MetadataTold::Subscribed(Subscribed { keys, too_many, .. }) => (keys.len(), too_many),
            _ => panic!("subscribed"),
        };
        assert_eq!(told(before.subscribe(keys(MAX_SUBSCRIPTIONS))), (MAX_SUBSCRIPTIONS, None));
        let last = Some(format!("key{MAX_SUBSCRIPTIONS}"));
        assert_eq!(told(before.subscribe(keys(MAX_SUBSCRIPTIONS + 1))), (MAX_SUBSCRIPTIONS, last));
    }
}
