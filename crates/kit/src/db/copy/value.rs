//! What stands in a row, as both engines understand it.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{Row as _, TypeInfo as _, ValueRef as _, postgres::PgRow, sqlite::SqliteRow};

use super::schema::{Column, Kind};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

pub(super) type Row = Vec<Value>;

/// What an array of one type is made of; null is null in each.
impl Value {
    pub(super) fn bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    pub(super) fn int(&self) -> Option<i64> {
        if let Self::Int(value) = self { Some(*value) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(value) = self { Some(value) } else { None }
    }

    pub(super) fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(value) = self { Some(value) } else { None }
    }
}

/// SQLite keeps what it was given, whatever the column's type: what PostgreSQL would not take is found here, by name.
pub(super) fn of_sqlite(row: &SqliteRow, columns: &[Column]) -> anyhow::Result<Row> {
    let one = |(at, column): (usize, &Column)| {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        let stored = raw.type_info().name().to_owned();
        drop(raw);
        Ok(match (column.kind, &*stored) {
            (Kind::Int, "INTEGER") => Value::Int(row.try_get_unchecked(at)?),
            (Kind::Bool, "INTEGER" | "BOOLEAN") => match row.try_get_unchecked::<i64, _>(at)? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => bail!("column {} holds {other}, which is no boolean", column.name),
            },
            (Kind::Text, "TEXT") => {
                Value::Text(row.try_get_unchecked(at).with_context(|| format!("column {}", column.name))?)
            }
            (Kind::Bytes, "BLOB") => Value::Bytes(row.try_get_unchecked(at)?),
            (kind, stored) => bail!("column {} holds {stored} where {kind:?} belongs", column.name),
        })
    };
    columns.iter().enumerate().map(one).collect()
}

pub(super) fn of_postgres(row: &PgRow, columns: &[Column]) -> anyhow::Result<Row> {
    let one = |(at, column): (usize, &Column)| {
        let value = match column.kind {
            Kind::Bool => row.try_get::<Option<bool>, _>(at)?.map(Value::Bool),
            Kind::Int => row.try_get::<Option<i64>, _>(at)?.map(Value::Int),
            Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Value::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Value::Bytes),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    columns.iter().enumerate().map(one).collect()
}

/// A row's hash: each value by its type, its length and its bytes, so that no two rows look the same.
pub(super) fn digest(row: &Row) -> u128 {
    let mut hash = Sha256::new();
    let mut bytes = |tag: u8, bytes: &[u8]| {
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for value in row {
        match value {
            Value::Null => bytes(0, &[]),
            Value::Bool(value) => bytes(1, &[u8::from(*value)]),
            Value::Int(value) => bytes(2, &value.to_be_bytes()),
            Value::Text(value) => bytes(3, value.as_bytes()),
            Value::Bytes(value) => bytes(4, value),
        }
    }
    let digest = hash.finalize();
    // Half of it tells any two rows apart.
    digest.iter().take(16).fold(0, |sum, &byte| sum << 8 | u128::from(byte))
}

/// Binds one value after the other.
macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Null => query.bind(None::<String>),
                Value::Bool(value) => query.bind(*value),
                Value::Int(value) => query.bind(*value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}
pub(super) use bound;
