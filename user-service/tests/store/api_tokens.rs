use api::{ErrorCode, Timestamp, auth::Scopes, id::TokenId, users::ApiToken};
use user_service::{domain::secret::digest, store::sessions::Proof};

use crate::{
    contract,
    house::{House, MANY, at, at_once, by, by_access_token, code, just_before, winners},
};

contract! {
    so_many_tokens_and_no_more_however_many_are_made_at_once
    a_token_is_known_by_its_secret_only
    its_use_is_noted_once_a_minute
    a_token_is_revoked_once_and_by_its_owner
    what_a_revoked_token_had_made_goes_with_it
    nothing_is_made_with_what_was_revoked
    guests_have_none
}

pub(crate) fn token(label: &str) -> ApiToken {
    ApiToken {
        id: TokenId::random(&mut rand::rng()),
        label: label.to_owned(),
        scopes: Scopes::ordinary(),
        created_at: at(0),
        last_used_at: None,
        secret: None,
    }
}

async fn so_many_tokens_and_no_more_however_many_are_made_at_once(house: House) {
    let alice = house.account("alice").await;
    let tries = (0..MANY).map(|n| {
        let (store, id) = (house.store.clone(), alice.user.id.clone());
        async move { store.add_api_token(&id, &token(&n.to_string()), "digest", None, 3).await }
    });
    assert_eq!(winners(at_once(tries).await, ErrorCode::ListFull).len(), 3);
    let page = async |after: &str, limit| house.store.api_tokens(&alice.user.id, after, limit).await.unwrap();
    let ids: Vec<TokenId> = page("", 9).await.into_iter().map(|token| token.id).collect();
    assert!(ids.len() == 3 && ids.is_sorted());
    assert_eq!(page(ids[0].as_str(), 1).await[0].id, ids[1]);
    // Others have theirs.
    let bob = house.account("bob").await;
    house.store.add_api_token(&bob.user.id, &token("bot"), "digest", None, 1).await.unwrap();
}

async fn a_token_is_known_by_its_secret_only(house: House) {
    let alice = house.account("alice").await;
    let bot = token("bot");
    house.store.add_api_token(&alice.user.id, &bot, &digest("cat_secret"), None, 1).await.unwrap();
    let found = house.store.api_token(&bot.id, "cat_secret").await.unwrap().unwrap();
    assert_eq!((found.scopes(), found.user_id), (Scopes::ordinary(), alice.user.id));
    assert!(house.store.api_token(&bot.id, "cat_guess").await.unwrap().is_none());
    assert!(house.store.api_token(&token("other").id, "cat_secret").await.unwrap().is_none());
}

async fn its_use_is_noted_once_a_minute(house: House) {
    let alice = house.account("alice").await;
    let bot = token("bot");
    house.store.add_api_token(&alice.user.id, &bot, "digest", None, 1).await.unwrap();
    let used = async |now: Timestamp| {
        house.store.api_token_used(&bot.id, now).await.unwrap();
        house.store.api_tokens(&alice.user.id, "", 1).await.unwrap()[0].last_used_at
    };
    assert_eq!(used(at(1)).await, Some(at(1)));
    assert_eq!(used(at(61)).await, Some(at(1)));
    assert_eq!(used(at(62)).await, Some(at(62)));
}

async fn a_token_is_revoked_once_and_by_its_owner(house: House) {
    let (alice, eve) = (house.account("alice").await, house.account("eve").await);
    let bot = token("bot");
    house.store.add_api_token(&alice.user.id, &bot, "digest", None, 1).await.unwrap();
    let open = house.opens(by(&alice.user.id, Proof::ApiToken(bot.id.clone()), None), at(1)).await.unwrap();
    let delete =
        async |who: &api::id::UserId| house.store.delete_api_token(who, &bot.id, at(2)).await.unwrap();
    assert!(delete(&eve.user.id).await.is_none());
    let ended = delete(&alice.user.id).await.unwrap();
    assert_eq!(ended.grants, [open.session.to_string(), bot.id.to_string()]);
    assert_eq!(crate::house::ended(&ended.told), [open.session]);
    assert!(delete(&alice.user.id).await.is_none());
    // Nobody comes in with it any more.
    let again = house.opens(by(&alice.user.id, Proof::ApiToken(bot.id.clone()), None), at(3)).await;
    assert_eq!(code(again), ErrorCode::BadCredentials);
}

async fn what_a_revoked_token_had_made_goes_with_it(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    let (first, second, apart) = (token("first"), token("second"), token("apart"));
    house.store.add_api_token(id, &first, "digest", None, 9).await.unwrap();
    house.store.add_api_token(id, &apart, "digest", None, 9).await.unwrap();
    // A session by the first makes the second, and the second opens a session.
    let open = house.opens(by(id, Proof::ApiToken(first.id.clone()), None), at(1)).await.unwrap();
    house.store.add_api_token(id, &second, "digest", Some(open.session.as_str()), 9).await.unwrap();
    let last = house.opens(by(id, Proof::ApiToken(second.id.clone()), None), at(1)).await.unwrap();
    let ended = house.store.delete_api_token(id, &first.id, at(2)).await.unwrap().unwrap();
    let mut sessions = crate::house::ended(&ended.told);
    sessions.sort();
    let mut both = [open.session, last.session];
    both.sort();
    assert_eq!(sessions, both);
    let left = house.store.api_tokens(id, "", 9).await.unwrap();
    assert_eq!(left.into_iter().map(|token| token.id).collect::<Vec<_>>(), [apart.id]);
}

async fn nothing_is_made_with_what_was_revoked(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    house.logs_in(&alice, "login", at(0)).await;
    let open = house.opens(by_access_token(id, at(0), "login"), at(1)).await.unwrap();
    house.store.revoke_grant(id, "login".into(), at(2)).await.unwrap();
    for grant in ["login", open.session.as_str()] {
        let made = house.store.add_api_token(id, &token("bot"), "digest", Some(grant), 9).await;
        assert_eq!(code(made), ErrorCode::NotAuthenticated, "{grant}");
        let opened = house.opens(by_access_token(id, just_before(at(2)), grant), at(3)).await;
        assert_eq!(code(opened), ErrorCode::BadCredentials, "{grant}");
    }
    house.store.add_api_token(id, &token("bot"), "digest", Some("another"), 9).await.unwrap();
}

async fn guests_have_none(house: House) {
    let bob = house.guest("bob", at(0)).await.unwrap();
    let made = house.store.add_api_token(&bob.id, &token("bot"), "digest", None, 9).await;
    assert_eq!(code(made), ErrorCode::Forbidden);
}
