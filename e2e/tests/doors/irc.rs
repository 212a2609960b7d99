//! How each error is got in an IRC client, and the word that it has there.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use e2e::{Channels, Irc, Town, Users, fresh, fresh_channel, segment};
use serde_json::json;

use super::{
    stage::{PASSWORD, Stage, panics_at, while_busy},
    table::provocations,
};

const NOT_REFUSED: &str = "not refused";

/// The last of these lines is the one that matters; those before it must succeed.
async fn types(irc: &mut Irc, lines: &[&str]) -> String {
    let (last, before) = lines.split_last().expect("something is typed");
    for line in before {
        assert_eq!(irc.refusal(line).await, None, "{line}");
    }
    irc.refusal(last).await.unwrap_or_else(|| NOT_REFUSED.to_owned())
}

/// Somebody who speaks standard replies types this before they are anybody.
async fn stranger(town: &Town, line: &str) -> String {
    types(&mut town.irc_stranger().await, &["CAP REQ standard-replies", line]).await
}

async fn somebody(stage: &Stage) -> Irc {
    stage.town().await.irc(&fresh("person")).await
}

async fn person(stage: &Stage, line: &str) -> String {
    types(&mut somebody(stage).await, &[line]).await
}

/// Somebody tries to join a channel with such modes that another is in.
async fn joins(stage: &Stage, modes: serde_json::Value) -> String {
    let (channel, _operator) = stage.channel(modes).await;
    person(stage, &format!("JOIN {channel}")).await
}

/// Somebody in the channel of another types this; `{c}` is the channel.
async fn member(stage: &Stage, modes: serde_json::Value, lines: &[&str]) -> String {
    let (channel, _operator) = stage.channel(modes).await;
    in_channel(&mut somebody(stage).await, &channel, lines).await
}

/// The operator of a channel types this; `{c}` is the channel.
async fn operator(stage: &Stage, line: &str) -> String {
    in_channel(&mut somebody(stage).await, &fresh_channel("own"), &[line]).await
}

async fn in_channel(irc: &mut Irc, channel: &str, lines: &[&str]) -> String {
    let lines: Vec<_> = ["JOIN {c}"].iter().chain(lines).map(|line| line.replace("{c}", channel)).collect();
    types(irc, &lines.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// Logs in by SASL and comes in.
async fn logs_in(town: &Town, mechanism: &str, said: &str) -> Irc {
    let (mut irc, nick) = (town.irc_stranger().await, fresh("login"));
    for line in [
        "CAP REQ :sasl standard-replies echo-message",
        &format!("NICK {nick}"),
        &format!("USER {nick} 0 * :{nick}"),
        &format!("AUTHENTICATE {mechanism}"),
        &format!("AUTHENTICATE {}", BASE64_STANDARD.encode(said)),
    ] {
        assert_eq!(irc.refusal(line).await, None, "{line}");
    }
    let welcome = irc.asks("CAP END").await;
    assert!(welcome.iter().any(|line| line.contains(" 001 ")), "{welcome:?}");
    irc
}

provocations! { Irc:
    BadRequest says "INVALID_PARAMS": |stage| {
        let mut irc = somebody(stage).await;
        irc.raw(b"PRIVMSG #x :a\0b\r\n").await;
        irc.refusal("PING after").await.unwrap_or_default()
    };
    InvalidUtf8 says "INVALID_UTF8": |stage| {
        let mut irc = somebody(stage).await;
        irc.raw(b"PRIVMSG #x :\xff\xff\xc3\x28\r\n").await;
        irc.refusal("PING after").await.unwrap_or_default()
    };
    MissingParameter says "461": |stage| person(stage, "JOIN").await;
    NoCurrentTarget says "NEED_NICK": |stage| {
        stranger(stage.town().await, &format!("REGISTER * * :{PASSWORD}")).await
    };
    NotAuthenticated says "ERROR": |stage| {
        let (name, account) = stage.account().await;
        let mut irc = logs_in(stage.town().await, "PLAIN", &format!("\0{name}\0{PASSWORD}")).await;
        let change = json!({ "current": PASSWORD, "new": "another horse battery" });
        account.put(Users, "/v1/accounts/me/password", &change).await.ok();
        // Who could not say anything any more is told so, and sent away.
        loop {
            let line = irc.line().await;
            if let Some(reason) = line.strip_prefix("ERROR :") {
                assert!(reason.ends_with("the password was changed"), "{line}");
                return "ERROR".to_owned();
            }
        }
    };
    NotRegistered says "451": |stage| stranger(stage.town().await, "JOIN #general").await;
    BadCredentials says "464": |stage| person(stage, "OPER nobody-at-all wrong-horse-battery").await;
    Forbidden says "481": |stage| person(stage, "KILL somebody").await;
    InsufficientScope says "FORBIDDEN": |stage| {
        let said = format!("n,,\u{1}auth=Bearer {}\u{1}\u{1}", stage.reading_token().await);
        let mut irc = logs_in(stage.town().await, "OAUTHBEARER", &said).await;
        in_channel(&mut irc, &fresh_channel("reading"), &["PRIVMSG {c} :hello"]).await
    };
    NotAMember says "442": |stage| {
        let (channel, _operator) = stage.channel(json!({})).await;
        person(stage, &format!("PART {channel}")).await
    };
    Banned says "474": |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        let path = format!("/v1/channels/{}/bans", segment(&channel));
        operator.post(Channels, &path, &json!({ "mask": "person-*!*@*" })).await.is(201);
        person(stage, &format!("JOIN {channel}")).await
    };
    InviteOnly says "473": |stage| joins(stage, json!({ "invite_only": true })).await;
    BadKey says "475": |stage| joins(stage, json!({ "key": "sesame" })).await;
    ChannelFull says "471": |stage| joins(stage, json!({ "limit": 1 })).await;
    Moderated says "404": |stage| member(stage, json!({ "moderated": true }), &["PRIVMSG {c} :hello"]).await;
    RegisteredOnly says "477": |stage| joins(stage, json!({ "registered_only": true })).await;
    NotAnOperator says "482": |stage| member(stage, json!({}), &["MODE {c} +m"]).await;
    NetworkBanned says "465": |stage| {
        let nick = stage.banned_nick().await;
        types(&mut stage.town().await.irc_stranger().await, &["USER u 0 * :u", &format!("NICK {nick}")]).await
    };
    RegistrationClosed says "TEMPORARILY_UNAVAILABLE": |stage| {
        stranger(stage.closed().await, &format!("REGISTER alice * :{PASSWORD}")).await
    };
    PlaintextRefused says "NEED_TLS": |stage| {
        let mut irc = Irc::connect(stage.open().await.irc_address_from_outside()).await;
        let register = format!("REGISTER alice * :{PASSWORD}");
        types(&mut irc, &["CAP REQ standard-replies", &register]).await
    };
    NoSuchChannel says "403": |stage| person(stage, &format!("TOPIC {}", fresh_channel("nowhere"))).await;
    NoSuchNick says "401": |stage| person(stage, "WHOIS nobody-at-all").await;
    NoSuchMessage says "UNKNOWN_MSGID": |stage| operator(stage, "REDACT {c} nothing").await;
    NoSuchBan says "INVALID_PARAMS": |stage| {
        stage.operator().await;
        let mut irc = somebody(stage).await;
        let oper = format!("OPER boss :{PASSWORD}");
        types(&mut irc, &[&oper, "UNKLINE nobody-at-all!*@*"]).await
    };
    NotInChannel says "441": |stage| {
        let other = fresh("other");
        let _other = stage.town().await.person(&other).await;
        operator(stage, &format!("KICK {{c}} {other}")).await
    };
    UnknownCommand says "421": |stage| person(stage, "DANCE").await;
    NickInUse says "433": |stage| {
        let nick = fresh("taken");
        let _taken = stage.town().await.person(&nick).await;
        person(stage, &format!("NICK {nick}")).await
    };
    AccountExists says "ACCOUNT_EXISTS": |stage| {
        let (name, _) = stage.account().await;
        stranger(stage.town().await, &format!("REGISTER {name} * :{PASSWORD}")).await
    };
    ChannelExists says "CHANNEL_NAME_IN_USE": |stage| {
        let (taken, _operator) = stage.channel(json!({})).await;
        operator(stage, &format!("RENAME {{c}} {taken}")).await
    };
    AlreadyLoggedIn says "462": |stage| person(stage, "USER u 0 * :u").await;
    LineTooLong says "417": |stage| operator(stage, &format!("PRIVMSG {{c}} :{}", "x".repeat(600))).await;
    TextTooLong says "417": |stage| operator(stage, &format!("TOPIC {{c}} :{}", "x".repeat(391))).await;
    InvalidParameter says "INVALID_PARAMS": |stage| operator(stage, "CHATHISTORY LATEST {c} * 0").await;
    InvalidNick says "432": |stage| person(stage, "NICK 4you").await;
    InvalidChannelName says "403": |stage| person(stage, "JOIN general").await;
    InvalidText says "INVALID_REALNAME": |stage| person(stage, "SETNAME :").await;
    InvalidMask says "696": |stage| operator(stage, "MODE {c} +b ~nothing:x").await;
    InvalidMode says "472": |stage| operator(stage, "MODE {c} +z").await;
    WeakPassword says "WEAK_PASSWORD": |stage| {
        stranger(stage.town().await, &format!("REGISTER {} * short", fresh("weak"))).await
    };
    ListFull says "478": |stage| {
        let (mut irc, channel) = (somebody(stage).await, fresh_channel("full"));
        irc.asks(&format!("JOIN {channel}")).await;
        for n in 0..api::channels::MAX_LIST_ENTRIES {
            assert_eq!(irc.refusal(&format!("MODE {channel} +b mask{n}")).await, None);
        }
        types(&mut irc, &[&format!("MODE {channel} +b onemore")]).await
    };
    TooManyChannels says "405": |stage| {
        let mut irc = somebody(stage).await;
        for n in 0..api::channels::MAX_CHANNELS_EACH {
            assert_eq!(irc.refusal(&format!("JOIN {}", fresh_channel(&format!("many{n}")))).await, None);
        }
        types(&mut irc, &[&format!("JOIN {}", fresh_channel("onemore"))]).await
    };
    TooFast says "263": |stage| {
        let lines = ["PRIVMSG {c} :hello", "PRIVMSG {c} :again"];
        member(stage, json!({ "slow_seconds": 600 }), &lines).await
    };
    TooManyConnections says "ERROR": |_stage| {
        // Those at the terminal have the only place of the other one.
        let town = e2e::Plan::one_process().set("gateway.limits.connections_per_address=1").start().await;
        let _first = town.irc_stranger().await;
        let told = town.irc_stranger().await.line().await;
        told.split(' ').next().unwrap_or_default().to_owned()
    };
    Internal says "INTERNAL_ERROR": |stage| {
        let nick = fresh("panic");
        panics_at(stage.town().await, Users, &format!("/v1/users/{nick}")).await;
        person(stage, &format!("WHOIS {nick}")).await
    };
    Unavailable says "UNAVAILABLE": |stage| {
        let mut irc = stage.broken().await.irc(&fresh("alice")).await;
        in_channel(&mut irc, &fresh_channel("broken"), &["PRIVMSG {c} :hello"]).await
    };
    Overloaded says "UNAVAILABLE": |stage| {
        let (town, guest) = stage.busy().await;
        let _turn = stage.busy_turn.lock().await;
        let mut irc = town.irc(&fresh("busy")).await;
        while_busy(town, guest, async || irc.refusal("WHOIS asker").await.unwrap_or_else(|| "200".to_owned())).await
    };
    Timeout says "UNAVAILABLE": |stage| {
        let (town, nick) = (stage.impatient().await, fresh("slow"));
        town.arms(Users, &format!("/v1/users/{nick}"), e2e::Fault::Hang).await;
        types(&mut town.irc(&fresh("hasty")).await, &[&format!("WHOIS {nick}")]).await
    };
}
