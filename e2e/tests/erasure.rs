//! Who deletes their account is gone: a search through every byte that the network keeps, databases with their logs of
//! changes, the log-service's records, what the processes have printed, finds neither their name nor what they said.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use e2e::{
    Channels, Line, Messages, Plan, Rest, ServiceName, Town, Users, fresh, fresh_channel, segment, until,
};
use serde_json::json;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

/// Until nothing is found: tasks that reach every service, and files that are rewritten once nobody reads them.
const GONE_WITHIN: Duration = Duration::from_secs(30);
/// The erasure runs again when the last token has died: after a quarter of an hour, and here after this.
const ERASED_AGAIN_AFTER: &str = "users.erase_again=3s";
const PASSWORD: &str = "correct horse battery staple";

#[tokio::test]
async fn one_process_keeps_nothing_of_an_erased_account() {
    leaves_nothing(Plan::one_process()).await;
}

#[tokio::test]
async fn five_processes_keep_nothing_of_an_erased_account() {
    leaves_nothing(Plan::five_processes()).await;
}

#[tokio::test]
async fn five_processes_on_postgresql_keep_nothing_of_an_erased_account() {
    leaves_nothing(Plan::five_processes().on_postgres()).await;
}

async fn leaves_nothing(plan: Plan) {
    let town = plan.set(ERASED_AGAIN_AFTER).start().await;
    let mut life = Life::default();
    let (account, mut line, _bobs) = life.is_lived(&town).await;
    let before = life.traces(&town).await;
    // What was edited away may be gone already.
    for said in life.said.iter().filter(|said| !said.contains("before-the-edit")) {
        assert!(
            before.iter().any(|found| found.what == *said),
            "{said:?} is stored nowhere: the search sees nothing"
        );
    }

    // Whoever is not there when it happens hears of it later.
    let parts = town.parts();
    if parts.contains(&Messages.into()) {
        town.kill9(Messages);
    }
    let answer = account.delete(Users, "/v1/accounts/me").await;
    assert!([200, 202, 204].contains(&answer.status), "{answer:?}");
    if parts.contains(&Messages.into()) {
        town.start(Messages).await;
    }
    line.sees_the_end().await;
    let gone = async || {
        let traces = life.traces(&town).await;
        traces.is_empty().then_some(()).ok_or(traces)
    };
    quiet(&gone).await;
    // It runs twice. What a token that was still out may have said in between goes with the second time.
    until("the erasure is done", GONE_WITHIN, async || (open_erasures(&town).await == 0).then_some(())).await;
    quiet(&gone).await;

    // Everyone else goes on, and finds what was theirs.
    let other = town.rest().login(&life.other, PASSWORD).await;
    let history = other.history(&life.channel).await;
    assert!(history.items().iter().any(|entry| entry["text"] == "bob's own words stay"), "{history:?}");
    town.rest()
        .post(Users, "/v1/accounts", &json!({ "name": life.name, "password": PASSWORD }))
        .await
        .is(201);
}

/// Waits until there are no traces, and shows those that there are if they stay.
async fn quiet(gone: &impl AsyncFn() -> Result<(), Vec<Trace>>) {
    let deadline = std::time::Instant::now() + GONE_WITHIN;
    while let Err(traces) = gone().await {
        assert!(
            std::time::Instant::now() < deadline,
            "after {GONE_WITHIN:?} there still are\n{}",
            shown(&traces)
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Everything a person can leave behind.
#[derive(Debug, Default)]
struct Life {
    name: String,
    other: String,
    channel: String,
    said: Vec<String>,
}

impl Life {
    /// Something that is said once in the world.
    fn says(&mut self, what: &str) -> String {
        let said = fresh(&format!("said-{what}"));
        self.said.push(said.clone());
        said
    }

    async fn is_lived(&mut self, town: &Town) -> (Rest, Line, Line) {
        self.name = capitalised(&fresh("quentin"));
        self.other = fresh("bob");
        self.channel = fresh_channel("life");
        let (name, other, channel) = (self.name.clone(), self.other.clone(), self.channel.clone());
        let bob = town.rest().account(&other, PASSWORD).await;
        let account = town.rest().account(&name, PASSWORD).await;
        // A wrong password, and a question about somebody: what logs may like to tell.
        let wrong = json!({ "grant_type": "password", "name": name, "password": "wrong horse battery" });
        town.rest().post(Users, "/v1/tokens", &wrong).await.is(401);
        bob.get(Users, &format!("/v1/users/{name}")).await.is(200);

        let mut bobs = town.line().await.called(&other);
        bobs.asks(&format!("/login {other} {PASSWORD}")).await.is(&format!("200 login {other}"));
        bobs.does(&format!("/join {channel}")).await;
        let line = self.talks(town, &mut bobs).await;
        self.writes(&account, &bob).await;
        bobs.does("bob's own words stay").await;
        bobs.does(&format!("/whois {name}")).await;
        (account, line, bobs)
    }

    /// At a terminal.
    async fn talks(&mut self, town: &Town, bobs: &mut Line) -> Line {
        let (name, other, channel) = (self.name.clone(), self.other.clone(), self.channel.clone());
        let mut line = town.line().await.called(&name);
        // A guest first: who logs in to the account is the same person.
        let guest = fresh("visitor");
        line.asks(&format!("/nick {guest}")).await.is(&format!("200 nick {guest}"));
        line.does(&format!("/join {channel}")).await;
        let as_guest = self.says("as-a-guest");
        line.does(&as_guest).await;
        bobs.sees(&format!("100 msg {channel} 1 <time> {guest} :{as_guest}")).await;
        line.asks(&format!("/login {name} {PASSWORD}")).await.is(&format!("200 login {name}"));
        for (verb, what) in [("", "aloud"), ("/me ", "acting"), ("/say ", "mixed-CASE")] {
            let said = self.says(what);
            line.does(&format!("{verb}{said}")).await;
        }
        let (notice, secret, redacted) = (self.says("notice"), self.says("to-one"), self.says("regretted"));
        line.does(&format!("/notice {channel} {notice}")).await;
        line.does(&format!("/msg {other} {secret}")).await;
        line.does(&redacted).await;
        bobs.does(&format!("/msg {name} good evening")).await;
        let (topic, away) = (self.says("topic"), self.says("away"));
        bobs.does(&format!("/op {channel} {name}")).await;
        line.does(&format!("/topic {channel} {topic}")).await;
        line.does(&format!("/away {away}")).await;
        bobs.does(&format!("/ban {channel} ~account:{name}")).await;
        bobs.does(&format!("/unban {channel} ~account:{name}")).await;
        let reason = self.says("reason");
        line.does(&format!("/part {channel} {reason}")).await;
        line.does(&format!("/join {channel}")).await;
        line
    }

    /// As a program.
    async fn writes(&mut self, account: &Rest, bob: &Rest) {
        let (name, channel) = (self.name.clone(), self.channel.clone());
        let (first, second) = (self.says("before-the-edit"), self.says("after-the-edit"));
        let sent = account.sends(&channel, &first).await;
        let id = sent.is(201).body["id"].as_str().expect("a message has an id").to_owned();
        account.patch(Messages, &format!("/v1/messages/{id}"), &json!({ "text": second })).await.ok();
        let label = self.says("label");
        account.post(Users, "/v1/accounts/me/api-tokens", &json!({ "label": label })).await.is(201);
        account.put(Messages, &format!("/v1/messages/{id}/reactions/%F0%9F%91%8D"), &json!({})).await.ok();
        // What others keep about them.
        let ban = json!({ "mask": format!("~account:{name}"), "reason": "not always nice" });
        bob.post(Channels, &format!("/v1/channels/{}/excepts", segment(&channel)), &ban).await.is(201);
    }

    /// Where the name, in any case, or something said is still found.
    async fn traces(&self, town: &Town) -> Vec<Trace> {
        let mut places = rows(town).await;
        for file in files(town.home()) {
            // A file may go while this looks.
            let bytes = std::fs::read(&file).unwrap_or_default();
            places.push((file.display().to_string(), bytes));
        }
        let mut traces = Vec::new();
        for (place, mut bytes) in places {
            bytes.make_ascii_lowercase();
            for what in self.said.iter().chain([&self.name]) {
                let needle = what.to_ascii_lowercase();
                if let Some(at) = memchr::memmem::find(&bytes, needle.as_bytes()) {
                    let around = &bytes[at.saturating_sub(60)..(at + needle.len() + 60).min(bytes.len())];
                    let around = String::from_utf8_lossy(around).escape_debug().to_string();
                    traces.push(Trace { what: what.clone(), place: place.clone(), at, around });
                }
            }
        }
        traces
    }
}

#[derive(Debug)]
struct Trace {
    what: String,
    place: String,
    at: usize,
    around: String,
}

fn shown(traces: &[Trace]) -> String {
    let line = |it: &Trace| format!("{} in {} at {}: …{}…\n", it.what, it.place, it.at, it.around);
    traces.iter().map(line).collect()
}

fn capitalised(name: &str) -> String {
    name[..1].to_ascii_uppercase() + &name[1..]
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { files(&path) } else { vec![path] }
        })
        .collect()
}

/// Erasures that user-service still has to do.
async fn open_erasures(town: &Town) -> i64 {
    const OPEN: &str = "select count(*) from tasks where kind like 'erase%'";
    let url = town.database(Users);
    let open: Result<i64, sqlx::Error> = async {
        if url.starts_with("postgres") {
            sqlx::query_scalar(OPEN).fetch_one(&mut PgConnection::connect(&url).await?).await
        } else {
            sqlx::query_scalar(OPEN).fetch_one(&mut SqliteConnection::connect(&url).await?).await
        }
    }
    .await;
    open.expect("there is a list of tasks")
}

/// All rows of all tables on PostgreSQL, whose files are its own affair: it overwrites what was deleted in its time.
async fn rows(town: &Town) -> Vec<(String, Vec<u8>)> {
    const TABLES: &str = "select tablename::text from pg_tables where schemaname = 'public'";
    let mut all = Vec::new();
    for service in ServiceName::ALL {
        let url = town.database(service);
        if service == ServiceName::Gateway || !url.starts_with("postgres") {
            continue;
        }
        let mut database = PgConnection::connect(&url).await.expect("the database is there");
        let tables: Vec<String> =
            sqlx::query_scalar(TABLES).fetch_all(&mut database).await.expect("it has tables");
        for table in tables {
            let rows = sqlx::AssertSqlSafe(format!("select t::text from \"{table}\" t"));
            let rows: Vec<String> =
                sqlx::query_scalar(rows).fetch_all(&mut database).await.expect("a row has a text");
            all.push((format!("{service}.{table}"), rows.join("\n").into_bytes()));
        }
    }
    all
}
