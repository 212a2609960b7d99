//! Which tables there are, read from the database itself: what a migration adds is copied without anybody having to think of it.

use anyhow::{Context, bail};

use super::{Backend, Db, either, list, on, quoted};

/// What belongs to the tools: who migrates and who copies.
const TOOLS: [&str; 2] = ["_sqlx_migrations", "_copy"];

/// Virtual tables and the tables behind them are indexes: they are derived.
const TABLES_SQLITE: &str = "select name from pragma_table_list \
    where schema = 'main' and type = 'table' and name not like 'sqlite~_%' escape '~' order by name";
const TABLES_POSTGRES: &str = "select relname::text from pg_class \
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition order by relname";

/// Name, type, place in the primary key, whether it numbers by itself. Generated columns are left out.
const COLUMNS_SQLITE: &str =
    "select name, lower(type), pk, false from pragma_table_xinfo($1) where hidden = 0 order by name";
const COLUMNS_POSTGRES: &str = "select a.attname::text, t.typname::text, \
    coalesce(array_position(i.indkey::smallint[], a.attnum) + 1, 0)::bigint, a.attidentity <> '' \
    from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid \
    left join pg_index i on i.indrelid = c.oid and i.indisprimary \
    where c.relnamespace = current_schema()::regnamespace and c.relname = $1 \
    and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attname collate \"C\"";

const PARENTS_SQLITE: &str = "select distinct \"table\" from pragma_foreign_key_list($1)";
const PARENTS_POSTGRES: &str = "select distinct f.relname::text from pg_constraint k \
    join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid \
    where k.contype = 'f' and c.relnamespace = current_schema()::regnamespace and c.relname = $1";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Text,
    Bytes,
}

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        Some(match declared {
            "boolean" | "bool" => Self::Bool,
            "smallint" | "integer" | "bigint" | "int2" | "int4" | "int8" => Self::Int,
            "text" => Self::Text,
            "blob" | "bytea" => Self::Bytes,
            _ => return None,
        })
    }

    /// The type of PostgreSQL that holds any such value.
    pub(super) fn postgres(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// By name: the order of both sides.
    pub(super) columns: Vec<Column>,
    /// Where the primary key's columns stand among them; none: the table has no key.
    pub(super) key: Vec<usize>,
    /// The column that PostgreSQL numbers by itself, if it is asked.
    pub(super) numbered: Option<String>,
    parents: Vec<String>,
}

impl Table {
    pub(super) fn same_columns(&self, other: &Self) -> bool {
        self.columns == other.columns
    }

    /// The names of its columns, as they stand in SQL.
    pub(super) fn names(&self) -> String {
        list(self.columns.iter().map(|column| &column.name))
    }

    /// The key's names, as they stand in SQL.
    pub(super) fn key_names(&self) -> String {
        list(self.key.iter().map(|&at| &self.columns[at].name))
    }

    /// `select … from …`, with each value in the widest type of its kind.
    pub(super) fn select(&self, db: &Db) -> String {
        let one = |column: &Column| match db {
            Backend::Sqlite(_) => quoted(&column.name),
            Backend::Postgres(_) => format!("{}::{}", quoted(&column.name), column.kind.postgres()),
        };
        let columns: Vec<_> = self.columns.iter().map(one).collect();
        format!("select {} from {}", columns.join(", "), quoted(&self.name))
    }
}

pub(super) async fn names(db: &Db) -> sqlx::Result<Vec<String>> {
    let sql = either(db, TABLES_SQLITE, TABLES_POSTGRES);
    on!(db.write(), pool => sqlx::query_scalar(sql).fetch_all(pool).await)
}

pub(super) async fn has_table(db: &Db, name: &str) -> sqlx::Result<bool> {
    Ok(names(db).await?.iter().any(|other| other == name))
}

/// Every table that is not of the tools.
pub(super) async fn read(db: &Db) -> anyhow::Result<Vec<Table>> {
    let mut tables = Vec::new();
    for name in names(db).await? {
        if !TOOLS.contains(&&*name) {
            tables.push(table(db, name).await?);
        }
    }
    Ok(tables)
}

async fn table(db: &Db, name: String) -> anyhow::Result<Table> {
    let sql = either(db, COLUMNS_SQLITE, COLUMNS_POSTGRES);
    let found: Vec<(String, String, i64, bool)> =
        on!(db.write(), pool => sqlx::query_as(sql).bind(&name).fetch_all(pool).await)?;
    let sql = either(db, PARENTS_SQLITE, PARENTS_POSTGRES);
    let mut parents: Vec<String> =
        on!(db.write(), pool => sqlx::query_scalar(sql).bind(&name).fetch_all(pool).await)?;
    parents.retain(|parent| *parent != name);
    let mut table = Table { name, columns: Vec::new(), key: Vec::new(), numbered: None, parents };
    let mut key = Vec::new();
    for (at, (name, declared, place, numbered)) in found.into_iter().enumerate() {
        let kind = Kind::of(&declared);
        let kind = kind.with_context(|| format!("{}.{name}: {declared} cannot be copied", table.name))?;
        if place > 0 {
            key.push((place, at));
        }
        if numbered {
            table.numbered = Some(name.clone());
        }
        table.columns.push(Column { name, kind });
    }
    key.sort_unstable();
    table.key = key.into_iter().map(|(_, at)| at).collect();
    Ok(table)
}

/// Rows can refer to what is there already.
pub(super) fn parents_first(mut tables: Vec<Table>) -> anyhow::Result<Vec<Table>> {
    let mut sorted: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let is_there = |name: &String| sorted.iter().any(|table| table.name == *name);
        let Some(next) = tables.iter().position(|table| table.parents.iter().all(is_there)) else {
            bail!("tables refer to each other in a circle: {}", tables[0].name);
        };
        sorted.push(tables.remove(next));
    }
    Ok(sorted)
}
