use std::ops::Deref;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

use crate::{
    config::SecretUrl,
    db::{Db, Migrations, connect},
};

/// A database that goes away with the test.
pub struct TestDb {
    db: Db,
    // Held for what their end does.
    _dir: Option<TempDir>,
    _postgres: Option<Dropped>,
}

impl Deref for TestDb {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

/// SQLite in a temporary folder.
///
/// # Panics
/// If it cannot be made.
pub async fn sqlite(migrations: &Migrations) -> TestDb {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let url = SecretUrl::from(format!("sqlite:{}", dir.path().join("test.db").display()));
    let db = connect(&url, migrations).await.expect("SQLite opens");
    TestDb { db, _dir: Some(dir), _postgres: None }
}

/// A PostgreSQL database of its own on the server that `CAUSERIE_TEST_POSTGRES` names.
///
/// # Panics
/// If the variable is not set or the server does not let us.
pub async fn postgres(migrations: &Migrations) -> TestDb {
    let (url, dropped) = create().await;
    let db = connect(&url, migrations).await.expect("PostgreSQL opens");
    TestDb { db, _dir: None, _postgres: Some(dropped) }
}

/// The URL of an empty PostgreSQL database, and what drops it at its end.
///
/// # Panics
/// If `CAUSERIE_TEST_POSTGRES` is not set or the server does not let us.
pub async fn postgres_url() -> (SecretUrl, impl Drop) {
    create().await
}

async fn create() -> (SecretUrl, Dropped) {
    let server = std::env::var("CAUSERIE_TEST_POSTGRES")
        .expect("set CAUSERIE_TEST_POSTGRES to a superuser's URL (cargo xtask test does)");
    let name = format!("causerie_test_{:016x}", rand::random::<u64>());
    let mut connection = PgConnection::connect(&server).await.expect("the PostgreSQL server is there");
    let create = format!("create database {name}");
    sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await.expect("a database can be made");
    let _ = connection.close().await;
    let mut url = url::Url::parse(&server).expect("CAUSERIE_TEST_POSTGRES is a URL");
    url.set_path(&name);
    (SecretUrl::from(url.to_string()), Dropped { server, name })
}

/// Drops the database, whoever is still connected.
struct Dropped {
    server: String,
    name: String,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        let server = self.server.clone();
        // The test's own runtime is ending: it cannot wait for anything more.
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await.ok()?;
                sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await.ok()
            })
        })
        .join();
    }
}
