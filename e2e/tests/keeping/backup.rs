use std::process::Stdio;

use e2e::{Channels, Messages, Plan, ServiceName, Town, Users};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::process::Command;

use crate::life::Life;

const PAGE: &str = include_str!("../../../docs/operations.md");
const SERVER: &str = "postgres://causerie@db.example/$service";
const EPOCH: &str = "select id from database_epoch";

/// The commands of the page below a heading.
fn commands(heading: &str) -> String {
    let (_, section) = PAGE.split_once(&format!("\n{heading}\n")).expect("the page has the heading");
    let (_, block) = section.split_once("```sh\n").expect("there are commands");
    block.split_once("```").expect("a block has an end").0.to_owned()
}

/// As an operator types them, in the folder that `data` is in.
async fn types(town: &Town, heading: &str) {
    let users = town.database(Users);
    let server = users.replace("users", "$service");
    let script = format!("set -euo pipefail\n{}", commands(heading).replace(SERVER, &server));
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).current_dir(town.home()).stdin(Stdio::null());
    let output = shell.output().await.expect("there is a bash");
    assert!(output.status.success(), "{script}\n{output:?}");
}

async fn epoch(town: &Town, name: ServiceName) -> String {
    let url = town.database(name);
    let read = match url.starts_with("sqlite:") {
        true => {
            let mut db = SqliteConnection::connect(&url).await.expect("SQLite opens");
            sqlx::query_scalar(EPOCH).fetch_one(&mut db).await
        }
        false => {
            let mut db = PgConnection::connect(&url).await.expect("PostgreSQL opens");
            sqlx::query_scalar(EPOCH).fetch_one(&mut db).await
        }
    };
    read.expect("it has an epoch")
}

async fn comes_back(plan: Plan, backup: &str, restore: &str) {
    let town = plan.start().await;
    let life = Life::is_lived(&town).await;
    let before = life.answers(&town).await;
    types(&town, backup).await;
    let lost = life.says(&town, "said after the backup").await;
    let epochs = [epoch(&town, Users).await, epoch(&town, Channels).await, epoch(&town, Messages).await];

    for part in town.parts() {
        town.kill9(part);
    }
    types(&town, restore).await;
    town.restart_all().await;
    assert_eq!(life.answers(&town).await, before);
    assert_eq!(life.says(&town, "said after the restore").await, lost, "a number is given again …");
    let after = [epoch(&town, Users).await, epoch(&town, Channels).await, epoch(&town, Messages).await];
    assert!(epochs.iter().zip(&after).all(|(before, after)| before != after), "… in another epoch");
    Life::is_lived(&town).await;
}

#[tokio::test]
async fn a_backup_of_sqlite_comes_back() {
    comes_back(Plan::one_process(), "### Backup on SQLite", "### Restore on SQLite").await;
}

#[tokio::test]
async fn a_backup_of_postgresql_comes_back() {
    comes_back(Plan::five_processes().on_postgres(), "### Backup on PostgreSQL", "### Restore on PostgreSQL")
        .await;
}
