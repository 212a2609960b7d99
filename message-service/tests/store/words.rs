//! Short words for what people do.

use api::{
    Entry, EntryKind, ErrorCode, Person, Problem, Timestamp,
    id::{ChannelId, UserId},
};
use kit::testing::TestDb;
use message_service::{
    domain::act::{Act, Grant, Key, Place, Verdict, What},
    store::{self, Outcome, Store},
};

pub(crate) fn person(id: &str, nick: &str) -> Person {
    Person { id: UserId::try_from(id).unwrap(), nick: nick.try_into().unwrap(), user_version: 1 }
}

pub(crate) fn does(who: &Person, channel: &str, what: What) -> Act {
    let name = format!("#c{channel}").as_str().try_into().unwrap();
    Act {
        author: who.clone(),
        session: None,
        place: Place::Channel(ChannelId::try_from(channel).unwrap()),
        what,
        key: None,
        verdict: Verdict::Allowed(Grant::Channel {
            name,
            version: 3,
            floor: 0,
            op: false,
            slow_seconds: None,
        }),
        trace: None,
    }
}

pub(crate) fn says(who: &Person, channel: &str, text: &str) -> Act {
    does(who, channel, What::say(Some(EntryKind::Message), text.to_owned(), None).unwrap())
}

pub(crate) fn tells(who: &Person, to: &Person, text: &str) -> Act {
    let what = What::say(None, text.to_owned(), None).unwrap();
    let verdict = Verdict::Allowed(Grant::Direct);
    Act {
        author: who.clone(),
        session: None,
        place: Place::Direct(to.clone()),
        what,
        key: None,
        verdict,
        trace: None,
    }
}

pub(crate) fn keyed(mut act: Act, key: &str) -> Act {
    act.key = Some(Key::new(key, &act.what).unwrap());
    act
}

pub(crate) fn refused(act: Act, code: ErrorCode) -> Act {
    Act { verdict: Verdict::Refused(Problem::new(code)), ..act }
}

pub(crate) fn stale(act: Act) -> Act {
    Act { verdict: Verdict::Stale, ..act }
}

fn granted(mut act: Act, change: impl FnOnce(&mut u64, &mut bool, &mut Option<u32>)) -> Act {
    if let Verdict::Allowed(Grant::Channel { floor, op, slow_seconds, .. }) = &mut act.verdict {
        change(floor, op, slow_seconds);
    }
    act
}

pub(crate) fn with_op(act: Act) -> Act {
    granted(act, |_, op, _| *op = true)
}

pub(crate) fn with_floor(act: Act, to: u64) -> Act {
    granted(act, |floor, _, _| *floor = to)
}

pub(crate) fn slowed(act: Act, to: u32) -> Act {
    granted(act, |_, _, seconds| *seconds = Some(to))
}

pub(crate) fn entry(outcome: Outcome) -> Entry {
    match outcome {
        Outcome::Stored(stored) => stored.entry.clone(),
        other => panic!("not stored: {other:?}"),
    }
}

pub(crate) async fn open(db: &TestDb) -> Store {
    Store::open((**db).clone()).await.unwrap()
}

pub(crate) async fn append_one(store: &Store, now: i64, act: Act) -> Outcome {
    store.append(Timestamp(now), &[act]).await.unwrap().remove(0)
}

pub(crate) async fn place(store: &Store, channel: &str) -> store::Place {
    store.conversation(&channel.try_into().unwrap()).await.unwrap().unwrap()
}
