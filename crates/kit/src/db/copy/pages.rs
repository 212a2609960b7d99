//! The rows' way from one database to the other.

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use sqlx::AssertSqlSafe;

use super::{
    Backend, Db,
    progress::{Mark, Progress},
    quoted,
    schema::{Kind, Table},
    value::{Row, Value, bound, of_postgres, of_sqlite},
};
use crate::db::Tx;

/// Rows of one transaction: enough that its fsync does not count, and in memory at once (some 20 MB of the longest).
const PAGE: usize = 1000;

pub(super) async fn copy(
    from: &Db,
    to: &Db,
    progress: &Progress<'_>,
    tables: &[Table],
    mut told: impl FnMut(&str, u64),
) -> anyhow::Result<()> {
    for table in tables {
        let mark = progress.mark(&table.name).await?;
        if mark.done {
            continue;
        }
        let copy = Way { from, to, progress, table };
        let copied = if table.key.is_empty() {
            copy.at_once(&mut told).await
        } else {
            copy.by_pages(mark, &mut told).await
        };
        copied.with_context(|| format!("could not copy table {}", table.name))?;
    }
    Ok(())
}

/// One table's.
struct Way<'a> {
    from: &'a Db,
    to: &'a Db,
    progress: &'a Progress<'a>,
    table: &'a Table,
}

impl Way<'_> {
    async fn by_pages(&self, mut mark: Mark, told: &mut impl FnMut(&str, u64)) -> anyhow::Result<()> {
        let table = self.table;
        while !mark.done {
            let rows = page(self.from, table, mark.after.as_deref()).await?;
            if let Some(last) = rows.last() {
                mark.after = Some(table.key.iter().map(|&at| last[at].clone()).collect());
            }
            mark.rows += rows.len() as u64;
            mark.done = rows.len() < PAGE;
            let mut tx = self.to.begin().await?;
            insert(&mut tx, table, &rows).await?;
            self.progress.set_mark(&mut tx, &table.name, &mark).await?;
            tx.commit().await?;
            told(&table.name, mark.rows);
        }
        Ok(())
    }

    /// Without a key there is no place to go on from: all or nothing.
    async fn at_once(&self, told: &mut impl FnMut(&str, u64)) -> anyhow::Result<()> {
        let table = self.table;
        let mut mark = Mark::default();
        let mut source = self.from.snapshot().await?;
        let mut tx = self.to.begin().await?;
        let mut pages = all(&mut source, table, table.select(self.from)).try_chunks(PAGE);
        while let Some(rows) = pages.try_next().await? {
            insert(&mut tx, table, &rows).await?;
            mark.rows += rows.len() as u64;
        }
        mark.done = true;
        self.progress.set_mark(&mut tx, &table.name, &mark).await?;
        tx.commit().await?;
        told(&table.name, mark.rows);
        Ok(())
    }
}

/// The rows after a key, in its order.
async fn page(db: &Db, table: &Table, after: Option<&[Value]>) -> anyhow::Result<Vec<Row>> {
    let key = table.key_names();
    let mut sql = table.select(db);
    if after.is_some() {
        let parameters: Vec<_> = (1..=table.key.len()).map(|n| format!("${n}")).collect();
        sql += &format!(" where ({key}) > ({})", parameters.join(", "));
    }
    sql += &format!(" order by {key} limit {PAGE}");
    let (sql, after) = (AssertSqlSafe(sql), after.unwrap_or_default());
    match db.read() {
        Backend::Sqlite(pool) => {
            let rows = bound!(sqlx::query(sql), after).fetch_all(pool).await?;
            rows.iter().map(|row| of_sqlite(row, &table.columns)).collect()
        }
        Backend::Postgres(pool) => {
            let rows = bound!(sqlx::query(sql), after).fetch_all(pool).await?;
            rows.iter().map(|row| of_postgres(row, &table.columns)).collect()
        }
    }
}

/// Every row, in whatever order. `select` is [`Table::select`]'s of the same database.
pub(super) fn all<'a>(
    tx: &'a mut Tx,
    table: &'a Table,
    select: String,
) -> BoxStream<'a, anyhow::Result<Row>> {
    let select = AssertSqlSafe(select);
    match tx {
        Backend::Sqlite(tx) => {
            sqlx::query(select).fetch(&mut **tx).map(|row| of_sqlite(&row?, &table.columns)).boxed()
        }
        Backend::Postgres(tx) => {
            sqlx::query(select).fetch(&mut **tx).map(|row| of_postgres(&row?, &table.columns)).boxed()
        }
    }
}

async fn insert(tx: &mut Tx, table: &Table, rows: &[Row]) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let begin = format!("insert into {} ({})", quoted(&table.name), table.names());
    match tx {
        Backend::Sqlite(tx) => {
            let parameters: Vec<_> = (1..=table.columns.len()).map(|n| format!("${n}")).collect();
            let sql = format!("{begin} values ({})", parameters.join(", "));
            for row in rows {
                bound!(sqlx::query(AssertSqlSafe(&*sql)), row).execute(&mut **tx).await?;
            }
        }
        // A column is one parameter, an array: one text for pages of any size, and one round trip for each.
        Backend::Postgres(tx) => {
            let arrays: Vec<_> = (1..)
                .zip(&table.columns)
                .map(|(n, column)| format!("${n}::{}[]", column.kind.postgres()))
                .collect();
            let sql = format!("{begin} overriding system value select * from unnest({})", arrays.join(", "));
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (at, column) in table.columns.iter().enumerate() {
                let values = rows.iter().map(|row| &row[at]);
                query = match column.kind {
                    Kind::Bool => query.bind(values.map(Value::bool).collect::<Vec<_>>()),
                    Kind::Int => query.bind(values.map(Value::int).collect::<Vec<_>>()),
                    Kind::Text => query.bind(values.map(Value::text).collect::<Vec<_>>()),
                    Kind::Bytes => query.bind(values.map(Value::bytes).collect::<Vec<_>>()),
                };
            }
            query.execute(&mut **tx).await?;
        }
    }
    Ok(())
}
