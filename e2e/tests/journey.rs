//! What a newcomer does on the first day: register, log in, join, chat, read it again by REST, come back after everything was off.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use e2e::{
    Channels, Gateway, Line, Messages, Rest, Town, Users, WITHIN, fresh, fresh_channel, in_every_town,
    segment, until,
};
use serde_json::json;

const PASSWORD: &str = "correct horse battery";

/// Two guests in a channel of their own.
async fn two_in(town: &Town, channel: &str) -> (Line, Line, String, String) {
    let (alice, bob) = (fresh("alice"), fresh("bob"));
    let (mut a, mut b) = (town.person(&alice).await, town.person(&bob).await);
    a.does(&format!("/join {channel}")).await;
    b.does(&format!("/join {channel}")).await;
    a.sees(&format!("100 join {channel} {bob}")).await;
    (a, b, alice, bob)
}

/// The token that a connection gives out.
async fn token_of(town: &Town, line: &mut Line) -> Rest {
    let reply = line.does("/token").await;
    town.rest().with_token(reply.last().word(2))
}

in_every_town! { and postgres:
    async fn from_registration_to_the_history_by_rest(town: &Town) {
        let (alice, bob, channel) = (fresh("alice"), fresh("bob"), fresh_channel("general"));

        let mut a = town.line().await.called("alice");
        a.asks(&format!("/register {alice} {PASSWORD}")).await.is(&format!("201 registered {alice}"));
        a.asks(&format!("/login {alice} {PASSWORD}")).await.is(&format!("200 login {alice}"));
        a.asks(&format!("/join {channel}")).await.is(&format!("200 joined {channel} 1 0"));
        let mut b = town.person(&bob).await;
        b.asks(&format!("/join {channel}")).await.is(&format!("200 joined {channel} 2 0"));
        a.sees(&format!("100 join {channel} {bob}")).await;

        let sent = a.asks("hello from a terminal").await;
        sent.is(&format!("201 sent {channel} 1 <id>"));
        let shown = b.sees(&format!("100 msg {channel} 1 <time> {alice} :hello from a terminal")).await;

        let program = token_of(town, &mut a).await;
        let history = program.history(&channel).await;
        let entry = &history.items()[0];
        assert_eq!(entry["id"], sent.last().word(4));
        assert_eq!((entry["seq"].as_u64(), entry["kind"].as_str()), (Some(1), Some("message")));
        assert_eq!((entry["author"]["nick"].as_str(), entry["text"].as_str()), (Some(&*alice), Some("hello from a terminal")));
        assert_eq!(entry["at"].as_str(), Some(shown.word(4)), "REST and the line protocol tell the same time");
        assert_eq!(history.body["first_seq"], 1);
        assert_eq!((&history.body["has_before"], &history.body["has_after"]), (&json!(false), &json!(false)));

        // The other way: said by a program, seen at both terminals, hers too, for it was another login.
        let program = town.rest().login(&alice, PASSWORD).await;
        let sent = program.sends(&channel, "hello from a program").await;
        assert_eq!(sent.is(201).body["seq"], 2);
        assert!(sent.header("location").contains(sent.body["id"].as_str().unwrap()));
        for line in [&mut a, &mut b] {
            line.sees(&format!("100 msg {channel} 2 <time> {alice} :hello from a program")).await;
        }
    }

    async fn direct_messages_reach_one_person_and_no_other(town: &Town) {
        let (alice, bob, eve) = (fresh("alice"), fresh("bob"), fresh("eve"));
        let (mut a, mut b, mut e) = (town.person(&alice).await, town.person(&bob).await, town.person(&eve).await);
        a.asks(&format!("/msg {bob} psst")).await.is(&format!("201 sent {bob} 1 <id>"));
        b.sees(&format!("100 msg {bob} 1 <time> {alice} :psst")).await;
        b.asks(&format!("/msg {alice} yes?")).await.is(&format!("201 sent {alice} 2 <id>"));
        a.sees(&format!("100 msg {alice} 2 <time> {bob} :yes?")).await;
        let program = token_of(town, &mut b).await;
        let path = format!("/v1/users/{}/messages", segment(&alice));
        let history = program.get(Messages, &path).await;
        let texts: Vec<_> = history.items().iter().map(|entry| entry["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["psst", "yes?"]);
        e.settles().await.has_not_seen("100 *");
        let hers = token_of(town, &mut e).await.get(Messages, &path).await;
        assert!(hers.status == 404 || hers.items().is_empty(), "{}", hers.text);
    }

    async fn a_message_sent_again_with_its_key_is_stored_once(town: &Town) {
        let channel = fresh_channel("keys");
        let (mut a, mut b, alice, _) = two_in(town, &channel).await;
        let key = "0f3a9c5d7e1b2468";
        let first = a.asks(&format!("@key={key} once")).await;
        first.is(&format!("201 sent {channel} 1 <id>"));
        let id = first.last().word(4).to_owned();
        a.asks(&format!("@id=7;key={key} once")).await.is(&format!("@id=7;dup=1 201 sent {channel} 1 {id}"));
        a.asks(&format!("@key={key} twice")).await.is("422 key-reused *");

        // The same by REST: one identity, one conversation, one key.
        let program = token_of(town, &mut a).await.with_header("idempotency-key", key);
        let again = program.sends(&channel, "once").await;
        assert_eq!((again.status, again.body["id"].as_str()), (201, Some(&*id)));
        assert_eq!(again.header("idempotent-replayed"), "true");
        program.sends(&channel, "twice").await.refused("key-reused");
        // Another connection of another person may use the key.
        b.asks(&format!("@key={key} once")).await.is(&format!("201 sent {channel} 2 <id>"));

        b.sees(&format!("100 msg {channel} 1 <time> {alice} :once")).await;
        b.settles().await.has_not_seen(&format!("100 msg {channel} * {alice} :*"));
        assert_eq!(program.history(&channel).await.items().len(), 2);
    }

    async fn a_broken_connection_resumes_where_it_was(town: &Town) {
        let channel = fresh_channel("resume");
        let (alice, bob) = (fresh("alice"), fresh("bob"));
        let mut a = town.person(&alice).await;
        a.does(&format!("/join {channel}")).await;
        let mut b = town.person(&bob).await;
        b.does(&format!("/join {channel}")).await;
        a.does("one").await;
        b.sees(&format!("100 msg {channel} 1 <time> {alice} :one")).await;
        b.resets().await;
        a.sees(&format!("100 quit {bob} :*")).await;
        for text in ["two", "three", "four"] {
            a.does(text).await;
        }
        let again = fresh("bob");
        let mut b = town.person(&again).await;
        b.says(&format!("/resume {channel}=1")).await;
        for (seq, text) in [(2, "two"), (3, "three"), (4, "four")] {
            let expected = format!("100 msg {channel} {seq} <time> {alice} :{text}");
            let heard = b.next_line(&expected).await;
            assert!(e2e::Pattern::new(&expected).matches(&heard.raw), "{heard:?}\n{}", b.transcript());
        }
        b.reply().await.is(&format!("200 resumed {channel} 4"));
        a.sees(&format!("100 join {channel} {again}")).await;
        a.does("five").await;
        b.sees(&format!("100 msg {channel} 5 <time> {alice} :five")).await;
    }
}

in_every_town! {
    async fn a_guest_of_rest_and_a_guest_of_the_terminal_are_in_one_room(town: &Town) {
        let (alice, robot, channel) = (fresh("alice"), fresh("robot"), fresh_channel("room"));
        let mut a = town.person(&alice).await;
        a.does(&format!("/join {channel}")).await;
        let program = town.rest().guest(&robot).await;
        program.joins(&channel).await.ok();
        a.sees(&format!("100 join {channel} {robot}")).await;
        program.sends(&channel, "beep").await.is(201);
        a.sees(&format!("100 msg {channel} 1 <time> {robot} :beep")).await;
        let names = a.asks("/names").await;
        names.is(&format!("200 names {channel} 2"));
        let path = format!("/v1/channels/{}/members/me", segment(&channel));
        program.delete(Channels, &path).await.ok();
        a.sees(&format!("100 part {channel} {robot} :*")).await;
        // message-service has it from channel-service, and may be a moment behind for those who have no connection.
        until("one who has left cannot speak", WITHIN, async || {
            (program.sends(&channel, "beep").await.code() == "not-a-member").then_some(())
        })
        .await;
        // A nick is held however it was taken.
        town.line().await.asks(&format!("/nick {robot}")).await.is(&format!("409 nick-in-use {robot} :*"));
        town.rest().post(Users, "/v1/tokens", &json!({"grant_type": "guest", "nick": alice})).await.refused("nick-in-use");
    }

    async fn an_account_is_one_person_on_all_its_connections(town: &Town) {
        let (alice, bob, channel) = (fresh("alice"), fresh("bob"), fresh_channel("one"));
        town.rest().account(&alice, PASSWORD).await;
        let (mut one, mut two) = (town.line().await.called("one"), town.line().await.called("two"));
        for line in [&mut one, &mut two] {
            line.does(&format!("/login {alice} {PASSWORD}")).await;
            line.does(&format!("/join {channel}")).await;
        }
        let mut b = town.person(&bob).await;
        b.asks(&format!("/join {channel}")).await.is(&format!("200 joined {channel} 2 0"));
        one.says("from one").await;
        one.sees(&format!("201 sent {channel} 1 <id>")).await;
        two.sees(&format!("100 msg {channel} 1 <time> {alice} :from one")).await;
        b.sees(&format!("100 msg {channel} 1 <time> {alice} :from one")).await;
        // The first to go leaves nobody: she is still there.
        one.says("/quit").await;
        one.sees_the_end().await;
        b.settles().await.has_not_seen("100 quit *");
        two.resets().await;
        b.sees(&format!("100 quit {alice} :*")).await;
    }

    async fn a_guest_who_logs_in_stays_in_the_channels(town: &Town) {
        let (guest, alice, channel) = (fresh("guest"), fresh("alice"), fresh_channel("stay"));
        town.rest().account(&alice, PASSWORD).await;
        let mut a = town.person(&guest).await;
        a.does(&format!("/join {channel}")).await;
        let mut b = town.person(&fresh("bob")).await;
        b.does(&format!("/join {channel}")).await;
        a.asks(&format!("/login {alice} {PASSWORD}")).await.is(&format!("200 login {alice}"));
        a.asks("/whoami").await.is(&format!("200 whoami {alice} {alice} <gateway>"));
        a.asks("still here").await.is(&format!("201 sent {channel} 1 <id>"));
        b.sees(&format!("100 msg {channel} 1 <time> {alice} :still here")).await;
        b.sees(&format!("100 join {channel} {alice}")).await;
        b.sees(&format!("100 quit {guest} :*")).await;
        b.asks("/names").await.is(&format!("200 names {channel} 2"));
    }

    async fn a_token_takes_the_session_over_and_nobody_sees_a_quit(town: &Town) {
        let (alice, channel) = (fresh("alice"), fresh_channel("over"));
        let mut a = town.person(&alice).await;
        a.does(&format!("/join {channel}")).await;
        let mut b = town.person(&fresh("bob")).await;
        b.does(&format!("/join {channel}")).await;
        let token = a.does("/token").await.last().word(2).to_owned();
        let mut again = town.line().await.called("alice again");
        again.asks(&format!("/login token {token}")).await.is(&format!("200 login {alice}"));
        again.does(&format!("/join {channel}")).await;
        again.does("the same person").await;
        b.sees(&format!("100 msg {channel} 1 <time> {alice} :the same person")).await;
        a.sees_the_end().await;
        b.settles().await.has_not_seen("100 quit *");
        b.has_not_seen("100 join *");
    }
}

in_every_town! { own:
    async fn everything_acknowledged_is_there_after_a_restart(town: &Town) {
        let (alice, bob) = ("alice", "bob");
        let account = town.rest().account(alice, PASSWORD).await;
        account.post(Channels, "/v1/channels", &json!({ "name": "#general" })).await.is(201);
        let mut a = town.line().await.called(alice);
        a.does(&format!("/login {alice} {PASSWORD}")).await;
        a.does("/join #general").await;
        a.does("/topic #general the weather").await;
        a.does(&format!("/nick {alice}")).await;
        let mut b = town.person(bob).await;
        b.does("/join #general").await;
        for n in 1..=20 {
            a.asks(&format!("message {n}")).await.is(&format!("201 sent #general {n} <id>"));
        }
        a.does("/msg bob for you").await;

        town.restart_all().await;
        a.sees_the_end().await;
        b.sees_the_end().await;

        let account = town.rest().login(alice, PASSWORD).await;
        let channel = account.get(Channels, "/v1/channels/general").await;
        assert_eq!(channel.ok().body["topic"]["text"], "the weather");
        assert_eq!(channel.body["founder"], alice);
        let mut a = town.line().await.called(alice);
        a.does(&format!("/login {alice} {PASSWORD}")).await;
        // The dead gateway's sessions have gone, or go soon; she is in again.
        a.asks("/join #general").await.is("200 joined #general * 20");
        let history = account.history("#general").await;
        let texts: Vec<_> = history.items().iter().map(|entry| entry["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(texts, (1..=20).map(|n| format!("message {n}")).collect::<Vec<_>>());
        a.asks("message 21").await.is("201 sent #general 21 <id>");
        // The nick of a guest of the gateway that was killed comes free when its lease has lapsed.
        until("bob's nick is free again", 4 * WITHIN, async || {
            let mut b = town.line().await;
            (b.asks("/nick bob").await.code() == 200).then_some(())
        })
        .await;
    }

    async fn a_terminated_process_says_goodbye_and_leaves_in_time(town: &Town) {
        let mut a = town.person("alice").await;
        a.does("/join #general").await;
        a.does("hello").await;
        for part in town.parts() {
            let (status, took) = town.terminate(part).await;
            assert!(status.success(), "{part} ended with {status}");
            assert!(took.as_secs() < 10, "{part} took {took:?}");
            if part == Gateway.into() {
                a.sees("100 closing :*").await;
                a.sees_the_end().await;
            }
        }
        for part in town.parts() {
            town.start_without_waiting(part);
        }
        town.ready().await;
        // A graceful end waits for no lease: the nick is free at once, the channel as soon as what user-service had left to do
        // when it was stopped is done.
        let mut a = town.person("alice").await;
        a.does("/join #general").await;
        until("nobody but the new alice is there", WITHIN, async || {
            a.asks("/names").await.last().raw.ends_with("#general 1").then_some(())
        })
        .await;
        a.asks("/history").await.is("200 history #general 1");
    }
}
