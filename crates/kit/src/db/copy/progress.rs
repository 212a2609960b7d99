//! How far a copy has come, kept in its target.

use anyhow::{bail, ensure};
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;

use super::{Db, on, quoted, schema, schema::Table, value::Value};
use crate::db::Tx;

const CREATE: &str = "create table _copy (what text not null primary key, value text not null)";
const GET: &str = "select value from _copy where what = $1";
const SET: &str =
    "insert into _copy (what, value) values ($1, $2) on conflict (what) do update set value = excluded.value";
/// Marks name keys, which may be people's names: they go with the copy.
const FORGET_MARKS: &str = "delete from _copy where what not in ('source', 'finished')";

/// Which database it is a copy of, by service and epoch.
const SOURCE: &str = "source";
/// The rows that the migrations had brought are gone.
const CLEARED: &str = "cleared";
const FINISHED: &str = "finished";

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The key of the last row that is there.
    pub(super) after: Option<Vec<Value>>,
    pub(super) rows: u64,
    pub(super) done: bool,
}

pub(super) struct Progress<'a> {
    to: &'a Db,
    finished: bool,
}

impl<'a> Progress<'a> {
    /// Begins in a database without tables, or goes on with a copy of the same source.
    pub(super) async fn begin(to: &'a Db, source: &str) -> anyhow::Result<Self> {
        let tables = schema::names(to).await?;
        if tables.iter().any(|name| name == "_copy") {
            let begun = get(to, SOURCE).await?.unwrap_or_default();
            ensure!(begun == source, "the target is a copy of another database ({begun}, not {source})");
            return Ok(Self { to, finished: get(to, FINISHED).await?.is_some() });
        }
        if let Some(table) = tables.first() {
            bail!("the target is not empty, it has a table {table}: name an empty database");
        }
        let mut tx = to.begin().await?;
        on!(&mut tx, t => sqlx::query(CREATE).execute(&mut **t).await.map(drop))?;
        set(&mut tx, SOURCE, source).await?;
        tx.commit().await?;
        Ok(Self { to, finished: false })
    }

    /// All was there and the same.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Removes what the migrations have put into the tables, once: the source has the same rows, as they are now.
    pub(super) async fn clear(&self, parents_first: &[Table]) -> anyhow::Result<()> {
        if get(self.to, CLEARED).await?.is_some() {
            return Ok(());
        }
        let mut tx = self.to.begin().await?;
        for table in parents_first.iter().rev() {
            let sql = format!("delete from {}", quoted(&table.name));
            on!(&mut tx, t => sqlx::query(AssertSqlSafe(sql)).execute(&mut **t).await.map(drop))?;
        }
        set(&mut tx, CLEARED, "").await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn mark(&self, table: &str) -> anyhow::Result<Mark> {
        let found = get(self.to, &of_table(table)).await?;
        Ok(found.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
    }

    /// Within the transaction that brings the rows.
    pub(super) async fn set_mark(&self, tx: &mut Tx, table: &str, mark: &Mark) -> anyhow::Result<()> {
        Ok(set(tx, &of_table(table), &serde_json::to_string(mark)?).await?)
    }

    /// From here on the target may be served.
    pub(super) async fn finish(&self) -> anyhow::Result<()> {
        let mut tx = self.to.begin().await?;
        on!(&mut tx, t => sqlx::query(FORGET_MARKS).execute(&mut **t).await.map(drop))?;
        set(&mut tx, FINISHED, "").await?;
        Ok(tx.commit().await?)
    }
}

pub(super) async fn refuse_unfinished(db: &Db) -> anyhow::Result<()> {
    if schema::has_table(db, "_copy").await? && get(db, FINISHED).await?.is_none() {
        bail!("this database is half of a copy: run the same `causerie copy` again, it goes on where it was");
    }
    Ok(())
}

fn of_table(name: &str) -> String {
    format!("table {name}")
}

async fn get(db: &Db, what: &str) -> sqlx::Result<Option<String>> {
    on!(db.write(), pool => sqlx::query_scalar(GET).bind(what).fetch_optional(pool).await)
}

async fn set(tx: &mut Tx, what: &str, value: &str) -> sqlx::Result<()> {
    on!(tx, t => sqlx::query(SET).bind(what).bind(value).execute(&mut **t).await.map(drop))
}
