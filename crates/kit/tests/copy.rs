//! A database moves to another one: whole, whenever it is cut off, and nothing that differs stays unseen.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use std::time::Duration;

use api::auth::ServiceName;
use kit::{
    config::SecretUrl,
    db::{Compared, Copy, Db, Migrations, connect, on},
    testing,
};
use sqlx::{
    AssertSqlSafe, SqlStr,
    migrate::{Migration, MigrationType, Migrator},
};
use tempfile::TempDir;

/// Every type that the services' tables have, keys of each kind, a table without one, rows that refer to rows, rows that the
/// migrations bring, and an index that is derived.
const SQLITE: &str = "
    create table rooms (id text primary key, open boolean not null, seats smallint not null, at bigint);
    create table guests (room text not null references rooms (id) on delete cascade, nick text not null,
        constraint guests_pkey primary key (room, nick));
    create table told (n integer primary key autoincrement, text text, hash blob) ;
    create table marks (name text not null primary key, value bigint not null);
    create table seen (nick text not null, at bigint);
    create table found (word text not null primary key, done bigint not null);
    create virtual table words using fts5 (text);
    insert into marks values ('turns', 0);
    insert into found values ('', 0);";
const POSTGRES: &str = "
    create table rooms (id text primary key, open boolean not null, seats smallint not null, at bigint);
    create table guests (room text not null references rooms (id) on delete cascade, nick text not null,
        constraint guests_pkey primary key (room, nick));
    create table told (n bigint generated always as identity primary key, text text, hash bytea,
        words tsvector generated always as (to_tsvector('simple', coalesce(text, ''))) stored);
    create table marks (name text not null primary key, value bigint not null);
    create table seen (nick text not null, at bigint);
    create table found (word text not null primary key, done bigint not null);
    insert into marks values ('turns', 0);
    insert into found values ('', 0);";

fn migrator(sql: &'static str) -> Migrator {
    let first = Migration::new(1, "first".into(), MigrationType::Simple, SqlStr::from_static(sql), false);
    Migrator { migrations: vec![first].into(), ..Migrator::DEFAULT }
}

fn migrations() -> Migrations {
    Migrations { sqlite: migrator(SQLITE), postgres: migrator(POSTGRES), derived: &["found"] }
}

fn services() -> [(ServiceName, Migrations); 1] {
    [(ServiceName::Users, migrations())]
}

async fn run(db: &Db, sql: &str) {
    let sql = sql.to_owned();
    on!(db.write(), pool => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop)).unwrap();
}

async fn number(db: &Db, sql: &'static str) -> i64 {
    on!(db.write(), pool => sqlx::query_scalar(sql).fetch_one(pool).await).unwrap()
}

struct House {
    dir: TempDir,
}

impl House {
    /// A service ran on it, and more was told than fits a page.
    async fn lived_in() -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap() };
        let db = connect(&house.url(), &migrations()).await.unwrap();
        db.epoch().await.unwrap();
        run(
            &db,
            "insert into rooms values ('attic', true, 3, null), ('zebra', false, 0, -5), ('Äther', true, 32767, 1);
             insert into guests values ('attic', 'Zoë'), ('attic', 'adam'), ('zebra', 'eve');
             insert into told (text, hash) values ('', x''), (null, null), ('it''s \"said\" {a,b} \\ 🦀', x'00ff');
             insert into seen values ('adam', 1), ('adam', 1), ('eve', null);
             with recursive some (n) as (select 1 union all select n + 1 from some where n < 2500)
             insert into told (text, hash) select 'number ' || n, randomblob(16) from some;
             delete from told where n > 2400;
             update marks set value = 7; update found set done = 99; insert into words values ('hidden');",
        )
        .await;
        db.close().await;
        house
    }

    fn url(&self) -> SecretUrl {
        SecretUrl::from(format!("sqlite:{}", self.dir.path().join("house.db").display()))
    }

    async fn open(&self) -> Db {
        connect(&self.url(), &migrations()).await.unwrap()
    }

    async fn copies_to(&self, to: &SecretUrl) -> anyhow::Result<Vec<Compared>> {
        copy(&self.url(), to).await
    }
}

async fn copy(from: &SecretUrl, to: &SecretUrl) -> anyhow::Result<Vec<Compared>> {
    let copy = Copy::open(from, to, services()).await?;
    let compared = copy.run(|_, _| ()).await;
    copy.close().await;
    compared
}

#[tokio::test]
async fn all_rows_arrive_and_numbers_go_on() {
    let house = House::lived_in().await;
    let (to, _dropped) = testing::postgres_url().await;
    let compared = house.copies_to(&to).await.unwrap();
    let rows: Vec<_> = compared.iter().map(|table| (&*table.table, table.rows)).collect();
    let expected =
        [("database_epoch", 1), ("marks", 1), ("rooms", 3), ("guests", 3), ("seen", 3), ("told", 2400)];
    assert_eq!(rows, expected);

    let db = connect(&to, &migrations()).await.unwrap();
    assert_eq!(db.epoch().await.unwrap(), house.open().await.epoch().await.unwrap());
    assert_eq!(number(&db, "select value from marks").await, 7);
    assert_eq!(number(&db, "select done from found").await, 0, "what is derived is made again");
    assert_eq!(number(&db, "select count(*) from told where words @@ 'said'").await, 1);
    let next = "insert into told (text) values ('more') returning n";
    assert_eq!(number(&db, next).await, 2504, "a number that was given once is not given again");
    db.refuse_half_a_copy().await.unwrap();

    // It is in use: the same command once more only looks.
    let refused = format!("{:#}", house.copies_to(&to).await.unwrap_err());
    assert!(refused.contains("was used since"), "{refused}");
    assert_eq!(number(&db, next).await, 2505);
}

#[tokio::test]
async fn and_back() {
    let house = House::lived_in().await;
    let ((postgres, _dropped), dir) = (testing::postgres_url().await, tempfile::tempdir().unwrap());
    let there = house.copies_to(&postgres).await.unwrap();
    let sqlite = SecretUrl::from(format!("sqlite:{}", dir.path().join("back.db").display()));
    assert_eq!(copy(&postgres, &sqlite).await.unwrap(), there);
    let db = connect(&sqlite, &migrations()).await.unwrap();
    assert_eq!(number(&db, "insert into told (text) values ('more') returning n").await, 2504);
}

#[tokio::test]
async fn a_copy_that_was_cut_off_after_any_page_goes_on() {
    let house = House::lived_in().await;
    let (to, _dropped) = testing::postgres_url().await;
    let whole = {
        let (to, _dropped) = testing::postgres_url().await;
        house.copies_to(&to).await.unwrap()
    };
    let mut seen = Vec::new();
    // Each turn ends after one page more than is there, until nothing is left to do.
    loop {
        let copy = Copy::open(&house.url(), &to, services()).await.unwrap();
        let (pages, mut page) = tokio::sync::mpsc::unbounded_channel();
        let tell = |table: &str, rows| pages.send((table.to_owned(), rows)).unwrap();
        tokio::select! {
            biased;
            cut = page.recv() => seen.push(cut.unwrap()),
            compared = copy.run(tell) => {
                assert_eq!(compared.unwrap(), whole);
                break;
            }
        }
        copy.close().await;
        let half = connect(&to, &Migrations::none()).await.unwrap();
        let refused = half.refuse_half_a_copy().await.unwrap_err().to_string();
        assert!(refused.contains("half of a copy"), "{refused}");
        half.close().await;
        assert!(seen.len() < 20, "{seen:?}");
    }
    let told: Vec<u64> = seen.iter().filter(|(table, _)| table == "told").map(|(_, rows)| *rows).collect();
    assert!(told.len() > 1 && told.is_sorted(), "it never went on in the middle of a table: {seen:?}");
    // Nothing is left to do, and it is compared once more.
    assert_eq!(house.copies_to(&to).await.unwrap(), whole);
}

#[tokio::test]
async fn one_changed_value_is_found() {
    for tampered in [
        "update told set text = 'number 8' where text = 'number 7'",
        "update told set text = '' where text is null",
        "update told set hash = null where text = 'number 7'",
        "update rooms set open = not open where id = 'zebra'",
        "delete from seen where at is null",
        "delete from seen; insert into seen values ('adam', 1), ('eve', null), ('eve', null)",
        "delete from guests where nick = 'eve'; insert into guests values ('attic', 'eve')",
    ] {
        let house = House::lived_in().await;
        let (to, _dropped) = testing::postgres_url().await;
        house.copies_to(&to).await.unwrap();
        let db = connect(&to, &Migrations::none()).await.unwrap();
        run(&db, tampered).await;
        let told = format!("{:#}", house.copies_to(&to).await.unwrap_err());
        let table = tampered
            .split(' ')
            .find(|word| ["told", "rooms", "seen", "guests"].contains(&word.trim_matches(';')));
        assert!(
            told.contains(&format!("table {} differs", table.unwrap().trim_matches(';'))),
            "{tampered}: {told}"
        );
    }
}

#[tokio::test]
async fn what_is_there_already_is_left_alone() {
    let house = House::lived_in().await;
    let (to, _dropped) = testing::postgres_url().await;
    let db = connect(&to, &Migrations::none()).await.unwrap();
    run(&db, "create table theirs (n bigint)").await;
    let refused = house.copies_to(&to).await.unwrap_err().to_string();
    assert!(refused.contains("not empty"), "{refused}");
    run(&db, "drop table theirs; drop table _sqlx_migrations").await;
    house.copies_to(&to).await.unwrap();

    let other = House::lived_in().await;
    let refused = other.copies_to(&to).await.unwrap_err().to_string();
    assert!(refused.contains("copy of another database"), "{refused}");
}

#[tokio::test]
async fn only_a_service_s_database_that_nobody_uses_is_copied() {
    let house = House::lived_in().await;
    let (to, _dropped) = testing::postgres_url().await;
    let refusal = async |from: &SecretUrl| format!("{:#}", copy(from, &to).await.unwrap_err());

    let nowhere = SecretUrl::from("sqlite:/nowhere/users.db".to_owned());
    assert!(refusal(&nowhere).await.contains("no database at sqlite:/nowhere/users.db"));

    let db = house.open().await;
    let claim = db.claim_within(ServiceName::Users, Duration::ZERO).await.unwrap();
    assert!(refusal(&house.url()).await.contains("stop it first"));
    drop(claim);

    run(&db, "insert into _sqlx_migrations values (2, 'newer', 0, true, x'00', 0)").await;
    assert!(refusal(&house.url()).await.contains("another release"));
    run(&db, "update _sqlx_migrations set checksum = x'00' where version = 1").await;
    assert!(refusal(&house.url()).await.contains("no service's database"));

    let target = connect(&to, &Migrations::none()).await.unwrap();
    let _replica = target.claim_together(ServiceName::Users).await.unwrap();
    let _another = target.claim_together(ServiceName::Users).await.unwrap();
    let fresh = House::lived_in().await;
    assert!(refusal(&fresh.url()).await.contains("another replica of users runs"));
}
