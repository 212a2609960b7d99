//! Every outcome, error and event as its lines: whoever changes one sees it in the snapshot.

use api::{
    Entry, EntryKind, ErrorCode, Nick, Person, Problem, Timestamp,
    auth::ServiceName,
    channels::{ChannelSummary, ListEntry, ListKind},
    id::{ConversationId, GatewayId, ListEntryId, MessageId},
    mode::{ModeChange, Modes, Role, Roles},
    users::{User, UserModes},
};
use kit::config::Secret;

use super::{Format, answer, event, greeting};
use crate::{
    command::{About, Command, Named, Outcome, Refusal, Seen},
    dialect::Ask,
    event::{Event, Who},
};

const NOON: Timestamp = Timestamp(1_783_080_245_678_901);

fn nick(name: &str) -> Nick {
    name.try_into().unwrap()
}

fn person(name: &str) -> Person {
    Person { id: "9person".try_into().unwrap(), nick: nick(name), user_version: 1 }
}

fn entry(seq: u64, kind: EntryKind, text: &str) -> Entry {
    let conversation: ConversationId = "9x".try_into().unwrap();
    Entry {
        id: MessageId { conversation: conversation.clone(), seq },
        conversation,
        target: "#général".into(),
        seq,
        author: person("bob"),
        kind,
        text: text.into(),
        at: NOON,
        channel_version: None,
        reply_to: None,
        of: Some(3),
        to: None,
        session: None,
        redacted: false,
        edited_at: None,
        tags: Default::default(),
        splits: Vec::new(),
    }
}

fn named(name: &str, roles: Roles) -> Named {
    Named { nick: nick(name), roles, mask: "~u@x.cloak".into() }
}

fn away_user(name: &str, away: &str) -> User {
    User {
        person: person(name),
        account: None,
        online: true,
        away: Some(away.into()),
        username: "~u".into(),
        host: "x.cloak".into(),
        realname: None,
        modes: UserModes::default(),
        operator: false,
        since: None,
    }
}

fn written(outcome: Outcome) -> String {
    String::from_utf8(answer(&Ask::default(), &Ok(outcome), true).to_vec()).unwrap()
}

#[test]
fn outcomes() {
    let channel = || "#général".try_into().unwrap();
    let modes =
        Modes { no_external: true, keyed: true, key: Some("k".into()), limit: Some(10), ..Modes::default() };
    let ban = ListEntry {
        id: ListEntryId::try_from("9ban").unwrap(),
        mask: "bad".try_into().unwrap(),
        reason: Some("spam".into()),
        by: person("alice"),
        at: NOON,
        expires_at: None,
    };
    let listed = ChannelSummary {
        id: "9x".try_into().unwrap(),
        name: channel(),
        member_count: 2,
        topic: "the weather".into(),
        topic_at: Some(NOON),
        created_at: NOON,
    };
    let redacted = Entry { redacted: true, ..entry(2, EntryKind::Message, "") };
    let id = MessageId { conversation: "9x".try_into().unwrap(), seq: 42 };
    let all = [
        Outcome::Hello,
        Outcome::Nick { nick: nick("alice") },
        Outcome::Registered { name: "alice".try_into().unwrap() },
        Outcome::LoggedIn { name: "alice".into() },
        Outcome::Token { token: Secret::new("ey.J0".into()) },
        Outcome::Joined { channel: channel(), members: 2, last_seq: 41, scene: None },
        Outcome::Parted { channel: channel(), reason: String::new() },
        Outcome::Sent { target: "#général".into(), id: id.clone(), dup: false, entry: None, away: None },
        Outcome::Sent { target: "bob".into(), id, dup: true, entry: None, away: None },
        Outcome::Names {
            channel: channel(),
            members: vec![
                named("alice", Roles::NONE.with(Role::Op).with(Role::Voice)),
                named("bob", Roles::NONE),
            ],
            secret: false,
        },
        Outcome::List(vec![listed]),
        Outcome::Renamed { old: channel(), channel: "#new".try_into().unwrap() },
        Outcome::Topic { channel: channel(), topic: None, set: false },
        Outcome::History {
            target: "#général".into(),
            entries: vec![
                entry(1, EntryKind::Message, "two\nlines"),
                redacted,
                entry(3, EntryKind::Action, "waves"),
            ],
        },
        Outcome::Redacted { target: "#général".into(), seq: 3, entry: None },
        Outcome::Whois { user: Box::new(away_user("bob", "tea")), seen: Seen::default() },
        Outcome::Kicked { channel: channel(), nick: nick("bob") },
        Outcome::Banned { channel: channel(), mask: "bad!*@*".into() },
        Outcome::Unbanned { channel: channel(), mask: "bad!*@*".into() },
        Outcome::Bans { channel: channel(), list: ListKind::Bans, entries: vec![ban] },
        Outcome::Invited { channel: channel(), nick: nick("bob"), inside: false },
        Outcome::Role { channel: channel(), nick: nick("bob"), role: None },
        Outcome::Mode { channel: channel(), modes, created_at: NOON, set: false },
        Outcome::Away,
        Outcome::Back,
        Outcome::Whoami {
            nick: nick("alice"),
            account: Some("alice".try_into().unwrap()),
            gateway: GatewayId::try_from("9gateway").unwrap(),
        },
        Outcome::Pong { text: "are \u{7} you\n200 there".into() },
        Outcome::Help { verb: Some("me".into()) },
        Outcome::To { target: "bob".into() },
        Outcome::Resumed { target: "bob".into(), seq: 12 },
        Outcome::Format("human"),
        Outcome::Bye,
    ];
    let mut text = String::from_utf8(greeting("Causerie").to_vec()).unwrap();
    text.extend(all.map(written));
    insta::assert_snapshot!(text);
}

#[test]
fn errors() {
    let about = About {
        value: None,
        list: None,
        channel: Some("#x".into()),
        nick: Some("bob".into()),
        what: Some("what".into()),
        seq: Some(7),
        service: Some(ServiceName::Messages),
    };
    let mut text = String::new();
    for &code in ErrorCode::ALL {
        let problem = Problem { trace_id: "4bf92f".into(), ..Problem::new(code).retry_after(3) };
        let refusal = Refusal { problem: Box::new(problem), about: Box::new(about.clone()) };
        let line = answer(&Ask { label: Some("7".into()), verb: "" }, &Err(refusal), true);
        text.push_str(std::str::from_utf8(&line).unwrap());
    }
    insta::assert_snapshot!(text);
}

#[test]
fn events() {
    let channel = "#général".try_into().unwrap();
    let who = |nick| Who { nick, mask: "~u@x.cloak", account: None, realname: None, bot: false };
    let (alice, bob) = (who("alice"), who("bob"));
    let said = [
        entry(1, EntryKind::Message, "salut"),
        entry(2, EntryKind::Message, "two\nlines"),
        entry(3, EntryKind::Action, "waves"),
        entry(4, EntryKind::Notice, "the build is green"),
        entry(5, EntryKind::Redaction, ""),
        entry(6, EntryKind::Edit, "salve"),
        entry(7, EntryKind::Reaction, "👍"),
        entry(8, EntryKind::Unreaction, "👍"),
        entry(9, EntryKind::Unknown, "from a newer release"),
    ];
    let changes = [
        ModeChange { set: true, letter: 'k', value: None },
        ModeChange { set: false, letter: 'l', value: None },
        ModeChange { set: true, letter: 'w', value: Some("10".into()) },
    ];
    let (channel, by) = (&channel, Some(alice));
    let new = "#new".try_into().unwrap();
    let mut all: Vec<_> = said.iter().map(|entry| Event::Entry { entry, author: bob }).collect();
    all.extend([
        Event::Join { channel, who: bob },
        Event::Part { channel, who: bob, reason: "off to lunch" },
        Event::Quit { who: bob, reason: "" },
        Event::Nick { old: bob, new: "rob" },
        Event::Renamed { old: channel, channel: &new, by, reason: "shorter" },
        Event::Topic { channel, by, text: "the weather" },
        Event::Kick { channel, by, who: bob, reason: "out" },
        Event::Modes { channel, by, changes: &changes },
        Event::Role { channel, by: None, who: bob, role: Role::Founder, set: true },
        Event::Listed { channel, by, list: ListKind::Bans, mask: "bad!*@*", set: true },
        Event::Listed { channel, by, list: ListKind::InviteMasks, mask: "good!*@*", set: false },
        Event::Invite { channel, by, who: bob },
        Event::Closing { reason: "bye\r\n100 msg #x 1 now root :owned" },
    ]);
    let mut text = Vec::new();
    for format in [Format::Wire, Format::Human] {
        all.iter().for_each(|shown| event(format, shown, NOON, &mut text));
    }
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

fn read(line: &str) -> Result<&'static str, String> {
    let mut request = super::decode(line).unwrap();
    let words = |refusal: Refusal| {
        let line = answer(&Ask::default(), &Err(refusal), true);
        let line = std::str::from_utf8(&line).unwrap();
        line.split(" :").next().unwrap().to_owned()
    };
    match request.commands.remove(0) {
        Ok(Command::Misused(refusal)) => Err(words(*refusal)),
        command => command.map(|command| command.name()).map_err(words),
    }
}

#[test]
fn every_verb_of_the_table_is_read() {
    for verb in super::verbs::VERBS {
        let line = if verb.name == "help" { "/help me".to_owned() } else { format!("/{} #x 1 2", verb.name) };
        match read(&line) {
            Ok(name) => assert!(!name.is_empty()),
            Err(error) => assert!(!error.contains("unknown-command"), "{line}: {error}"),
        }
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    for (line, error) in [
        ("/dance", "404 unknown-command /dance"),
        ("/help dance", "404 unknown-command /dance"),
        ("/", "404 unknown-command /"),
        ("/nick", "400 missing-parameter nick"),
        ("/msg bob", "400 missing-parameter text"),
        ("/redact #x one", "422 invalid-parameter seq"),
        ("/redact #x -1", "422 invalid-parameter seq"),
        ("/history 0", "422 invalid-parameter count"),
        ("/history 1001", "422 invalid-parameter count"),
        ("/history #x after=x", "422 invalid-parameter after"),
        ("/resume #x", "422 invalid-parameter target"),
        ("/resume =5", "422 invalid-parameter target"),
        ("/format loud", "422 invalid-parameter format"),
        ("/nick al ice", "400 bad-request ice"),
        ("/history #x 5 6", "400 bad-request 6"),
        ("/history after=1 before=3", "400 bad-request before=3"),
        ("/join #x key two", "400 bad-request two"),
        ("/whoami  me \t", "400 bad-request me"),
        ("@key=short hello", "422 invalid-parameter key"),
        ("@id=1;id=2 hello", "400 bad-request id"),
    ] {
        assert_eq!(read(line), Err(error.to_owned()), "{line}");
    }
}

/// Whether somebody without a nick is told what is wrong with it, or that they need one.
#[test]
fn parameters_are_judged_for_those_who_may_use_the_command() {
    let is_told_at_once = |line: &str| super::decode(line).unwrap().commands.remove(0).is_err();
    for line in ["/nick", "/nick al ice", "/login alice", "/help me too", "/dance", "@id=1;id=2 hello"] {
        assert!(is_told_at_once(line), "{line}");
    }
    for line in ["/whois", "/history #x after=x", "/redact #x", "/whoami me", "/say", "@id=7 "] {
        let Ok(command) = super::decode(line).unwrap().commands.remove(0) else { panic!("{line}") };
        assert!(!command.is_open(), "{line}");
    }
    assert_eq!((read("/mode #x +kl secret 10 "), read("/resume #x=1 #y=2")), (Ok("mode"), Ok("resume")));
}

#[test]
fn parameters_are_where_they_belong() {
    let Some(Ok(Command::Resume { targets })) =
        super::decode("/resume #a=b=4 bob=0").map(|mut request| request.commands.remove(0))
    else {
        panic!("not read");
    };
    assert_eq!(targets, [("#a=b".to_owned(), 4), ("bob".to_owned(), 0)]);
    let Some(Ok(Command::Topic { channel, text })) =
        super::decode("/topic  a  b").map(|mut request| request.commands.remove(0))
    else {
        panic!("not read");
    };
    assert_eq!((channel, text.as_deref()), (None, Some(" a  b")));
}
