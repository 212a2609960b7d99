//! Whether both databases hold the same.

use anyhow::{Context, ensure};
use futures_util::TryStreamExt;

use super::{Compared, Db, pages, schema::Table, value::digest};

/// Reads every table on both sides; `why` is said of one that differs.
pub(super) async fn compare(
    from: &Db,
    to: &Db,
    tables: &[Table],
    why: &str,
) -> anyhow::Result<Vec<Compared>> {
    let mut compared = Vec::with_capacity(tables.len());
    for table in tables {
        let what = || format!("could not compare table {}", table.name);
        let (source, target) = tokio::join!(sum(from, table), sum(to, table));
        let (source, target) = (source.with_context(what)?, target.with_context(what)?);
        ensure!(
            source == target,
            "table {} differs: {} rows with checksum {:032x} in the source, {} with {:032x} in the target: {why}",
            table.name,
            source.rows,
            source.checksum,
            target.rows,
            target.checksum,
        );
        compared.push(source);
    }
    Ok(compared)
}

/// Rows are added up, so that their order, in which the engines differ, is none of its business; a row that is there twice counts twice.
async fn sum(db: &Db, table: &Table) -> anyhow::Result<Compared> {
    let mut snapshot = db.snapshot().await?;
    let mut rows = pages::all(&mut snapshot, table, table.select(db));
    let mut sum = Compared { table: table.name.clone(), rows: 0, checksum: 0 };
    while let Some(row) = rows.try_next().await? {
        sum.rows += 1;
        sum.checksum = sum.checksum.wrapping_add(digest(&row));
    }
    Ok(sum)
}
