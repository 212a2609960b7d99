//! SASL of IRCv3 (<https://ircv3.net/specs/extensions/sasl-3.1>, sasl-3.2): what a client says, piece by piece. Pure: who checks it is
//! `commands::sasl`.

mod scram;
#[cfg(test)]
mod tests;

use api::users::{MAX_PASSWORD_BYTES, ScramProof};
use base64::{Engine, engine::general_purpose::STANDARD};
use proto::irc::sasl::{Assembly, Bearer, PIECE, Plain, SaslError, Step};

pub(crate) use self::scram::Opening;

/// What is spoken here, as the value of the capability `sasl`. EXTERNAL is for those who have shown a certificate in their TLS handshake.
const MECHANISMS: &str = "PLAIN,SCRAM-SHA-256,OAUTHBEARER";
const MECHANISMS_WITH_EXTERNAL: &str = "PLAIN,EXTERNAL,SCRAM-SHA-256,OAUTHBEARER";

/// Bytes of Base64 in one response: two names and a password, each at its longest, in threes.
const MAX_RESPONSE: usize = (2 * 4 * api::name::MAX_NICK_CHARS + MAX_PASSWORD_BYTES + 2).div_ceil(3) * 4;
/// The same of one with a token: the longest access token is a third of that.
const MAX_TOKEN_RESPONSE: usize = 16 * PIECE;

pub(crate) const fn mechanisms(has_certificate: bool) -> &'static str {
    if has_certificate { MECHANISMS_WITH_EXTERNAL } else { MECHANISMS }
}

/// An exchange that a client has begun.
pub(crate) struct Exchange {
    awaits: Awaits,
    said: Assembly,
}

/// What the next response is to be.
enum Awaits {
    Plain,
    External,
    Bearer,
    /// RFC 7628 §3.2.3: a client says that it has read why it was refused.
    RefusedBearer,
    ScramFirst,
    ScramFinal(Box<scram::Challenge>),
    /// The client has seen that the server knows it, too (RFC 5802 §3).
    ScramSeen(Box<ScramProof>),
}

/// What an `AUTHENTICATE` leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The server has nothing to say but that it listens: `AUTHENTICATE +`.
    Listens,
    /// More of the response is to come.
    More,
    /// They want to be told what their keys are made with.
    Opens(Box<Opening>),
    /// They have shown that they know the password, if it is right.
    Proves(ScramProof),
    Login(Credential),
    Refused(Fault),
}

/// By what somebody is to be known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    Password { name: String, password: String },
    Scram(ScramProof),
    Token { token: String, authzid: String },
    Certificate { authzid: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 904.
    Failed,
    /// 905.
    TooLong,
    /// 906.
    Aborted,
    /// 908, then 904: with those that there are.
    NoSuchMechanism(&'static str),
}

impl Exchange {
    fn awaiting(awaits: Awaits) -> Self {
        let limit = if matches!(awaits, Awaits::Bearer) { MAX_TOKEN_RESPONSE } else { MAX_RESPONSE };
        Self { awaits, said: Assembly::new(limit) }
    }

    /// The proof was right, and the client has been told so.
    pub(crate) fn proved(proof: ScramProof) -> Self {
        Self::awaiting(Awaits::ScramSeen(Box::new(proof)))
    }

    /// The token was refused, and the client has been told so.
    pub(crate) fn refused_bearer() -> Self {
        Self::awaiting(Awaits::RefusedBearer)
    }
}

/// Takes the parameter of an `AUTHENTICATE`. `has_certificate`: of somebody who has shown one.
pub(crate) fn step(exchange: &mut Option<Exchange>, has_certificate: bool, param: &str) -> Next {
    let Some(Exchange { awaits, mut said }) = exchange.take() else {
        return begin(exchange, has_certificate, param);
    };
    match said.push(param) {
        Ok(Step::More) => {
            *exchange = Some(Exchange { awaits, said });
            Next::More
        }
        Ok(Step::Done(response)) => awaits.take(&response).unwrap_or(Next::Refused(Fault::Failed)),
        Ok(Step::Aborted) => Next::Refused(Fault::Aborted),
        Err(SaslError::PieceTooLong) => Next::Refused(Fault::TooLong),
        Err(SaslError::ResponseTooLong { .. }) => Next::Refused(Fault::Failed),
    }
}

fn begin(exchange: &mut Option<Exchange>, has_certificate: bool, mechanism: &str) -> Next {
    let awaits = match mechanism.to_ascii_uppercase().as_str() {
        "*" => return Next::Refused(Fault::Aborted),
        "PLAIN" => Awaits::Plain,
        "SCRAM-SHA-256" => Awaits::ScramFirst,
        "OAUTHBEARER" => Awaits::Bearer,
        "EXTERNAL" if has_certificate => Awaits::External,
        _ => return Next::Refused(Fault::NoSuchMechanism(mechanisms(has_certificate))),
    };
    *exchange = Some(Exchange::awaiting(awaits));
    Next::Listens
}

impl Awaits {
    /// Takes a whole response, in Base64; none: it is not what was awaited.
    fn take(self, response: &str) -> Option<Next> {
        let said = STANDARD.decode(response).ok()?;
        if let Self::Plain = self {
            return plain(&said);
        }
        let said = String::from_utf8(said).ok()?;
        Some(match self {
            Self::Plain | Self::RefusedBearer => return None,
            Self::External if said.contains('\0') => return None,
            Self::External => Next::Login(Credential::Certificate { authzid: said }),
            Self::Bearer => {
                let Bearer { authzid, token } = Bearer::parse(&said)?;
                Next::Login(Credential::Token { token: token.to_owned(), authzid })
            }
            Self::ScramFirst => Next::Opens(Box::new(Opening::parse(&said)?)),
            Self::ScramFinal(challenge) => Next::Proves(challenge.answered(&said)?),
            Self::ScramSeen(proof) if said.is_empty() => Next::Login(Credential::Scram(*proof)),
            Self::ScramSeen(_) => return None,
        })
    }
}

fn plain(said: &[u8]) -> Option<Next> {
    let Plain { authzid, authcid, password } = Plain::parse(said)?;
    let (name, password) = (authcid.to_owned(), password.to_owned());
    acts_as_itself(authzid, authcid).then_some(Next::Login(Credential::Password { name, password }))
}

/// Nobody acts as another account.
fn acts_as_itself(authzid: &str, authcid: &str) -> bool {
    authzid.is_empty() || authzid.eq_ignore_ascii_case(authcid)
}
