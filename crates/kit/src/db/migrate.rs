use sqlx::migrate::{MigrateError, Migrator};

use super::{Backend, Db};

/// A service's migrations, embedded: the same names for both engines. Made by [`migrations!`](crate::migrations).
pub struct Migrations {
    pub sqlite: Migrator,
    pub postgres: Migrator,
}

/// Embeds `migrations/sqlite` and `migrations/postgres` of the crate that calls it.
#[macro_export]
macro_rules! migrations {
    () => {
        $crate::db::Migrations {
            sqlite: ::sqlx::migrate!("migrations/sqlite"),
            postgres: ::sqlx::migrate!("migrations/postgres"),
        }
    };
}

impl Migrations {
    /// For a database without tables.
    pub fn none() -> Self {
        Self { sqlite: Migrator::DEFAULT, postgres: Migrator::DEFAULT }
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
