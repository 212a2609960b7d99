//! Forgetting a person who is erased. Repeatable: user-service asks again when the last token is dead.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    Nick, Person,
    channels::ListKind,
    event::ChannelEvent,
    id::{ChannelId, UserId},
    mask::Mask,
};
use serde_json::Value;

use super::Changes;
use crate::domain::ledger::{Doer, Ending};

/// What stands where a name stood.
const NOBODY: &str = "erased";

impl Changes {
    pub(crate) async fn erase(&self, user: &UserId) -> kit::Result<()> {
        let mut ledger = self.ledger();
        let mut tx = self.store.begin([user]).await?;
        let named = self.store.events_naming(&mut tx, user).await?;

        // Every room at once, so that they are locked in one order.
        let mut names = Names::default();
        names.0.extend(self.store.account_name(&mut tx, user).await?);
        named.iter().for_each(|(.., json)| names.gather(json, user));
        self.store.rooms_of(&mut tx, &mut ledger, user).await?;
        let mut ids: BTreeSet<ChannelId> = self.store.marked_by(&mut tx, user).await?.into_iter().collect();
        ledger.rooms.values().for_each(|room| names.gather_room(room, user));
        ledger.seats.values().for_each(|seat| names.gather_member(&seat.member));
        ids.extend(self.store.channels_listing(&mut tx, &names.mask_keys()).await?);
        ids.extend(self.store.spoken_of_by(&mut tx, user).await?);
        ids.retain(|id| !ledger.rooms.contains_key(id));
        self.store.rooms_by_id(&mut tx, &mut ledger, &ids.iter().collect::<Vec<_>>()).await?;
        self.store.lists(&mut tx, &mut ledger).await?;
        self.store.said(&mut tx, &mut ledger).await?;

        let nick = Nick::try_from(NOBODY).expect("a plain word is a nick");
        let nobody = Person { id: user.clone(), nick, user_version: 0 };
        for seat in ledger.seats.values_mut() {
            seat.member.person.clone_from(&nobody);
        }
        let id = format!("{:016x}", rand::random::<u64>());
        ledger.end(&Ending {
            user: &nobody,
            sessions: &[],
            all: true,
            stays: None,
            still_here: false,
            reason: None,
            id: &id,
        });
        for id in ledger.rooms.keys().cloned().collect::<Vec<_>>() {
            let room = &ledger.rooms[&id];
            let (founded, topic) = (
                room.founder_user.as_ref() == Some(user),
                room.channel.topic.as_ref().is_some_and(|topic| topic.by.id == *user),
            );
            if founded {
                ledger.release_founder(&id, &Doer::default());
            }
            // It may have fallen asleep, and its topic with it.
            if topic && ledger.rooms[&id].channel.topic.is_some() {
                ledger.clear_topic(&id);
            }
            ledger.unsay_by(&id, user);
            let keys = names.mask_keys();
            for list in [ListKind::Bans, ListKind::Excepts, ListKind::InviteMasks] {
                let listed = ledger.lists.get(&id).map(|lists| lists.of(list).clone()).unwrap_or_default();
                for mut entry in listed.into_iter().filter(|entry| keys.contains(&entry.mask.key())) {
                    entry.mask = Mask::try_from(NOBODY).expect("a plain word is a mask");
                    ledger.unlisted(&id, &Doer::default(), list, &entry);
                }
            }
        }
        // Masks of events that others made may name them too.
        let listed = self.store.list_events(&mut tx).await?;
        let masks = names.mask_keys();
        let listed = listed.into_iter().filter(|(.., json)| {
            let json = json.to_lowercase();
            masks.iter().any(|mask| json.contains(mask.as_str()))
        });
        let named: BTreeMap<_, _> = named
            .into_iter()
            .chain(listed)
            .map(|(channel, version, json)| ((channel, version), json))
            .collect();
        let rewritten: Vec<_> = named
            .into_iter()
            .map(|((channel, version), json)| (channel, version, without(&json, user, &names)))
            .collect();
        self.store.rewrite_events(&mut tx, &rewritten).await?;
        self.store.anonymise_entries(&mut tx, user, NOBODY).await?;
        self.store.drop_invitations_of(&mut tx, user).await?;
        self.store.write(&mut tx, &ledger).await?;
        // Last, for seats that were written bring their names along.
        self.store.forget_account_name(&mut tx, user).await?;
        self.store.forget_staying(&mut tx, user).await?;
        tx.commit().await?;
        self.publish(&ledger.written.events, None);
        if !self.store.cut_log().await? {
            return Err(kit::Failure::unavailable(
                "the database's log is in use, its old pages are still there",
            ));
        }
        Ok(())
    }
}

/// What a person was called, as far as it is known here.
#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn gather(&mut self, json: &str, user: &UserId) {
        if let Ok(event) = serde_json::from_str::<Value>(json) {
            self.gather_value(&event, user);
        }
    }

    fn gather_value(&mut self, value: &Value, user: &UserId) {
        match value {
            Value::Object(fields) => {
                if fields.get("id").and_then(Value::as_str) == Some(user.as_str()) {
                    for name in ["nick", "account"] {
                        self.0.extend(fields.get(name).and_then(Value::as_str).map(str::to_owned));
                    }
                }
                fields.values().for_each(|value| self.gather_value(value, user));
            }
            Value::Array(values) => values.iter().for_each(|value| self.gather_value(value, user)),
            _ => {}
        }
    }

    fn gather_room(&mut self, room: &crate::domain::room::Room, user: &UserId) {
        if room.founder_user.as_ref() == Some(user) {
            self.0.extend(room.channel.founder.as_ref().map(ToString::to_string));
        }
    }

    fn gather_member(&mut self, member: &api::channels::Member) {
        self.0.insert(member.person.nick.to_string());
        self.0.extend(member.account.as_ref().map(ToString::to_string));
    }

    /// Masks that name nobody but this person.
    fn mask_keys(&self) -> Vec<String> {
        let masks = self.0.iter().flat_map(|name| [name.clone(), format!("~account:{name}")]);
        masks.filter_map(|mask| Mask::try_from(mask).ok()).map(|mask| mask.key()).collect()
    }
}

/// An event with somebody's names and words taken out.
fn without(json: &str, user: &UserId, names: &Names) -> String {
    let Ok(mut event) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    anonymise(&mut event, user);
    if let Some(event) = event.as_object_mut() {
        let names_user = |value: Option<&Value>| {
            value.and_then(|value| value.get("id")).and_then(Value::as_str) == Some(user.as_str())
        };
        let by = names_user(event.get("by"));
        let own = names_user(event.get("user")) && event.get("kind").is_none_or(|kind| kind != "kicked");
        if by || own {
            event.remove("reason");
        }
        if by && event.get("kind").is_some_and(|kind| kind == "metadata") {
            event.remove("value");
        }
        let names_founder =
            event.get("founder").and_then(Value::as_str).is_some_and(|founder| names.0.contains(founder));
        if names_founder {
            event.insert("founder".to_owned(), NOBODY.into());
        }
        if let Some(topic) = event.get_mut("topic").and_then(Value::as_object_mut)
            && topic.get("by").is_some_and(|by| by.get("id").and_then(Value::as_str) == Some(user.as_str()))
        {
            topic.insert("text".to_owned(), "".into());
        }
        if let Some(entry) = event.get_mut("entry").and_then(Value::as_object_mut)
            && entry.get("by").is_some_and(|by| by.get("id").and_then(Value::as_str) == Some(user.as_str()))
        {
            entry.remove("reason");
        }
    }
    let keys = names.mask_keys();
    hide_masks(&mut event, &keys);
    // What cannot be read by readers any more would be worse than what is taken out.
    match serde_json::from_value::<ChannelEvent>(event) {
        Ok(event) => serde_json::to_string(&event).unwrap_or_else(|_| json.to_owned()),
        Err(_) => json.to_owned(),
    }
}

/// Masks that name nobody but the person erased name nobody any more.
fn hide_masks(value: &mut Value, keys: &[String]) {
    let Some(fields) = value.as_object_mut() else { return };
    if let Some(mask) = fields.get_mut("mask")
        && mask.as_str().is_some_and(|mask| keys.contains(&mask.to_lowercase()))
    {
        *mask = NOBODY.into();
    }
    if let Some(entry) = fields.get_mut("entry") {
        hide_masks(entry, keys);
    }
}

fn anonymise(value: &mut Value, user: &UserId) {
    match value {
        Value::Object(fields) => {
            if fields.get("id").and_then(Value::as_str) == Some(user.as_str()) {
                for name in ["nick", "username", "host"] {
                    if let Some(text) = fields.get_mut(name) {
                        *text = NOBODY.into();
                    }
                }
                fields.remove("account");
            }
            fields.values_mut().for_each(|value| anonymise(value, user));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| anonymise(value, user)),
        _ => {}
    }
}
