//! Those who keep order on the network, and what ends for those who do not keep to it; and rooms that were closed.

use std::time::Instant;

use e2e::{
    Channels, Gateway, Messages, Plan, Shape, Town, Users, WITHIN, fresh, fresh_channel, in_every_town,
    segment, until,
};
use serde_json::json;

const PASSWORD: &str = "correct horse battery";

in_every_town! { own:
    async fn who_is_suspended_is_out_within_seconds(town: &Town) {
        let boss = town.operator("boss", PASSWORD).await;
        let program = town.rest().account("mallory", PASSWORD).await;
        let (mut mallory, mut alice) = (town.line().await, town.person("alice").await);
        mallory.does(&format!("/login mallory {PASSWORD}")).await;
        mallory.does("/join #general").await;
        alice.does("/join #general").await;
        program.sends("#general", "spam").await.is(201);

        boss.put(Users, "/v1/accounts/mallory/suspension", &json!({ "reason": "spam" })).await.ok();
        mallory.sees("100 closing :*").await;
        mallory.sees_the_end().await;
        alice.sees("100 quit mallory :*").await;
        // The token is refused by every service within 5 s, though it has not expired.
        for (service, path) in [(Users, "/v1/users/me"), (Channels, "/v1/channels"), (Messages, "/v1/users/me/conversations")] {
            until(&format!("{service} refuses the token"), WITHIN, async || {
                (program.get(service, path).await.status == 401).then_some(())
            })
            .await;
        }
        town.line().await.asks(&format!("/login mallory {PASSWORD}")).await.is("403 suspended :*");
        boss.delete(Users, "/v1/accounts/mallory/suspension").await.ok();
        town.line().await.asks(&format!("/login mallory {PASSWORD}")).await.is("200 login mallory");
    }

    async fn who_is_disconnected_may_come_back_unless_banned(town: &Town) {
        let boss = town.operator("boss", PASSWORD).await;
        let mut mallory = town.person("mallory").await;
        boss.delete(Users, "/v1/users/mallory/sessions").await.ok();
        mallory.sees("100 closing :*").await;
        mallory.sees_the_end().await;
        let _mallory = town.person("mallory2").await;
        let ban = boss.post(Users, "/v1/network-bans", &json!({ "target": "127.0.0.0/8", "reason": "spam" })).await;
        let refused = async |line: &mut e2e::Line| {
            // Either at the door, or when a nick is taken.
            let first = line.next_line("a greeting or a refusal").await;
            first.raw.starts_with("403 network-banned") || line.asks("/nick other").await.outcome() == "network-banned"
        };
        until("the address is banned", WITHIN, async || {
            let mut line = e2e::Line::connect_raw(town.chat_address()).await;
            refused(&mut line).await.then_some(())
        })
        .await;
        let id = ban.is(201).body["id"].as_str().expect("an id").to_owned();
        boss.delete(Users, &format!("/v1/network-bans/{id}")).await.ok();
        until("the address is free again", WITHIN, async || {
            let mut line = e2e::Line::connect_raw(town.chat_address()).await;
            (!refused(&mut line).await).then_some(())
        })
        .await;
    }
}

in_every_town! {
    async fn a_new_password_ends_what_the_old_one_opened(town: &Town) {
        let alice = fresh("alice");
        let program = town.rest().account(&alice, PASSWORD).await;
        let other = town.rest().login(&alice, PASSWORD).await;
        let change = json!({ "current": PASSWORD, "new": "another horse battery" });
        program.put(Users, "/v1/accounts/me/password", &change).await.ok();
        for service in [Users, Channels] {
            until(&format!("{service} refuses the old token"), WITHIN, async || {
                let path = if service == Users { "/v1/users/me" } else { "/v1/channels" };
                (other.get(service, path).await.status == 401).then_some(())
            })
            .await;
        }
        let refresh = json!({ "grant_type": "refresh_token", "refresh_token": other.refresh_token });
        town.rest().post(Users, "/v1/tokens", &refresh).await.refused("bad-credentials");
        town.line().await.asks(&format!("/login {alice} {PASSWORD}")).await.is("401 bad-credentials :*");
        town.line().await.asks(&format!("/login {alice} another horse battery")).await.is(&format!("200 login {alice}"));
    }

    async fn what_was_said_in_a_closed_room_stays_there(town: &Town) {
        let channel = fresh_channel("closed");
        let mut a = town.person(&fresh("alice")).await;
        a.does(&format!("/join {channel}")).await;
        a.does(&format!("/mode {channel} +k sesame")).await;
        a.does("between us").await;
        a.does("/part").await;
        // Dormant now, with its key gone; whoever joins begins it anew, from where it was.
        let mut b = town.person(&fresh("bob")).await;
        b.asks(&format!("/join {channel}")).await.is(&format!("200 joined {channel} 1 1"));
        b.asks("/history").await.is(&format!("200 history {channel} 0"));
        b.asks("anybody?").await.is(&format!("201 sent {channel} 2 <id>"));
        b.asks("/history").await.is(&format!("200 history {channel} 1"));
        b.asks(&format!("/resume {channel}=0")).await.is(&format!("200 resumed {channel} 2"));
        b.has_not_seen("*between us*");
        let program = town.rest().with_token(b.does("/token").await.last().word(2));
        assert_eq!(program.history(&channel).await.body["first_seq"], 2);

        // One that was open keeps its history.
        let channel = fresh_channel("open");
        a.does(&format!("/join {channel}")).await;
        a.does("to everybody").await;
        a.does("/part").await;
        b.does(&format!("/join {channel}")).await;
        b.asks("/history").await.is(&format!("200 history {channel} 1"));
    }
}

#[tokio::test]
async fn the_users_of_a_gateway_that_died_are_gone_within_twenty_seconds() {
    let town = Shape::FiveProcesses.plan().start().await;
    let watcher = town.rest().guest("watcher").await;
    watcher.joins("#general").await.ok();
    let mut alice = town.person("alice").await;
    alice.does("/join #general").await;
    town.kill9(Gateway);
    let died = Instant::now();
    let path = format!("/v1/channels/{}", segment("#general"));
    until("alice is out of the channel", 3 * WITHIN, async || {
        let channel = watcher.get(Channels, &path).await;
        (channel.ok().body["member_count"] == 1).then_some(())
    })
    .await;
    assert!(died.elapsed().as_secs() <= 20, "{:?}", died.elapsed());
    // Her nick is free for others.
    town.rest().guest("alice").await;
}

#[tokio::test]
async fn who_needs_an_invitation_registers_with_one() {
    let town = Plan::one_process().set("users.registration=invite").start().await;
    town.line().await.asks(&format!("/register alice {PASSWORD}")).await.is("403 registration-closed :*");
    let rest = town.rest();
    let account = json!({ "name": "alice", "password": PASSWORD, "invite": "nonsense" });
    rest.post(Users, "/v1/accounts", &account).await.refused("registration-closed");
}
