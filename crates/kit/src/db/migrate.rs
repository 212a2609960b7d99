use sqlx::migrate::{MigrateError, Migrator};

use super::{Backend, Db};

/// A service's migrations, embedded: the same names for both engines. Made by [`migrations!`](crate::migrations).
pub struct Migrations {
    pub sqlite: Migrator,
    pub postgres: Migrator,
    /// Tables that are made from others, as an index for searching and how far it has come: a copy leaves them as the migrations make
    /// them, for the service to fill again.
    pub derived: &'static [&'static str],
}

/// Embeds `migrations/sqlite` and `migrations/postgres` of the crate that calls it.
#[macro_export]
macro_rules! migrations {
    () => {
        $crate::migrations!(derived: [])
    };
    (derived: $derived:expr) => {
        $crate::db::Migrations {
            sqlite: ::sqlx::migrate!("migrations/sqlite"),
            postgres: ::sqlx::migrate!("migrations/postgres"),
            derived: &$derived,
        }
    };
}

impl Migrations {
    /// For a database without tables.
    pub fn none() -> Self {
        Self { sqlite: Migrator::DEFAULT, postgres: Migrator::DEFAULT, derived: &[] }
    }

    /// Those of the engine in use.
    pub(super) fn of(&self, db: &Db) -> &Migrator {
        match db {
            Backend::Sqlite(_) => &self.sqlite,
            Backend::Postgres(_) => &self.postgres,
        }
    }

    /// Applies what is missing. PostgreSQL locks out other replicas meanwhile; a SQLite file has one process.
    pub(super) async fn run(&self, db: &Db) -> Result<(), MigrateError> {
        match db {
            Backend::Sqlite(db) => tolerant(&self.sqlite).run(&db.writer).await,
            Backend::Postgres(pool) => tolerant(&self.postgres).run(pool).await,
        }
    }
}

/// A newer release may have run its migrations already: they only add, so this one goes on.
fn tolerant(migrator: &Migrator) -> Migrator {
    let mut migrator = Migrator {
        migrations: migrator.migrations.clone(),
        locking: migrator.locking,
        no_tx: migrator.no_tx,
        ..Migrator::DEFAULT
    };
    migrator.set_ignore_missing(true);
    migrator
}
