//! What operators type on the server's own machine: every subcommand of `causerie admin` and `causerie operator`.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Output, Stdio},
};

use e2e::{Gateway, Plan, Shape, Town, Users, WITHIN, in_every_town, until};
use serde_json::Value;

const PASSWORD: &str = "correct horse battery";

/// What it printed; it must have done what it was told.
#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it said instead.
#[track_caller]
fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The subcommands that its help lists.
async fn subcommands(town: &Town, of: &str) -> BTreeSet<String> {
    let help = done(&town.run(&[of, "--help"]).await);
    let listed = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let first = |line: &str| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned);
    listed.lines().filter_map(first).filter(|word| !word.is_empty() && word != "help").collect()
}

/// All services on ports that are free, with their data there.
fn second_process(data: &Path) -> Command {
    let mut command = Command::new(e2e::binary());
    for section in ["gateway", "users", "channels", "messages", "logs"] {
        command.args(["--set", &format!("{section}.listen=127.0.0.1:0")]);
    }
    for listener in ["lines", "lines_tls", "irc", "irc_tls"] {
        command.args(["--set", &format!("gateway.{listener}=127.0.0.1:0")]);
    }
    command.args(["--data".as_ref(), data.as_os_str()]);
    command
}

/// Somebody who types `causerie admin …` with a token in the environment, and what they have typed.
struct Operator<'a> {
    town: &'a Town,
    token: String,
    typed: BTreeSet<String>,
}

impl Operator<'_> {
    async fn types(&mut self, arguments: &[&str], input: &str) -> Output {
        self.typed.insert(arguments[0].to_owned());
        let arguments = [&["admin"], arguments].concat();
        self.town.run_with(&arguments, &[("CAUSERIE_TOKEN", &self.token)], input).await
    }

    async fn json(&mut self, arguments: &[&str], input: &str) -> Value {
        let output = self.types(arguments, input).await;
        serde_json::from_str(&done(&output)).unwrap()
    }
}

in_every_town! { own:
    async fn every_subcommand_of_admin_does_what_it_says(town: &Town) {
        let olga = town.operator("olga", PASSWORD).await;
        town.rest().account("mallory", PASSWORD).await;
        let mut olga = Operator { town, token: olga.token.clone().unwrap(), typed: BTreeSet::new() };

        assert_eq!(olga.json(&["suspend", "mallory", "spam"], "").await["suspended"], true);
        assert!(refused(&olga.types(&["suspend", "nobody", "spam"], "").await).contains("no-such-account"));
        assert_eq!(olga.json(&["unsuspend", "mallory"], "").await["suspended"], false);

        olga.json(&["reset-password", "mallory"], "quite another password\n").await;
        town.rest().login("mallory", "quite another password").await;
        let made = olga.json(&["reset-password", "mallory"], "").await;
        let mallory = town.rest().login("mallory", made["password"].as_str().unwrap()).await;
        assert!(refused(&olga.types(&["reset-password", "mallory"], "short").await).contains("weak-password"));

        let mut line = town.person("mark").await;
        assert_eq!(done(&olga.types(&["disconnect", "mark"], "").await), "done\n");
        line.sees_the_end().await;

        let ban = olga.json(&["ban", "192.0.2.0/24", "spam"], "").await;
        let id = ban["id"].as_str().unwrap().to_owned();
        assert_eq!(olga.json(&["bans"], "").await["items"][0]["target"], "192.0.2.0/24");
        assert_eq!(done(&olga.types(&["unban", &id], "").await), "done\n");
        assert!(olga.json(&["bans"], "").await["items"].as_array().unwrap().is_empty());

        assert!(olga.json(&["invite"], "").await["code"].is_string());
        assert_eq!(olga.typed, subcommands(town, "admin").await, "which are not told of here?");

        // Not everybody's token will do, and without one it says what is missing.
        let bans = town.run_with(&["admin", "bans"], &[("CAUSERIE_TOKEN", mallory.token.as_deref().unwrap())], "").await;
        assert!(refused(&bans).contains("forbidden"));
        assert!(refused(&town.run(&["admin", "bans"]).await).contains("CAUSERIE_TOKEN"));
    }

    async fn every_subcommand_of_operator_does_what_it_says(town: &Town) {
        assert_eq!(subcommands(town, "operator").await, ["add", "remove"].map(str::to_owned).into());
        // With a token in the shell, as docs/operations.md puts it there.
        let run = async |arguments: &[&str]| town.run_with(arguments, &[("CAUSERIE_TOKEN", "x")], "").await;
        assert!(refused(&run(&["operator", "add", "olga"]).await).contains("no account olga"));
        let olga = town.rest().account("olga", PASSWORD).await;
        assert_eq!(done(&run(&["operator", "add", "olga"]).await), "olga is an operator now\n");
        assert_eq!(done(&run(&["operator", "add", "olga"]).await), "olga is an operator already\n");
        let operator = olga.login("olga", PASSWORD).await;
        operator.get(Users, "/v1/network-bans").await.is(200);
        assert_eq!(done(&run(&["operator", "remove", "olga"]).await), "olga is no operator any more\n");
        until("her tokens are refused", WITHIN, async || {
            (operator.get(Users, "/v1/network-bans").await.status == 401).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn where_nobody_may_register_the_first_operator_is_made_on_the_server() {
    let town = Plan::one_process().set("users.registration=closed").start().await;
    let add = ["operator", "add", "olga", "--new"];
    assert!(refused(&town.run_with(&add, &[], "short\n").await).contains("8 characters"));
    let added = done(&town.run_with(&add, &[], &format!("{PASSWORD}\n")).await);
    assert_eq!(added, "olga is an operator now\n");
    town.rest().login("olga", PASSWORD).await.get(Users, "/v1/network-bans").await.is(200);
    assert!(refused(&town.run_with(&add, &[], PASSWORD).await).contains("could not register olga"));

    let added = done(&town.run(&["operator", "add", "otto", "--new"]).await);
    let password = added.lines().next().unwrap().strip_prefix("the password of otto is ").unwrap();
    town.rest().login("otto", password).await.get(Users, "/v1/network-bans").await.is(200);
}

#[tokio::test]
async fn a_mistyped_data_folder_is_named_and_not_made() {
    let town = Plan::one_process().start().await;
    let nowhere = town.home().join("nowhere");
    let run = town.run(&["operator", "add", "olga", "--data", nowhere.to_str().unwrap()]).await;
    let said = refused(&run);
    assert!(said.contains("nowhere/users.db") && said.contains("--data"), "{said}");
    assert!(!nowhere.exists());
}

#[tokio::test]
async fn the_keys_are_made_where_it_says() {
    let town = Shape::OneProcess.plan().start().await;
    let elsewhere = town.home().join("elsewhere");
    let printed = done(&town.run(&["init", "--data", elsewhere.to_str().unwrap()]).await);
    let secrets = elsewhere.join("secrets");
    assert!(printed.contains(secrets.to_str().unwrap()), "{printed}");
    assert!(secrets.join("users.key").exists());
}

#[tokio::test]
async fn whoever_reads_what_is_printed_may_go() {
    let home = tempfile::tempdir().unwrap();
    let mut command = second_process(home.path());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let log = home.path().join("log");
    command
        .env(e2e::ENDS_WITH_STDIN, home.path())
        .stdin(Stdio::piped())
        .stdout(writer)
        .stderr(std::fs::File::create(&log).unwrap());
    let mut child = command.spawn().unwrap();
    drop(command);
    // The last thing that is logged comes after the banner.
    until("everything is up", WITHIN, async || {
        let logged = std::fs::read_to_string(&log).unwrap();
        assert_eq!(child.try_wait().unwrap(), None, "{logged}");
        logged.contains("gateway is up").then_some(())
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn whoever_starts_a_second_one_on_the_same_data_learns_at_once_what_it_waits_for() {
    let town = Plan::one_process().start().await;
    let said = town.home().join("second.log");
    let mut second =
        second_process(&town.data()).stderr(std::fs::File::create(&said).unwrap()).spawn().unwrap();
    let holder = format!("process {} runs logs on ", town.process_id(Gateway).unwrap());
    until("it says what it waits for", std::time::Duration::from_secs(5), async || {
        std::fs::read_to_string(&said).unwrap().contains(&holder).then_some(())
    })
    .await;
    assert_eq!(second.try_wait().unwrap(), None, "it waits for the first to end");
    second.kill().unwrap();
    second.wait().unwrap();
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_one_is_named_with_its_setting() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let said = refused(&second_process(&file).output().unwrap());
    assert!(said.contains("--data") && said.contains(file.to_str().unwrap()), "{said}");
}
