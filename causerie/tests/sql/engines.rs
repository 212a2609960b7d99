//! The two engines, each with the tables of one service.

use kit::{
    db::{Backend, Migrations},
    testing::TestDb,
};
use sqlx::{AssertSqlSafe, Executor, Postgres, SqlSafeStr, Type, postgres::PgTypeInfo};

use crate::texts::On;

pub(crate) struct Engines {
    sqlite: TestDb,
    postgres: TestDb,
}

impl Engines {
    pub(crate) async fn start(migrations: &Migrations) -> Self {
        Self {
            sqlite: kit::testing::sqlite(migrations).await,
            postgres: kit::testing::postgres(migrations).await,
        }
    }

    /// Who of those that are to take a text does not, and why. `types`: of its parameters, for PostgreSQL, if it does not find them.
    pub(crate) async fn refusals(&self, place: &str, sql: &str, on: On, types: &str) -> Vec<String> {
        let mut told = Vec::new();
        let types: Vec<PgTypeInfo> = types.chars().map(type_of).collect();
        for (engine, db, other) in
            [("SQLite", &self.sqlite, On::Postgres), ("PostgreSQL", &self.postgres, On::Sqlite)]
        {
            if on == other {
                continue;
            }
            let text = AssertSqlSafe(sql).into_sql_str();
            let prepared = match db.write() {
                // To SQLite `$1::text` is the name of a parameter, which nobody binds.
                Backend::Sqlite(_) if sql.contains("::") => {
                    told.push(format!("{place}: SQLite has no ::, as in {sql:?}"));
                    continue;
                }
                Backend::Sqlite(pool) => pool.prepare(text).await.map(drop),
                Backend::Postgres(pool) => pool.prepare_with(text, &types).await.map(drop),
            };
            if let Err(error) = prepared {
                told.push(format!("{place}: {engine} refuses {sql:?}: {error}"));
            }
        }
        told
    }
}

fn type_of(letter: char) -> PgTypeInfo {
    match letter {
        's' => <i16 as Type<Postgres>>::type_info(),
        'l' => <i64 as Type<Postgres>>::type_info(),
        't' => <str as Type<Postgres>>::type_info(),
        other => panic!("no type is {other}"),
    }
}
