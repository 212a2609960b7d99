use api::{ErrorCode, users::FormerNick};
use user_service::store::accounts::Registering;

use crate::{
    contract,
    house::{
        HOST, House, MANY, account_name, at, at_once, by_password, code, hash, just_before, kept, kinds,
        nick, refresh, winners,
    },
};

contract! {
    an_account_is_found_by_its_very_name_and_by_its_user
    of_many_who_register_a_name_one_gets_it
    an_invitation_lets_one_in_and_only_in_time
    a_failed_registration_leaves_the_invitation
    a_guest_who_registers_their_nick_stays_who_they_are
    of_two_who_change_a_password_at_once_one_does
    the_keys_of_another_password_are_void
    with_the_password_all_goes_that_came_of_it
    a_suspended_account_is_out_until_it_is_let_in_again
    an_export_has_everything_but_secrets
}

async fn an_account_is_found_by_its_very_name_and_by_its_user(house: House) {
    let store = &house.store;
    let copa = house.account("Copa").await;
    let found = store.account(&account_name("COPA")).await.unwrap().unwrap();
    assert_eq!((&found.user.id, &found.password), (&copa.user.id, &hash("Copa")));
    assert_eq!(found.view().unwrap().name.as_str(), "Copa");
    assert_eq!(store.account_of(&copa.user.id).await.unwrap().unwrap().user.id, copa.user.id);
    assert!(!found.user.view().online);
    // One that looks the same is another, and taken.
    let alike = account_name("сора");
    assert!(store.account(&alike).await.unwrap().is_none());
    assert!(store.name_is_taken(&alike, None).await.unwrap());
    assert!(!store.name_is_taken(&alike, Some(&copa.user.id)).await.unwrap());
    assert!(!store.name_is_taken(&account_name("bob"), None).await.unwrap());
    let guest = house.guest("bob", at(0)).await.unwrap();
    assert!(store.account_of(&guest.id).await.unwrap().is_none());
    assert!(store.account(&account_name("bob")).await.unwrap().is_none());
}

async fn of_many_who_register_a_name_one_gets_it(house: House) {
    let tries = (0..MANY).map(|n| {
        let store = house.store.clone();
        async move {
            let new = Registering {
                // They look the same.
                name: &account_name(["copa", "сора"][n % 2]),
                password: kept(&n.to_string()),
                invite: None,
                guest: None,
                host: HOST.to_owned(),
                always_on: false,
            };
            store.register(new, at(0)).await
        }
    });
    let won = winners(at_once(tries).await, ErrorCode::AccountExists);
    assert_eq!(won.len(), 1);
    let name = won[0].user.account().unwrap();
    assert_eq!(house.store.account(name).await.unwrap().unwrap().password, won[0].password);
    assert_eq!(house.number("select count(*) from accounts").await, 1);
    assert_eq!(house.number("select count(*) from users").await, 1);
}

async fn an_invitation_lets_one_in_and_only_in_time(house: House) {
    for invite in ["one", "two"] {
        house.store.add_invite(invite, at(60)).await.unwrap();
    }
    assert_eq!(code(house.registers("dave", Some("two"), at(60)).await), ErrorCode::RegistrationClosed);
    house.registers("dave", Some("two"), just_before(at(60))).await.unwrap();
    assert_eq!(code(house.registers("eve", Some("none"), at(0)).await), ErrorCode::RegistrationClosed);
    let house = std::sync::Arc::new(house);
    let tries = (0..MANY).map(|n| {
        let house = house.clone();
        async move { house.registers(&format!("guest{n}"), Some("one"), at(0)).await }
    });
    assert_eq!(winners(at_once(tries).await, ErrorCode::RegistrationClosed).len(), 1);
}

async fn a_failed_registration_leaves_the_invitation(house: House) {
    house.account("alice").await;
    house.store.add_invite("one", at(60)).await.unwrap();
    assert_eq!(code(house.registers("alice", Some("one"), at(0)).await), ErrorCode::AccountExists);
    house.registers("bob", Some("one"), at(0)).await.unwrap();
}

async fn a_guest_who_registers_their_nick_stays_who_they_are(house: House) {
    let bob = house.guest("bob", at(0)).await.unwrap();
    let register = async |name: &str| {
        let name = account_name(name);
        let guest = Some(&bob.id.0);
        let new = Registering {
            name: &name,
            password: kept(&hash("bob")),
            invite: None,
            guest,
            host: HOST.into(),
            always_on: false,
        };
        house.store.register(new, at(1)).await.unwrap()
    };
    // Another name than the one they wear is somebody else's.
    assert_ne!(register("carol").await.user.id, bob.id);
    let account = register("bob").await;
    assert_eq!(account.user.id, bob.id);
    assert!(!account.user.is_guest() && account.user.held_until.is_none());
    assert_eq!(house.user(&bob.id).await.account().unwrap().as_str(), "bob");
}

async fn of_two_who_change_a_password_at_once_one_does(house: House) {
    let alice = house.account("alice").await;
    let tries =
        (0..MANY).map(|n| {
            let (store, id) = (house.store.clone(), alice.user.id.clone());
            async move {
                store.change_password(&id, &hash("alice"), &kept(&n.to_string()), at(1)).await.map(|_| n)
            }
        });
    let won = winners(at_once(tries).await, ErrorCode::BadCredentials);
    assert_eq!(won.len(), 1);
    let now = house.store.account_of(&alice.user.id).await.unwrap().unwrap();
    assert_eq!(now.password, won[0].to_string());
}

async fn the_keys_of_another_password_are_void(house: House) {
    let alice = house.account("alice").await;
    let keys = async || house.store.account_of(&alice.user.id).await.unwrap().unwrap().scram;
    assert_eq!(keys().await, kept(&hash("alice")).scram);
    // As a release does that knows nothing of them.
    house.tampers("update accounts set password = 'another'").await;
    assert_eq!(keys().await, None);
    let id = &alice.user.id;
    house.store.set_scram(id, &hash("alice"), "keys of the old one").await.unwrap();
    assert_eq!(keys().await, None, "somebody has changed it meanwhile");
    house.store.set_scram(id, "another", "keys of another").await.unwrap();
    assert_eq!(keys().await.as_deref(), Some("keys of another"));
    house.store.change_password(id, "another", &kept("new"), at(1)).await.unwrap();
    assert_eq!(keys().await, kept("new").scram);
}

async fn with_the_password_all_goes_that_came_of_it(house: House) {
    let alice = house.account("alice").await;
    house.logs_in(&alice, "login", at(1)).await;
    let open = house.opens(by_password(&alice), at(1)).await.unwrap();
    let told =
        house.store.change_password(&alice.user.id, &hash("alice"), &kept("new"), at(2)).await.unwrap();
    assert_eq!(kinds(&told), ["put out", "revoked"]);
    assert_eq!(told.iter().map(|event| event.version).collect::<Vec<_>>(), [3, 4]);
    assert!(!house.store.session(&open.session).await.unwrap().unwrap().is_live());
    assert!(house.store.grant_of("login 1").await.unwrap().is_none());
    assert_eq!(house.user(&alice.user.id).await.valid_from, at(2).0);
    // Nor does the old one let anybody in.
    let new = refresh("login 2", "login", at(60));
    let (id, scopes) = (&alice.user.id, api::auth::Scopes::ordinary());
    let old = house.store.grant(id, &hash("alice"), scopes, HOST, &new, at(3)).await;
    assert_eq!(code(old), ErrorCode::BadCredentials);
    house.store.grant(id, "new", scopes, HOST, &new, at(3)).await.unwrap();
}

async fn a_suspended_account_is_out_until_it_is_let_in_again(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    house.opens(by_password(&alice), at(1)).await.unwrap();
    let told = house.store.suspend(id, Some("spam"), at(2)).await.unwrap();
    assert_eq!(kinds(&told), ["suspended", "put out", "revoked"]);
    assert!(house.store.suspend(id, Some("spam"), at(3)).await.unwrap().is_empty(), "it is so already");
    assert_eq!(code(house.opens(by_password(&alice), at(4)).await), ErrorCode::Suspended);
    let new = refresh("login 1", "login", at(60));
    let login = house.store.grant(id, &hash("alice"), api::auth::Scopes::ordinary(), HOST, &new, at(4)).await;
    assert_eq!(code(login), ErrorCode::Suspended);
    assert_eq!(kinds(&house.store.suspend(id, None, at(5)).await.unwrap()), ["unsuspended"]);
    assert!(house.store.suspend(id, None, at(5)).await.unwrap().is_empty());
    house.opens(by_password(&alice), at(6)).await.unwrap();
    let nobody = api::id::UserId::random(&mut rand::rng());
    assert_eq!(code(house.store.suspend(&nobody, Some("spam"), at(7)).await), ErrorCode::NoSuchAccount);
}

async fn an_export_has_everything_but_secrets(house: House) {
    let alice = house.account("alice").await;
    let id = &alice.user.id;
    house.store.set_display_name(id, Some("Alice A.")).await.unwrap();
    let open = house.opens(by_password(&alice), at(1)).await.unwrap();
    let change = user_service::store::presence::Change { nick: Some(nick("ally")), ..Default::default() };
    house.store.change(id, change, None, at(2)).await.unwrap();
    let token = crate::api_tokens::token("bot");
    house.store.add_api_token(id, &token, "digest", None, 1).await.unwrap();
    let exported = house.store.export(id).await.unwrap().unwrap();
    assert_eq!(exported.account.view().unwrap().display_name.as_deref(), Some("Alice A."));
    assert_eq!(exported.sessions.iter().map(|session| &session.id).collect::<Vec<_>>(), [&open.session]);
    let labels: Vec<_> =
        exported.api_tokens.iter().map(|token| (token.label.as_str(), token.secret.as_ref())).collect();
    assert_eq!(labels, [("bot", None)]);
    let account = alice.user.account().cloned();
    assert_eq!(
        exported.former_nicks,
        [FormerNick {
            nick: nick("alice"),
            account,
            username: "~u".into(),
            host: HOST.into(),
            realname: None,
            until: at(2)
        }]
    );
    let guest = house.guest("bob", at(0)).await.unwrap();
    assert!(house.store.export(&guest.id).await.unwrap().is_none());
}
