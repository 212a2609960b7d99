//! What a connection is between two of its lines: who, where to, how much it may still do.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    ChannelName, ErrorCode, Nick, Person, Timestamp,
    auth::{Actor, ServiceName},
    channels::Channel,
    id::{ChannelId, SessionId},
    users::{EndSession, Fingerprint, OpenedSession},
};
use client::Caller;

use crate::{
    command::{Asked, Command, Refusal},
    commands::{ping, say},
    dialect::{Dialect, irc},
    gateway::Gateway,
    hub::{Client, Membership},
    rate::Bucket,
    reception::Place,
    reopen,
    reply::Reply,
};

pub(crate) struct Session {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) client: Arc<Client>,
    /// Whose connection it is.
    place: Place,
    /// It is encrypted all the way.
    is_secure: bool,
    /// What it has shown in its TLS handshake.
    pub(crate) certificate: Option<Fingerprint>,
    /// A web gateway has it: a certificate would be that one's.
    is_passed_on: bool,
    /// Where a line without a slash goes.
    pub(crate) target: Option<Target>,
    /// Set by `/quit`: the reason.
    pub(crate) leaving: Option<String>,
    /// A send was just refused for overload.
    pub(crate) turned_away: bool,
    /// Failed logins in a row, and when the last was.
    failed_logins: (u32, Option<Instant>),
    commands: Bucket,
    /// It has just come in, as an account that is in its channels.
    pub(crate) returning: Option<Returning>,
    /// What IRC has to remember of a connection.
    pub(crate) irc: Option<Box<irc::Connected>>,
}

/// A channel or a person, as something can be said to.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// Which it is, and what it was called.
    Channel(ChannelId, ChannelName),
    Person(Person),
}

/// Somebody comes back to where they were.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Returning {
    /// Nobody was connected since then.
    pub(crate) missed_since: Option<Timestamp>,
    /// What came later is shown as it comes.
    pub(crate) at: Timestamp,
}

/// A channel that a command is about.
pub(crate) struct Named {
    pub(crate) id: ChannelId,
    pub(crate) name: ChannelName,
    /// As a member sees it; absent for a channel that the connection is in.
    pub(crate) seen: Option<Channel>,
}

impl Session {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        client: Arc<Client>,
        place: Place,
        is_secure: bool,
        dialect: Dialect,
    ) -> Self {
        let limits = &gateway.config.limits;
        let commands = Bucket::full(limits.commands_per_second, limits.command_burst, Instant::now());
        let mut irc = dialect.begins(&gateway.server);
        if let Some(irc) = &mut irc {
            irc.is_gateway = gateway.config.is_webirc(place.address);
        }
        Self {
            gateway,
            client,
            place,
            is_secure,
            certificate: None,
            is_passed_on: false,
            target: None,
            leaving: None,
            turned_away: false,
            failed_logins: (0, None),
            commands,
            returning: None,
            irc,
        }
    }

    pub(crate) fn address(&self) -> IpAddr {
        self.place.address
    }

    /// It is somebody else's connection, by way of whom it seemed to come from; `is_secure`: so they are connected with those.
    pub(crate) fn comes_from(&mut self, address: IpAddr, is_secure: bool) -> Result<(), &'static str> {
        let is_secure = is_secure && self.is_private();
        self.place.is_of(address.to_canonical(), self.gateway.config.limits.connections_per_address)?;
        self.is_secure = is_secure;
        (self.certificate, self.is_passed_on) = (None, true);
        Ok(())
    }

    /// The certificate that was shown on the way here.
    pub(crate) fn shows(&mut self, certificate: Option<Fingerprint>) {
        self.certificate = certificate.filter(|_| !self.is_passed_on);
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Nobody on the way can read what is typed here.
    fn is_private(&self) -> bool {
        self.is_secure || self.address().is_loopback()
    }

    /// A gateway's, which has to say for whom it connects before anything else.
    pub(crate) fn awaits_webirc(&self) -> bool {
        self.irc.as_ref().is_some_and(|irc| irc.is_gateway)
    }

    /// Says in several commands who it is, and is not welcomed yet.
    pub(crate) fn is_entering(&self) -> bool {
        self.irc.as_ref().is_some_and(|irc| irc.registration.is_some())
    }

    pub(crate) fn is_somebody(&self) -> bool {
        self.client.session().is_some()
    }

    /// Who acts; `401 not-registered` before `/nick` or `/login`.
    pub(crate) fn actor(&self) -> Result<Arc<Actor>, Refusal> {
        self.client.actor().ok_or_else(|| Refusal::new(ErrorCode::NotRegistered))
    }

    pub(crate) fn session_id(&self) -> Result<SessionId, Refusal> {
        self.client.session().ok_or_else(|| Refusal::new(ErrorCode::NotRegistered))
    }

    /// Counts a line; `429 too-fast` if there were too many.
    pub(crate) fn admit(&mut self) -> Result<(), Refusal> {
        self.take_turn().map_err(|wait| {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Refusal::new(ErrorCode::TooFast)
                .retry_after(seconds)
                .detail(format!("too fast, wait {seconds} s"))
        })
    }

    /// Counts a line, or says how long to wait with it.
    pub(crate) fn take_turn(&mut self) -> Result<(), Duration> {
        self.commands.take(Instant::now())
    }

    /// `429 too-fast` after too many failed logins.
    pub(crate) fn admit_login(&self) -> Result<(), Refusal> {
        let limits = &self.gateway.config.limits;
        let (failed, last) = self.failed_logins;
        let pause = limits.login_pause.get();
        let waited = last.map_or(Duration::MAX, |last| last.elapsed());
        if failed < limits.login_attempts || waited >= pause {
            return Ok(());
        }
        let seconds = u32::try_from((pause - waited).as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        Err(Refusal::new(ErrorCode::TooFast)
            .retry_after(seconds)
            .detail(format!("too many failed logins, wait {seconds} s")))
    }

    pub(crate) fn login_failed(&mut self) {
        self.failed_logins = (self.failed_logins.0 + 1, Some(Instant::now()));
    }

    pub(crate) fn login_succeeded(&mut self) {
        self.failed_logins = (0, None);
    }

    /// Secrets in clear are refused from beyond this machine, unless configured.
    pub(crate) fn admit_secret(&self) -> Result<(), Refusal> {
        if self.takes_secrets() { Ok(()) } else { Err(Refusal::new(ErrorCode::PlaintextRefused)) }
    }

    pub(crate) fn takes_secrets(&self) -> bool {
        self.is_private() || self.gateway.config.plaintext_passwords
    }

    /// Past its lease a gateway does not know whether its sessions live.
    pub(crate) fn admit_change(&self) -> Result<(), Refusal> {
        if self.gateway.lease.is_held() {
            return Ok(());
        }
        Err(Refusal::unavailable(ServiceName::Users))
    }

    /// A session was opened: from now on the connection is this person, in the channels that it was in.
    pub(crate) async fn opened(&mut self, opened: &OpenedSession) {
        let returning = Returning { missed_since: opened.missed_since, at: opened.opened_at };
        self.returning = opened.always_on.then_some(returning);
        reopen::opened(&self.gateway, &self.client, self.address(), opened).await;
    }

    /// Who this connection is in a session.
    pub(crate) fn actor_of(&self, opened: &OpenedSession) -> Actor {
        self.client.actor_of(opened)
    }

    /// A session may have been opened without an answer: it must not live on without a connection.
    pub(crate) fn may_be_open(&self, session: SessionId, refusal: &Refusal) {
        if refusal.problem.status >= 500 {
            self.gateway.lease.doubt();
            self.gateway.unended.add(EndSession { session, reason: "not answered in time".to_owned() });
        }
    }

    /// The session that it has, or will have when it is welcomed.
    pub(crate) fn open_session(&self) -> Option<SessionId> {
        let early = || Some(self.irc.as_ref()?.early.as_ref()?.session.clone());
        self.client.session().or_else(early)
    }

    /// At another gateway, as the very same person: with an account's login or with a token. Other guests are better off with a nick
    /// that is free.
    pub(crate) fn can_come_back(&self) -> bool {
        let has_account = || self.client.actor().is_some_and(|actor| actor.account.is_some());
        self.gateway.has_neighbours && (has_account() || self.client.has_token())
    }

    /// The connection goes, and the session waits to be taken over.
    pub(crate) fn stays_open(&self) {
        self.gateway.hub.closed(self.client.id);
    }

    /// Tells the owners that the session has ended.
    pub(crate) async fn end(&self, reason: String) {
        let session = self.open_session();
        let leaves_first = self.client.queue.dialect().leaves_first();
        let left = if leaves_first { self.client.memberships() } else { Vec::new() };
        let _ending = self.gateway.hub.end_begins();
        let _leaving = self.client.actor().map(|actor| self.gateway.leaving.begin(&actor.person.nick));
        self.gateway.hub.closed(self.client.id);
        if let Some(session) = session {
            let ending = EndSession { session, reason };
            if let Err(refusal) = self.gateway.ends.put(ending.clone()).await {
                tracing::warn!(code = %refusal.code(), "a session could not be ended now, will be later");
                self.gateway.unended.add(ending);
            } else if let Some(actor) = self.client.actor() {
                self.tell_watchers(&actor).await;
                if !left.is_empty() {
                    self.gateway.hub.gone(actor.id(), &left).await;
                }
            }
        }
    }

    /// Whether somebody whom others watch is there still, by another connection or a token, only user-service knows.
    async fn tell_watchers(&self, actor: &Actor) {
        let (nick, gateway) = (&actor.person.nick, &self.gateway);
        if gateway.hub.is_watched(nick)
            && let Ok(found) = gateway.users.wearers(vec![nick.to_string()]).await
        {
            gateway.hub.wearers(std::slice::from_ref(nick), &found, None);
        }
    }

    /// Puts a message to where this connection is already on its way, and asks for an answer behind it; anything else comes back.
    pub(crate) fn send_at_once(&mut self, command: Command, reply: Reply) -> Option<(Command, Reply)> {
        let (to, kind, text, with) = match command {
            Command::Say { to, kind, text, with } => (to, kind, text, with),
            Command::Ping { text } => {
                ping::ping(self, text, reply);
                return None;
            }
            command => return Some((command, reply)),
        };
        match say::known_target(self, to.as_deref()) {
            Some(target) => {
                say::send(self, target, kind, text, with, reply);
                None
            }
            None => Some((Command::Say { to, kind, text, with }, reply)),
        }
    }

    /// A channel by its name: one that the connection is in, or one that its owner shows to this person.
    pub(crate) async fn channel(&self, name: &str) -> Result<Named, Refusal> {
        let name = channel_name(name)?;
        if let Some(Membership { id, name, .. }) = self.client.membership(&name) {
            return Ok(Named { id, name, seen: None });
        }
        let actor = self.actor()?;
        let found = self.gateway.channels.by_name(&actor, &name).await.of(ServiceName::Channels);
        let seen = found.map_err(|refusal| refusal.channel(name.as_str()))?;
        Ok(Named { id: seen.id.clone(), name: seen.name.clone(), seen: Some(seen) })
    }

    /// What the current target is called now.
    pub(crate) fn target_name(&self) -> Option<String> {
        match self.target.as_ref()? {
            Target::Channel(id, name) => {
                let name = self.client.membership_of(id).map_or_else(|| name.clone(), |is| is.name);
                Some(name.to_string())
            }
            Target::Person(person) => Some(person.nick.to_string()),
        }
    }

    /// The channel named, or the current target.
    pub(crate) async fn channel_or_current(&self, name: Option<&str>) -> Result<Named, Refusal> {
        match (name, &self.target) {
            (Some(name), _) => self.channel(name).await,
            (None, Some(Target::Channel(..))) => self.channel(&self.target_name().unwrap_or_default()).await,
            (None, _) => Err(no_target()),
        }
    }

    /// A person by nick: one who is connected here, or whom user-service knows.
    pub(crate) async fn person(&self, nick: &str) -> Result<Person, Refusal> {
        let parsed = Nick::try_from(nick).map_err(|_| no_such_nick(nick))?;
        if let Some(person) = self.gateway.hub.person(&parsed) {
            return Ok(person);
        }
        let actor = self.actor()?;
        let found = self.gateway.users.by_nick(Caller::Actor(&actor), &parsed).await.of(ServiceName::Users);
        Ok(found.map_err(|refusal| refusal.nick(parsed.as_str()))?.person)
    }
}

impl Target {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Channel(_, name) => name.as_str(),
            Self::Person(person) => person.nick.as_str(),
        }
    }
}

pub(crate) fn no_target() -> Refusal {
    Refusal::new(ErrorCode::NoCurrentTarget).detail("join a channel first, or set a target with /to")
}

fn no_such_nick(nick: &str) -> Refusal {
    Refusal::new(ErrorCode::NoSuchNick).nick(nick)
}

pub(crate) fn channel_name(name: &str) -> Result<ChannelName, Refusal> {
    ChannelName::try_from(name)
        .map_err(|error| Refusal::new(ErrorCode::InvalidChannelName).channel(name).detail(error.to_string()))
}

/// A text of one line, as topics, reasons and labels are.
pub(crate) fn line_text(text: String, field: &str) -> Result<api::text::LineText, Refusal> {
    api::text::LineText::try_from(text).map_err(|error| Refusal::from(error.problem(&format!("/{field}"))))
}

pub(crate) fn optional_line_text(
    text: Option<String>,
    field: &str,
) -> Result<Option<api::text::LineText>, Refusal> {
    text.map(|text| line_text(text, field)).transpose()
}
