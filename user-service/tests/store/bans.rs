use api::{ErrorCode, Timestamp, id::NetworkBanId, users::NetworkBan};
use user_service::store::tasks::Task;

use crate::{
    contract,
    house::{House, at, code, just_before},
};

contract! {
    so_many_bans_are_in_force_and_no_more
    a_ban_is_listed_until_it_expires_or_is_lifted
    a_ban_leaves_the_task_to_apply_it
}

pub(crate) fn ban(expires_at: Option<Timestamp>) -> NetworkBan {
    NetworkBan {
        id: NetworkBanId::random(&mut rand::rng()),
        target: "192.0.2.0/24".into(),
        reason: "spam".into(),
        created_at: at(0),
        expires_at,
    }
}

async fn so_many_bans_are_in_force_and_no_more(house: House) {
    house.store.add_ban(&ban(None), 2, at(0)).await.unwrap();
    house.store.add_ban(&ban(Some(at(60))), 2, at(0)).await.unwrap();
    let more = ban(None);
    assert_eq!(code(house.store.add_ban(&more, 2, just_before(at(60))).await), ErrorCode::ListFull);
    assert!(house.store.ban(&more.id).await.unwrap().is_none());
    // What has expired takes nobody's place.
    house.store.add_ban(&more, 2, at(60)).await.unwrap();
}

async fn a_ban_is_listed_until_it_expires_or_is_lifted(house: House) {
    let mut bans = [ban(None), ban(Some(at(60))), ban(None)];
    bans.sort_by(|a, b| a.id.cmp(&b.id));
    for ban in &bans {
        house.store.add_ban(ban, 9, at(0)).await.unwrap();
    }
    let in_force =
        async |now: Timestamp, after: &str, limit| house.store.bans(now, None, after, limit).await.unwrap();
    assert_eq!(in_force(just_before(at(60)), "", 9).await, bans);
    assert_eq!(in_force(at(0), bans[0].id.as_str(), 1).await, bans[1..2]);
    let lasting: Vec<_> = bans.iter().filter(|ban| ban.expires_at.is_none()).cloned().collect();
    assert_eq!(in_force(at(60), "", 9).await, lasting);
    assert_eq!(house.store.ban(&lasting[0].id).await.unwrap().as_ref(), Some(&lasting[0]));
    assert!(house.store.delete_ban(&lasting[0].id).await.unwrap());
    assert!(!house.store.delete_ban(&lasting[0].id).await.unwrap());
    assert_eq!(in_force(at(60), "", 9).await, lasting[1..]);
    assert!(house.store.ban(&lasting[0].id).await.unwrap().is_none());
}

async fn a_ban_leaves_the_task_to_apply_it(house: House) {
    let new = ban(None);
    house.store.add_ban(&new, 1, at(5)).await.unwrap();
    assert_eq!(code(house.store.add_ban(&ban(None), 1, at(5)).await), ErrorCode::ListFull);
    assert!(house.claims(just_before(at(5))).await.is_empty());
    let tasks = house.claims(at(5)).await;
    assert!(matches!(&tasks[..], [one] if matches!(&one.task, Task::ApplyBan { ban } if *ban == new.id)));
}
