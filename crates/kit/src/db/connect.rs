use std::{
    path::Path,
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::{
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Backend, Db, Migrations, SqliteDb, is_unavailable};
use crate::{config::SecretUrl, secrets};

/// Connections of one process to PostgreSQL; its default limit of 100 must do for four services and their replicas.
const POSTGRES_CONNECTIONS: u32 = 16;
/// Readers of one SQLite file; each keeps its own page cache (2 MB).
const SQLITE_READERS: u32 = 4;
/// How long a statement waits for a connection or a lock before the asker hears 503; below the request timeout of 10 s.
const PATIENCE: Duration = Duration::from_secs(5);
/// Processes start in any order: how long the database may take to come up.
const START_WITHIN: Duration = Duration::from_secs(60);
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Statements prepared once for each connection; a service has some hundred.
const STATEMENTS: usize = 500;

/// The database cannot be used. Never shows a password.
#[derive(Debug, thiserror::Error)]
pub enum DbSetupError {
    #[error("{url} is no database URL: expected sqlite:PATH or postgres://user@host/name")]
    Url { url: SecretUrl },
    #[error("could not open database at {url}")]
    Open {
        url: SecretUrl,
        #[source]
        source: sqlx::Error,
    },
    #[error(
        "could not make the database's file for {url}: its folder is set by --data, data or the section's database"
    )]
    File {
        url: SecretUrl,
        #[source]
        source: std::io::Error,
    },
    #[error("could not bring the tables of {url} up to date")]
    Migrate {
        url: SecretUrl,
        #[source]
        source: sqlx::migrate::MigrateError,
    },
}

/// The file that a database URL names, if it names one.
pub fn sqlite_path(url: &SecretUrl) -> Option<&Path> {
    let path = url.expose().strip_prefix("sqlite:")?;
    Some(Path::new(path.strip_prefix("//").unwrap_or(path)))
}

/// Opens (and for SQLite makes) the database and brings its tables up to date.
pub async fn connect(url: &SecretUrl, migrations: &Migrations) -> Result<Db, DbSetupError> {
    let db = open(url).await?;
    migrations.run(&db).await.map_err(|source| DbSetupError::Migrate { url: url.clone(), source })?;
    Ok(db)
}

/// Opens (and for SQLite makes) the database and leaves its tables alone.
pub(super) async fn open(url: &SecretUrl) -> Result<Db, DbSetupError> {
    if let Some(path) = sqlite_path(url) {
        sqlite(url, path).await
    } else if ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme)) {
        postgres(url).await
    } else {
        Err(DbSetupError::Url { url: url.clone() })
    }
}

async fn sqlite(url: &SecretUrl, path: &Path) -> Result<Db, DbSetupError> {
    make_file(path).map_err(|source| DbSetupError::File { url: url.clone(), source })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledgement means committed, also when the machine loses power.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is erased must not be left behind in free pages.
        .pragma("secure_delete", "on")
        .busy_timeout(PATIENCE)
        .statement_cache_capacity(STATEMENTS)
        .optimize_on_close(true, Some(400));
    let fail = |source| DbSetupError::Open { url: url.clone(), source };
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            // A connection is a file handle and a warm cache: nothing is won by closing it.
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let writer = pool(1).connect_with(options.clone()).await.map_err(fail)?;
    let readers =
        pool(SQLITE_READERS).connect_with(options.pragma("query_only", "on")).await.map_err(fail)?;
    Ok(Backend::Sqlite(SqliteDb { writer, readers, path: path.to_owned() }))
}

fn make_file(path: &Path) -> std::io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        secrets::make_private_dir(parent)?;
    }
    match secrets::private_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(|_| ()),
    }
}

async fn postgres(url: &SecretUrl) -> Result<Db, DbSetupError> {
    let fail = |source| DbSetupError::Open { url: url.clone(), source };
    let options = PgConnectOptions::from_str(url.expose())
        .map_err(fail)?
        .application_name("causerie")
        .statement_cache_capacity(STATEMENTS);
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_lazy_with(options);
    let begun = Instant::now();
    while let Err(error) = pool.acquire().await {
        if !is_unavailable(&error) || begun.elapsed() > START_WITHIN {
            return Err(fail(error));
        }
        tracing::warn!(cause = %error, "the database at {url} is not there yet, will try again");
        tokio::time::sleep(TRY_AGAIN).await;
    }
    Ok(Backend::Postgres(pool))
}
