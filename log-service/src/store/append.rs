use api::Timestamp;
use kit::db::{Backend, on};

use super::Store;
use crate::domain::NewRecord;

// Whoever has this row's lock has the next ids, so that ids are in the order of commits: who has seen one has seen all below.
const TAKE_IDS: &str = "update totals set last_id = last_id + $1, records = records + $1, bytes = bytes + $2
    where only_row = 1 returning last_id";

// A batch is one statement. SQLite has no arrays: there the batch is one JSON text.
const INSERT_SQLITE: &str =
    "insert into records (id, received, at, service, instance, level, message, fields, trace_id, bytes)
    select $1 + key, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
    from json_each($3)";
const INSERT_POSTGRES: &str =
    "insert into records (id, received, at, service, instance, level, message, fields, trace_id, bytes)
    select $1 + given.place - 1, $2, given.at, given.service, given.instance, given.level, given.message, given.fields,
        given.trace_id, given.bytes
    from unnest($3::bigint[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::text[], $9::text[], $10::integer[])
        with ordinality as given (at, service, instance, level, message, fields, trace_id, bytes, place)";

impl Store {
    /// Stores all of a batch or nothing; gives the last id.
    pub async fn append(&self, batch: &[NewRecord], now: Timestamp) -> sqlx::Result<i64> {
        let count = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        let bytes: i64 = batch.iter().map(|record| i64::from(record.bytes())).sum();
        let mut tx = self.db.begin().await?;
        let last: i64 = on!(&mut tx, t => {
            sqlx::query_scalar(TAKE_IDS).bind(count).bind(bytes).fetch_one(&mut **t).await
        })?;
        let first = last - count + 1;
        match &mut tx {
            Backend::Sqlite(t) => {
                let insert = sqlx::query(INSERT_SQLITE).bind(first).bind(now.0).bind(as_json(batch));
                insert.execute(&mut **t).await?;
            }
            Backend::Postgres(t) => {
                let column = |of: fn(&NewRecord) -> &str| batch.iter().map(of).collect::<Vec<_>>();
                sqlx::query(INSERT_POSTGRES)
                    .bind(first)
                    .bind(now.0)
                    .bind(batch.iter().map(|record| record.at.0).collect::<Vec<_>>())
                    .bind(column(|record| &record.service))
                    .bind(column(|record| &record.instance))
                    .bind(batch.iter().map(|record| record.level as i16).collect::<Vec<_>>())
                    .bind(column(|record| &record.message))
                    .bind(column(|record| &record.fields))
                    .bind(batch.iter().map(|record| record.trace_id.as_deref()).collect::<Vec<_>>())
                    .bind(batch.iter().map(NewRecord::bytes).collect::<Vec<_>>())
                    .execute(&mut **t)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(last)
    }
}

fn as_json(batch: &[NewRecord]) -> String {
    let row = |r: &NewRecord| {
        serde_json::json!([
            r.at.0,
            r.service,
            r.instance,
            r.level as i16,
            r.message,
            r.fields,
            r.trace_id,
            r.bytes()
        ])
    };
    batch.iter().map(row).collect::<serde_json::Value>().to_string()
}
