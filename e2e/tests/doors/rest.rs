//! How each error is got by REST.

use e2e::{Answer, Channels, Fault, Logs, Messages, Rest, Users, fresh, fresh_channel, segment};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    stage::{PASSWORD, Stage, panics_at, while_busy},
    table::provocations,
};

fn path(channel: &str, rest: &str) -> String {
    format!("/v1/channels/{}{rest}", segment(channel))
}

/// Checks what every problem has, and gives its verdict.
fn verdict(answer: Answer) -> String {
    if answer.status >= 400 {
        assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
        assert_eq!(answer.body["status"], answer.status, "{}", answer.text);
        assert_eq!(answer.body["type"], format!("/problems/{}", answer.code()), "{}", answer.text);
        assert_eq!(answer.body["trace_id"], answer.header("trace-id"), "{}", answer.text);
        assert!(
            answer.status != 401 || !answer.header("www-authenticate").is_empty(),
            "{:?}",
            answer.headers
        );
        let wait = matches!(answer.status, 429 | 503);
        assert!(!wait || answer.header("retry-after").parse::<u32>().is_ok(), "{:?}", answer.headers);
    }
    answer.verdict()
}

async fn grants(rest: &Rest, grant: Value) -> String {
    verdict(rest.post(Users, "/v1/tokens", &grant).await)
}

async fn logs_in(rest: &Rest, name: &str, password: &str) -> String {
    grants(rest, json!({ "grant_type": "password", "name": name, "password": password })).await
}

async fn registers(rest: &Rest, name: &str, password: &str) -> String {
    verdict(rest.post(Users, "/v1/accounts", &json!({ "name": name, "password": password })).await)
}

/// A guest tries to join a channel with such modes that another is in.
async fn joins(stage: &Stage, modes: Value) -> String {
    let (channel, _operator) = stage.channel(modes).await;
    verdict(stage.guest().await.joins(&channel).await)
}

/// Somebody in the channel of another.
async fn member(stage: &Stage, modes: Value) -> (Rest, String) {
    let (channel, _operator) = stage.channel(modes).await;
    let member = stage.guest().await;
    member.joins(&channel).await.ok();
    (member, channel)
}

async fn bans(operator: &Rest, channel: &str, mask: &str) -> Answer {
    operator.post(Channels, &path(channel, "/bans"), &json!({ "mask": mask })).await
}

provocations! { Rest:
    BadRequest: |stage| {
        let rest = stage.town().await.rest();
        let request = rest.request(Method::POST, Users, "/v1/accounts").header("content-type", "application/json");
        verdict(rest.send(request.body("{")).await)
    };
    NotAuthenticated: |stage| verdict(stage.town().await.rest().get(Users, "/v1/users/me").await);
    BadCredentials: |stage| logs_in(&stage.town().await.rest(), "nobody-at-all", "wrong horse battery").await;
    Forbidden: |stage| verdict(stage.guest().await.get(Logs, "/v1/logs").await);
    InsufficientScope: |stage| {
        let token = stage.reading_token().await;
        let grant = json!({ "grant_type": "api_token", "api_token": token });
        let reader = stage.town().await.rest().grant(&grant).await;
        let channel = fresh_channel("reading");
        reader.joins(&channel).await.ok();
        verdict(reader.sends(&channel, "hello").await)
    };
    NotAMember: |stage| {
        let (channel, _operator) = stage.channel(json!({})).await;
        verdict(stage.guest().await.sends(&channel, "hello").await)
    };
    Banned: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        bans(&operator, &channel, "guest-*!*@*").await.is(201);
        verdict(stage.guest().await.joins(&channel).await)
    };
    InviteOnly: |stage| joins(stage, json!({ "invite_only": true })).await;
    BadKey: |stage| joins(stage, json!({ "key": "sesame" })).await;
    ChannelFull: |stage| joins(stage, json!({ "limit": 1 })).await;
    Moderated: |stage| {
        let (member, channel) = member(stage, json!({ "moderated": true })).await;
        verdict(member.sends(&channel, "hello").await)
    };
    RegisteredOnly: |stage| joins(stage, json!({ "registered_only": true })).await;
    NotAnOperator: |stage| {
        let (member, channel) = member(stage, json!({})).await;
        verdict(member.patch(Channels, &path(&channel, "/modes"), &json!({ "moderated": true })).await)
    };
    Suspended: |stage| {
        let name = stage.suspended().await;
        logs_in(&stage.town().await.rest(), &name, PASSWORD).await
    };
    NetworkBanned: |stage| {
        let nick = stage.banned_nick().await;
        grants(&stage.town().await.rest(), json!({ "grant_type": "guest", "nick": nick })).await
    };
    RegistrationClosed: |stage| registers(&stage.closed().await.rest(), "alice", PASSWORD).await;
    NotFound: |stage| verdict(stage.guest().await.get(Channels, "/v1/nothing").await);
    NoSuchChannel: |stage| verdict(stage.guest().await.get(Channels, &path(&fresh("nowhere"), "")).await);
    NoSuchNick: |stage| verdict(stage.guest().await.get(Users, "/v1/users/nobody-at-all").await);
    NoSuchAccount: |stage| verdict(stage.operator().await.get(Users, "/v1/accounts/nobody-at-all").await);
    NoSuchMessage: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        let id = operator.sends(&channel, "hello").await.is(201).body["id"].as_str().unwrap_or_default().to_owned();
        verdict(operator.get(Messages, &format!("/v1/messages/{id}99")).await)
    };
    NoSuchBan: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        verdict(operator.delete(Channels, &path(&channel, "/bans/1aaaaaaaaaaaa")).await)
    };
    NotInChannel: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        let other = stage.guest().await;
        verdict(operator.delete(Channels, &path(&channel, &format!("/members/{}", other.id))).await)
    };
    MethodNotAllowed: |stage| verdict(stage.guest().await.delete(Channels, "/v1/channels").await);
    NickInUse: |stage| {
        let nick = fresh("taken");
        let rest = stage.town().await.rest();
        rest.guest(&nick).await;
        grants(&rest, json!({ "grant_type": "guest", "nick": nick })).await
    };
    AccountExists: |stage| {
        let (name, rest) = stage.account().await;
        registers(&rest, &name, PASSWORD).await
    };
    ChannelExists: |stage| {
        let ((_, one), (_, two)) = (stage.account().await, stage.account().await);
        let name = json!({ "name": fresh_channel("mine") });
        one.post(Channels, "/v1/channels", &name).await.is(201);
        verdict(two.post(Channels, "/v1/channels", &name).await)
    };
    SessionEnded: |stage| {
        let mut line = stage.person().await;
        let token = line.does("/token").await.last().word(2).to_owned();
        line.says("/quit").await;
        line.sees_the_end().await;
        let program = stage.town().await.rest().with_token(&token);
        // The gateway ends the session just after its goodbye.
        e2e::until("the session has ended", e2e::WITHIN, async || {
            let answer = program.joins(&fresh_channel("late")).await;
            (answer.status >= 400).then(|| verdict(answer))
        }).await
    };
    VersionMismatch: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        let tag = operator.get(Channels, &path(&channel, "")).await.ok().header("etag").to_owned();
        let operator = operator.with_header("if-match", &tag);
        operator.put(Channels, &path(&channel, "/topic"), &json!({ "text": "first" })).await.ok();
        verdict(operator.put(Channels, &path(&channel, "/topic"), &json!({ "text": "second" })).await)
    };
    TextTooLong: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        verdict(operator.sends(&channel, &"x".repeat(4097)).await)
    };
    BodyTooLarge: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        verdict(operator.sends(&channel, &"x".repeat(2 * 1024 * 1024)).await)
    };
    UnsupportedMediaType: |stage| {
        let rest = stage.town().await.rest();
        let request = rest.request(Method::POST, Users, "/v1/accounts").header("content-type", "text/xml");
        verdict(rest.send(request.body("<x/>")).await)
    };
    InvalidParameter: |stage| verdict(stage.guest().await.get(Channels, "/v1/channels?limit=1001").await);
    InvalidNick: |stage| grants(&stage.town().await.rest(), json!({ "grant_type": "guest", "nick": "4you" })).await;
    InvalidChannelName: |stage| {
        let (_, account) = stage.account().await;
        verdict(account.post(Channels, "/v1/channels", &json!({ "name": "#a,b" })).await)
    };
    InvalidText: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        verdict(operator.sends(&channel, "a\rb").await)
    };
    InvalidMask: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        verdict(bans(&operator, &channel, "~nothing:x").await)
    };
    InvalidMode: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        let long = json!({ "key": "k".repeat(api::mode::MAX_KEY_BYTES + 1) });
        verdict(operator.patch(Channels, &path(&channel, "/modes"), &long).await)
    };
    WeakPassword: |stage| registers(&stage.town().await.rest(), &fresh("weak"), "short").await;
    KeyReused: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        let operator = operator.with_header("idempotency-key", "\"one-key\"");
        operator.sends(&channel, "one").await.is(201);
        verdict(operator.sends(&channel, "two").await)
    };
    ListFull: |stage| {
        let (channel, operator) = stage.channel(json!({})).await;
        for n in 0..api::channels::MAX_LIST_ENTRIES {
            bans(&operator, &channel, &format!("mask{n}")).await.is(201);
        }
        verdict(bans(&operator, &channel, "onemore").await)
    };
    TooManyChannels: |stage| {
        let guest = stage.guest().await;
        for n in 0..api::channels::MAX_CHANNELS_EACH {
            guest.joins(&fresh_channel(&format!("many{n}"))).await.ok();
        }
        verdict(guest.joins(&fresh_channel("onemore")).await)
    };
    TooFast: |stage| {
        let rest = stage.hasty().await.rest();
        registers(&rest, "alice", PASSWORD).await;
        logs_in(&rest, "alice", "wrong horse battery").await;
        logs_in(&rest, "alice", "wrong horse battery").await
    };
    TooManyConnections: |stage| verdict(stage.narrow().await.rest().get(Users, "/v1/users/me").await);
    Internal: |stage| {
        let nick = fresh("panic");
        panics_at(stage.town().await, Users, &format!("/v1/users/{nick}")).await;
        verdict(stage.guest().await.get(Users, &format!("/v1/users/{nick}")).await)
    };
    Unavailable: |_stage| {
        // channel-service asks user-service whom to invite.
        let town = e2e::Town::five_processes().await;
        let (one, two) = (town.rest().guest("one").await, town.rest().guest("two").await);
        one.joins("#general").await.ok();
        town.kill9(Users);
        verdict(one.put(Channels, &path("#general", &format!("/invitations/{}", two.id)), &json!({})).await)
    };
    Overloaded: |stage| {
        let (town, guest) = stage.busy().await;
        let _turn = stage.busy_turn.lock().await;
        while_busy(town, guest, async || verdict(guest.get(Users, "/v1/users/asker").await)).await
    };
    Timeout: |stage| {
        let (town, nick) = (stage.impatient().await, fresh("slow"));
        town.arms(Users, &format!("/v1/users/{nick}"), Fault::Hang).await;
        verdict(town.rest().guest(&fresh("hasty")).await.get(Users, &format!("/v1/users/{nick}")).await)
    };
}
