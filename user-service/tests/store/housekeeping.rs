use std::time::Duration;

use api::{Timestamp, auth::ACCESS_TOKEN_SECONDS};
use user_service::store::{housekeeping::Kept, presence::Change, sessions::How};

use crate::{
    bans::ban,
    contract,
    house::{House, as_guest, at, by_password, just_before, nick},
};

contract! {
    guests_are_freed_when_their_token_dies
    a_guest_with_a_session_stays
    everything_is_kept_for_its_time_and_no_longer
}

const TOKEN: Duration = Duration::from_secs(ACCESS_TOKEN_SECONDS);

async fn guests_are_freed_when_their_token_dies(house: House) {
    let bob = house.guest("bob", at(0)).await.unwrap();
    house.guest("carol", at(1)).await.unwrap();
    let dies = at(0).plus(TOKEN);
    assert_eq!(house.store.free_guests(just_before(dies)).await.unwrap(), 0);
    assert_eq!(house.store.free_guests(dies).await.unwrap(), 1);
    assert_eq!(house.store.free_guests(dies).await.unwrap(), 0);
    assert_eq!(house.user(&bob.id).await.freed_at, Some(dies.0));
    house.carries_out_ends(dies).await;
    house.guest("bob", dies).await.unwrap();
    assert!(house.guest("carol", dies).await.is_err(), "hers lives on");
}

async fn a_guest_with_a_session_stays(house: House) {
    let bob = house.opens(as_guest("bob"), at(0)).await.unwrap().user.person.id;
    house.store.hold_nick(&bob, at(0)).await.unwrap();
    assert_eq!(house.store.free_guests(at(0).plus(TOKEN)).await.unwrap(), 0);
    let user = house.user(&bob).await;
    assert_eq!((user.freed_at, user.held_until), (None, None));
}

async fn everything_is_kept_for_its_time_and_no_longer(house: House) {
    let minutes = |minutes: u64| at(0).plus(Duration::from_secs(minutes * 60));
    let kept = Kept { events: Duration::from_secs(2 * 60), former_nicks: Duration::from_secs(3 * 60) };
    // All of it now.
    let (alice, bob) = (house.account("alice").await, house.account("bob").await);
    let open = house.opens(by_password(&alice), at(0)).await.unwrap();
    let change = Change { nick: Some(nick("ally")), ..Change::default() };
    house.store.change(&alice.user.id, change, None, at(0)).await.unwrap();
    house.store.disconnect(&alice.user.id, Some(&open.session), How::Closed, "bye", at(0)).await.unwrap();
    house.store.revoke_grant(&bob.user.id, "login".into(), at(0)).await.unwrap();
    house.store.note_access_token("login.1", &bob.user.id, [192, 0, 2, 1].into(), "h", at(0)).await.unwrap();
    house.store.add_ban(&ban(Some(minutes(4))), 9, at(0)).await.unwrap();
    house.store.add_invite("invite", minutes(5)).await.unwrap();
    house.logs_in(&bob, "unused", at(0)).await;
    house.logs_in(&bob, "used", at(0)).await;
    let week = at(0).plus(Duration::from_secs(7 * 24 * 3600));
    let renew = |family: String| crate::house::refresh("used 2", &family, week);
    assert!(house.store.refresh("used 1", renew, at(0)).await.is_ok());
    house
        .tampers("update refresh_tokens set expires_at = expires_at + 700000000000 where family = 'used'")
        .await;
    let guest = house.opens(as_guest("carol"), at(0)).await.unwrap().user.person.id;
    house.store.disconnect(&guest, None, How::Closed, "bye", at(0)).await.unwrap();

    let token = ACCESS_TOKEN_SECONDS / 60 + 1;
    let day = 24 * 60;
    let (events, nicks) = ("select count(*) from user_events", "select count(*) from former_nicks");
    let stays: [(u64, &str, &'static str); 11] = [
        (2, "events", events),
        (3, "former nicks", nicks),
        (4, "bans", "select count(*) from network_bans"),
        (5, "invitations", "select count(*) from invites"),
        (token, "revocations", "select count(*) from revocations"),
        (token, "renames", "select count(*) from renames"),
        (token, "access tokens", "select count(*) from access_tokens"),
        (60, "unused refresh tokens", "select count(*) from refresh_tokens where family = 'unused'"),
        (60, "sessions", "select count(*) from sessions"),
        (day, "used refresh tokens", "select count(*) from refresh_tokens where used_at is not null"),
        (day, "gone guests", "select count(*) from users where account_id is null"),
    ];
    for (_, what, sql) in stays {
        assert!(house.number(sql).await > 0, "{what}: there are some");
    }
    for of_one_time in stays.chunk_by(|a, b| a.0 == b.0) {
        let until: Timestamp = minutes(of_one_time[0].0);
        house.store.forget_old(just_before(until), kept).await.unwrap();
        for (_, what, sql) in of_one_time {
            assert!(house.number(sql).await > 0, "{what} are kept so long");
        }
        house.store.forget_old(until, kept).await.unwrap();
        for (_, what, sql) in of_one_time {
            assert_eq!(house.number(sql).await, 0, "{what} are kept no longer");
        }
    }
    assert!(house.store.user(&guest).await.unwrap().is_none());
    house.guest("carol", at(0)).await.unwrap();
    assert_eq!(house.number("select count(*) from users where account_id is not null").await, 2);
    assert!(house.store.grant_of("used 2").await.unwrap().is_some());
}
