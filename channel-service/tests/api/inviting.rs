use std::time::Duration;

use api::{ErrorCode, Timestamp, auth::Actor};
use serde_json::{Value, json};

use crate::world::{World, person, with_account, world_with_people};

const LIST: &str = "/v1/channels/general/invitations";

impl World {
    async fn invites(&self, who: &Actor, whom: &Actor) -> crate::world::Answer {
        self.ask(who, "PUT", &format!("{LIST}/{}", whom.id()), json!({})).await
    }

    async fn withdraws(&self, who: &Actor, whom: &Actor) -> crate::world::Answer {
        self.ask(who, "DELETE", &format!("{LIST}/{}", whom.id()), Value::Null).await
    }

    /// Who is on a page of the list, and where the next begins.
    async fn invited(&self, who: &Actor, query: &str) -> (Vec<String>, Option<String>) {
        let page = self.get(who, &format!("{LIST}{query}")).await.ok();
        let users = page["items"].as_array().unwrap().iter().map(|item| {
            let until: Timestamp = serde_json::from_value(item["expires_at"].clone()).unwrap();
            assert!(until > Timestamp::now());
            item["user"].as_str().unwrap().to_owned()
        });
        (users.collect(), page["next"].as_str().map(str::to_owned))
    }
}

#[tokio::test]
async fn so_many_invitations_stand_and_one_withdrawn_makes_room() {
    let world = world_with_people(|config| config.max_invitations = 2).await;
    let alice = with_account("alice");
    let (bob, carol, dave) = (person("bob"), person("carol"), person("dave"));
    world.joins(&alice, "general").await;
    world.invites(&alice, &bob).await.ok();
    world.invites(&alice, &carol).await.ok();
    world.invites(&alice, &dave).await.refused(ErrorCode::ListFull);
    world.withdraws(&alice, &bob).await.ok();
    world.invites(&alice, &dave).await.ok();
    world.invites(&alice, &bob).await.refused(ErrorCode::ListFull);
}

#[tokio::test]
async fn an_invitation_is_listed_until_it_is_used_or_withdrawn() {
    let world = world_with_people(|_| {}).await;
    let (alice, eve) = (with_account("alice"), person("eve"));
    let (bob, carol) = (person("bob"), person("carol"));
    world.joins(&alice, "general").await;
    world.joins(&eve, "general").await;
    world.modes(&alice, "general", json!({ "invite_only": true })).await.ok();
    world.invites(&alice, &bob).await.ok();
    world.invites(&alice, &carol).await.ok();
    let mut all = vec![bob.id().to_string(), carol.id().to_string()];
    all.sort_unstable();
    assert_eq!(world.invited(&alice, "").await, (all.clone(), None));
    let (first, next) = world.invited(&alice, "?limit=1").await;
    assert_eq!(first, all[..1]);
    let next = next.expect("there is another");
    assert_eq!(world.invited(&alice, &format!("?limit=1&cursor={next}")).await, (all[1..].to_vec(), None));

    // Who may not invite there neither sees them nor takes them back.
    world.get(&eve, LIST).await.refused(ErrorCode::NotAnOperator);
    world.withdraws(&eve, &carol).await.refused(ErrorCode::NotAnOperator);
    world.get(&bob, LIST).await.refused(ErrorCode::NotAMember);
    world.get(&alice, &format!("{LIST}?limits=1")).await.refused(ErrorCode::InvalidParameter);

    world.joins(&bob, "general").await;
    for _ in 0..2 {
        assert_eq!(world.withdraws(&alice, &carol).await.status, 204);
    }
    world.join(&carol, "general").await.refused(ErrorCode::InviteOnly);
    assert_eq!(world.invited(&alice, "").await, (Vec::new(), None));
}

#[tokio::test]
async fn an_expired_invitation_is_not_listed() {
    let world = world_with_people(|_| {}).await;
    let (alice, bob) = (with_account("alice"), person("bob"));
    world.joins(&alice, "general").await;
    let soon = Timestamp::now().plus(Duration::from_millis(300));
    let path = format!("{LIST}/{}", bob.id());
    world.ask(&alice, "PUT", &path, json!({ "expires_at": soon })).await.ok();
    world
        .until(async || {
            let page = world.get(&alice, LIST).await.ok();
            page["items"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
}

#[tokio::test]
async fn everybody_sees_where_they_are_invited_to_and_nobody_elses() {
    let world = world_with_people(|_| {}).await;
    let (alice, bob) = (with_account("alice"), person("bob"));
    let invited = async |query: &str| {
        let page = world.get(&bob, &format!("/v1/users/me/invitations{query}")).await.ok();
        let names = page["items"].as_array().unwrap().iter().map(|item| item["name"].clone());
        (names.collect::<Vec<_>>(), page["next"].as_str().map(str::to_owned))
    };
    for name in ["den", "general"] {
        world.joins(&alice, name).await;
        let path = format!("/v1/channels/{name}/invitations/{}", bob.id());
        world.ask(&alice, "PUT", &path, json!({})).await.ok();
    }
    world.modes(&alice, "den", json!({ "secret": true })).await.ok();
    assert_eq!(invited("").await, (vec![json!("#den"), json!("#general")], None));
    let (first, next) = invited("?limit=1").await;
    assert_eq!(first, [json!("#den")]);
    assert_eq!(invited(&format!("?limit=1&cursor={}", next.unwrap())).await, (vec![json!("#general")], None));
    world.joins(&bob, "den").await;
    world.withdraws(&alice, &bob).await.ok();
    assert_eq!(invited("").await, (vec![], None));
    let path = format!("/v1/users/{}/invitations", alice.id());
    world.get(&bob, &path).await.refused(ErrorCode::Forbidden);
}
