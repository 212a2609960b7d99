//! Who asks: what tokens carry, and the actor that a gateway names.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AccountName, NameError, Nick, Person,
    id::{SessionId, UserId},
};

/// `iss` and `aud` of people's access tokens.
pub const ISSUER: &str = "causerie";
pub const AUDIENCE: &str = "causerie";
/// `aud` of the services' own tokens.
pub const SERVICE_AUDIENCE: &str = "causerie-services";
/// Seconds an access token lives.
pub const ACCESS_TOKEN_SECONDS: u64 = 15 * 60;
/// Seconds a service's own token lives.
pub const SERVICE_TOKEN_SECONDS: u64 = 60;
/// The header in which a gateway names its [`Actor`]: base64url of its JSON.
pub const ACT_AS: &str = "act-as";

/// The header in which a gateway names the address of the client that it asks for: limits and cloaks need it.
pub const CLIENT_ADDRESS: &str = "client-address";
/// The header in which a gateway gives its id: frames that come of the request carry it (see [`crate::bus::Frame::origin`]).
pub const ORIGIN: &str = "causerie-origin";

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Read channels, history and people.
    Read,
    /// Send messages and reactions.
    Write,
    /// Join, part, set topics and modes, kick and ban: all that membership and roles allow.
    Channels,
    /// The account itself: password, tokens, sessions, export, erasure.
    Account,
    /// What network operators may do. Given to operators only.
    Operator,
}

impl Scope {
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Channels, Self::Account, Self::Operator];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Channels => "channels",
            Self::Account => "account",
            Self::Operator => "operator",
        }
    }
}

/// A set of scopes; on the wire words with spaces between (RFC 6749). Words not known here are left out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(from = "String", into = "String")]
#[schema(value_type = String, example = "read write channels account")]
pub struct Scopes(u8);

impl Scopes {
    /// What a password or a guest's nick gives: everything but operating the network.
    pub fn ordinary() -> Self {
        [Scope::Read, Scope::Write, Scope::Channels, Scope::Account].into_iter().collect()
    }

    pub fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    #[must_use]
    pub fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    #[must_use]
    pub fn without(self, scope: Scope) -> Self {
        Self(self.0 & !(1 << scope as u8))
    }

    /// Whether all of these are among `others`.
    pub fn within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |&scope| self.contains(scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        scopes.into_iter().fold(Self::default(), Self::with)
    }
}

/// Scopes that somebody asks for: one that nobody knows is refused, as it would be missed later. Tokens of newer releases may hold
/// some; those are read leniently.
///
/// # Errors
/// A word that names no scope.
pub fn asked_scopes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
    let words = String::deserialize(deserializer)?;
    let is_known = |word: &&str| Scope::ALL.into_iter().any(|scope| scope.as_str() == *word);
    match words.split(' ').filter(|word| !word.is_empty()).find(|word| !is_known(word)) {
        None => Ok(Scopes::from(words)),
        Some(word) => {
            let known = String::from(Scope::ALL.into_iter().collect::<Scopes>());
            Err(serde::de::Error::custom(format!("there is no scope {word}; there are {known}")))
        }
    }
}

impl From<String> for Scopes {
    fn from(words: String) -> Self {
        Scope::ALL.into_iter().filter(|scope| words.split(' ').any(|word| word == scope.as_str())).collect()
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> String {
        scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The claims of an access token that user-service issues (JWT, EdDSA).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// Seconds since 1970.
    pub iat: u64,
    pub exp: u64,
    /// Microseconds since 1970 at which it was issued: revocation compares it, and seconds are too coarse for that.
    pub issued: i64,
    pub jti: String,
    pub scope: Scopes,
    pub nick: String,
    pub user_version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    /// The session that the token came from (`/token`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// The cloak of the address that it was issued to.
    pub host: String,
}

/// Bytes of a host as others see it: eight digits and what they stand for, `0a1b2c3d.cloak`.
pub const HOST_BYTES: usize = 14;

/// `user` of `nick!user@host` for those who came by a door that asks for none: the same at all of them, so that a ban is too.
pub const USERNAME: &str = "~u";

impl AccessClaims {
    /// What the token came of: a login, a personal API token or a session. All of one grant are revoked together.
    pub fn grant(&self) -> &str {
        self.jti.split_once('.').map_or(&self.jti, |(grant, _)| grant)
    }

    /// The person whom the token stands for.
    ///
    /// # Errors
    /// The token names no nick; one of ours always does.
    pub fn actor(&self) -> Result<Actor, NameError> {
        Ok(Actor {
            person: Person {
                id: self.sub.clone(),
                nick: Nick::try_from(&*self.nick)?,
                user_version: self.user_version,
            },
            account: self.account.clone(),
            session: self.sid.clone(),
            scopes: self.scope,
            username: USERNAME.to_owned(),
            host: self.host.clone(),
            since: self.issued,
        })
    }
}

/// One of the five services, as it names itself in tokens and settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceName {
    Gateway,
    Users,
    Channels,
    Messages,
    Logs,
}

impl ServiceName {
    pub const ALL: [Self; 5] = [Self::Gateway, Self::Users, Self::Channels, Self::Messages, Self::Logs];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Users => "users",
            Self::Channels => "channels",
            Self::Messages => "messages",
            Self::Logs => "logs",
        }
    }

    /// What its API is for, in a line.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Gateway => "Where people come in: its health, and chat on a web socket.",
            Self::Users => "Accounts, tokens, nicknames, sessions, presence, and who may come in at all.",
            Self::Channels => "Channels, who is in them and what they may do there.",
            Self::Messages => "What was said, in order: history, streams, read markers.",
            Self::Logs => "What the services recorded, for operators.",
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ServiceName {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|name| name.as_str() == word).ok_or(())
    }
}

/// The claims of a service's own token, signed with its own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceClaims {
    pub iss: ServiceName,
    pub aud: String,
    pub iat: u64,
    pub exp: u64,
}

/// The person on whose behalf something happens: named by a gateway, or read off an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    #[serde(flatten)]
    pub person: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    /// The session that acts. A REST caller has none, unless their token came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    pub scopes: Scopes,
    /// `user` of `nick!user@host`, as shown.
    pub username: String,
    /// `host` of `nick!user@host`: a cloak, never an address.
    pub host: String,
    /// When the token was issued or the session opened, in microseconds: compared with revocations.
    pub since: i64,
}

impl Actor {
    pub fn id(&self) -> &UserId {
        &self.person.id
    }

    /// A network operator: their scope is given by user-service alone.
    pub fn is_operator(&self) -> bool {
        self.scopes.contains(Scope::Operator)
    }

    /// `nick!user@host`, as ban masks see it.
    pub fn hostmask(&self) -> String {
        format!("{}!{}@{}", self.person.nick, self.username, self.host)
    }
}
