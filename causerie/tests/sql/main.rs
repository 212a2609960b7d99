//! Every text of SQL in the services is prepared by both engines, on the tables that the migrations make: this fails for a text that
//! one of them refuses, and for a query whose text it cannot see.
//!
//! sqlx takes a `&'static str` only, unless somebody vouches for a text that was made at run time: so all there is stands in the
//! sources, and whoever vouches is found by that word.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

mod engines;
mod queries;
mod shards;
mod sources;
mod texts;

use kit::db::Migrations;

use self::{
    engines::Engines,
    sources::{Crate, File},
    texts::On,
};

/// Texts for one engine only that do not say so in their name. The pragmas and vacuums are SQLite's anyway.
const ONE_ENGINE: &[(&str, &str, On)] = &[
    ("channel-service/src/store/ledger.rs", "select pg_advisory_xact_lock", On::Postgres),
    ("message-service/src/store/erase.rs", "select page_count * page_size", On::Sqlite),
    ("user-service/src/store/marks.rs", "select cast(unixepoch(", On::Sqlite),
    ("user-service/src/store/marks.rs", "select (extract(epoch from clock_timestamp())", On::Postgres),
];

/// Texts in which PostgreSQL finds the type of a parameter too late (`$6 is null or service = $6`): what is bound, as `smallint`, `bigint`
/// (l) and `text`.
const TYPED: &[(&str, &str, &str)] = &[
    ("log-service/src/store/follow.rs", "BETWEEN_POSTGRES", "llllstttl"),
    ("log-service/src/store/page.rs", "ANY_POSTGRES", "llllsttlt"),
    ("log-service/src/store/page.rs", "TRACE_POSTGRES", "llllsttlt"),
];

/// Texts that are made at run time, from the beginning that stands in a constant: `Inserts::new(BEGINNING, columns)`.
const MADE: &[(&str, &str, usize)] = &[
    ("message-service/src/store/append/insert.rs", "ENTRY", 15),
    ("message-service/src/store/append/insert.rs", "KEY", 6),
];
/// As many rows as `message-service/src/store/bulk.rs` makes statements for.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// What is wrong with the texts of one service.
async fn check(name: &str, migrations: &Migrations, least: usize) {
    let sources = Crate::read(name);
    let engines = Engines::start(migrations).await;
    let wrong = wrong(&sources, &engines).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Somebody who moves the SQL elsewhere moves this along.
    let found = sources.texts().count();
    assert!(found >= least, "{name}: {found} texts are found, there were {least}");
}

async fn wrong(sources: &Crate, engines: &Engines) -> Vec<String> {
    let mut wrong = queries::unseen(sources);
    for (file, text) in sources.texts() {
        let place = &file.path;
        let is_it = |path: &str, name: &str| path == place && text.name.as_deref() == Some(name);
        if let Some((.., columns)) = MADE.iter().find(|(path, name, _)| is_it(path, name)) {
            for rows in SIZES {
                wrong.extend(
                    engines.refusals(place, &inserts(&text.sql, *columns, rows), On::Sqlite, "").await,
                );
            }
            continue;
        }
        let one = ONE_ENGINE.iter().find(|(path, start, _)| path == place && text.sql.starts_with(start));
        let on = one.map_or(text.on, |(.., on)| *on);
        let types = TYPED.iter().find(|(path, name, _)| is_it(path, name)).map_or("", |(.., types)| types);
        wrong.extend(engines.refusals(place, &text.sql, on, types).await);
    }
    wrong
}

fn inserts(beginning: &str, columns: usize, rows: usize) -> String {
    let row = |at: usize| {
        let parameters: Vec<_> = (1..=columns).map(|column| format!("${}", at * columns + column)).collect();
        format!("({})", parameters.join(", "))
    };
    format!("{beginning} values {}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
}

#[tokio::test]
async fn both_engines_take_every_text_of_user_service() {
    check("user-service", &user_service::store::migrations(), 110).await;
}

#[tokio::test]
async fn both_engines_take_every_text_of_channel_service() {
    check("channel-service", &channel_service::migrations(), 60).await;
}

#[tokio::test]
async fn both_engines_take_every_text_of_message_service() {
    check("message-service", &message_service::store::migrations(), 70).await;
}

#[tokio::test]
async fn both_engines_take_every_text_of_log_service() {
    check("log-service", &log_service::store::migrations(), 20).await;
}

/// What is named here is there, and is what it is said to be.
#[test]
fn the_exceptions_are_there() {
    let of = |path: &str| Crate::read(path.split_once('/').unwrap().0);
    for (path, start, _) in ONE_ENGINE {
        assert!(
            of(path).texts().any(|(file, text)| file.path == *path && text.sql.starts_with(start)),
            "{path}: {start}"
        );
    }
    for (path, name, _) in TYPED {
        assert!(
            of(path).texts().any(|(file, text)| file.path == *path && text.name.as_deref() == Some(name)),
            "{path}: {name}"
        );
    }
    for (path, name, columns) in MADE {
        let made = format!("Inserts :: new ({name} , {columns})");
        let sources = of(path);
        let file = sources.files.iter().find(|file| file.path == *path).unwrap();
        assert!(file.tokens.to_string().contains(&made), "{path}: {made}");
    }
}

fn sample(text: &str) -> Crate {
    Crate::from(vec![File::parse("sample.rs", text)])
}

async fn wrong_in(text: &str) -> Vec<String> {
    wrong(&sample(text), &Engines::start(&log_service::store::migrations()).await).await
}

#[tokio::test]
async fn a_text_that_an_engine_refuses_is_told() {
    let fine = r#"const A: &str = "select id from records where id = $1"; fn f() { sqlx::query(A); }"#;
    assert_eq!(wrong_in(fine).await, [""; 0]);
    for (text, refused) in [
        (r#"const A: &str = "select nothing from nowhere";"#, ["SQLite", "PostgreSQL"].as_slice()),
        (r#"fn f() { sqlx::query("select $1::bigint"); }"#, &["SQLite"]),
        (r#"const A: [&str; 2] = ["select 1", "select unixepoch()"];"#, &["PostgreSQL"]),
        (r#"const A_POSTGRES: &str = concat!("select ", "unixepoch()");"#, &["PostgreSQL"]),
        (r#"const A_SQLITE: &str = "select unixepoch()";"#, &[]),
        (
            r#"macro_rules! of { ($a:literal) => { concat!("select ", $a) } } const A: &str = of!("no");"#,
            &["SQLite", "PostgreSQL"],
        ),
        (r#"const A: Sql = Sql { sqlite: "select unixepoch()", postgres: "select 1 1" };"#, &["PostgreSQL"]),
        (
            r#"fn f(pool: &Pool) { pool.execute(match 1 { 1 => "delete from nowhere", _ => "x" }) }"#,
            &["SQLite", "PostgreSQL"],
        ),
    ] {
        let wrong = wrong_in(text).await;
        assert_eq!(wrong.len(), refused.len(), "{text}: {wrong:?}");
        for (wrong, refused) in wrong.iter().zip(refused) {
            assert!(wrong.contains(refused), "{text}: {wrong}");
        }
    }
}

#[test]
fn a_text_that_cannot_be_seen_is_told() {
    let consts = r#"const A: &str = "select 1"; const B: &str = "select 2";"#;
    for seen in [
        "fn f() { sqlx::query_as::<_, (i64,)>(A).bind(1); }",
        "fn f() { on!(pool, p => sqlx::query_scalar(A).fetch(p)) }",
        "fn f() { let sql = match x { 1 => A, _ => B }; sqlx::query(sql); }",
        "fn f() { for sql in [A, B] { sqlx::query(sql); } }",
        "fn read(n: i64, sql: &'static str) { sqlx::query(sql); } fn f() { self.read(1, A); other.read(); }",
        "macro_rules! all { ($tx:expr, $sql:expr $(, $arg:expr)*) => { sqlx::query($sql) } } fn f() { all!(tx, A, 1); }",
    ] {
        assert_eq!(queries::unseen(&sample(&format!("{consts} {seen}"))), [""; 0], "{seen}");
    }
    for unseen in [
        "fn f() { sqlx::query(made()); }",
        "fn f() { let sql = made(); sqlx::query(sql); }",
        "fn f() { let sql = if x { A } else { made(B) }; sqlx::query(sql.leak()); }",
        "fn f() { sqlx::query(C); }",
        "fn f() { sqlx::query(AssertSqlSafe(format!(\"select {n}\"))); }",
        "fn f() { QueryBuilder::new(\"select \"); }",
        "fn read(n: i64, sql: &'static str) { sqlx::query(sql); } fn f() { self.read(1, made()); }",
        "macro_rules! all { ($tx:expr, $sql:expr) => { sqlx::query($sql) } } fn f() { all!(tx, made()); }",
        "const D: Sql = Sql { sqlite: \"selec 1\", postgres: \"select 1\" };",
        "fn f() { sqlx::query(\"selec 1\"); }",
        "const D: &str = \"selec 1\"; fn f() { for sql in [A, D] { sqlx::query(sql); } }",
        "const D: &str = include_str!(\"x.sql\");",
    ] {
        let told = queries::unseen(&sample(&format!("{consts} {unseen}")));
        assert!(!told.is_empty(), "{unseen}");
    }
}
