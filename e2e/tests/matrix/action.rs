//! What one can try in a channel, at any door.

use e2e::{Answer, Channels, Irc, Line, Messages, Reply, Rest, segment};
use reqwest::Method;
use serde_json::{Value, json};

/// One of the two channels of a row.
pub struct Place {
    pub channel: String,
    pub victim_nick: String,
    pub victim: String,
    /// Ids of what the operator (0) and the victim (1) have said.
    pub messages: Vec<String>,
    pub founder: Rest,
    pub founder_nick: String,
    pub victim_program: Rest,
    /// Those of the row.
    pub modes: Value,
}

/// `{c}` the channel, `{v}` the victim, `{0}` and `{1}` messages: seqs at the terminal, ids in paths.
#[derive(Debug)]
pub struct Action {
    pub name: &'static str,
    line: &'static str,
    irc: &'static str,
    call: Call,
    undo: Undo,
}

#[derive(Debug)]
struct Call {
    method: Method,
    /// `m` for message-service, `c` for channel-service.
    path: &'static str,
    body: fn() -> Value,
}

/// How both channels get back to where they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Undo {
    Nothing,
    VictimJoins,
    VictimIsNothing,
    ModesAsBefore(&'static str),
    Topic,
}

const NONE: fn() -> Value = || Value::Null;

/// Paths begin with the service: `c` channel-service, `m` message-service.
macro_rules! actions {
    ($($name:literal: $line:literal, $irc:literal, $method:ident $path:literal $body:expr, $undo:expr;)*) => {
        &[$(Action { name: $name, line: $line, irc: $irc, call: Call { method: Method::$method, path: $path, body: $body }, undo: $undo }),*]
    };
}

impl Action {
    /// Those that change nothing first; at the end those that change who is where.
    #[rustfmt::skip] // a table: one action a line
    pub const ALL: &'static [Action] = actions! {
        "names": "/names {c}", "NAMES {c}", GET "c/v1/channels/{c}/members" NONE, Undo::Nothing;
        "history": "/history {c} 5", "CHATHISTORY LATEST {c} * 5", GET "m/v1/channels/{c}/messages?limit=5" NONE, Undo::Nothing;
        "history after": "/history {c} after=1", "CHATHISTORY AFTER {c} msgid={0} 5", GET "m/v1/channels/{c}/messages?after=1" NONE, Undo::Nothing;
        "list bans": "/bans {c}", "MODE {c} +b", GET "c/v1/channels/{c}/bans" NONE, Undo::Nothing;
        "send": "/msg {c} hello", "PRIVMSG {c} :hello", POST "m/v1/channels/{c}/messages" || json!({ "text": "hello" }), Undo::Nothing;
        "notice": "/notice {c} hello", "NOTICE {c} :hello", POST "m/v1/channels/{c}/messages" || json!({ "text": "hello", "kind": "notice" }), Undo::Nothing;
        "topic": "/topic {c} the weather", "TOPIC {c} :the weather", PUT "c/v1/channels/{c}/topic" || json!({ "text": "the weather" }), Undo::Topic;
        "no topic": "/topic {c} -", "TOPIC {c} :", PUT "c/v1/channels/{c}/topic" || json!({ "text": "" }), Undo::Nothing;
        "redact another's": "/redact {c} {1}", "REDACT {c} {1}", DELETE "m/v1/messages/{1}" NONE, Undo::Nothing;
        "redact the operator's": "/redact {c} {0}", "REDACT {c} {0}", DELETE "m/v1/messages/{0}" NONE, Undo::Nothing;
        "redact nothing": "/redact {c} 9999", "REDACT {c} {conversation}-9999", DELETE "m/v1/messages/{conversation}-9999" NONE, Undo::Nothing;
        "mode +m": "/mode {c} +m", "MODE {c} +m", PATCH "c/v1/channels/{c}/modes" || json!({ "moderated": true }), Undo::ModesAsBefore("moderated");
        "mode +i": "/mode {c} +i", "MODE {c} +i", PATCH "c/v1/channels/{c}/modes" || json!({ "invite_only": true }), Undo::ModesAsBefore("invite_only");
        "mode +s": "/mode {c} +s", "MODE {c} +s", PATCH "c/v1/channels/{c}/modes" || json!({ "secret": true }), Undo::ModesAsBefore("secret");
        "ban": "/ban {c} stranger", "MODE {c} +b stranger", POST "c/v1/channels/{c}/bans" || json!({ "mask": "stranger" }), Undo::Nothing;
        "voice": "/voice {c} {v}", "MODE {c} +v {v}", PUT "c/v1/channels/{c}/members/{v}/roles" || json!({ "role": "voice", "set": true }), Undo::VictimIsNothing;
        "op": "/op {c} {v}", "MODE {c} +o {v}", PUT "c/v1/channels/{c}/members/{v}/roles" || json!({ "role": "op", "set": true }), Undo::VictimIsNothing;
        "deop the operator": "/deop {c} {f}", "MODE {c} -o {f}", PUT "c/v1/channels/{c}/members/{f}/roles" || json!({ "role": "op", "set": false }), Undo::Nothing;
        "invite a member": "/invite {c} {v}", "INVITE {v} {c}", PUT "c/v1/channels/{c}/invitations/{v}" || json!({}), Undo::Nothing;
        "kick": "/kick {c} {v} out", "KICK {c} {v} :out", DELETE "c/v1/channels/{c}/members/{v}?reason=out" NONE, Undo::Nothing;
        "kick one who has gone": "/kick {c} {v}", "KICK {c} {v}", DELETE "c/v1/channels/{c}/members/{v}" NONE, Undo::Nothing;
        "voice one who has gone": "/voice {c} {v}", "MODE {c} +v {v}", PUT "c/v1/channels/{c}/members/{v}/roles" || json!({ "role": "voice", "set": true }), Undo::Nothing;
        "invite one who has gone": "/invite {c} {v}", "INVITE {v} {c}", PUT "c/v1/channels/{c}/invitations/{v}" || json!({}), Undo::VictimJoins;
        "join": "/join {c}", "JOIN {c}", PUT "c/v1/channels/{c}/members/me" || json!({}), Undo::Nothing;
        "join with the key": "/join {c} sesame", "JOIN {c} sesame", PUT "c/v1/channels/{c}/members/me" || json!({ "key": "sesame" }), Undo::Nothing;
        "send after joining": "/msg {c} hello", "PRIVMSG {c} :hello", POST "m/v1/channels/{c}/messages" || json!({ "text": "hello" }), Undo::Nothing;
        "part": "/part {c}", "PART {c}", DELETE "c/v1/channels/{c}/members/me" NONE, Undo::Nothing;
        "send after parting": "/msg {c} hello", "PRIVMSG {c} :hello", POST "m/v1/channels/{c}/messages" || json!({ "text": "hello" }), Undo::Nothing;
        "names after parting": "/names {c}", "NAMES {c}", GET "c/v1/channels/{c}/members" NONE, Undo::Nothing;
        "part again": "/part {c}", "PART {c}", DELETE "c/v1/channels/{c}/members/me" NONE, Undo::Nothing;
        "join again with the key": "/join {c} sesame", "JOIN {c} sesame", PUT "c/v1/channels/{c}/members/me" || json!({ "key": "sesame" }), Undo::Nothing;
    };

    pub async fn by_line(&self, line: &mut Line, place: &Place) -> String {
        let seq = |id: &str| id.rsplit_once('-').map_or("", |(_, seq)| seq).to_owned();
        let typed = self
            .line
            .replace("{c}", &place.channel)
            .replace("{v}", &place.victim_nick)
            .replace("{f}", &place.founder_nick)
            .replace("{0}", &seq(&place.messages[0]))
            .replace("{1}", &seq(&place.messages[1]));
        outcome_of_line(&line.asks(&typed).await)
    }

    /// The numeric, or the word after `FAIL`; none if there is neither.
    pub async fn by_irc(&self, irc: &mut Irc, place: &Place) -> Option<String> {
        let conversation = place.messages[0].split('-').next().unwrap_or_default();
        let typed = self
            .irc
            .replace("{c}", &place.channel)
            .replace("{v}", &place.victim_nick)
            .replace("{f}", &place.founder_nick)
            .replace("{0}", &place.messages[0])
            .replace("{1}", &place.messages[1])
            .replace("{conversation}", conversation);
        irc.refusal(&typed).await
    }

    /// What IRC says where REST says this (docs/irc.md): several codes share a numeric.
    fn in_irc(&self, code: &str) -> Option<&'static str> {
        let verb = self.irc.split(' ').next().unwrap_or_default();
        let is_text = verb == "PRIVMSG";
        match (code, verb) {
            // Nothing is answered to a NOTICE, and NAMES of what is not to be seen is empty (RFC 2812, 3.3.2 and 3.2.5).
            ("ok", _) | (_, "NOTICE" | "NAMES") => None,
            ("no-such-channel" | "not-a-member", "REDACT" | "CHATHISTORY") => Some("INVALID_TARGET"),
            ("not-an-operator" | "forbidden", "REDACT") => Some("REDACT_FORBIDDEN"),
            ("no-such-message", _) => Some("UNKNOWN_MSGID"),
            ("banned", "JOIN") => Some("474"),
            ("banned" | "moderated", _) => Some("404"),
            ("registered-only" | "not-a-member", _) if is_text => Some("404"),
            ("registered-only", _) => Some("477"),
            ("not-a-member", _) => Some("442"),
            ("not-an-operator", _) => Some("482"),
            ("no-such-channel", _) => Some("403"),
            ("invite-only", _) => Some("473"),
            ("bad-key", _) => Some("475"),
            ("channel-full", _) => Some("471"),
            ("not-in-channel", _) => Some("441"),
            _ => Some("something that this table does not know"),
        }
    }

    pub async fn by_rest(&self, rest: &Rest, place: &Place) -> String {
        let conversation = place.messages[0].split('-').next().unwrap_or_default();
        let path = self
            .call
            .path
            .replace("{c}", &segment(&place.channel))
            .replace("{v}", &place.victim)
            .replace("{f}", &place.founder.id)
            .replace("{0}", &place.messages[0])
            .replace("{1}", &place.messages[1])
            .replace("{conversation}", conversation);
        let (service, path) = path.split_at(1);
        let service = if service == "m" { Messages } else { Channels };
        let mut request = rest.request(self.call.method.clone(), service, path);
        let body = (self.call.body)();
        if !body.is_null() {
            request = request.json(&body);
        }
        outcome_of_rest(&rest.send(request).await)
    }

    /// Both doors say the same; but where the line names a channel that does not exist for the actor, a path names a message.
    pub fn agrees(&self, line: &str, rest: &str) -> bool {
        let names_message = self.call.path.starts_with("m/v1/messages/");
        line == rest || (names_message && (line, rest) == ("no-such-channel", "no-such-message"))
    }

    /// IRC says it in its words; but where it names a channel that does not exist for the actor, a path names a message.
    pub fn agrees_in_irc(&self, irc: Option<&str>, rest: &str) -> bool {
        // Where somebody who is in is invited, nothing changes: IRC has a numeric for that (RFC 2812, 3.2.7).
        let in_already = self.irc.starts_with("INVITE ") && (irc, rest) == (Some("443"), "ok");
        let hidden = (irc, rest) == (Some("INVALID_TARGET"), "no-such-message");
        in_already || hidden || irc == self.in_irc(rest)
    }

    /// By message-service, which has channels from their owner.
    pub fn is_decided_by_replica(&self) -> bool {
        self.call.path.starts_with('m')
    }

    pub async fn undo(&self, place: &Place) {
        let path = format!("/v1/channels/{}", segment(&place.channel));
        let founder = &place.founder;
        match self.undo {
            Undo::Nothing => {}
            Undo::VictimJoins => {
                place.victim_program.joins(&place.channel).await;
            }
            Undo::VictimIsNothing => {
                for role in ["voice", "op"] {
                    let body = json!({ "role": role, "set": false });
                    founder.put(Channels, &format!("{path}/members/{}/roles", place.victim), &body).await;
                }
            }
            Undo::ModesAsBefore(mode) => {
                let mut modes = json!({ mode: false });
                for (name, value) in place.modes.as_object().into_iter().flatten() {
                    modes[name] = value.clone();
                }
                founder.patch(Channels, &format!("{path}/modes"), &modes).await;
            }
            Undo::Topic => {
                founder.put(Channels, &format!("{path}/topic"), &json!({ "text": "" })).await;
            }
        }
    }
}

/// `ok`, or the code of the error, which also has its status.
fn outcome_of_line(reply: &Reply) -> String {
    if reply.code() < 300 { "ok".into() } else { with_status(reply.code(), &reply.outcome()) }
}

fn outcome_of_rest(answer: &Answer) -> String {
    if answer.status < 300 { "ok".into() } else { with_status(answer.status, answer.code()) }
}

/// The status goes without saying if it is the catalogue's.
fn with_status(status: u16, code: &str) -> String {
    match code.parse::<api::ErrorCode>() {
        Ok(known) if known.status() == status => code.to_owned(),
        _ => format!("{status} {code:?}"),
    }
}
