//! `kill -9` of every process, at any moment, while people talk, in the line protocol and in IRC: what was acknowledged is in the
//! history once and in order, and everyone was shown everything once and in order. A failed run names its seed; `CAUSERIE_TEST_SEED` runs
//! the same kills again,
//! and `CAUSERIE_TEST_KILLS` sets how many of each process there are.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use e2e::{
    Messages, Part, Plan, Rest, Town, Users,
    recorder::{
        Recorder, Stored, Target,
        talker::{Habits, Phase, Speaks, Talker},
    },
    segment, until,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde_json::json;
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

const TALKERS: usize = 8;
/// Those of them who speak IRC; neighbours are two of one kind or one of each.
const IN_IRC: [usize; 4] = [1, 2, 3, 6];
/// Messages each of them has in flight at most.
const WINDOW: usize = 8;
/// Between two windows of one talker: without it the record of a run would not fit a head.
const PAUSE: Duration = Duration::from_millis(80);
const ACKS_BETWEEN_KILLS: u64 = 500;
const IN_FLIGHT_AT_A_KILL: usize = 10;
const KILLS_OF_EACH_PROCESS: usize = 4;
/// The longest that a killed process stays away, but for once.
const AWAY: Duration = Duration::from_millis(800);
/// Once: longer than a gateway holds what it cannot get rid of, so that people are told `503` and type it again.
const LONG_AWAY: Duration = Duration::from_millis(3500);
/// Until talk goes on after a kill: the process's start, and everyone's way back.
const BACK_WITHIN: Duration = Duration::from_secs(30);
const SECOND_EVERY: usize = 3;
const PASSWORD: &str = "correct horse battery staple";
/// Faults shown: one is enough to look into, and a broken build has thousands.
const SHOWN: usize = 20;

/// One town at a time: both want all of the machine.
static MACHINE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_processes_lose_nothing_when_they_are_killed() {
    let _machine = MACHINE.lock().await;
    survives(Plan::five_processes()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_loses_nothing_when_it_is_killed() {
    let _machine = MACHINE.lock().await;
    survives(Plan::one_process()).await;
}

async fn survives(plan: Plan) {
    let number = |name: &str| Some(std::env::var(name).ok()?.parse().expect("it is a number"));
    let seed: u64 = number("CAUSERIE_TEST_SEED").unwrap_or_else(|| rand::rng().random());
    let kills_of_each = number("CAUSERIE_TEST_KILLS").map_or(KILLS_OF_EACH_PROCESS, |kills| kills as usize);
    println!("CAUSERIE_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let town = ROOMY.iter().fold(plan, |plan, setting| plan.set(setting)).start().await;
    let mut kills: Vec<(Part, Duration)> = Vec::new();
    let parts = town.parts();
    for &part in &parts {
        kills.push((part, LONG_AWAY));
        kills.extend((1..kills_of_each).map(|_| (part, AWAY.mul_f64(rng.random()))));
    }
    kills.shuffle(&mut rng);

    let party = Party::arrives(&town, seed).await;
    for (nth, (part, away)) in kills.into_iter().enumerate() {
        let open = party.talks_until_it_can_be_killed().await;
        town.kill9(part);
        println!("kill {nth}: {part}, {open} in flight, away for {away:?}, {:?}", party.recorder.progress());
        // How long an operator takes; nobody waits for anything here.
        tokio::time::sleep(away).await;
        // Every few times one more goes down while the others find their way back, or the same once more.
        let second = (nth % SECOND_EVERY == 0).then(|| parts[rng.random_range(0..parts.len())]);
        if let Some(second) = second {
            if second == part {
                town.start_without_waiting(part);
            }
            println!("        and {second}");
            town.kill9(second);
            town.start_without_waiting(second);
        }
        if second != Some(part) {
            town.start_without_waiting(part);
        }
        town.ready().await;
    }
    party.talks_until_it_can_be_killed().await;
    party.ends(&town).await;
}

/// Programs talk faster than people, and all of these come from one address.
const ROOMY: &[&str] = &["gateway.limits.commands_per_second=1000", "gateway.limits.command_burst=1000"];

/// Everyone who talks, and what is noted of it.
struct Party {
    seed: u64,
    recorder: Recorder,
    phase: watch::Sender<Phase>,
    talkers: Vec<Talker>,
    guests: Vec<Guest>,
}

struct Guest {
    name: String,
    targets: Vec<String>,
}

impl Party {
    async fn arrives(town: &Town, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let recorder = Recorder::default();
        let (phase, phases) = watch::channel(Phase::Talk);
        let name = |n: usize| format!("talker{n}");
        let mut guests = Vec::new();
        let mut habits = Vec::new();
        for n in 0..TALKERS {
            let token = api_token(&town.rest().account(&name(n), PASSWORD).await).await;
            // One channel for all, one for each half, and a neighbour.
            let targets = vec!["#all".to_owned(), format!("#half{}", n % 2), name(n ^ 1)];
            guests.push(Guest { name: name(n), targets: targets.clone() });
            let seed = rng.random();
            let speaks = if IN_IRC.contains(&n) { Speaks::Irc } else { Speaks::LineProtocol };
            habits.push(Habits { name: name(n), speaks, token, targets, window: WINDOW, pause: PAUSE, seed });
        }
        let start = |habits: Habits| {
            let address = match habits.speaks {
                Speaks::LineProtocol => town.chat_address(),
                Speaks::Irc => town.irc_address(),
            };
            Talker::start(address, habits, recorder.clone(), phases.clone())
        };
        let talkers = habits.into_iter().map(start).collect();
        Self { seed, recorder, phase, talkers, guests }
    }

    /// Enough acknowledgements since the last time, and enough in flight right now: how many.
    async fn talks_until_it_can_be_killed(&self) -> usize {
        let enough = self.recorder.progress().acks + ACKS_BETWEEN_KILLS;
        until("everyone talks again", BACK_WITHIN, async || {
            self.nobody_has_left();
            (self.recorder.progress().acks >= enough).then_some(())
        })
        .await;
        let mut moments = self.recorder.in_flight();
        let busy = moments.wait_for(|in_flight| *in_flight >= IN_FLIGHT_AT_A_KILL);
        *timeout(BACK_WITHIN, busy).await.expect("people talk at the same time").expect("it is watched")
    }

    fn nobody_has_left(&self) {
        for talker in &self.talkers {
            if let Some(why) = talker.failure() {
                self.fails(&format!("{} gave up: {why}", talker.name));
            }
        }
    }

    fn fails(&self, why: &str) -> ! {
        let file = keep(&self.recorder, self.seed);
        panic!("seed {}, everything noted is in {}\n{why}", self.seed, file.display());
    }

    async fn ends(mut self, town: &Town) {
        self.phase.send_replace(Phase::Hush);
        for talker in &self.talkers {
            let mut open = talker.open.clone();
            let quiet = open.wait_for(|open| *open == 0);
            let _ = timeout(BACK_WITHIN, quiet)
                .await
                .unwrap_or_else(|_| panic!("{} has open messages", talker.name));
        }
        let mut ends = BTreeMap::new();
        for Guest { name, targets } in &self.guests {
            let rest = town.rest().login(name, PASSWORD).await;
            for target in targets {
                let conversation = Target::new(name, target);
                if !ends.contains_key(&conversation) {
                    let history = history(&rest, target).await;
                    ends.insert(conversation.clone(), history.last().map_or(0, |stored| stored.seq));
                    self.recorder.history(&conversation, history);
                }
            }
        }
        self.phase.send_replace(Phase::Settle(Arc::new(ends)));
        let mut wrong = Vec::new();
        for talker in std::mem::take(&mut self.talkers) {
            let name = talker.name.clone();
            match timeout(BACK_WITHIN, talker.settled()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => wrong.push(error),
                Err(_) => wrong.push(format!("{name} has not been shown everything within {BACK_WITHIN:?}")),
            }
        }
        let record = self.recorder.record();
        let faults = record.check();
        println!("{} notes, {:?}, {} faults", record.noted.len(), self.recorder.progress(), faults.len());
        wrong.extend(faults.iter().take(SHOWN).map(ToString::to_string));
        if !wrong.is_empty() {
            self.fails(&wrong.join("\n"));
        }
    }
}

async fn api_token(account: &Rest) -> String {
    let answer = account.post(Users, "/v1/accounts/me/api-tokens", &json!({ "label": "talk" })).await;
    answer.is(201).body["secret"].as_str().expect("the secret is shown once").to_owned()
}

/// All there is, page by page.
async fn history(rest: &Rest, target: &str) -> Vec<Stored> {
    let kind = if target.starts_with('#') { "channels" } else { "users" };
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let after = all.last().map_or(0, |stored| stored.seq);
        let path = format!("/v1/{kind}/{}/messages?after={after}&limit=1000", segment(target));
        let page = rest.get(Messages, &path).await;
        for entry in page.items() {
            let text = |pointer| entry.pointer(pointer).and_then(|it| it.as_str()).unwrap_or_default();
            all.push(Stored {
                seq: entry["seq"].as_u64().expect("entries are numbered"),
                id: text("/id").into(),
                author: text("/author/nick").into(),
                text: text("/text").into(),
            });
        }
        if page.body["has_after"] != true {
            return all;
        }
    }
}

/// Everything noted, a line each, for whoever looks into a failed run.
fn keep(recorder: &Recorder, seed: u64) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{seed}.txt"));
    let file = std::fs::File::create(&path).expect("the target folder can be written to");
    let mut file = std::io::BufWriter::new(file);
    let record = recorder.record();
    for noted in &record.noted {
        writeln!(file, "{:?} {} {:?}", noted.at, noted.by, noted.what).expect("it fits the disk");
    }
    for (target, stored) in
        record.history.iter().flat_map(|(target, all)| all.iter().map(move |it| (target, it)))
    {
        writeln!(file, "history {target} {stored:?}").expect("it fits the disk");
    }
    path
}
