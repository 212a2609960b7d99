//! More than it can take: what is accepted is answered as fast as ever, the rest is told to come back, nothing piles up.
//! What it can take is set low, so that it is the limits that are met here and not the machine.

mod overload {
    pub(crate) mod load;
}

use std::time::Duration;

use e2e::{Channels, Fault, Logs, Messages, Plan, Rest, Town, Users, fresh, fresh_channel, until};
use serde_json::json;
use tokio::{sync::Mutex, task::JoinSet, time::Instant};

use self::overload::load::{Answered, Load, Memory, Rounds};

/// Requests that a service works on at once.
const SLOTS: usize = 8;
/// Senders of the usual load: a slot is free again a moment after its answer has gone, so that as many as slots would be too many.
const SENDERS: usize = SLOTS - 1;
/// What one send takes, at least: with the slots it makes what the service can take, 100 a second, whatever the machine.
const WORK: Duration = Duration::from_millis(80);
const MEASURED: Duration = Duration::from_millis(1500);
const ROUNDS: usize = 3;
/// The first requests open connections, fetch keys and fill caches.
const WARM_UP: Duration = Duration::from_millis(500);
/// A process may grow by buffers and caches, not with what it turns away.
const GROWTH: u64 = 48 * 1024 * 1024;

/// One at a time: they measure.
static MACHINE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_twice_the_load_over_rest_accepted_sends_are_as_fast_as_ever() {
    let _machine = MACHINE.lock().await;
    let plan = Plan::five_processes().with_faults().set(&format!("http.concurrency={SLOTS}"));
    // One person makes all the load.
    let plan = plan.set("messages.writes_of_person={burst=1000000,every=1}");
    let town = plan.start().await;
    let (rest, channel) = member(&town).await;
    let slow = json!({ "path": "/v1/channels/", "fault": "slow", "millis": WORK.as_millis() as u64, "times": u32::MAX });
    rest.post(Messages, "/v1/test/faults", &slow).await.is(204);

    let first = closed_loop(&rest, &channel, SENDERS, WARM_UP).await;
    let memory = Memory::watch(town.process_id(Messages).expect("it runs"));
    let (mut rounds, mut offered) = (Rounds::default(), 0.0);
    for _ in 0..ROUNDS {
        let usual = closed_loop(&rest, &channel, SENDERS, MEASURED).await;
        let twice = 2.0 * usual.accepted.len() as f64 / MEASURED.as_secs_f64();
        let twice = open_loop(&rest, &channel, twice, MEASURED).await;
        offered += usual.accepted.len() as f64;
        rounds.add(usual, twice);
    }
    let (grown, Rounds { usual, twice, .. }) = (memory.grown(), &rounds);
    println!("grown by {} KiB", grown / 1024);
    rounds.assert_accepted_are_as_fast_as_ever();
    rounds.assert_the_rest_was_refused();
    assert!(twice.accepted.len() as f64 > 0.5 * offered, "too much was refused: {twice}");
    assert!(grown < GROWTH, "it grew by {grown} bytes");

    // And when it is over, it is over.
    let after = closed_loop(&rest, &channel, 1, Duration::from_millis(500)).await;
    assert!(after.refused.is_empty() && !after.accepted.is_empty(), "afterwards: {after}");
    let stored = all_texts(&rest, &channel).await;
    for text in first.texts().chain(usual.texts()).chain(twice.texts()).chain(after.texts()) {
        assert_eq!(stored.iter().filter(|stored| *stored == text).count(), 1, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_twice_the_load_at_a_terminal_accepted_sends_are_as_fast_as_ever() {
    /// What one connection may keep up.
    const EACH: u32 = 10;
    const BURST: u32 = 5;
    const PEOPLE: usize = 10;
    let _machine = MACHINE.lock().await;
    let plan = Plan::five_processes()
        .set(&format!("gateway.limits.commands_per_second={EACH}"))
        .set(&format!("gateway.limits.command_burst={BURST}"));
    let town = plan.start().await;
    let channel = fresh_channel("crowd");

    let type_all = async |each: f64| {
        let mut people = JoinSet::new();
        for _ in 0..PEOPLE {
            let load =
                Load { address: town.chat_address(), channel: channel.clone(), each, lasting: MEASURED };
            people.spawn(load.types());
        }
        people.join_all().await.into_iter().fold(Answered::default(), Answered::and)
    };
    let memory = Memory::watch(town.process_id(e2e::Gateway).expect("it runs"));
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let usual = type_all(f64::from(EACH) * 0.8).await;
        rounds.add(usual, type_all(f64::from(EACH) * 2.0).await);
    }
    let grown = memory.grown();
    println!("grown by {} KiB", grown / 1024);
    rounds.assert_accepted_are_as_fast_as_ever();
    rounds.assert_the_rest_was_refused();
    assert!(grown < GROWTH, "it grew by {grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_one_500_and_nobody_else_notices() {
    let _machine = MACHINE.lock().await;
    let town = Plan::five_processes().with_faults().start().await;
    let (rest, channel) = member(&town).await;
    let mut bystander = town.person(&fresh("bystander")).await;
    bystander.does(&format!("/join {channel}")).await;
    let segment = e2e::segment(&channel);
    let paths = [
        (Users, "/v1/users/me".to_owned()),
        (Channels, format!("/v1/channels/{segment}")),
        (Messages, format!("/v1/channels/{segment}/messages")),
        (Logs, "/v1/logs/stream".to_owned()),
    ];
    for (service, path) in paths {
        town.arms(service, &path, Fault::Panic).await;
        let mut all = JoinSet::new();
        for _ in 0..20 {
            let (rest, path) = (rest.clone(), path.clone());
            all.spawn(async move { rest.get(service, &path).await });
        }
        let answers = all.join_all().await;
        let (panicked, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 500);
        let [panicked] = panicked[..] else { panic!("{service}: {} requests got a 500", panicked.len()) };
        panicked.refused("internal");
        assert_eq!(panicked.body["trace_id"], panicked.header("trace-id"), "{panicked:?}");
        assert!(
            !panicked.text.contains("a test asked for this"),
            "what panics say is for the logs: {panicked:?}"
        );
        // 403: whose logs they are is not the question here.
        assert!(others.iter().all(|answer| [200, 403].contains(&answer.status)), "{service}: {others:?}");
    }
    bystander.does("nothing happened here").await;
    bystander.does("/ping").await;

    // Behind the gateway: a batch that panics is no answer, and a person still gets theirs.
    town.arms(Messages, "/v1/messages:batch", Fault::Panic).await;
    let reply = bystander.asks("does this arrive").await;
    assert!([201, 500, 503].contains(&reply.code()), "{reply:?}");
    bystander.does("this does").await;
    until("the bystander's words are in the history", WITHIN, async || {
        let history = rest.history(&channel).await;
        history.items().iter().any(|entry| entry["text"] == "this does").then_some(())
    })
    .await;
}

const WITHIN: Duration = Duration::from_secs(10);

/// An account that is in a channel.
async fn member(town: &Town) -> (Rest, String) {
    let rest = town.rest().account(&fresh("sender"), "correct horse battery staple").await;
    let channel = fresh_channel("busy");
    rest.joins(&channel).await.ok();
    (rest, channel)
}

/// So many at a time, each waiting for its answer.
async fn closed_loop(rest: &Rest, channel: &str, at_once: usize, lasting: Duration) -> Answered {
    let end = Instant::now() + lasting;
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let (rest, channel) = (rest.clone(), channel.to_owned());
        workers.spawn(async move {
            let mut answered = Answered::default();
            while Instant::now() < end {
                let begun = Instant::now();
                answered.add(send(&rest, &channel, begun).await);
            }
            answered
        });
    }
    workers.join_all().await.into_iter().fold(Answered::default(), Answered::and)
}

/// So many a second, whatever becomes of them.
async fn open_loop(rest: &Rest, channel: &str, rate: f64, lasting: Duration) -> Answered {
    let (begun, mut sends) = (Instant::now(), JoinSet::new());
    let count = (rate * lasting.as_secs_f64()) as u32;
    for n in 0..count {
        let due = begun + Duration::from_secs_f64(f64::from(n) / rate);
        tokio::time::sleep_until(due).await;
        let (rest, channel) = (rest.clone(), channel.to_owned());
        sends.spawn(async move { send(&rest, &channel, due).await });
    }
    sends.join_all().await.into_iter().fold(Answered::default(), Answered::and)
}

async fn send(rest: &Rest, channel: &str, begun: Instant) -> Answered {
    let text = fresh("said");
    let answer = rest.sends(channel, &text).await;
    match answer.status {
        201 => Answered::accepted(text, begun.elapsed()),
        429 | 503 => {
            let seconds = answer.header("retry-after").parse::<u32>();
            assert!(seconds.is_ok_and(|seconds| seconds > 0), "refused without a Retry-After: {answer:?}");
            Answered::refused(answer.status, begun.elapsed())
        }
        _ => panic!("{answer:?}"),
    }
}

async fn all_texts(rest: &Rest, channel: &str) -> Vec<String> {
    let (mut texts, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/v1/channels/{}/messages?after={after}&limit=1000", e2e::segment(channel));
        let page = rest.get(Messages, &path).await;
        for entry in page.items() {
            after = entry["seq"].as_u64().unwrap_or(after);
            texts.push(entry["text"].as_str().unwrap_or_default().to_owned());
        }
        if page.body["has_after"] != true {
            return texts;
        }
    }
}
