//! No text, whatever door it came in by, ever becomes a second line of the protocol or a raw control character at somebody's
//! terminal: one event is one frame.

use api::Nick;
use e2e::{Channels, Line, Messages, Rest, Town, Users, fresh, fresh_channel, in_every_town, segment};
use proto::plain::ServerLine;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::json;

/// Line ends of every kind, controls, escapes of terminals, bidi controls, telnet, the protocol's own forms, and things that look
/// like its escapes.
const SHARDS: &[&str] = &[
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u{b}",
    "\u{c}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{1b}[2J",
    "\u{1b}]0;x\u{7}",
    "\u{7f}",
    "\u{9b}31m",
    "\u{202e}",
    "\u{2066}",
    "\u{200f}",
    "\u{feff}",
    "\u{ff}\u{f4}",
    "\t",
    " ",
    ":",
    "100 msg #x 1 now root :owned",
    "200 login root",
    "\n201 sent #x 9 9-9",
    "@dup=1 ",
    "\\u{a}",
    "\\u{5c}",
    "\\n",
    "%0a",
    "%0d%0a",
    "é",
    "💥",
    "\u{301}",
    "a",
    "b",
];

/// Texts made of them; the fixed ones are the worst known.
fn texts(seed: u64, count: usize) -> Vec<String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut texts: Vec<String> = SHARDS
        .iter()
        .map(|shard| format!("x{shard}100 quit root :owned"))
        .chain(["\u{1}ACTION x\u{1}".into()])
        .collect();
    while texts.len() < count {
        let shards = rng.random_range(1..8);
        texts.push((0..shards).map(|_| *SHARDS.choose(&mut rng).expect("there are shards")).collect());
    }
    texts
}

/// A line ends at LF or CR NUL, however it was meant, and CR before the LF belongs to its end.
fn first_line(text: &str) -> &str {
    let line = text.split('\n').next().unwrap_or_default();
    line.split("\r\0").next().unwrap_or_default().trim_end_matches('\r')
}

/// What nobody's terminal may ever get: any control but LF at the end of a line and TAB, DEL, C1, bidi controls, U+2028 and U+2029.
fn assert_clean(line: &mut Line) {
    let bytes = line.bytes().to_vec();
    let text = String::from_utf8(bytes).expect("what the server sends is UTF-8");
    assert!(text.ends_with('\n'), "the last line has its end");
    for raw in text.lines() {
        let bad = raw.chars().find(|&c| {
            (c.is_control() && c != '\t')
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert!(bad.is_none(), "{bad:?} in {raw:?}");
        let parsed = ServerLine::parse(raw).unwrap_or_else(|error| panic!("{error}: {raw:?}"));
        assert!(parsed.word() != "login" || !raw.contains("root"), "a text became a line: {raw:?}");
        let forged = ["100 quit root", "100 msg #x", "200 login root", "201 sent #x"]
            .iter()
            .any(|start| raw.starts_with(start));
        assert!(!forged, "a text became a line: {raw:?}");
    }
}

/// How many messages, with the lines of each put together again, a witness has seen.
fn messages(line: &mut Line) -> Vec<(u64, String)> {
    let mut messages: Vec<(u64, String)> = Vec::new();
    let mut begun: Option<String> = None;
    for heard in line.events() {
        let parsed = heard.line();
        if !["msg", "action", "notice", "edit"].contains(&parsed.word()) {
            continue;
        }
        let text = parsed.text.clone().unwrap_or_default();
        let whole = match begun.take() {
            Some(before) => format!("{before}\n{text}"),
            None => text,
        };
        if parsed.last {
            messages.push((parsed.param(1).expect("a seq").parse().expect("a number"), whole));
        } else {
            begun = Some(whole);
        }
    }
    assert!(begun.is_none(), "a message has no last line");
    messages
}

struct Stage {
    witness: Line,
    program: Rest,
    channel: String,
    victim: Rest,
    victim_nick: String,
}

async fn stage(town: &Town) -> Stage {
    let channel = fresh_channel("stage");
    let (operator, victim_nick) = (fresh("operator"), fresh("victim"));
    let program = town.rest().guest(&operator).await;
    program.joins(&channel).await.ok();
    let victim = town.rest().guest(&victim_nick).await;
    victim.joins(&channel).await.ok();
    let mut witness = town.person(&fresh("witness")).await;
    witness.does(&format!("/join {channel}")).await;
    Stage { witness, program, channel, victim, victim_nick }
}

in_every_town! {
    async fn texts_by_rest_arrive_as_one_message_each(town: &Town) {
        let mut stage = stage(town).await;
        let mut stored = Vec::new();
        for text in texts(1, 300) {
            let answer = stage.program.sends(&stage.channel, &text).await;
            match answer.status {
                201 => stored.push((answer.body["seq"].as_u64().expect("a seq"), text)),
                _ => {
                    answer.refused("invalid-text");
                    assert!(text.contains(['\r', '\0']), "refused for nothing: {text:?}");
                }
            }
        }
        assert!(stored.len() > 200);
        assert!(stored.iter().all(|(_, text)| !text.contains(['\r', '\0'])));
        let last = stage.program.sends(&stage.channel, "the last").await.is(201).body["seq"].clone();
        stage.witness.sees(&format!("100 msg {} {last} <time> * :the last", stage.channel)).await;
        assert_eq!(messages(&mut stage.witness), stored, "what was said is what is shown");
        assert_clean(&mut stage.witness);
        // The history too, by line and by REST.
        let history = stage.witness.asks("/history 1000").await;
        history.is(&format!("200 history {} {}", stage.channel, stored.len() + 1));
        assert_clean(&mut stage.witness);
        let entries = stage.program.history(&stage.channel).await;
        let kept: Vec<_> = entries.items().iter().map(|entry| entry["text"].as_str().expect("a text").to_owned()).collect();
        assert_eq!(kept[..stored.len()], stored.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>());
    }

    async fn texts_typed_arrive_as_one_message_each(town: &Town) {
        let mut stage = stage(town).await;
        let mut typist = town.person(&fresh("typist")).await;
        typist.does(&format!("/join {}", stage.channel)).await;
        let mut stored = Vec::new();
        for text in texts(2, 300) {
            let typed = first_line(&text);
            if typed.trim_matches([' ', '\t']).is_empty() || typed.starts_with('\u{feff}') {
                continue;
            }
            let reply = typist.asks(&format!("/msg {} {typed}", stage.channel)).await;
            match reply.code() {
                201 => stored.push((reply.last().number(3), typed.to_owned())),
                _ => assert_eq!(reply.outcome(), "invalid-text", "{typed:?}"),
            }
        }
        let last = typist.does(&format!("/msg {} the last", stage.channel)).await;
        stage.witness.sees(&format!("100 msg {} {} <time> * :the last", stage.channel, last.last().number(3))).await;
        assert_eq!(messages(&mut stage.witness), stored);
        assert_clean(&mut stage.witness);
        assert_clean(&mut typist);
    }

    async fn every_other_text_is_one_line_as_well(town: &Town) {
        let Stage { mut witness, program, channel, victim, victim_nick } = stage(town).await;
        let channel = &*channel;
        let path = format!("/v1/channels/{}", segment(channel));
        let mut human = town.person(&fresh("human")).await;
        human.does("/format human").await;
        human.does(&format!("/join {channel}")).await;
        let mut accepted = 0;
        for text in texts(3, 120) {
            let mut answers = vec![
                program.put(Channels, &format!("{path}/topic"), &json!({ "text": text })).await,
                program.patch(Users, "/v1/users/me", &json!({ "away": text })).await,
                program.post(Channels, &format!("{path}/bans"), &json!({ "mask": "nobody!*@*", "reason": text })).await,
            ];
            let reason = segment(&text);
            answers.push(program.delete(Channels, &format!("{path}/members/{}?reason={reason}", victim.id)).await);
            victim.joins(channel).await.ok();
            answers.push(victim.delete(Channels, &format!("{path}/members/me?reason={reason}")).await);
            victim.joins(channel).await.ok();
            let sent = program.sends(channel, "edited later").await;
            let id = sent.is(201).body["id"].as_str().expect("an id").to_owned();
            answers.push(program.patch(Messages, &format!("/v1/messages/{id}"), &json!({ "text": text })).await);
            let emoji = format!("/v1/messages/{id}/reactions/{}", segment(&text));
            answers.push(program.put(Messages, &emoji, &json!({})).await);
            for answer in &answers {
                assert!(answer.status < 500, "{text:?}: {}", answer.text);
                accepted += u32::from(answer.status < 300);
            }
            // Names and masks of that kind are refused or harmless.
            program.post(Channels, &format!("{path}/bans"), &json!({ "mask": text })).await;
            let renamed = program.patch(Users, "/v1/users/me", &json!({ "nick": text })).await;
            let is_nick = Nick::try_from(&*text).is_ok();
            // Another story may have taken the few that are nicks.
            assert!(is_nick || renamed.code() == "invalid-nick", "{text:?}: {}", renamed.text);
            program.put(Channels, &format!("/v1/channels/{}/members/me", segment(&text)), &json!({})).await;
            witness.asks("/topic").await.ok();
            witness.asks(&format!("/whois {victim_nick}")).await;
        }
        assert!(accepted > 300, "only {accepted}: that shows little");
        program.sends(channel, "the last").await.is(201);
        witness.sees(&format!("100 msg {channel} <seq> <time> * :the last")).await;
        human.sees("<clock> * the last").await;
        witness.asks(&format!("/bans {channel}")).await;
        witness.asks("/list").await;
        assert_clean(&mut witness);
        let shown = String::from_utf8(human.bytes().to_vec()).expect("what the server sends is UTF-8");
        for raw in shown.lines() {
            assert!(!raw.chars().any(|c| c.is_control() && c != '\t'), "{raw:?}");
            // Either a reply, or a line with its time in front.
            assert!(raw.as_bytes().get(2) == Some(&b':') || ServerLine::parse(raw).is_ok(), "{raw:?}");
        }
    }

    async fn every_text_of_a_terminal_is_one_line_as_well(town: &Town) {
        let mut stage = stage(town).await;
        let channel = stage.channel.clone();
        let mut operator = town.person(&fresh("boss")).await;
        let own = fresh_channel("own");
        operator.does(&format!("/join {own}")).await;
        stage.witness.does(&format!("/join {own}")).await;
        for text in texts(4, 120) {
            let typed = first_line(&text);
            for line in [
                format!("/topic {own} {typed}"),
                format!("/away {typed}"),
                format!("/kick {own} {} {typed}", stage.victim_nick),
                format!("/ban {own} {typed}"),
                format!("/mode {own} +k {typed}"),
                format!("/mode {own} {typed}"),
                format!("/nick {typed}"),
                format!("/join {typed}"),
                format!("/to {typed}"),
                format!("/whois {typed}"),
                format!("/ping {typed}"),
                format!("/help {typed}"),
                format!("/{typed}"),
                format!("/register {typed} {typed}"),
                format!("/login {typed} {typed}"),
                format!("/history {own} {typed}"),
                format!("/part {channel} {typed}"),
            ] {
                let reply = operator.asks(&line).await;
                assert!(reply.code() < 500, "{line:?}: {:?}", reply.texts());
            }
        }
        // Parting and quitting with such reasons.
        for text in texts(5, 40) {
            let typed = first_line(&text).to_owned();
            let mut leaver = town.person(&fresh("leaver")).await;
            leaver.does(&format!("/join {channel}")).await;
            leaver.asks(&format!("/part {channel} {typed}")).await;
            leaver.does(&format!("/join {channel}")).await;
            leaver.says(&format!("/quit {typed}")).await;
            leaver.sees_the_end().await;
            assert_clean(&mut leaver);
        }
        operator.settles().await;
        stage.witness.settles().await;
        assert_clean(&mut operator);
        assert_clean(&mut stage.witness);
    }
}
