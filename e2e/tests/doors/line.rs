//! How each error is got at a terminal.

use e2e::{Channels, Line, Users, WITHIN, fresh, fresh_channel, segment, until};
use serde_json::json;

use super::{
    stage::{PASSWORD, Stage, panics_at, while_busy},
    table::provocations,
};

/// The last of these lines is the one that matters; those before it must succeed.
async fn types(line: &mut Line, lines: &[&str]) -> String {
    let (last, before) = lines.split_last().expect("something is typed");
    for text in before {
        line.does(text).await;
    }
    line.asks(last).await.verdict()
}

async fn newcomer(stage: &Stage, line: &str) -> String {
    stage.town().await.line().await.asks(line).await.verdict()
}

/// Somebody with a nick types this.
async fn person(stage: &Stage, line: &str) -> String {
    stage.person().await.asks(line).await.verdict()
}

/// Somebody tries to join a channel with such modes that another is in.
async fn joins(stage: &Stage, modes: serde_json::Value) -> String {
    let (channel, _operator) = stage.channel(modes).await;
    person(stage, &format!("/join {channel}")).await
}

/// Somebody in the channel of another types this; `{c}` is the channel.
async fn member(stage: &Stage, modes: serde_json::Value, line: &str) -> String {
    let (channel, _operator) = stage.channel(modes).await;
    types(&mut stage.person().await, &[&format!("/join {channel}"), &line.replace("{c}", &channel)]).await
}

/// The operator of a channel types this; `{c}` is the channel.
async fn operator(stage: &Stage, line: &str) -> String {
    let channel = fresh_channel("own");
    types(&mut stage.person().await, &[&format!("/join {channel}"), &line.replace("{c}", &channel)]).await
}

provocations! { Line:
    BadRequest: |stage| newcomer(stage, "@id=1;id=2 /ping").await;
    InvalidUtf8: |stage| {
        let mut line = stage.town().await.line().await;
        line.raw(b"/ping \xff\xff\xc3\x28\n").await;
        line.reply().await.verdict()
    };
    MissingParameter: |stage| newcomer(stage, "/nick").await;
    NoCurrentTarget: |stage| person(stage, "hello").await;
    NotAuthenticated: |stage| {
        let (name, account) = stage.account().await;
        let mut line = stage.town().await.line().await;
        line.does(&format!("/login {name} {PASSWORD}")).await;
        line.does(&format!("/join {}", fresh_channel("revoked"))).await;
        let change = json!({ "current": PASSWORD, "new": "another horse battery" });
        account.put(Users, "/v1/accounts/me/password", &change).await.ok();
        // Revocations hold everywhere within 5 s.
        until("the session is refused", WITHIN, async || {
            let verdict = line.asks("still me?").await.verdict();
            // On its way when the session ended it may have found nobody in the channel any more.
            (verdict != "201 sent" && verdict != "404 no-such-channel").then_some(verdict)
        }).await
    };
    NotRegistered: |stage| newcomer(stage, "/join #general").await;
    BadCredentials: |stage| newcomer(stage, "/login nobody-at-all wrong horse battery").await;
    Forbidden: |stage| person(stage, "/token my script").await;
    InsufficientScope: |stage| {
        let token = stage.reading_token().await;
        let channel = fresh_channel("reading");
        let mut line = stage.town().await.line().await;
        types(&mut line, &[&format!("/login token {token}"), &format!("/join {channel}"), "hello"]).await
    };
    NotAMember: |stage| {
        let (channel, _operator) = stage.channel(json!({})).await;
        person(stage, &format!("/part {channel}")).await
    };
    Banned: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        let path = format!("/v1/channels/{}/bans", segment(&channel));
        operator.post(Channels, &path, &json!({ "mask": "person-*!*@*" })).await.is(201);
        person(stage, &format!("/join {channel}")).await
    };
    InviteOnly: |stage| joins(stage, json!({ "invite_only": true })).await;
    BadKey: |stage| joins(stage, json!({ "key": "sesame" })).await;
    ChannelFull: |stage| joins(stage, json!({ "limit": 1 })).await;
    Moderated: |stage| member(stage, json!({ "moderated": true }), "hello").await;
    RegisteredOnly: |stage| joins(stage, json!({ "registered_only": true })).await;
    NotAnOperator: |stage| member(stage, json!({}), "/mode {c} +m").await;
    Suspended: |stage| {
        let name = stage.suspended().await;
        newcomer(stage, &format!("/login {name} {PASSWORD}")).await
    };
    NetworkBanned: |stage| {
        let nick = stage.banned_nick().await;
        newcomer(stage, &format!("/nick {nick}")).await
    };
    RegistrationClosed: |stage| {
        let mut line = stage.closed().await.line().await;
        types(&mut line, &[&format!("/register alice {PASSWORD}")]).await
    };
    PlaintextRefused: |stage| {
        let mut line = Line::connect(stage.open().await.chat_address_from_outside()).await;
        types(&mut line, &[&format!("/login alice {PASSWORD}")]).await
    };
    NoSuchChannel: |stage| person(stage, &format!("/names {}", fresh_channel("nowhere"))).await;
    NoSuchNick: |stage| person(stage, "/whois nobody-at-all").await;
    NoSuchMessage: |stage| operator(stage, "/redact {c} 7").await;
    NoSuchBan: |stage| operator(stage, "/unban {c} nobody!*@*").await;
    NotInChannel: |stage| {
        let other = fresh("other");
        let _other = stage.town().await.person(&other).await;
        operator(stage, &format!("/kick {{c}} {other}")).await
    };
    UnknownCommand: |stage| newcomer(stage, "/dance").await;
    NickInUse: |stage| {
        let nick = fresh("taken");
        let _taken = stage.town().await.person(&nick).await;
        newcomer(stage, &format!("/nick {nick}")).await
    };
    AccountExists: |stage| {
        let (name, _) = stage.account().await;
        newcomer(stage, &format!("/register {name} {PASSWORD}")).await
    };
    ChannelExists: |stage| {
        let (taken, _operator) = stage.channel(json!({})).await;
        operator(stage, &format!("/rename {{c}} {taken}")).await
    };
    AlreadyLoggedIn: |stage| {
        let (name, _) = stage.account().await;
        let login = format!("/login {name} {PASSWORD}");
        types(&mut stage.town().await.line().await, &[&login, &login]).await
    };
    LineTooLong: |stage| newcomer(stage, &"x".repeat(8193)).await;
    TextTooLong: |stage| operator(stage, &"x".repeat(4097)).await;
    InvalidParameter: |stage| operator(stage, "/history {c} 1001").await;
    InvalidNick: |stage| newcomer(stage, "/nick 4you").await;
    InvalidChannelName: |stage| person(stage, "/join #a,b").await;
    InvalidText: |stage| operator(stage, "a\rb").await;
    InvalidMask: |stage| operator(stage, "/ban {c} ~nothing:x").await;
    InvalidMode: |stage| operator(stage, "/mode {c} +z").await;
    WeakPassword: |stage| newcomer(stage, &format!("/register {} short", fresh("weak"))).await;
    KeyReused: |stage| {
        let channel = fresh_channel("own");
        let lines = [&*format!("/join {channel}"), "@key=0123456789abcdef one", "@key=0123456789abcdef two"];
        types(&mut stage.person().await, &lines).await
    };
    ListFull: |stage| {
        let (mut line, channel) = (stage.person().await, fresh_channel("full"));
        line.does(&format!("/join {channel}")).await;
        for n in 0..api::channels::MAX_LIST_ENTRIES {
            assert_eq!(types(&mut line, &[&format!("/ban {channel} mask{n}")]).await, "200 banned");
        }
        types(&mut line, &[&format!("/ban {channel} onemore")]).await
    };
    TooManyChannels: |stage| {
        let mut line = stage.person().await;
        for n in 0..api::channels::MAX_CHANNELS_EACH {
            let joined = types(&mut line, &[&format!("/join {}", fresh_channel(&format!("many{n}")))]).await;
            assert_eq!(joined, "200 joined");
        }
        types(&mut line, &[&format!("/join {}", fresh_channel("onemore"))]).await
    };
    TooFast: |stage| {
        let mut line = stage.hasty().await.line().await;
        until("it is too fast", WITHIN, async || {
            let verdict = line.asks("/ping").await.verdict();
            (verdict != "200 pong").then_some(verdict)
        }).await
    };
    TooManyConnections: |stage| {
        let town = stage.narrow().await;
        let _first = town.line().await;
        Line::connect_raw(town.chat_address()).await.reply().await.verdict()
    };
    Internal: |stage| {
        let nick = fresh("panic");
        panics_at(stage.town().await, Users, &format!("/v1/users/{nick}")).await;
        person(stage, &format!("/whois {nick}")).await
    };
    Unavailable: |stage| {
        let mut line = stage.broken().await.person(&fresh("alice")).await;
        types(&mut line, &[&format!("/join {}", fresh_channel("broken")), "hello"]).await
    };
    Overloaded: |stage| {
        let (town, guest) = stage.busy().await;
        let _turn = stage.busy_turn.lock().await;
        let mut line = town.person(&fresh("busy")).await;
        while_busy(town, guest, async || line.asks("/whois asker").await.verdict()).await
    };
    Timeout: |stage| {
        let (town, nick) = (stage.impatient().await, fresh("slow"));
        town.arms(Users, &format!("/v1/users/{nick}"), e2e::Fault::Hang).await;
        types(&mut town.person(&fresh("hasty")).await, &[&format!("/whois {nick}")]).await
    };
    UnsupportedVersion: |stage| newcomer(stage, "/hello causerie/9").await;
}
