use api::{ErrorCode, event::UserChange, id::UserId, users::NetworkBan};
use kit::db::Backend;
use sqlx::AssertSqlSafe;
use user_service::store::{metadata, presence::Change, sessions::Opening, tasks::Task};

use crate::{
    api_tokens::token,
    bans::ban,
    contract,
    house::{House, as_guest, at, by_access_token, by_password, code, gateway, kinds, nick},
};

contract! {
    after_an_erasure_no_row_has_the_name
    a_name_is_free_after_its_erasure
    the_log_of_changes_is_cut_off
}

const NAME: &str = "zephyrine";

/// All rows of all tables as JSON, without the ids of their kinds.
async fn rows(house: &House) -> Vec<String> {
    let tables = match house.db.read() {
        Backend::Sqlite(_) => "select name from sqlite_master where type = 'table'",
        Backend::Postgres(_) => {
            "select table_name::text from information_schema.tables where table_schema = 'public'"
        }
    };
    let tables: Vec<String> =
        kit::on!(house.db.read(), pool => sqlx::query_scalar(tables).fetch_all(pool).await).unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let found: Vec<String> = match house.db.read() {
            Backend::Sqlite(pool) => {
                let columns =
                    "select group_concat('''' || name || ''', ' || name, ', ') from pragma_table_info($1)";
                let columns: String = sqlx::query_scalar(columns).bind(&table).fetch_one(pool).await.unwrap();
                // Checksums of migrations are no text.
                let sql = format!(
                    "select json_object({}) from {table}",
                    columns.replace(", checksum", ", hex(checksum)")
                );
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap()
            }
            Backend::Postgres(pool) => {
                let sql = format!("select row_to_json(t)::text from {table} as t");
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap()
            }
        };
        rows.extend(found.into_iter().map(|row| format!("{table}: {row}")));
    }
    rows
}

async fn says_url(house: &House, user: &UserId) {
    let (key, value) = ("url".try_into().unwrap(), "https://zephyrine.example".try_into().unwrap());
    house.store.change_metadata(user, metadata::Change::Set(key, value), None, at(0)).await.unwrap();
}

async fn named(house: &House) -> Vec<String> {
    rows(house).await.into_iter().filter(|row| row.contains(NAME)).collect()
}

async fn after_an_erasure_no_row_has_the_name(house: House) {
    let (victim, other) = (house.account(NAME).await, house.account("other").await);
    let id = &victim.user.id;
    // As a guest first, as herself then, with everything that leaves a trace.
    let guest = house.opens(as_guest("zephyrine-guest"), at(0)).await.unwrap();
    says_url(&house, &guest.user.person.id).await;
    let also = by_access_token(&guest.user.person.id, at(0), "guestgrant");
    house.opens(Opening { gateway: gateway("b"), ..also }, at(0)).await.unwrap();
    house.opens(Opening { replaces: Some(guest.session), ..by_password(&victim) }, at(1)).await.unwrap();
    for (to, text) in [("zephyrine2", "zephyrine is out"), (NAME, "")] {
        let change = Change { nick: Some(nick(to)), away: Some(text.to_owned()), ..Change::default() };
        house.store.change(id, change, None, at(2)).await.unwrap();
    }
    says_url(&house, id).await;
    house.store.set_display_name(id, Some("zephyrine Z.")).await.unwrap();
    house.store.add_api_token(id, &token("zephyrine's bot"), "digest", None, 9).await.unwrap();
    house.logs_in(&victim, "login", at(3)).await;
    let of_her = NetworkBan { target: "~account:Zephyrine".into(), ..ban(None) };
    let of_other = NetworkBan { target: "~account:other".into(), ..ban(None) };
    for ban in [&of_her, &of_other] {
        house.store.add_ban(ban, 9, at(3)).await.unwrap();
    }
    assert!(named(&house).await.len() > 10, "there is something to erase");

    let told = house.store.erase(id, at(4)).await.unwrap();
    assert_eq!(kinds(&told), ["put out", "revoked", "erased", "put out", "revoked", "erased"]);
    let erased: Vec<&UserId> =
        told.iter().filter(|event| event.change == UserChange::Erased).map(|event| &event.user).collect();
    assert_eq!(erased, [&id.0, &guest.user.person.id]);
    assert!(told.iter().all(|event| !serde_json::to_string(event).unwrap().contains(NAME)));
    assert_eq!(named(&house).await, [""; 0]);
    assert_eq!(house.number("select count(*) from former_nicks").await, 0);
    assert!(house.store.ban(&of_her.id).await.unwrap().is_none());
    assert!(house.store.ban(&of_other.id).await.unwrap().is_some());
    assert_eq!(code(house.store.erase(id, at(5)).await), ErrorCode::NoSuchAccount);
    assert_eq!(code(house.opens(by_password(&victim), at(5)).await), ErrorCode::BadCredentials);
    // Both of whom others must forget, each now and once more later.
    let mut tasks: Vec<_> = house.claims(at(4)).await.into_iter().map(|claimed| claimed.task).collect();
    tasks.retain(|task| matches!(task, Task::Erase { again: true, .. }));
    assert_eq!(tasks.len(), 2);
    assert!(house.store.account_of(&other.user.id).await.unwrap().is_some());
}

async fn a_name_is_free_after_its_erasure(house: House) {
    let alice = house.account("alice").await;
    house.store.erase(&alice.user.id, at(1)).await.unwrap();
    assert!(house.store.account(alice.user.account().unwrap()).await.unwrap().is_none());
    assert!(house.user(&alice.user.id).await.nick.as_str().starts_with("erased-"));
    assert_ne!(house.account("alice").await.user.id, alice.user.id);
    let guest = house.guest("bob", at(0)).await.unwrap();
    assert_eq!(code(house.store.erase(&guest.id, at(1)).await), ErrorCode::NoSuchAccount);
}

async fn the_log_of_changes_is_cut_off(house: House) {
    house.account("alice").await;
    assert!(house.store.cut_log().await.unwrap());
    if let Backend::Sqlite(pool) = house.db.read() {
        let path: String = sqlx::query_scalar("select file from pragma_database_list where name = 'main'")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(std::fs::metadata(format!("{path}-wal")).unwrap().len(), 0);
    }
}
