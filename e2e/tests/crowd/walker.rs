//! One of the crowd: joins, leaves, renames, kicks and comes back, in an order that its seed decides.

use e2e::{Line, Town};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::view::{Members, Views};

/// Each takes up to three seconds.
const TRIES: u32 = 5;

pub struct Walker {
    pub line: Line,
    pub nick: String,
    /// How often this one was kicked.
    pub kicked: u32,
    /// How often a service had no answer in time.
    pub unanswered: u32,
    base: String,
    renames: u32,
    rooms: Vec<String>,
    views: Views,
    /// Whom a command is about: its reply has the nick as typed, and they may be renamed meanwhile.
    about: Option<String>,
    rng: StdRng,
}

impl Walker {
    pub async fn enter(town: &Town, nick: &str, rooms: &[String], seed: u64) -> Self {
        Self {
            line: town.person(nick).await,
            nick: nick.to_owned(),
            kicked: 0,
            unanswered: 0,
            base: nick.to_owned(),
            renames: 0,
            rooms: rooms.to_vec(),
            views: Views::default(),
            about: None,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    pub fn view(&self, room: &str) -> Option<&Members> {
        self.views.of(room)
    }

    pub async fn steps(&mut self) {
        let room = self.rooms.choose(&mut self.rng).expect("there are rooms").clone();
        let inside = self.views.of(&room).is_some();
        match self.rng.random_range(0..10) {
            0..=4 if !inside => self.joins(&room).await,
            0..=2 => self.leaves(&room).await,
            3 | 4 => self.renames().await,
            5 | 6 => self.kicks(&room).await,
            7 | 8 => self.makes_operator(&room).await,
            _ => {
                let (verdict, _) = self.asks(&format!("/msg {room} I am {}", self.nick)).await;
                assert!(["201 sent", "403 not-a-member"].contains(&&*verdict), "{verdict}");
            }
        }
    }

    /// The keeper's work: kicks here, makes operators there, and stays.
    pub async fn keeps_order(&mut self) {
        let room = self.rooms.choose(&mut self.rng).expect("there are rooms").clone();
        if self.rng.random_bool(0.3) {
            self.makes_operator(&room).await;
        } else {
            self.kicks(&room).await;
        }
        self.catches_up().await;
    }

    pub async fn joins(&mut self, room: &str) {
        self.views.unsure = true;
        let (verdict, _) = self.asks(&format!("/join {room}")).await;
        assert_eq!(verdict, "200 joined", "{}", self.line.transcript());
        let (verdict, names) = self.asks(&format!("/names {room}")).await;
        if verdict == "200 names" {
            self.views.enters(room, &names);
        }
        self.views.unsure = self.unanswered > 0;
    }

    async fn leaves(&mut self, room: &str) {
        let (verdict, _) = self.asks(&format!("/part {room} enough")).await;
        assert!(["200 parted", "403 not-a-member"].contains(&&*verdict), "{verdict}");
        self.views.leaves(room);
    }

    async fn renames(&mut self) {
        self.renames += 1;
        let new = format!("{}{}", self.base, "x".repeat(self.renames as usize));
        let (verdict, _) = self.asks(&format!("/nick {new}")).await;
        assert_eq!(verdict, "200 nick", "{}", self.line.transcript());
        self.views.renamed(&self.nick, &new);
        self.nick = new;
    }

    async fn kicks(&mut self, room: &str) {
        let Some(nick) = self.somebody(room) else { return };
        self.about = Some(nick.clone());
        let (verdict, _) = self.asks(&format!("/kick {room} {nick} out")).await;
        match verdict.as_str() {
            "200 kicked" => {
                // The one who kicks gets the reply and no event.
                let nick = self.about.take().unwrap_or(nick);
                self.views.lacks(room, &nick);
            }
            "403 not-an-operator" | "403 not-a-member" | "404 not-in-channel" | "404 no-such-nick" => {}
            other => panic!("{other}\n{}", self.line.transcript()),
        }
    }

    async fn makes_operator(&mut self, room: &str) {
        let Some(nick) = self.somebody(room) else { return };
        self.about = Some(nick.clone());
        let (verdict, reply) = self.asks(&format!("/op {room} {nick}")).await;
        match verdict.as_str() {
            "200 role" => {
                let nick = self.about.take().unwrap_or(nick);
                let line = reply.last().expect("a reply has lines").line();
                self.views.has_role(room, &nick, line.words.last().expect("a role"));
            }
            "403 not-an-operator" | "403 not-a-member" | "404 not-in-channel" | "404 no-such-nick" => {}
            other => panic!("{other}\n{}", self.line.transcript()),
        }
    }

    /// Anybody there but oneself and the keeper.
    fn somebody(&mut self, room: &str) -> Option<String> {
        let members = self.views.of(room)?;
        let others: Vec<_> =
            members.keys().filter(|nick| **nick != self.nick && !nick.starts_with("keeper")).collect();
        others.choose(&mut self.rng).map(|nick| (*nick).clone())
    }

    /// Asks again what a service was too busy for: a crowd on two cores with debug builds can be too much for a moment.
    async fn asks(&mut self, line: &str) -> (String, Vec<e2e::Heard>) {
        for _ in 0..TRIES {
            let answer = self.asks_once(line).await;
            if !answer.0.starts_with("503 ") {
                return answer;
            }
            self.unanswered += 1;
            self.views.unsure = true;
        }
        panic!("{line}: never answered\n{}", self.line.transcript());
    }

    /// Reads on in order until the reply is whole, applying events on the way.
    async fn asks_once(&mut self, line: &str) -> (String, Vec<e2e::Heard>) {
        self.line.says(line).await;
        let mut reply = Vec::new();
        loop {
            let heard = self.line.next_line(line).await;
            let parsed = heard.line();
            if parsed.is_event() {
                if parsed.word() == "nick" && parsed.param(0) == self.about.as_deref() {
                    self.about = parsed.param(1).map(str::to_owned);
                }
                let kicked = self.views.apply(&heard, &self.nick);
                let kicked =
                    kicked.unwrap_or_else(|wrong| panic!("{wrong}\n{}", self.line.last_of_transcript(2000)));
                self.kicked += u32::from(kicked);
                continue;
            }
            reply.push(heard);
            if parsed.last {
                return (format!("{} {}", parsed.code, parsed.word()), reply);
            }
        }
    }

    /// Applies whatever has come.
    pub async fn catches_up(&mut self) {
        let (verdict, _) = self.asks("/ping").await;
        assert_eq!(verdict, "200 pong");
    }
}
