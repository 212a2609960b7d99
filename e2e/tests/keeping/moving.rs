use std::{process::Stdio, time::Duration};

use e2e::{Gateway, Logs, Messages, Plan, ServiceName, Town, Users, until};
use kit::{config::SecretUrl, testing::postgres_url};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::life::Life;

const OWNERS: [ServiceName; 4] = [Users, e2e::Channels, Messages, Logs];
/// Enough that a copy of them takes seconds.
const MANY_RECORDS: &str =
    "with recursive some (n) as (select 1 union all select n + 1 from some where n < 60000)
    insert into records (id, at, received, service, instance, level, message, fields, bytes)
    select 1000000 + n, n, n, 'gateway', '1-a', 2, 'record ' || n, '{}', 40 from some";
const COPIED: &str = "select count(*) from records";
const WITHIN: Duration = Duration::from_secs(30);

async fn copy(town: &Town, from: &str, to: &str) -> (bool, String) {
    let output = town.run(&["copy", "--from", from, "--to", to]).await;
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&told).into_owned())
}

/// The same keys, with databases of its own.
async fn served_from(old: &Town, databases: &[(ServiceName, SecretUrl)]) -> Town {
    let secrets = format!("secrets={}", old.data().join("secrets").display());
    let plan = databases.iter().fold(Plan::one_process().set(&secrets), |plan, (name, url)| {
        plan.set(&format!("{name}.database={}", url.expose()))
    });
    plan.start().await
}

#[tokio::test]
async fn a_network_that_moved_to_postgresql_answers_as_before_and_goes_on() {
    let old = Town::one_process().await;
    let life = Life::is_lived(&old).await;
    for name in OWNERS {
        let (_, refused) = copy(&old, &old.database(name), "postgres://nobody@127.0.0.1/none").await;
        assert!(refused.contains("stop it first"), "{refused}");
    }
    let before = life.answers(&old).await;
    old.terminate(Gateway).await;

    let mut databases = Vec::new();
    let mut dropped = Vec::new();
    for name in OWNERS {
        let (url, at_end) = postgres_url().await;
        let (done, told) = copy(&old, &old.database(name), url.expose()).await;
        assert!(done && told.contains("the same on both sides"), "{told}");
        databases.push((name, url));
        dropped.push(at_end);
    }
    let new = served_from(&old, &databases).await;
    assert_eq!(life.answers(&new).await, before);
    // The next numbers are free in every table.
    let next = life.says(&new, "and on it goes").await;
    assert!(next > 3, "{next}");
    Life::begins(&new).await;
}

#[tokio::test]
async fn all_four_move_at_once_from_file_to_file() {
    let old = Town::one_process().await;
    let life = Life::is_lived(&old).await;
    let before = life.answers(&old).await;
    old.terminate(Gateway).await;
    let folder = old.home().join("moved");
    let from = format!("sqlite:{}/{{service}}.db", old.data().display());
    let to = format!("sqlite:{}/{{service}}.db", folder.display());
    let (done, told) = copy(&old, &from, &to).await;
    assert!(done && told.matches("the same on both sides").count() == 4, "{told}");
    let url = |name| SecretUrl::from(format!("sqlite:{}/{name}.db", folder.display()));
    let new = served_from(&old, &OWNERS.map(|name| (name, url(name)))).await;
    assert_eq!(life.answers(&new).await, before);
}

#[tokio::test]
async fn a_copy_that_is_killed_goes_on_and_is_not_served_before() {
    let town = Town::one_process().await;
    Life::is_lived(&town).await;
    town.terminate(Gateway).await;
    let from = town.database(Logs);
    let mut source = SqliteConnection::connect(&from).await.expect("SQLite opens");
    sqlx::query(MANY_RECORDS).execute(&mut source).await.expect("records can be stored");
    let all: i64 = sqlx::query_scalar(COPIED).fetch_one(&mut source).await.expect("they are there");
    source.close().await.expect("it closes");

    let (to, _dropped) = postgres_url().await;
    let mut target = PgConnection::connect(to.expose()).await.expect("PostgreSQL opens");
    let mut copied = 0;
    for _ in 0..2 {
        let mut copying = std::process::Command::new(e2e::binary());
        copying.args(["copy", "--from", &from, "--to", to.expose()]);
        let mut copying = copying.stdout(Stdio::null()).spawn().expect("the program can be run");
        let before = copied;
        copied = until("some more is copied", WITHIN, async || {
            // At first there is no table.
            let rows: i64 = sqlx::query_scalar(COPIED).fetch_one(&mut target).await.unwrap_or(0);
            (rows > before).then_some(rows)
        })
        .await;
        copying.kill().expect("it can be killed");
        copying.wait().expect("it ends");
        assert!(copied < all, "it was done before it was killed");
    }
    let served = town.run(&["--set", &format!("logs.database={}", to.expose()), "logs"]).await;
    let told = String::from_utf8_lossy(&served.stderr);
    assert!(!served.status.success() && told.contains("half of a copy"), "{told}");

    let (done, told) = copy(&town, &from, to.expose()).await;
    assert!(done && told.contains(&format!("{all} rows")), "{told}");
    sqlx::query("update records set message = 'record 8' where message = 'record 7'")
        .execute(&mut target)
        .await
        .expect("it can be changed");
    let (done, told) = copy(&town, &from, to.expose()).await;
    assert!(!done && told.contains("table records differs"), "{told}");
}
