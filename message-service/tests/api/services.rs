use std::collections::BTreeMap;

use api::{
    ErrorCode, HeadsRequest, Timestamp, auth::ServiceName, bus::Subject, id::ConversationId, messages::SendTo,
};
use kit::{
    Kit,
    bus::{BusItem, Feed},
};
use serde_json::json;

use crate::{
    answers::{channel_id, stored},
    town::{GATEWAY, PATIENCE, Town},
};

#[tokio::test(flavor = "multi_thread")]
async fn readers_hear_what_is_said_and_heal_what_they_missed() {
    let town = Town::new().await;
    let kit = Kit::open(ServiceName::Gateway, &town.common).await.unwrap();
    let mut mine = kit
        .bus
        .subscribe(Feed::all(&town.common.urls.messages, &["conversation.", "direct."]).without(GATEWAY));
    let mut all = kit.bus.subscribe(Feed::all(&town.common.urls.messages, &["conversation.", "direct."]));
    for feed in [&mut mine, &mut all] {
        let first = tokio::time::timeout(PATIENCE, feed.next()).await.unwrap();
        assert_eq!(first, Some(BusItem::Connected));
    }
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    let rust = channel_id(&town.joins(&alice, "rust").await);
    let here = SendTo::Channel(rust.clone());
    let items = [alice.item(here.clone(), "one", "key-1"), alice.item(here.clone(), "two", "key-2")];
    town.batch(&items).await;
    let direct =
        stored(&town.batch(&[alice.item(SendTo::User(bob.actor().person), "psst", "key-3")]).await[0]);
    town.says(&alice, "rust", "three").await.ok();

    let conversation: ConversationId = rust.into();
    let mut heard = Vec::new();
    while heard.len() < 5 {
        let Some(BusItem::Frame(frame)) = tokio::time::timeout(PATIENCE, all.next()).await.unwrap() else {
            continue;
        };
        let entries: Vec<api::Entry> = serde_json::from_slice(&frame.payload)
            .or_else(|_| serde_json::from_slice(&frame.payload).map(|entry| vec![entry]))
            .unwrap();
        heard.extend(
            entries.into_iter().map(|entry| (frame.subject.clone(), frame.origin.clone(), entry.text)),
        );
    }
    let here = Subject::Conversation(conversation.clone());
    let gateway = Some(GATEWAY.to_owned());
    let expected = [
        (here.clone(), gateway.clone(), "one".to_owned()),
        (here.clone(), gateway.clone(), "two".to_owned()),
        (Subject::direct(&alice.id), gateway.clone(), "psst".to_owned()),
        (Subject::direct(&bob.id), gateway.clone(), "psst".to_owned()),
        (here.clone(), None, "three".to_owned()),
    ];
    assert_eq!(heard, expected);
    // What a gateway has applied from its own answer does not come back to it.
    match tokio::time::timeout(PATIENCE, mine.next()).await.unwrap() {
        Some(BusItem::Frame(frame)) => assert!(String::from_utf8(frame.payload).unwrap().contains("three")),
        other => panic!("{other:?}"),
    }

    let gateway = town.gateway();
    let held = BTreeMap::from([
        (conversation.to_string(), 1),
        (direct.conversation.to_string(), 1),
        ("1gone".to_owned(), 4),
    ]);
    let heads = gateway.heads(&HeadsRequest { held }).await.unwrap();
    assert_eq!(heads.behind, BTreeMap::from([(conversation.to_string(), 3)]));
    assert_eq!(heads.gone, ["1gone"]);
    let missed = gateway.entries(&conversation, 1, 100).await.unwrap();
    assert_eq!((missed.last_seq, &missed.epoch), (3, &heads.epoch));
    assert_eq!(missed.entries.iter().map(|entry| entry.text.as_str()).collect::<Vec<_>>(), ["two", "three"]);
    let of_bob = gateway.conversations_of(vec![bob.id.clone()], Timestamp(0)).await.unwrap();
    assert_eq!(
        (of_bob.len(), &of_bob[0].id, of_bob[0].first_seq, of_bob[0].last_seq),
        (1, &direct.conversation, 1, 1)
    );
    assert!(of_bob[0].parties.contains(&alice.id));
    assert!(gateway.conversations_of(vec![bob.id.clone()], direct.at).await.unwrap().len() <= 1);
    drop((mine, all));
    assert!(kit.tasks.stop(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_services_ask_is_not_for_people() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    for (method, path, body) in [
        ("POST", "/v1/heads".to_owned(), json!({ "held": {} })),
        ("POST", "/v1/conversations:of".to_owned(), json!({ "users": [], "since": "2026-01-01T00:00:00Z" })),
        ("GET", "/v1/conversations/1a/entries".to_owned(), json!(null)),
        ("DELETE", "/v1/conversations/1a".to_owned(), json!(null)),
        ("DELETE", format!("/v1/users/{}/data", alice.id), json!(null)),
    ] {
        town.ask(&alice, method, &path, body.clone()).await.refused(ErrorCode::Forbidden);
    }
    let too_many = (0..10_001).map(|i| (format!("1c{i}"), 0)).collect();
    let refusal = town.gateway().heads(&HeadsRequest { held: too_many }).await.unwrap_err().problem();
    assert_eq!(refusal.code, ErrorCode::InvalidParameter);
    let just_enough = (0..10_000).map(|i| (format!("1c{i}"), 0)).collect();
    town.gateway().heads(&HeadsRequest { held: just_enough }).await.unwrap();
    for name in [ServiceName::Gateway, ServiceName::Logs] {
        let refusal = town.client_of(name).erase(&alice.id).await.unwrap_err().problem();
        assert_eq!(refusal.code, ErrorCode::Forbidden);
        let id: ConversationId = "1a".try_into().unwrap();
        assert_eq!(
            town.client_of(name).delete_conversation(&id).await.unwrap_err().problem().code,
            ErrorCode::Forbidden
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_leaves_stones_without_a_trace() {
    let mut town = Town::new().await;
    let (alice, victim) = (town.guest("alice").await, town.guest("Zaphodbeeblebrox").await);
    town.joins(&alice, "rust").await;
    town.joins(&victim, "rust").await;
    town.says_once(&victim, "rust", "heartofgold one", "heartofgold-key").await.ok();
    town.says(&alice, "rust", "two").await.ok();
    town.ask(&victim, "POST", "/v1/users/alice/messages", json!({ "text": "heartofgold three" })).await.ok();
    let users = town.client_of(ServiceName::Users);
    users.erase(&victim.id).await.unwrap();
    users.erase(&victim.id).await.unwrap();
    users.erase(&"1nobody".try_into().unwrap()).await.unwrap();
    let page = town.get(&alice, "/v1/channels/rust/messages").await.ok();
    assert_eq!((&page["items"][0]["text"], &page["items"][0]["redacted"]), (&json!(""), &json!(true)));
    assert_eq!(page["items"][1]["text"], "two");
    let path = format!("/v1/users/{}/messages", victim.id);
    assert_eq!(town.texts(&alice, &path).await, [""]);
    let files = || {
        std::fs::read_dir(town.dir.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("messages.db"))
    };
    for path in files() {
        let bytes = std::fs::read(&path).unwrap();
        for trace in ["heartofgold", "Zaphod"] {
            assert!(
                !bytes.windows(trace.len()).any(|window| window == trace.as_bytes()),
                "{trace} in {}",
                path.display()
            );
        }
    }
    town.stop_messages().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_channel_takes_its_conversation_along() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    let rust = channel_id(&town.joins(&alice, "rust").await);
    for i in 0..3 {
        town.says(&alice, "rust", &i.to_string()).await.ok();
    }
    let channels = town.client_of(ServiceName::Channels);
    let id: ConversationId = rust.into();
    channels.delete_conversation(&id).await.unwrap();
    channels.delete_conversation(&id).await.unwrap();
    assert_eq!(town.gateway().entries(&id, 0, 10).await.unwrap().last_seq, 0);
    assert_eq!(town.says(&alice, "rust", "anew").await.ok()["seq"], 1);
}
