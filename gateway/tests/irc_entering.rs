//! Coming in over IRC, in whatever order a client says what it has to say, all of it in one packet: against a model of what must
//! come of it.

mod town;

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};

use self::town::{PASSWORD, Person, Town, irc::SERVER};

/// Each makes an account, which is made slow on purpose.
const CASES: u32 = 32;

#[derive(Debug, Clone, Copy)]
enum Step {
    Nick(usize),
    User,
    Pass(bool),
    CapLs,
    CapReq,
    /// `AUTHENTICATE PLAIN`, and what a client says next in that exchange.
    Mechanism,
    Proof,
    CapEnd,
}

/// What must come of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Model {
    nick: Option<usize>,
    user: bool,
    knows_password: bool,
    negotiates: bool,
    exchange: bool,
    account: bool,
    welcomed: bool,
    sent_away: bool,
}

impl Model {
    fn of(steps: &[Step]) -> Self {
        let mut model = Self::default();
        steps.iter().for_each(|&step| model.step(step));
        model
    }

    fn step(&mut self, step: Step) {
        if self.sent_away {
            return;
        }
        match step {
            Step::Nick(nick) => self.nick = Some(nick),
            Step::User => self.user = true,
            Step::Pass(is_right) => self.knows_password = is_right,
            Step::CapLs | Step::CapReq => self.negotiates = true,
            Step::CapEnd => self.negotiates = false,
            // Said within an exchange it is no Base64.
            Step::Mechanism => self.exchange = !self.exchange,
            Step::Proof => self.account |= std::mem::take(&mut self.exchange),
        }
        if matches!(step, Step::Nick(_) | Step::User | Step::CapEnd)
            && !self.welcomed
            && self.user
            && !self.negotiates
            && self.nick.is_some()
        {
            self.welcomed = self.knows_password;
            self.sent_away = !self.knows_password;
            // A login that was not at its end has been given up.
            self.exchange &= !self.welcomed;
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let all = [
        Step::Nick(0),
        Step::User,
        Step::Pass(true),
        Step::CapLs,
        Step::CapReq,
        Step::Mechanism,
        Step::Proof,
        Step::CapEnd,
    ];
    let any = prop_oneof![
        4 => prop::sample::select(all.to_vec()).boxed(),
        1 => Just(Step::Nick(1)).boxed(),
        1 => any::<bool>().prop_map(Step::Pass).boxed(),
    ];
    // What clients say, in any order; with something left out, or said again.
    let shuffled = Just(all.to_vec()).prop_shuffle().boxed();
    let mixed =
        (shuffled.clone(), prop::collection::vec(any.clone(), 0..6), prop::collection::vec(0usize..14, 0..6))
            .prop_map(|(mut steps, more, at)| {
                for (step, at) in more.into_iter().zip(at) {
                    steps.insert(at.min(steps.len()), step);
                }
                steps
            });
    prop_oneof![2 => shuffled, 3 => mixed, 1 => prop::collection::vec(any, 0..12)]
}

async fn said(town: &Town, case: usize, steps: &[Step]) -> TestCaseResult {
    let (account, nicks) = (format!("a{case}"), [format!("one{case}"), format!("two{case}")]);
    if steps.iter().any(|step| matches!(step, Step::Proof)) {
        town.registers(&account).await;
    }
    let proof = BASE64_STANDARD.encode(format!("\0{account}\0{PASSWORD}"));
    let line = |step: &Step| match step {
        Step::Nick(nick) => format!("NICK {}\r\n", nicks[*nick]),
        Step::User => "USER u 0 * :Somebody\r\n".to_owned(),
        Step::Pass(true) => "PASS sesame\r\n".to_owned(),
        Step::Pass(false) => "PASS guess\r\n".to_owned(),
        Step::CapLs => "CAP LS 302\r\n".to_owned(),
        Step::CapReq => "CAP REQ :sasl\r\n".to_owned(),
        Step::Mechanism => "AUTHENTICATE PLAIN\r\n".to_owned(),
        Step::Proof => format!("AUTHENTICATE {proof}\r\n"),
        Step::CapEnd => "CAP END\r\n".to_owned(),
    };
    let model = Model::of(steps);
    let nick = model.nick.map_or("*", |nick| &nicks[nick]);
    let packet: String = steps.iter().map(line).collect();
    let mut person = Person::connect(town.irc).await;
    person.raw(format!("{packet}VERSION\r\nWHOIS {nick}\r\nPING done\r\n").as_bytes()).await;
    let mut heard = Vec::new();
    while let Some(line) = person.line().await {
        heard.push(line.trim_end_matches('\r').to_owned());
        if line.contains(" PONG ") {
            break;
        }
    }
    let count =
        |start: &str| heard.iter().filter(|line| line.starts_with(&format!("{SERVER} {start}"))).count();
    let found = (
        count("001 "),
        count(&format!("351 {nick} ")) == 1,
        count("330 ") == 1,
        count("464 ") == 1 && heard.last().is_some_and(|line| line.starts_with("ERROR :")),
    );
    let logged_in = model.account && model.welcomed;
    let expected = (usize::from(model.welcomed), model.welcomed, logged_in, model.sent_away);
    prop_assert_eq!(found, expected, "{}came to {:#?}", packet, heard);
    Ok(())
}

#[test]
fn whatever_is_said_in_whatever_order_the_right_thing_comes_of_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let town = runtime.block_on(Town::with(|config| {
        config.irc_password = Some(kit::config::Secret::new("sesame".to_owned()));
        config.limits.command_burst = 1000;
    }));
    let number = AtomicUsize::new(0);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config)
        .run(&steps(), |steps| runtime.block_on(said(&town, number.fetch_add(1, Ordering::Relaxed), &steps)));
    runtime.block_on(async { drop(town) });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn what_is_supported_is_told_before_somebody_comes_in() {
    let town = Town::new().await;
    let mut person = Person::connect(town.irc).await;
    let line = person.asks("ISUPPORT", &format!("{SERVER} 005 * ")).await;
    assert!(line.contains(" CASEMAPPING=ascii "), "{line}");
    person.asks("CAP REQ :batch draft/extended-isupport", &format!("{SERVER} CAP * ACK ")).await;
    person.says("ISUPPORT").await;
    for target in ["*", "alice"] {
        person.sees(&format!("{SERVER} BATCH +history draft/isupport")).await;
        person.sees_next(&format!("@batch=history {SERVER} 005 {target} ")).await;
        while !person.line().await.expect("the batch ends").starts_with(&format!("{SERVER} BATCH -history")) {
        }
        if target == "*" {
            person.raw(b"NICK alice\r\nUSER alice 0 * :Alice\r\nCAP END\r\n").await;
        }
    }
    assert!(!person.hears().await.iter().any(|line| line.contains(" 005 ")));
}

#[tokio::test]
async fn somebody_is_away_and_says_what_they_are_from_the_first_moment() {
    let town = Town::new().await;
    let mut bob = town.enters("bob").await;
    let mut alice = Person::connect(town.irc).await;
    alice.says("AWAY :asleep").await;
    alice.sees_next(&format!("{SERVER} 451 * :")).await;
    alice.asks("CAP REQ :batch draft/metadata-3 draft/pre-away", &format!("{SERVER} CAP * ACK ")).await;
    alice.says("AWAY :asleep").await;
    alice.sees_next(&format!("{SERVER} 306 * :")).await;
    alice.says("METADATA * SET display-name :Alice L").await;
    alice.sees_next(&format!("{SERVER} 761 * * display-name * :Alice L")).await;
    alice.says("METADATA bob SET display-name :me").await;
    alice.sees_next(&format!("{SERVER} 451 * :")).await;
    alice.raw(b"NICK alice\r\nUSER alice 0 * :Alice\r\nCAP END\r\n").await;
    alice.sees(&format!("{SERVER} BATCH +history metadata alice")).await;
    alice.sees_next(&format!("@batch=history {SERVER} 761 alice alice display-name * :Alice L")).await;
    bob.asks("WHOIS alice", &format!("{SERVER} 301 bob alice :asleep")).await;
}

#[tokio::test]
async fn a_client_that_comes_by_itself_says_nothing_of_somebody_who_is_there() {
    let town = Town::new().await;
    town.registers("carol").await;
    let login = BASE64_STANDARD.encode(format!("\0carol\0{PASSWORD}"));
    let comes = async || {
        let mut person = Person::connect(town.irc).await;
        person.asks("CAP REQ :sasl draft/pre-away", &format!("{SERVER} CAP * ACK ")).await;
        person.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
        person.asks(&format!("AUTHENTICATE {login}"), &format!("{SERVER} 903 ")).await;
        person.asks("AWAY *", &format!("{SERVER} 306 * :")).await;
        person.raw(b"NICK carol\r\nUSER carol 0 * :Carol\r\nCAP END\r\n").await;
        person.sees(&format!("{SERVER} 422 carol :")).await;
        person
    };
    let is_away = async |person: &mut Person| {
        person.says("WHOIS carol").await;
        person.hears().await.iter().any(|line| line.starts_with(&format!("{SERVER} 301 carol carol :*")))
    };
    let mut first = comes().await;
    assert!(is_away(&mut first).await, "nobody else is there");
    first.asks("AWAY", &format!("{SERVER} 305 carol :")).await;
    let mut second = comes().await;
    assert!(!is_away(&mut second).await, "the first is there");
}

#[tokio::test]
async fn capabilities_are_told_granted_and_laid_down() {
    let town = Town::new().await;
    let mut person = Person::connect(town.irc).await;
    person.says("CAP LS 302").await;
    person.sees(&format!("{SERVER} CAP * LS :")).await;
    // Who speaks version 302 is told what changes, whether they ask or not.
    person.asks("CAP LIST", &format!("{SERVER} CAP * LIST :cap-notify\r")).await;
    person.asks("CAP REQ :setname batch", &format!("{SERVER} CAP * ACK :setname batch\r")).await;
    person
        .asks(
            "CAP REQ :away-notify no-such-thing",
            &format!("{SERVER} CAP * NAK :away-notify no-such-thing\r"),
        )
        .await;
    person.asks("CAP REQ :-batch", &format!("{SERVER} CAP * ACK :-batch\r")).await;
    person.asks("CAP LIST", &format!("{SERVER} CAP * LIST :cap-notify setname\r")).await;
}
