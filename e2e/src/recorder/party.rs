//! Everyone who talks in a town while things break, and the reckoning in the end.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use tokio::{sync::watch, time::timeout};

use super::{
    Recorder, Stored, Target,
    talker::{Habits, Phase, Speaks, Talker},
};
use crate::{Doors, Messages, Rest, Users, segment, until};

const TALKERS: usize = 8;
/// Those of them who speak IRC; neighbours are two of one kind or one of each.
const IN_IRC: [usize; 4] = [1, 2, 3, 6];
/// Messages each of them has in flight at most.
const WINDOW: usize = 8;
/// Between two windows of one talker: without it the record of a run would not fit a head.
const PAUSE: Duration = Duration::from_millis(80);
const PASSWORD: &str = "correct horse battery staple";
/// Faults shown: one is enough to look into, and a broken build has thousands.
const SHOWN: usize = 20;

/// Programs talk faster than people, and all of these come from one address.
pub const ROOMY: &[&str] = &[
    "gateway.limits.commands_per_second=1000",
    "gateway.limits.command_burst=1000",
    "users.sessions_of_user=1000",
];

/// Everyone who talks, and what is noted of it.
pub struct Party {
    doors: Doors,
    seed: u64,
    /// Until talk goes on after something broke.
    back_within: Duration,
    pub recorder: Recorder,
    phase: watch::Sender<Phase>,
    talkers: Vec<Talker>,
    guests: Vec<Guest>,
    folder: PathBuf,
}

struct Guest {
    name: String,
    targets: Vec<String>,
}

impl Party {
    /// `moves_on_after`: see [`Habits`]. `folder`: where the record of a failed run is kept.
    ///
    /// # Panics
    /// If they cannot log in.
    pub async fn arrives(
        doors: Doors,
        seed: u64,
        back_within: Duration,
        moves_on_after: Option<Duration>,
        folder: &Path,
    ) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let recorder = Recorder::default();
        let (phase, phases) = watch::channel(Phase::Talk);
        let name = |n: usize| format!("talker{n}");
        let mut guests = Vec::new();
        let mut habits = Vec::new();
        for n in 0..TALKERS {
            let token = api_token(&doors.rest.account(&name(n), PASSWORD).await).await;
            // One channel for all, one for each half, and a neighbour.
            let targets = vec!["#all".to_owned(), format!("#half{}", n % 2), name(n ^ 1)];
            guests.push(Guest { name: name(n), targets: targets.clone() });
            let seed = rng.random();
            let speaks = if IN_IRC.contains(&n) { Speaks::Irc } else { Speaks::LineProtocol };
            let (name, window, pause) = (name(n), WINDOW, PAUSE);
            habits.push(Habits { name, speaks, token, targets, window, pause, seed, moves_on_after });
        }
        let start = |habits: Habits| {
            let addresses = match habits.speaks {
                Speaks::LineProtocol => doors.lines.clone(),
                Speaks::Irc => doors.irc.clone(),
            };
            Talker::start(addresses, habits, recorder.clone(), phases.clone())
        };
        let talkers = habits.into_iter().map(start).collect();
        Self { doors, seed, back_within, recorder, phase, talkers, guests, folder: folder.to_owned() }
    }

    /// Waits for that many acknowledgements more, and for that many messages in flight at one moment: how many.
    ///
    /// # Panics
    /// If talk does not go on in time.
    pub async fn talks(&self, acks: u64, in_flight: usize) -> usize {
        let enough = self.recorder.progress().acks + acks;
        until("everyone talks again", self.back_within, async || {
            self.nobody_has_left();
            (self.recorder.progress().acks >= enough).then_some(())
        })
        .await;
        let mut moments = self.recorder.in_flight();
        let busy = moments.wait_for(|now| *now >= in_flight);
        *timeout(self.back_within, busy).await.expect("people talk at the same time").expect("it is watched")
    }

    /// Waits until each of them has had an acknowledgement from now on: how long that took.
    ///
    /// # Panics
    /// If that is not so in time.
    pub async fn everyone_is_back(&self) -> Duration {
        let (began, before) = (Instant::now(), self.recorder.acks());
        let acks = |acks: &BTreeMap<Arc<str>, u64>, talker: &Talker| acks.get(&*talker.name).copied();
        until("everyone talks again", self.back_within, async || {
            self.nobody_has_left();
            let now = self.recorder.acks();
            let is_back = |talker: &Talker| acks(&now, talker) > acks(&before, talker);
            self.talkers.iter().all(is_back).then_some(())
        })
        .await;
        began.elapsed()
    }

    fn nobody_has_left(&self) {
        for talker in &self.talkers {
            if let Some(why) = talker.failure() {
                self.fails(&format!("{} gave up: {why}", talker.name));
            }
        }
    }

    fn fails(&self, why: &str) -> ! {
        let file = keep(&self.folder, &self.recorder, self.seed);
        panic!("seed {}, everything noted is in {}\n{why}", self.seed, file.display());
    }

    /// Nobody says any more, and what was noted is compared with what is stored: the record's acknowledgements and all that there is.
    ///
    /// # Panics
    /// If anything is wrong.
    pub async fn ends(mut self) {
        self.phase.send_replace(Phase::Hush);
        for talker in &self.talkers {
            let mut open = talker.open.clone();
            let quiet = open.wait_for(|open| *open == 0);
            let _ = timeout(self.back_within, quiet)
                .await
                .unwrap_or_else(|_| panic!("{} has open messages", talker.name));
        }
        let mut ends = BTreeMap::new();
        for Guest { name, targets } in &self.guests {
            let rest = self.doors.rest.login(name, PASSWORD).await;
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
            match timeout(self.back_within, talker.settled()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => wrong.push(error),
                Err(_) => {
                    wrong.push(format!("{name} has not been shown everything within {:?}", self.back_within))
                }
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
fn keep(folder: &Path, recorder: &Recorder, seed: u64) -> PathBuf {
    let path = folder.join(format!("run-{seed}.txt"));
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
