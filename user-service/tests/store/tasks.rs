use std::time::Duration;

use api::{Timestamp, id::UserId};
use user_service::store::tasks::{Claimed, Task};

use crate::{
    bans::ban,
    contract,
    house::{House, MANY, at, at_once, just_before},
};

contract! {
    a_task_is_in_one_hand
    whoever_dies_with_a_task_in_hand_has_lost_it
    what_is_done_is_done_once
    pauses_after_failures_grow_to_their_limit
    a_task_begins_anew_or_becomes_another
    what_a_newer_release_left_is_its_own
}

async fn due(house: &House, now: Timestamp) -> Claimed {
    let mut claimed = house.claims(now).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

async fn a_task_is_in_one_hand(house: House) {
    const TASKS: usize = 40;
    for _ in 0..TASKS {
        house.store.add_ban(&ban(None), 99, at(0)).await.unwrap();
    }
    let claims = (0..MANY).map(|_| {
        let store = house.store.clone();
        async move {
            let mut own = Vec::new();
            loop {
                let claimed = store.claim_tasks(at(1), 3).await.unwrap();
                assert!(claimed.len() <= 3);
                if claimed.is_empty() {
                    return own;
                }
                own.extend(claimed);
                assert!(own.len() <= TASKS, "the same again and again");
            }
        }
    });
    let claimed: Vec<Claimed> = at_once(claims).await.into_iter().flatten().collect();
    let mut ids: Vec<_> = claimed.iter().map(|task| task.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), claimed.len()), (TASKS, TASKS));
    assert!(claimed.iter().all(|task| task.attempts == 1));
}

async fn whoever_dies_with_a_task_in_hand_has_lost_it(house: House) {
    house.store.add_ban(&ban(None), 9, at(0)).await.unwrap();
    let first = due(&house, at(0)).await;
    assert!(house.claims(just_before(at(5))).await.is_empty());
    let second = due(&house, at(5)).await;
    assert_eq!((second.id, second.attempts), (first.id, 2));
}

async fn what_is_done_is_done_once(house: House) {
    house.store.add_ban(&ban(None), 9, at(0)).await.unwrap();
    let first = due(&house, at(0)).await;
    let again = due(&house, at(5)).await;
    // Both carried it out; neither comes in the other's way.
    house.store.task_done(&first.id).await.unwrap();
    house.store.task_done(&again.id).await.unwrap();
    house.store.task_failed(&again, at(6)).await.unwrap();
    assert!(house.claims(at(3600)).await.is_empty());
}

async fn pauses_after_failures_grow_to_their_limit(house: House) {
    house.store.add_ban(&ban(None), 9, at(0)).await.unwrap();
    let mut now = at(0);
    for millis in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
        let claimed = due(&house, now).await;
        house.store.task_failed(&claimed, now).await.unwrap();
        now = now.plus(Duration::from_millis(millis));
        assert!(house.claims(just_before(now)).await.is_empty(), "before {millis} ms");
    }
    assert_eq!(due(&house, now).await.attempts, 9);
}

async fn a_task_begins_anew_or_becomes_another(house: House) {
    house.store.add_ban(&ban(None), 9, at(0)).await.unwrap();
    due(&house, at(0)).await;
    let claimed = due(&house, at(5)).await;
    house.store.task_again(&claimed.id, at(6)).await.unwrap();
    assert!(house.claims(just_before(at(6))).await.is_empty());
    assert_eq!(due(&house, at(6)).await.attempts, 1, "a part was done: it counts from the beginning");
    let user = UserId::random(&mut rand::rng());
    let later = Task::Erase { user: user.clone(), again: false };
    house.store.task_becomes(&claimed.id, &later, at(100)).await.unwrap();
    assert!(house.claims(just_before(at(100))).await.is_empty());
    let other = due(&house, at(100)).await;
    assert_eq!((other.id, other.attempts), (claimed.id, 1));
    assert!(matches!(other.task, Task::Erase { user: whom, again: false } if whom == user));
}

async fn what_a_newer_release_left_is_its_own(house: House) {
    let newer = "insert into tasks (id, kind, user_id, payload, not_before, attempts)
        values ('newer', 'dance', null, '{\"do\":\"dance\"}', 0, 0)";
    house.tampers(newer).await;
    house.store.add_ban(&ban(None), 9, at(0)).await.unwrap();
    assert!(matches!(due(&house, at(0)).await.task, Task::ApplyBan { .. }));
    assert_eq!(house.number("select count(*) from tasks where id = 'newer'").await, 1);
}
