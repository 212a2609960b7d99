//! A hub with people in it, and time in its hands.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    Nick, Person, Timestamp,
    auth::{Actor, Scopes},
    channels::{Changed, Channel, ChannelEvents, HistoryPolicy, Member, Snapshot},
    event::{ChannelChange, ChannelEvent, Touched, UserChange, UserEvent},
    id::{ChannelId, ConversationId, GatewayId, SessionId},
    messages::Entries,
    mode::{Modes, Roles},
    users::{OpenedSession, User, UserModes},
};

use crate::{
    dialect::{Ask as Line, Dialect, plain::Format},
    hub::{Ask, Attach, Client, ClientId, State, Told, client::Change},
    reply::Reply,
    server::Server,
};

mod said;

pub(super) struct Stage {
    pub(super) state: State,
    now: Instant,
    people: HashMap<String, Person>,
    clients: HashMap<ClientId, Arc<Client>>,
    version: u64,
    members: Vec<Member>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            state: State::default(),
            now: Instant::now(),
            people: HashMap::new(),
            clients: HashMap::new(),
            version: 0,
            members: Vec::new(),
        }
    }

    pub(super) fn channel(&self) -> ChannelId {
        ChannelId::try_from("9x").unwrap()
    }

    pub(super) fn another_channel(&self) -> ChannelId {
        ChannelId::try_from("9other").unwrap()
    }

    pub(super) fn conversation(&self) -> ConversationId {
        ConversationId::try_from("9direct").unwrap()
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn passes(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    pub(super) fn person(&mut self, nick: &str, user_version: u64) -> Person {
        let person = || Person {
            id: format!("9{nick}").try_into().unwrap(),
            nick: Nick::try_from(nick).unwrap(),
            user_version,
        };
        self.people.entry(nick.to_owned()).or_insert_with(person).clone()
    }

    pub(super) fn member(&self, person: &Person) -> Member {
        Member {
            person: person.clone(),
            account: None,
            roles: Roles::NONE,
            username: "~u".into(),
            host: "h".into(),
            joined_at: Timestamp(0),
        }
    }

    pub(super) fn connects(&mut self, nick: &str) -> ClientId {
        let person = self.person(nick, 1);
        let client = Client::new(1 << 20, Dialect::Plain(Format::Wire), Arc::new(Server::new("x.test", "X")));
        let user = User {
            person,
            account: None,
            online: true,
            away: None,
            username: "~u".into(),
            host: "h".into(),
            realname: None,
            modes: UserModes::default(),
            operator: false,
            since: None,
        };
        let opened = OpenedSession {
            session: SessionId::random(&mut rand::rng()),
            secret: String::new(),
            user,
            scopes: Scopes::ordinary(),
            opened_at: Timestamp(0),
            replaced: None,
            always_on: false,
            missed_since: None,
        };
        let address = std::net::IpAddr::from([127, 0, 0, 1]);
        self.state.opened(&client, address, &opened);
        let id = client.id;
        self.clients.insert(id, client);
        id
    }

    pub(super) fn actor(&self, client: ClientId) -> Arc<Actor> {
        self.clients[&client].actor().unwrap()
    }

    pub(super) fn who(&self, client: ClientId) -> Person {
        self.actor(client).person.clone()
    }

    fn session(&self, client: Option<ClientId>) -> Option<SessionId> {
        self.clients[&client?].session()
    }

    /// Connected and in the channel, with nothing left to read.
    pub(super) fn in_channel<const N: usize>(&mut self, nicks: [&str; N]) -> [ClientId; N] {
        let clients = nicks.map(|nick| {
            let client = self.connects(nick);
            self.joins(client);
            client
        });
        self.forget_shown();
        clients
    }

    fn view(&self, id: ChannelId, name: &str) -> Channel {
        Channel {
            id,
            name: name.try_into().unwrap(),
            version: self.version,
            topic: None,
            modes: Modes::default(),
            member_count: self.members.len() as u64,
            created_at: Timestamp(0),
            founder: None,
            history: HistoryPolicy::default(),
            floor: 0,
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            epoch: "e".into(),
            channel: self.view(self.channel(), "#x"),
            members: self.members.clone(),
            bans: vec![],
            excepts: vec![],
            invite_masks: vec![],
            dormant: false,
        }
    }

    /// The answer of a join comes; the replica may not be there.
    pub(super) fn asks_to_join(&mut self, client: ClientId, attach: Attach) {
        let person = self.who(client);
        let is_member = self.members.iter().any(|member| member.person.id == person.id);
        let member = self.member(&person);
        let event = (!is_member).then(|| {
            self.version += 1;
            self.members.push(member.clone());
            let session = self.session(Some(client));
            self.channel_event(self.version, Some(&person), session, ChannelChange::Joined { member })
        });
        let changed = Changed { event, channel: self.view(self.channel(), "#x"), before: vec![] };
        let reply = Reply::begin(&self.clients[&client], Line::default(), "join");
        self.state.joined(client, changed, attach, Told::Client(reply, Box::default()), self.now);
        self.state.hand_out();
    }

    pub(super) fn joins(&mut self, client: ClientId) {
        self.asks_to_join(client, Attach::Live);
        for ask in self.asks() {
            assert_eq!(ask, Ask::Load(self.channel()));
            self.loads(0);
        }
    }

    pub(super) fn loads(&mut self, last_seq: u64) {
        let snapshot = self.snapshot();
        self.state.loaded(&self.channel(), Some((snapshot, last_seq)), self.now);
        self.state.hand_out();
    }

    pub(super) fn joins_other(&mut self, client: ClientId, id: &ChannelId) {
        let person = self.who(client);
        let members = [person, self.person("carol", 1)].map(|person| self.member(&person)).to_vec();
        let mut channel = self.view(id.clone(), "#other");
        channel.version = 5;
        let changed = Changed { event: None, channel: channel.clone(), before: vec![] };
        self.state.joined(client, changed, Attach::Live, Told::Nobody, self.now);
        self.asks();
        let snapshot = Snapshot { channel, members, ..self.snapshot() };
        self.state.loaded(id, Some((snapshot, 0)), self.now);
        let carol = self.person("carol", 1);
        let join = self.join_of(&carol);
        self.event(self.version + 1, Some(&carol), None, join);
    }

    pub(super) fn join_of(&self, person: &Person) -> ChannelChange {
        ChannelChange::Joined { member: self.member(person) }
    }

    fn channel_event(
        &self,
        version: u64,
        by: Option<&Person>,
        session: Option<SessionId>,
        change: ChannelChange,
    ) -> ChannelEvent {
        let name = "#x".try_into().unwrap();
        ChannelEvent {
            channel: self.channel(),
            name,
            version,
            at: Timestamp(0),
            by: by.cloned(),
            session,
            change,
        }
    }

    /// A change comes over the bus, done on this connection or elsewhere.
    pub(super) fn event(
        &mut self,
        version: u64,
        by: Option<&Person>,
        on: Option<ClientId>,
        change: ChannelChange,
    ) {
        self.version = self.version.max(version);
        let event = self.channel_event(version, by, self.session(on), change);
        self.state.channel_event(event, self.now);
        self.state.hand_out();
    }

    /// A change comes as the answer to a command of this connection.
    pub(super) fn answered(&mut self, client: ClientId, version: u64, change: ChannelChange) {
        self.version = self.version.max(version);
        let event =
            Some(self.channel_event(version, Some(&self.who(client)), self.session(Some(client)), change));
        let changed = Changed { event, channel: self.view(self.channel(), "#x"), before: vec![] };
        self.state.changed(client, changed, self.now);
        self.state.hand_out();
    }

    pub(super) fn begins_change(&self, client: ClientId) {
        self.clients[&client].change_begins();
    }

    pub(super) fn ends_change(&self, client: ClientId) {
        self.clients[&client].change_ends();
    }

    /// One ending, told in each channel.
    pub(super) fn quits(&mut self, person: &Person, channels: &[ChannelId]) {
        let touched = |id: &ChannelId| {
            let version = self.state.channels[id].held().unwrap().0 + 1;
            Touched { channel: id.clone(), version }
        };
        let touched: Vec<_> = channels.iter().map(touched).collect();
        for Touched { channel, version } in touched.clone() {
            let (user, reason) = (person.clone(), Some("gone".into()));
            let (ending, touched, still_here) = ("9ending".into(), touched.clone(), false);
            let change = ChannelChange::Quit { user, reason, ending, touched, still_here };
            let event = ChannelEvent { channel, ..self.channel_event(version, None, None, change) };
            self.state.channel_event(event, self.now);
        }
        self.state.hand_out();
    }

    pub(super) fn closes(&mut self, client: ClientId) {
        self.state.closed(client);
    }

    pub(super) fn renamed(&mut self, person: &Person, old: &str, on: Option<ClientId>) {
        let change = UserChange::NickChanged { old: old.try_into().unwrap() };
        if let Some(client) = on {
            let renamed = Change::User(person.id.clone(), person.user_version);
            self.clients[&client].change_begins();
            self.clients[&client].claim(std::iter::once(renamed));
        }
        self.user_event(person, on, change);
        if let Some(client) = on {
            self.clients[&client].change_ends();
        }
    }

    pub(super) fn ended(&mut self, client: ClientId, reason: &str) {
        let mut person = self.who(client);
        person.user_version += 1;
        let ended = self.session(Some(client)).unwrap();
        let gateway = GatewayId::random(&mut rand::rng());
        self.user_event(
            &person,
            None,
            UserChange::SessionEnded { ended, gateway, reason: reason.into(), forced: true },
        );
    }

    fn user_event(&mut self, person: &Person, on: Option<ClientId>, change: UserChange) {
        let event = UserEvent {
            user: person.id.clone(),
            version: person.user_version,
            at: Timestamp(0),
            nick: person.nick.clone(),
            account: None,
            session: self.session(on),
            online: Some(true),
            change,
        };
        self.state.user_event(event, self.now);
        self.state.hand_out();
    }

    /// The missing events are gone; a snapshot comes in their place.
    pub(super) fn too_old(&mut self, snapshot: Snapshot) {
        let id = self.channel();
        let version = snapshot.channel.version;
        self.state.channels_at(
            api::HeadsReply { epoch: "e".into(), behind: [(id.to_string(), version)].into(), gone: vec![] },
            self.now,
        );
        assert_eq!(self.asks(), [Ask::ChannelEvents(id.clone(), self.version)]);
        let gone = ChannelEvents { epoch: "e".into(), events: vec![], complete: false };
        self.state.channel_events_answered(&id, Some(gone), self.now);
        self.passes(600);
        assert_eq!(self.asks(), [Ask::Snapshot(id.clone())]);
        self.state.snapshot_answered(&id, Some(snapshot), self.now);
        self.state.hand_out();
    }

    pub(super) fn resumes(&mut self, client: ClientId, after: u64) {
        self.asks_to_join(client, Attach::Resume(after));
        self.forget_shown();
    }

    pub(super) fn resume_done(&mut self, client: ClientId, cursor: u64) -> Result<u64, u64> {
        self.state.resume_channel(client, &self.channel(), cursor)
    }

    pub(super) fn asks(&mut self) -> Vec<Ask> {
        self.state.asks(self.now)
    }

    /// The owner answers what is asked, with all there is.
    pub(super) fn answer_entries(&mut self, author: ClientId, last: u64) {
        for ask in self.asks() {
            let Ask::Entries(id, after) = ask else { panic!("{ask:?}") };
            let entries = (after + 1..=last)
                .map(|seq| self.made(&self.who(author), self.session(Some(author)), seq, "hello", None))
                .collect();
            let answer = Entries { epoch: "e".into(), entries, last_seq: last };
            self.state.entries_answered(&id, Some(answer), self.now);
            self.state.hand_out();
        }
    }

    pub(super) fn lines(&mut self, client: ClientId) -> Vec<String> {
        let queue = &self.clients[&client].queue;
        let mut bytes = Vec::new();
        while let Some(taken) = queue.take() {
            taken.pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
            queue.written(&taken);
        }
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    pub(super) fn seqs(&mut self, client: ClientId) -> Vec<u64> {
        self.lines(client).iter().map(|line| line.split(' ').nth(3).unwrap().parse().unwrap()).collect()
    }

    pub(super) fn forget_shown(&mut self) {
        for client in self.clients.keys().copied().collect::<Vec<_>>() {
            self.lines(client);
        }
    }

    #[track_caller]
    pub(super) fn sees(&mut self, client: ClientId, expected: &[&str]) {
        assert_eq!(self.lines(client), expected);
    }
}
