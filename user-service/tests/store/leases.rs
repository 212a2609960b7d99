//! Gateways' leases. They go by the database's clock: what has lapsed is told by terms of no length, what has not by long ones.

use std::time::Duration;

use api::{ErrorCode, users::LeaseState};
use user_service::{domain::lease::Terms, store::tasks::Task};

use crate::{
    contract,
    house::{House, MANY, as_guest, at, at_once, by_secret, code, ended, gateway},
};

contract! {
    a_silent_gateways_sessions_end_part_by_part_and_can_be_had_back
    a_lapsed_lease_is_found_once_however_many_look
    an_opened_session_is_a_first_sign_of_life
    a_lease_that_is_ended_has_lapsed
    who_drains_goes_however_often_they_renew
    while_nobody_looked_no_gateway_was_silent
}

const LONG: Duration = Duration::from_secs(3600);
const HOLDS: Terms = Terms { lapse: LONG, drain: LONG, silence: LONG };
const LAPSES: Terms = Terms { lapse: Duration::ZERO, drain: LONG, silence: LONG };
const DRAINED: Terms = Terms { lapse: LONG, drain: Duration::ZERO, silence: LONG };

async fn a_silent_gateways_sessions_end_part_by_part_and_can_be_had_back(house: House) {
    let a = gateway("a");
    let lease = house.store.renew_lease(&a, LeaseState::Active, HOLDS).await.unwrap();
    assert!(!lease.was_lapsed && lease.lapses_in_ms <= 3_600_000, "{lease:?}");
    let mut open = Vec::new();
    for name in ["bob", "carol", "dave"] {
        open.push(house.opens(as_guest(name), at(0)).await.unwrap());
    }
    assert_eq!(house.store.check_leases(HOLDS, at(1)).await.unwrap(), 0);
    assert_eq!(house.store.check_leases(LAPSES, at(1)).await.unwrap(), 1);
    let tasks = house.claims(at(1)).await;
    assert!(
        matches!(&tasks[..], [one] if matches!(&one.task, Task::EndGateway { gateway, term: 1 } if *gateway == a))
    );
    // Past its lease it opens nothing.
    assert_eq!(code(house.opens(as_guest("eve"), at(2)).await), ErrorCode::Unavailable);
    assert_eq!(ended(&house.store.end_lapsed(&a, 1, 2, at(2)).await.unwrap()).len(), 2);
    // Back in contact, in another term, whose sessions are not meant.
    assert!(house.store.renew_lease(&a, LeaseState::Active, HOLDS).await.unwrap().was_lapsed);
    assert!(!house.store.renew_lease(&a, LeaseState::Active, HOLDS).await.unwrap().was_lapsed);
    let new = house.opens(as_guest("eve"), at(3)).await.unwrap();
    assert_eq!(ended(&house.store.end_lapsed(&a, 1, 2, at(3)).await.unwrap()).len(), 1);
    assert_eq!(house.store.end_lapsed(&a, 1, 2, at(3)).await.unwrap(), []);
    assert!(house.store.session(&new.session).await.unwrap().unwrap().is_live());
    let back = house.opens(by_secret(&open[0]), at(4)).await.unwrap();
    assert_eq!(back.user.person.id, open[0].user.person.id);
}

async fn a_lapsed_lease_is_found_once_however_many_look(house: House) {
    for name in ["a", "b"] {
        house.store.renew_lease(&gateway(name), LeaseState::Active, HOLDS).await.unwrap();
    }
    let looks = (0..MANY).map(|_| {
        let store = house.store.clone();
        async move { store.check_leases(LAPSES, at(1)).await.unwrap() }
    });
    assert_eq!(at_once(looks).await.into_iter().sum::<usize>(), 2);
    assert_eq!(house.claims(at(1)).await.len(), 2);
}

async fn an_opened_session_is_a_first_sign_of_life(house: House) {
    house.opens(as_guest("bob"), at(0)).await.unwrap();
    assert_eq!(house.store.check_leases(HOLDS, at(1)).await.unwrap(), 0);
    // Nobody renews it.
    assert_eq!(house.store.check_leases(LAPSES, at(1)).await.unwrap(), 1);
}

async fn a_lease_that_is_ended_has_lapsed(house: House) {
    let a = gateway("a");
    house.store.renew_lease(&a, LeaseState::Active, HOLDS).await.unwrap();
    assert!(house.store.end_lease(&a, at(1)).await.unwrap());
    assert!(!house.store.end_lease(&a, at(1)).await.unwrap());
    assert!(!house.store.end_lease(&gateway("unknown"), at(1)).await.unwrap());
    assert_eq!(house.store.check_leases(LAPSES, at(1)).await.unwrap(), 0);
    assert_eq!(house.claims(at(1)).await.len(), 1);
    assert_eq!(code(house.opens(as_guest("bob"), at(2)).await), ErrorCode::Unavailable);
    assert!(house.store.renew_lease(&a, LeaseState::Active, HOLDS).await.unwrap().was_lapsed);
}

async fn who_drains_goes_however_often_they_renew(house: House) {
    let a = gateway("a");
    let renew = async |state| house.store.renew_lease(&a, state, HOLDS).await.unwrap();
    renew(LeaseState::Active).await;
    assert_eq!(house.store.check_leases(DRAINED, at(1)).await.unwrap(), 0);
    assert_eq!(renew(LeaseState::Draining).await.state, LeaseState::Draining);
    let since = "select draining_since from gateways";
    let first = house.number(since).await;
    renew(LeaseState::Draining).await;
    assert_eq!(house.number(since).await, first, "renewals do not put it off");
    assert_eq!(house.store.check_leases(DRAINED, at(1)).await.unwrap(), 1);
    assert_eq!(renew(LeaseState::Active).await.state, LeaseState::Active);
}

async fn while_nobody_looked_no_gateway_was_silent(house: House) {
    let terms = Terms { silence: Duration::from_secs(60), lapse: Duration::from_secs(60), drain: LONG };
    house.store.renew_lease(&gateway("a"), LeaseState::Active, terms).await.unwrap();
    assert_eq!(house.store.check_leases(terms, at(1)).await.unwrap(), 0);
    let an_hour_ago = [
        "update gateways set renewed_at = renewed_at - 3600000000",
        "update marks set value = value - 3600000000 where name in ('accepting-at', 'accepting-since')",
    ];
    for sql in an_hour_ago {
        house.tampers(sql).await;
    }
    assert_eq!(house.store.check_leases(terms, at(1)).await.unwrap(), 0);
    // Had somebody looked all the time, it would be gone.
    house.tampers("update marks set value = value - 3600000000 where name = 'accepting-since'").await;
    assert_eq!(house.store.check_leases(terms, at(1)).await.unwrap(), 1);
}
