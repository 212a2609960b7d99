use api::users::{LeaseState, RenewLease};
use client::Caller;
use kit::config::Period;
use user_service::Config;

use crate::town::{Town, as_guest, by_password, by_token, gateway_id, hasty, session, soon};

fn short() -> Config {
    Config { lease: Period::millis(600), drain: Period::millis(600), ..hasty() }
}

const ACTIVE: RenewLease = RenewLease { state: LeaseState::Active };

#[tokio::test]
async fn the_sessions_of_a_gateway_that_falls_silent_end_and_can_be_had_back() {
    let town = Town::with(short()).await;
    town.registers("alice").await;
    let (dead, alive) = (gateway_id(), gateway_id());
    let gateway = town.gateway();
    let lease = gateway.renew_lease(&dead, &ACTIVE).await.unwrap();
    assert!(!lease.was_lapsed && lease.lapses_in_ms <= 600, "{lease:?}");
    let bob = town.opens(session(&dead, "192.0.2.1", as_guest("bob"))).await.unwrap();
    let alice = town.opens(session(&dead, "192.0.2.1", by_password("alice"))).await.unwrap();
    let carol = town.opens(session(&alive, "192.0.2.1", as_guest("carol"))).await.unwrap();
    soon("the silent gateway's sessions leave the channels", || async {
        gateway.renew_lease(&alive, &ACTIVE).await.unwrap();
        !town.neighbour.ended(&bob.session).is_empty() && !town.neighbour.ended(&alice.session).is_empty()
    })
    .await;
    assert!(town.neighbour.ended(&carol.session).is_empty());
    assert!(gateway.user(Caller::Service, &carol.user.person.id).await.unwrap().online);
    assert!(!gateway.user(Caller::Service, &alice.user.person.id).await.unwrap().online);

    // Past its lease it opens nothing; back in contact it learns what happened.
    let refusal = town.opens(session(&dead, "192.0.2.1", as_guest("dave"))).await.unwrap_err();
    assert_eq!(refusal.code.as_str(), "unavailable");
    assert!(gateway.renew_lease(&dead, &ACTIVE).await.unwrap().was_lapsed);
    assert!(!gateway.renew_lease(&dead, &ACTIVE).await.unwrap().was_lapsed);
    let back = town.opens(session(&dead, "192.0.2.1", by_token(&bob.secret))).await.unwrap();
    assert_eq!(back.user.person.id, bob.user.person.id, "a guest is the same as before");

    // Unless somebody else has the nick by now.
    gateway
        .end_sessions(&api::page::Batch {
            items: vec![api::users::EndSession { session: back.session, reason: String::new() }],
        })
        .await
        .unwrap();
    town.guest("bob").await;
    let refusal = town.opens(session(&dead, "192.0.2.1", by_token(&bob.secret))).await.unwrap_err();
    assert_eq!(refusal.code.as_str(), "nick-in-use");
}

#[tokio::test]
async fn a_draining_gateways_sessions_wait_to_be_taken_over() {
    let town = Town::with(short()).await;
    let (old, new) = (gateway_id(), gateway_id());
    let gateway = town.gateway();
    gateway.renew_lease(&old, &ACTIVE).await.unwrap();
    let bob = town.opens(session(&old, "192.0.2.1", as_guest("bob"))).await.unwrap();
    let draining = RenewLease { state: LeaseState::Draining };
    assert_eq!(gateway.renew_lease(&old, &draining).await.unwrap().state, LeaseState::Draining);
    let taken = town.opens(session(&new, "192.0.2.1", by_token(&bob.secret))).await.unwrap();
    assert_eq!(taken.replaced, Some(bob.session));
    let left = town.opens(session(&old, "192.0.2.1", as_guest("carol"))).await.unwrap();
    soon("what was not taken over ends, however the gateway renews", || async {
        gateway.renew_lease(&new, &ACTIVE).await.unwrap();
        !town.neighbour.ended(&left.session).is_empty()
    })
    .await;
    assert!(town.neighbour.ended(&taken.session).is_empty());
}

/// Puts all that the database's clock has told so far back by a minute, as an outage of a minute would leave it.
const OUTAGE: [&str; 2] = [
    "update gateways set renewed_at = renewed_at - 60000000",
    "update marks set value = value - 60000000 where name = 'accepting-at'",
];
const SEEN_AT: &str = "select value from marks where name = 'accepting-at'";

#[tokio::test]
async fn while_the_service_was_away_no_gateway_was_silent() {
    let mut town = Town::up().await;
    let id = gateway_id();
    town.gateway().renew_lease(&id, &ACTIVE).await.unwrap();
    let bob = town.opens(session(&id, "192.0.2.1", as_guest("bob"))).await.unwrap();
    town.stop().await;

    let url = town.settings.common.database(town.settings.service.database.as_ref(), "users");
    let db = kit::db::connect(&url, &kit::db::Migrations::none()).await.unwrap();
    for statement in OUTAGE {
        kit::on!(db.write(), pool => sqlx::query(statement).execute(pool).await.map(drop)).unwrap();
    }
    let seen_at = async || -> i64 {
        kit::on!(db.read(), pool => sqlx::query_scalar(SEEN_AT).fetch_one(pool).await).unwrap()
    };
    let before = seen_at().await;
    town.start().await;
    soon("a look at the leases", async || seen_at().await > before).await;
    let first = seen_at().await;
    soon("another one", async || seen_at().await > first).await;
    db.close().await;
    assert!(!town.gateway().renew_lease(&id, &ACTIVE).await.unwrap().was_lapsed);
    assert!(town.gateway().user(Caller::Service, &bob.user.person.id).await.unwrap().online);
}

#[tokio::test]
async fn a_gateway_that_is_gone_for_sure_needs_not_be_waited_for() {
    let town = Town::up().await;
    let (old, gateway) = (gateway_id(), town.gateway());
    let bob = town.opens(session(&old, "192.0.2.1", as_guest("bob"))).await.unwrap();
    gateway.end_lease(&old).await.unwrap();
    gateway.end_lease(&old).await.unwrap();
    gateway.end_lease(&gateway_id()).await.unwrap();
    soon("its sessions leave the channels", || async { !town.neighbour.ended(&bob.session).is_empty() })
        .await;
    soon("the nick is free", || async { town.wants_guest("bob").send().await.unwrap().status() == 200 })
        .await;
}
