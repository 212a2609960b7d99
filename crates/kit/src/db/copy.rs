//! Moves a service's database into another one, of the other engine as a rule: the same rows, in the tables that the migrations
//! make there.
//!
//! Rows go page by page, in the order of their key; the transaction that brings a page also notes how far it goes (see
//! [`Progress`]). So a copy that was cut off at any moment goes on where it was. At the end every table is read on both
//! sides and compared. What is only derived from other tables is not copied: [`Migrations::derived`].

mod check;
mod numbers;
mod pages;
mod progress;
mod schema;
mod value;

use anyhow::{Context, bail, ensure};
use api::auth::ServiceName;

use self::{progress::Progress, schema::Table};
use super::{Backend, Claim, Db, Migrations, connect, on, sqlite_path};
use crate::config::SecretUrl;

/// What was applied to a database, in order.
const APPLIED: &str = "select version, checksum from _sqlx_migrations where success order by version";
const ANALYZE: &str = "analyze";

/// What is wrong if a table differs.
const CHANGED: &str = "one of the two was changed meanwhile: empty the target and copy again";
const USED_SINCE: &str = "the copy was finished before, and one of the two was used since";

/// Two databases of one service, claimed: nobody else writes to either.
pub struct Copy {
    pub name: ServiceName,
    from: Db,
    to: Db,
    migrations: Migrations,
    _claims: [Claim; 2],
}

/// One table that is the same on both sides.
#[derive(Debug, PartialEq, Eq)]
pub struct Compared {
    pub table: String,
    pub rows: u64,
    /// Of all its rows, whatever their order.
    pub checksum: u128,
}

impl Copy {
    /// Opens both, and finds out whose database the first one is.
    ///
    /// # Errors
    /// There is no such database, it is of another release, or in use; the second one holds something else.
    pub async fn open(
        from: &SecretUrl,
        to: &SecretUrl,
        services: impl IntoIterator<Item = (ServiceName, Migrations)>,
    ) -> anyhow::Result<Self> {
        if let Some(path) = sqlite_path(from) {
            // Opened, it would be made.
            ensure!(path.exists(), "there is no database at {from}");
        }
        let source = connect::open(from).await?;
        let (name, migrations) = whose(&source, services).await.with_context(|| from.to_string())?;
        let claim = source.claim_now(name).await?;
        let target = connect::open(to).await?;
        let claims = [claim, target.claim_now(name).await?];
        Ok(Self { name, from: source, to: target, migrations, _claims: claims })
    }

    /// Copies what is missing and compares all. `told` hears how many rows of a table are there, after each page.
    ///
    /// # Errors
    /// A database that does not answer; a target that holds something else; a table that differs, by its name.
    pub async fn run(&self, told: impl FnMut(&str, u64)) -> anyhow::Result<Vec<Compared>> {
        let (from, to) = (&self.from, &self.to);
        // The source is known by its epoch; what never had one gets one.
        let epoch = from.epoch().await?;
        let progress = Progress::begin(to, &format!("{} {epoch}", self.name)).await?;
        if progress.is_finished() {
            // It may have been in use since, and is only looked at.
            return check::compare(from, to, &self.tables().await?, USED_SINCE).await;
        }
        self.migrations.run(to).await?;
        to.make_epoch_table().await?;
        let tables = self.tables().await?;
        progress.clear(&tables).await?;
        pages::copy(from, to, &progress, &tables, told).await?;
        numbers::carry_on(from, to, &tables).await?;
        // Until it knows its tables, PostgreSQL may read all of them for one row.
        on!(to.write(), pool => sqlx::query(ANALYZE).execute(pool).await.map(drop))?;
        let compared = check::compare(from, to, &tables, CHANGED).await?;
        progress.finish().await?;
        Ok(compared)
    }

    /// The tables that are copied, each after those that it refers to.
    async fn tables(&self) -> anyhow::Result<Vec<Table>> {
        let (from, to) = (schema::read(&self.from).await?, schema::read(&self.to).await?);
        let copied = |tables: Vec<Table>| -> Vec<Table> {
            tables.into_iter().filter(|table| !self.migrations.derived.contains(&&*table.name)).collect()
        };
        let (from, to) = (copied(from), copied(to));
        for table in from.iter().chain(&to) {
            let [here, there] = [&from, &to].map(|side| side.iter().find(|other| other.name == table.name));
            let same = here.zip(there).is_some_and(|(here, there)| here.same_columns(there));
            ensure!(same, "table {} is not the same in both databases", table.name);
        }
        let numbered = |mut table: Table| {
            let there = to.iter().find(|there| there.name == table.name);
            table.numbered = table.numbered.or_else(|| there?.numbered.clone());
            table
        };
        schema::parents_first(from.into_iter().map(numbered).collect())
    }

    /// Lets the connections end.
    pub async fn close(self) {
        self.from.close().await;
        self.to.close().await;
    }
}

/// A service's database is known by its first migration; it must have had all the others as well.
async fn whose(
    db: &Db,
    services: impl IntoIterator<Item = (ServiceName, Migrations)>,
) -> anyhow::Result<(ServiceName, Migrations)> {
    ensure!(schema::has_table(db, "_sqlx_migrations").await?, "this is no service's database");
    let applied: Vec<(i64, Vec<u8>)> = on!(db.read(), pool => sqlx::query_as(APPLIED).fetch_all(pool).await)?;
    for (name, migrations) in services {
        let known: Vec<(i64, Vec<u8>)> =
            migrations.of(db).iter().map(|known| (known.version, known.checksum.to_vec())).collect();
        if known.is_empty() || known.first() != applied.first() {
            continue;
        }
        ensure!(
            known == applied,
            "another release ran {name} on this database last: start this one on it once, so that its tables are up to date"
        );
        return Ok((name, migrations));
    }
    bail!("this is no service's database")
}

impl Db {
    async fn claim_now(&self, name: ServiceName) -> anyhow::Result<Claim> {
        let claim = self.claim_for_tool(name).await?;
        claim.with_context(|| format!("{}: stop it first", self.in_use(name)))
    }

    /// Half of an installation must not be served.
    ///
    /// # Errors
    /// A copy into this database has begun and not ended.
    pub async fn refuse_half_a_copy(&self) -> anyhow::Result<()> {
        progress::refuse_unfinished(self).await
    }
}

/// A name as it stands in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    names.into_iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// As [`Backend`] has it, for texts that differ.
fn either<'a>(db: &Db, sqlite: &'a str, postgres: &'a str) -> &'a str {
    match db {
        Backend::Sqlite(_) => sqlite,
        Backend::Postgres(_) => postgres,
    }
}
