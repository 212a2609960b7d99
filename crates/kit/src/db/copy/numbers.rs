//! Numbers that a database gives by itself go on after the highest that the source ever gave: none is given twice, not even one
//! whose row is gone.

use sqlx::AssertSqlSafe;

use super::{Backend, Db, on, quoted, schema::Table};

/// SQLite has that table only if some table counts so.
const COUNTS_SQLITE: &str = "select count(*) > 0 from sqlite_master where name = 'sqlite_sequence'";
const LAST_SQLITE: &str = "select seq from sqlite_sequence where name = $1";
const LAST_POSTGRES: &str = "select pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass)";

const FORGET_SQLITE: &str = "delete from sqlite_sequence where name = $1";
const GO_ON_SQLITE: &str = "insert into sqlite_sequence (name, seq) \
    select name, $2 from sqlite_master where type = 'table' and name = $1 and sql like '%autoincrement%'";
const GO_ON_POSTGRES: &str = "select setval(pg_get_serial_sequence($1, $2)::regclass, $3)";

pub(super) async fn carry_on(from: &Db, to: &Db, tables: &[Table]) -> sqlx::Result<()> {
    for table in tables {
        let Some(column) = &table.numbered else { continue };
        let sql = format!("select max({}) from {}", quoted(column), quoted(&table.name));
        let highest: Option<i64> =
            on!(from.read(), pool => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await)?;
        let last = last(from, &table.name, column).await?.max(highest);
        if let Some(last) = last {
            go_on(to, &table.name, column, last).await?;
        }
    }
    Ok(())
}

/// The last that was given, if the database knows.
async fn last(db: &Db, table: &str, column: &str) -> sqlx::Result<Option<i64>> {
    match db.read() {
        Backend::Sqlite(pool) => {
            if !sqlx::query_scalar(COUNTS_SQLITE).fetch_one(pool).await? {
                return Ok(None);
            }
            sqlx::query_scalar(LAST_SQLITE).bind(table).fetch_optional(pool).await
        }
        Backend::Postgres(pool) => {
            sqlx::query_scalar(LAST_POSTGRES).bind(quoted(table)).bind(column).fetch_one(pool).await
        }
    }
}

async fn go_on(db: &Db, table: &str, column: &str, last: i64) -> sqlx::Result<()> {
    match db.write() {
        Backend::Sqlite(pool) => {
            if sqlx::query_scalar(COUNTS_SQLITE).fetch_one(pool).await? {
                sqlx::query(FORGET_SQLITE).bind(table).execute(pool).await?;
                sqlx::query(GO_ON_SQLITE).bind(table).bind(last).execute(pool).await?;
            }
        }
        Backend::Postgres(pool) => {
            let query = sqlx::query(GO_ON_POSTGRES).bind(quoted(table)).bind(column).bind(last);
            query.execute(pool).await?;
        }
    }
    Ok(())
}
