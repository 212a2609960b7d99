use sqlx::error::{DatabaseError, ErrorKind};

use crate::problem::Failure;

/// Lets the database decide races and translates its verdict.
pub trait OnConflict<T> {
    /// If a unique constraint or index of that name was violated, the error is `verdict`'s.
    ///
    /// SQLite names columns instead of indexes: call a unique index `<table>_<column>[_<column>…]`, with `_key` after it
    /// if you like, and a primary key's `<table>_pkey`, as PostgreSQL does by itself.
    fn on_conflict<E: From<sqlx::Error>>(self, index: &str, verdict: impl FnOnce() -> E) -> Result<T, E>;
}

impl<T> OnConflict<T> for sqlx::Result<T> {
    fn on_conflict<E: From<sqlx::Error>>(self, index: &str, verdict: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|error| if is_conflict(&error, index) { verdict() } else { error.into() })
    }
}

/// Whether the unique index (or primary key) of that name was violated.
pub fn is_conflict(error: &sqlx::Error, index: &str) -> bool {
    let Some(error) = error.as_database_error().filter(|e| e.kind() == ErrorKind::UniqueViolation) else {
        return false;
    };
    match error.constraint() {
        Some(violated) => violated == index,
        None => sqlite_index(error).is_some_and(|(table, columns)| {
            index == format!("{table}_pkey")
                || index == format!("{table}_{columns}")
                || index == format!("{table}_{columns}_key")
        }),
    }
}

/// "UNIQUE constraint failed: nicks.network, nicks.folded" is `("nicks", "network_folded")`.
fn sqlite_index(error: &dyn DatabaseError) -> Option<(String, String)> {
    let (_, columns) = error.message().split_once("failed: ")?;
    let mut table = None;
    let mut names = Vec::new();
    for column in columns.split(", ") {
        let (owner, name) = column.split_once('.')?;
        table = Some(owner.to_owned());
        names.push(name);
    }
    Some((table?, names.join("_")))
}

/// Whether another try may succeed: the connection was lost, or somebody else's work stood in the way.
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient(&code)),
        _ => false,
    }
}

/// PostgreSQL: connection trouble (08), too many clients or out of resources (53), shut down or starting (57P0x), serialization and
/// deadlock (40). SQLite: busy (5), locked (6), disk I/O (10), full (13), each with extended codes in the higher byte.
fn is_transient(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 10 | 13),
        _ => ["08", "53", "57P0", "40"].iter().any(|class| code.starts_with(class)),
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            Self::unavailable("the database is not available, please try again").source(error)
        } else {
            Self::internal(error)
        }
    }
}
