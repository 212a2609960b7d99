//! Puts what was numbered into the tables, many rows a statement.

use std::sync::{Arc, LazyLock};

use kit::db::{Backend, Tx, on};

use super::{Outcome, Work};
use crate::store::{
    Result,
    bulk::{Inserts, cut},
    keys::Owned,
};

pub(super) struct EntryRow<'a> {
    /// Which act it is.
    pub(super) act: usize,
    pub(super) conversation: i64,
    pub(super) seq: i64,
    pub(super) author: i64,
    pub(super) recipient: Option<i64>,
    pub(super) at: i64,
    pub(super) channel_version: Option<i64>,
    pub(super) reply_to: Option<i64>,
    pub(super) of_seq: Option<i64>,
    pub(super) kind: i16,
    pub(super) text: &'a str,
    pub(super) trace: Option<[u8; 16]>,
    /// As JSON, both of them.
    pub(super) tags: Option<String>,
    pub(super) splits: Option<String>,
}

pub(super) struct KeyRow<'a> {
    pub(super) owned: Owned<'a>,
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) hash: &'a [u8; 32],
}

const ADVANCE: &str = "update log_head set n = n + $1 returning n";

const ENTRY: &str = "insert into entries
    (n, conversation, seq, author, recipient, at, channel_version, reply_to, of_seq, kind, redacted, text, trace, tags, splits)";
const KEY: &str = "insert into keys (key, author, conversation, seq, at, hash)";
const ENTRIES_POSTGRES: &str = "insert into entries
    (n, conversation, seq, author, recipient, at, channel_version, reply_to, of_seq, kind, redacted, text, trace, tags, splits)
    select n, conversation, seq, author, recipient, at, channel_version, reply_to, of_seq, kind, false, text, trace, tags, splits
    from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::smallint[], $11::text[], $12::bytea[], $13::text[], $14::text[])
    as t (n, conversation, seq, author, recipient, at, channel_version, reply_to, of_seq, kind, text, trace, tags, splits)";
const KEYS_POSTGRES: &str = "insert into keys (key, author, conversation, seq, at, hash)
    select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])";

static ENTRIES_SQLITE: LazyLock<Inserts> = LazyLock::new(|| Inserts::new(ENTRY, 15));
static KEYS_SQLITE: LazyLock<Inserts> = LazyLock::new(|| Inserts::new(KEY, 6));

impl Work<'_> {
    /// Everything numbered so far goes into the tables.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let count = self.rows.len() as i64;
        let head: i64 =
            on!(&mut self.tx, t => sqlx::query_scalar(ADVANCE).bind(count).fetch_one(&mut **t).await)?;
        let first = head - count + 1;
        entries(&mut self.tx, first, &self.rows).await?;
        keys(&mut self.tx, &self.keys).await?;
        for (position, row) in (first..).zip(self.rows.drain(..)) {
            if let Some(Outcome::Stored(stored)) = &mut self.outcomes[row.act] {
                Arc::get_mut(stored).expect("nobody was told yet").position = position;
            }
        }
        self.keys.clear();
        Ok(())
    }
}

async fn entries(tx: &mut Tx, first: i64, rows: &[EntryRow<'_>]) -> Result<()> {
    match tx {
        Backend::Sqlite(t) => {
            let mut position = first;
            for (sql, chunk) in cut(&ENTRIES_SQLITE, rows) {
                let mut query = sqlx::query(sql);
                for row in chunk {
                    query = query
                        .bind(position)
                        .bind(row.conversation)
                        .bind(row.seq)
                        .bind(row.author)
                        .bind(row.recipient)
                        .bind(row.at)
                        .bind(row.channel_version)
                        .bind(row.reply_to)
                        .bind(row.of_seq)
                        .bind(row.kind)
                        .bind(false)
                        .bind(row.text)
                        .bind(row.trace.as_ref().map(|trace| &trace[..]))
                        .bind(row.tags.as_deref())
                        .bind(row.splits.as_deref());
                    position += 1;
                }
                query.execute(&mut **t).await?;
            }
        }
        Backend::Postgres(t) => {
            let column = |value: fn(&EntryRow<'_>) -> i64| rows.iter().map(value).collect::<Vec<i64>>();
            let option = |value: fn(&EntryRow<'_>) -> Option<i64>| rows.iter().map(value).collect::<Vec<_>>();
            sqlx::query(ENTRIES_POSTGRES)
                .bind((first..first + rows.len() as i64).collect::<Vec<_>>())
                .bind(column(|row| row.conversation))
                .bind(column(|row| row.seq))
                .bind(column(|row| row.author))
                .bind(option(|row| row.recipient))
                .bind(column(|row| row.at))
                .bind(option(|row| row.channel_version))
                .bind(option(|row| row.reply_to))
                .bind(option(|row| row.of_seq))
                .bind(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.text).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.trace.as_ref().map(|trace| &trace[..])).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.tags.as_deref()).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.splits.as_deref()).collect::<Vec<_>>())
                .execute(&mut **t)
                .await?;
        }
    }
    Ok(())
}

async fn keys(tx: &mut Tx, rows: &[KeyRow<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    match tx {
        Backend::Sqlite(t) => {
            for (sql, chunk) in cut(&KEYS_SQLITE, rows) {
                let mut query = sqlx::query(sql);
                for row in chunk {
                    let (key, author, conversation) = row.owned;
                    query = query
                        .bind(key)
                        .bind(author)
                        .bind(conversation)
                        .bind(row.seq)
                        .bind(row.at)
                        .bind(&row.hash[..]);
                }
                query.execute(&mut **t).await?;
            }
        }
        Backend::Postgres(t) => {
            sqlx::query(KEYS_POSTGRES)
                .bind(rows.iter().map(|row| row.owned.0).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.owned.1).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.owned.2).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.seq).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.at).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| &row.hash[..]).collect::<Vec<_>>())
                .execute(&mut **t)
                .await?;
        }
    }
    Ok(())
}
