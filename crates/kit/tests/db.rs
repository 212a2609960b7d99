//! The same store code on SQLite and PostgreSQL.

#![allow(clippy::unwrap_used)] // helpers of tests, whose panic is the message

use std::time::Duration;

use api::{ErrorCode, auth::ServiceName};
use kit::{
    Failure,
    config::SecretUrl,
    db::{Db, Migrations, OnConflict, connect, is_unavailable, on},
    testing::{self, TestDb},
};

const CREATE: &str =
    "create table nicks (id bigint primary key, network bigint not null, folded text not null)";
const UNIQUE: &str = "create unique index nicks_network_folded_key on nicks (network, folded)";
const INSERT: &str = "insert into nicks (id, network, folded) values ($1, 1, $2)";
const COUNT: &str = "select count(*) from nicks";

async fn sqlite() -> TestDb {
    testing::sqlite(&Migrations::none()).await
}

async fn postgres() -> TestDb {
    testing::postgres(&Migrations::none()).await
}

async fn with_tables(db: TestDb) -> TestDb {
    let mut tx = db.begin().await.unwrap();
    for sql in [CREATE, UNIQUE] {
        on!(&mut tx, t => sqlx::query(sql).execute(&mut **t).await.map(drop)).unwrap();
    }
    tx.commit().await.unwrap();
    db
}

#[derive(Debug, PartialEq)]
enum Error {
    Taken,
    Other,
}

impl From<sqlx::Error> for Error {
    fn from(_: sqlx::Error) -> Self {
        Self::Other
    }
}

async fn insert(db: &Db, id: i64, folded: &str, index: &str) -> Result<(), Error> {
    on!(db.write(), pool => sqlx::query(INSERT).bind(id).bind(folded).execute(pool).await.map(drop))
        .on_conflict(index, || Error::Taken)
}

async fn count(db: &Db) -> i64 {
    on!(db.read(), pool => sqlx::query_scalar(COUNT).fetch_one(pool).await).unwrap()
}

async fn the_database_decides_races(db: TestDb) {
    let db = with_tables(db).await;
    let name = "nicks_network_folded_key";
    assert_eq!(insert(&db, 1, "alice", name).await, Ok(()));
    assert_eq!(insert(&db, 2, "alice", name).await, Err(Error::Taken));
    assert_eq!(insert(&db, 1, "bob", "nicks_pkey").await, Err(Error::Taken));
    assert_eq!(insert(&db, 1, "bob", name).await, Err(Error::Other), "another index was violated");
}

async fn what_is_not_committed_did_not_happen(db: TestDb) {
    let db = with_tables(db).await;
    for commit in [false, true] {
        let mut tx = db.begin().await.unwrap();
        on!(&mut tx, t => sqlx::query(INSERT).bind(1_i64).bind("x").execute(&mut **t).await.map(drop))
            .unwrap();
        assert_eq!(count(&db).await, 0, "a reader sees what is not committed");
        if commit {
            tx.commit().await.unwrap();
        }
    }
    assert_eq!(count(&db).await, 1);
}

async fn a_snapshot_stands_still(db: TestDb) {
    let db = with_tables(db).await;
    let mut snapshot = db.snapshot().await.unwrap();
    for n in 0..2 {
        let seen: i64 = on!(&mut snapshot, t => sqlx::query_scalar(COUNT).fetch_one(&mut **t).await).unwrap();
        assert_eq!(seen, 0);
        insert(&db, n, &n.to_string(), "").await.unwrap();
    }
    drop(snapshot);
    assert_eq!(count(&db).await, 2);
}

async fn writers_wait_for_each_other(db: TestDb) {
    let db = with_tables(db).await;
    let writers = (0..20).map(|n| {
        let db = (*db).clone();
        tokio::spawn(async move { insert(&db, n, &n.to_string(), "").await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(count(&db).await, 20);
}

async fn a_second_replica_is_refused_until_the_first_is_gone(db: TestDb) {
    let first = db.claim(ServiceName::Users).await.unwrap();
    let refused = db.claim_within(ServiceName::Users, Duration::ZERO).await.unwrap_err();
    assert!(refused.to_string().contains("bus.kind"), "{refused}");
    drop(first);
    db.claim(ServiceName::Users).await.unwrap();
}

async fn an_epoch_lasts_until_a_restore(db: TestDb) {
    let first = db.epoch().await.unwrap();
    assert_eq!(db.epoch().await.unwrap(), first);
    let next = db.new_epoch().await.unwrap();
    assert_ne!(next, first);
    assert_eq!(db.epoch().await.unwrap(), next);
}

macro_rules! store_contract {
    ($($engine:ident),*) => { $( mod $engine {
        #[tokio::test]
        async fn the_database_decides_races() {
            super::the_database_decides_races(super::$engine().await).await;
        }
        #[tokio::test]
        async fn what_is_not_committed_did_not_happen() {
            super::what_is_not_committed_did_not_happen(super::$engine().await).await;
        }
        #[tokio::test]
        async fn a_snapshot_stands_still() {
            super::a_snapshot_stands_still(super::$engine().await).await;
        }
        #[tokio::test]
        async fn writers_wait_for_each_other() {
            super::writers_wait_for_each_other(super::$engine().await).await;
        }
        #[tokio::test]
        async fn a_second_replica_is_refused_until_the_first_is_gone() {
            super::a_second_replica_is_refused_until_the_first_is_gone(super::$engine().await).await;
        }
        #[tokio::test]
        async fn an_epoch_lasts_until_a_restore() {
            super::an_epoch_lasts_until_a_restore(super::$engine().await).await;
        }
    } )* };
}

store_contract!(sqlite, postgres);

#[tokio::test]
async fn trouble_with_the_connection_is_503_and_a_bug_is_500() {
    let db = sqlite().await;
    let bug =
        on!(db.read(), pool => sqlx::query("select nothing").execute(pool).await.map(drop)).unwrap_err();
    assert_eq!(Failure::from(bug).code(), ErrorCode::Internal);
    db.close().await;
    let closed = db.ping().await.unwrap_err();
    assert!(is_unavailable(&closed));
    assert_eq!(Failure::from(closed).code(), ErrorCode::Unavailable);
}

#[tokio::test]
async fn several_processes_may_start_on_one_postgres() {
    let (url, _dropped) = testing::postgres_url().await;
    let starts = (0..6).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { connect(&url, &Migrations::none()).await.unwrap().epoch().await.unwrap() })
    });
    let mut epochs = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        epochs.push(start.await.unwrap());
    }
    epochs.dedup();
    assert_eq!(epochs.len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_a_database_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/down/test.db");
    let url = SecretUrl::from(format!("sqlite:{}", path.display()));
    connect(&url, &Migrations::none()).await.unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn errors_name_the_database_but_not_its_password() {
    let (server, _dropped) = testing::postgres_url().await;
    let mut postgres = url::Url::parse(server.expose()).unwrap();
    postgres.set_username("root").unwrap();
    postgres.set_password(Some("hunter2")).unwrap();
    postgres.set_path("nowhere");
    for url in ["mysql://root:hunter2@h/x", postgres.as_str()] {
        let Err(error) = connect(&SecretUrl::from(url.to_owned()), &Migrations::none()).await else {
            panic!("{url} opened");
        };
        let text = format!("{:?}", anyhow::Error::from(error));
        assert!(!text.contains("hunter2") && text.contains("root"), "{text}");
    }
}
