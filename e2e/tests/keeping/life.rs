use e2e::{
    Channels, Logs, Messages, Rest, ServiceName, Town, Users, WITHIN, fresh, fresh_channel, segment, until,
};
use serde_json::json;

const PASSWORD: &str = "correct horse battery staple";

/// People who have been at it for a while: something of theirs is in every table that keeps anything for long.
pub(crate) struct Life {
    pub(crate) alice: Rest,
    bob: Rest,
    boss: Rest,
    pub(crate) channel: String,
    /// Stands in a record of log-service.
    logged: String,
}

impl Life {
    pub(crate) async fn is_lived(town: &Town) -> Self {
        let life = Self::begins(town).await;
        life.is_logged(town).await;
        life
    }

    /// Each step of it takes new rows in many tables.
    pub(crate) async fn begins(town: &Town) -> Self {
        let life = Self {
            alice: town.rest().account(&fresh("alice"), PASSWORD).await,
            bob: town.rest().account(&fresh("bob"), PASSWORD).await,
            boss: town.operator(&fresh("boss"), PASSWORD).await,
            channel: fresh_channel("kept"),
            logged: fresh("logged"),
        };
        life.settles_in().await;
        life.talks().await;
        // At a terminal: sessions, a guest's nick, entries with a trace.
        let mut line = town.person(&fresh("visitor")).await;
        line.does(&format!("/join {}", life.channel)).await;
        line.does("I only passed by — \\o/ 🦀").await;
        line.does("/quit").await;
        until("the visitor has left", WITHIN, async || {
            let path = format!("/v1/channels/{}", segment(&life.channel));
            (life.alice.get(Channels, &path).await.ok().body["member_count"] == 2).then_some(())
        })
        .await;
        life
    }

    async fn is_logged(&self, town: &Town) {
        let record = json!({ "at": "2026-01-02T03:04:05.678Z", "service": "gateway", "instance": "1-a", "level": "warn",
            "message": self.logged, "fields": { "of": ["a", 1, null] } });
        town.as_service(ServiceName::Gateway)
            .post(Logs, "/v1/logs", &json!({ "records": [record] }))
            .await
            .ok();
    }

    async fn settles_in(&self) {
        let (alice, room) = (&self.alice, segment(&self.channel));
        alice.post(Channels, "/v1/channels", &json!({ "name": self.channel })).await.ok();
        alice.joins(&self.channel).await.ok();
        self.bob.joins(&self.channel).await.ok();
        let of = |what: &str| format!("/v1/channels/{room}/{what}");
        alice.put(Channels, &of("topic"), &json!({ "text": "it's \"kept\", l'été" })).await.ok();
        let ban = json!({ "mask": "*!*@spam.example", "reason": "spam" });
        alice.post(Channels, &of("bans"), &ban).await.is(201);
        alice.patch(Channels, &of("modes"), &json!({ "limit": 99, "moderated": false })).await.ok();
        let role = json!({ "role": "voice", "set": true });
        alice.put(Channels, &of(&format!("members/{}/roles", self.bob.id)), &role).await.ok();
        alice.put(Channels, &of("metadata/website"), &json!({ "value": "https://kept.example" })).await.ok();
        alice.put(Users, "/v1/users/me/metadata/pronouns", &json!({ "value": "elle" })).await.ok();
        alice.post(Users, "/v1/accounts/me/api-tokens", &json!({ "label": "bot" })).await.is(201);
        self.boss
            .post(Users, "/v1/network-bans", &json!({ "target": "192.0.2.0/24", "reason": "spam" }))
            .await
            .ok();
    }

    async fn talks(&self) {
        let said = self.alice.sends(&self.channel, "Bonjour à toutes\net à tous").await;
        let said = said.is(201).body["id"].as_str().expect("a message has an id").to_owned();
        let regretted = self.bob.sends(&self.channel, "never mind").await;
        let regretted = regretted.is(201).body["id"].as_str().expect("a message has an id").to_owned();
        self.bob.delete(Messages, &format!("/v1/messages/{regretted}")).await.ok();
        let of = |what: &str| format!("/v1/messages/{said}{what}");
        self.bob.put(Messages, &of("/reactions/%F0%9F%91%8D"), &json!({})).await.ok();
        self.alice.patch(Messages, &of(""), &json!({ "text": "Bonjour" })).await.ok();
        let direct = format!("/v1/users/{}/messages", self.bob.id);
        self.alice.post(Messages, &direct, &json!({ "text": "between us" })).await.is(201);
        let direct = format!("/v1/users/{}/messages", self.alice.id);
        self.bob.post(Messages, &direct, &json!({ "text": "entendu" })).await.is(201);
        let marker = format!("/v1/channels/{}/read-marker", segment(&self.channel));
        self.bob.put(Messages, &marker, &json!({ "seq": 1 })).await.ok();
    }

    /// What they are told when they ask for what is theirs, with the tokens that they have.
    pub(crate) async fn answers(&self, town: &Town) -> Vec<(String, String)> {
        let room = segment(&self.channel);
        let mut answers = Vec::new();
        for (who, service, path) in [
            (&self.alice, Users, "/v1/accounts/me".to_owned()),
            (&self.alice, Users, "/v1/accounts/me/api-tokens".to_owned()),
            (&self.bob, Users, format!("/v1/users/{}", self.alice.id)),
            (&self.bob, Users, format!("/v1/users/{}/metadata", self.alice.id)),
            (&self.boss, Users, "/v1/network-bans".to_owned()),
            (&self.bob, Channels, "/v1/channels".to_owned()),
            (&self.bob, Channels, format!("/v1/channels/{room}")),
            (&self.bob, Channels, format!("/v1/channels/{room}/members")),
            (&self.alice, Channels, format!("/v1/channels/{room}/bans")),
            (&self.bob, Channels, format!("/v1/channels/{room}/metadata")),
            (&self.bob, Messages, format!("/v1/channels/{room}/messages")),
            (&self.bob, Messages, format!("/v1/channels/{room}/read-marker")),
            (&self.alice, Messages, format!("/v1/users/{}/messages", self.bob.id)),
            (&self.alice, Messages, "/v1/users/me/conversations".to_owned()),
            (&self.boss, Logs, format!("/v1/logs?q={}", self.logged)),
        ] {
            let token = who.token.as_deref().expect("they are logged in");
            let answer = town.rest().with_token(token).get(service, &path).await;
            answers.push((format!("{service}{path}"), answer.is(200).text.clone()));
        }
        answers
    }

    /// Says something more; the number that it got.
    pub(crate) async fn says(&self, town: &Town, text: &str) -> i64 {
        let alice = town.rest().with_token(self.alice.token.as_deref().expect("she is logged in"));
        let said = alice.sends(&self.channel, text).await;
        said.is(201).body["seq"].as_i64().expect("a message has a number")
    }
}
