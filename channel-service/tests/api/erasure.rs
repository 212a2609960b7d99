//! Nothing of an erased person can be found, in the tables or in the files.

use api::channels::EndHolders;
use kit::config::Period;
use serde_json::{Value, json};

use crate::world::{person, session_of, with_account, world, world_with};

#[tokio::test]
async fn an_erased_person_cannot_be_found_in_the_files() {
    let mut world = world().await;
    let zora = session_of(&with_account("zorastheus"));
    let bob = person("bob");
    let id = world.joins(&zora, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    world.joins(&bob, "general").await;
    world.ask(&zora, "POST", "/v1/channels", json!({ "name": "#palace" })).await.ok();
    world.ask(&zora, "PUT", "/v1/channels/general/topic", json!({ "text": "xylophonic words" })).await.ok();
    let ban = json!({ "mask": "mallory", "reason": "xylophonic reason" });
    world.ask(&zora, "POST", "/v1/channels/general/bans", ban).await.ok();
    world.gives(&zora, "general", &bob, "op", true).await.ok();
    world.lists(&bob, "general", "bans", "Zorastheus").await.ok();
    world.lists(&bob, "general", "excepts", "~account:zorastheus").await.ok();
    world.lists(&bob, "general", "invite-masks", "~account:zora*").await.ok();
    world.joins(&zora, "left").await;
    world.ask(&zora, "DELETE", "/v1/channels/left/members/me?reason=xylophonic+bye", Value::Null).await.ok();
    let ended = EndHolders {
        user: zora.person.clone(),
        sessions: vec![zora.session.clone().unwrap()],
        all: false,
        stays: None,
        still_here: false,
        reason: Some("xylophonic end".into()),
    };
    world.ends(&ended).await;

    let before = std::fs::read(world.dir.path().join("channels.db-wal")).unwrap();
    assert!(before.windows(10).any(|window| window == b"zorastheus"), "she was there");
    let path = format!("/v1/users/{}/data", zora.id());
    assert_eq!(world.as_users("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.as_users("DELETE", &path, Value::Null).await.status, 204, "it may be asked again");
    for file in ["channels.db", "channels.db-wal"] {
        let bytes = std::fs::read(world.dir.path().join(file)).unwrap_or_default().to_ascii_lowercase();
        for text in ["zorastheus", "xylophonic"] {
            let at = bytes.windows(text.len()).position(|window| window == text.as_bytes());
            let around = at.map(|at| {
                String::from_utf8_lossy(&bytes[at.saturating_sub(80)..(at + 80).min(bytes.len())])
                    .into_owned()
            });
            assert_eq!(around, None, "{text} is in {file}");
        }
    }
    let snapshot = world.snapshot(&id).await;
    assert_eq!((snapshot.channel.topic, snapshot.bans.len(), snapshot.excepts.len()), (None, 1, 0));
    assert_eq!(snapshot.bans[0].by.nick.as_str(), "erased");
    let events = world.events(&id, 0).await;
    assert!(events.complete && events.events.len() as u64 == snapshot.channel.version);
    world.get(&bob, "/v1/channels/palace").await.refused(api::ErrorCode::NoSuchChannel);

    let still_in = with_account("stillin");
    world.joins(&still_in, "general").await;
    let path = format!("/v1/users/{}/data", still_in.id());
    assert_eq!(world.as_users("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.snapshot(&id).await.members.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_ban_of_an_account_goes_with_it_however_long_ago_it_was_there() {
    let world = world_with(|config| config.keep_events = Period::millis(1)).await;
    let (zora, bob) = (with_account("zorastheus"), person("bob"));
    let id = world.joins(&bob, "general").await["channel"]["id"].as_str().unwrap().to_owned();
    world.joins(&zora, "general").await;
    world.parts(&zora, "general").await.ok();
    world.lists(&bob, "general", "bans", "~account:Zorastheus").await.ok();
    world.lists(&bob, "general", "bans", "~account:other").await.ok();
    let version = world.snapshot(&id).await.channel.version;
    world.until(async || (!world.events(&id, version - 1).await.complete).then_some(())).await;
    let path = format!("/v1/users/{}/data", zora.id());
    assert_eq!(world.as_users("DELETE", &path, Value::Null).await.status, 204);
    let masks: Vec<_> = world.snapshot(&id).await.bans.into_iter().map(|ban| ban.mask.to_string()).collect();
    assert_eq!(masks, ["~account:other"]);
}
