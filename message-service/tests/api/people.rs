use api::{
    Person, Timestamp,
    auth::{Actor, Scopes},
    id::{SessionId, UserId},
    messages::{SendItem, SendTo},
};
use serde_json::Value;

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Someone {
    pub(crate) token: String,
    pub(crate) id: UserId,
    pub(crate) nick: String,
}

pub(crate) fn someone(nick: &str, tokens: &Value) -> Someone {
    Someone {
        token: tokens["access_token"].as_str().unwrap().to_owned(),
        id: tokens["user"]["id"].as_str().unwrap().try_into().unwrap(),
        nick: nick.to_owned(),
    }
}

impl Someone {
    /// As a gateway names them.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            person: Person {
                id: self.id.clone(),
                nick: self.nick.as_str().try_into().unwrap(),
                user_version: 1,
            },
            account: None,
            session: Some(SessionId::try_from("5session").unwrap()),
            scopes: Scopes::ordinary(),
            username: "~u".to_owned(),
            host: "h.cloak".to_owned(),
            since: Timestamp::now().as_micros(),
        }
    }

    pub(crate) fn item(&self, to: SendTo, text: &str, key: &str) -> SendItem {
        SendItem {
            actor: self.actor(),
            to,
            channel_version: None,
            kind: api::EntryKind::Message,
            text: text.to_owned(),
            reply_to: None,
            tags: Default::default(),
            splits: Vec::new(),
            of: None,
            key: key.to_owned(),
            trace: None,
        }
    }
}
