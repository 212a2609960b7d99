//! SASL of IRCv3 (<https://ircv3.net/specs/extensions/sasl-3.1>, sasl-3.2): what a client says, piece by piece. Pure: who checks it is
//! `commands::sasl`.

use base64::{Engine, engine::general_purpose::STANDARD};
use proto::irc::sasl::{Assembly, Plain, SaslError, Step};

use api::users::MAX_PASSWORD_BYTES;

/// What is spoken here.
pub(crate) const MECHANISMS: &str = "PLAIN";

/// Bytes of Base64 in one response: two names and a password, each at its longest, in threes.
const MAX_RESPONSE: usize = (2 * 4 * api::name::MAX_NICK_CHARS + MAX_PASSWORD_BYTES + 2).div_ceil(3) * 4;

/// An exchange that a client has begun.
pub(crate) struct Exchange(Assembly);

/// What an `AUTHENTICATE` leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The server has nothing to say but that it listens: `AUTHENTICATE +`.
    Listens,
    /// More of the response is to come.
    More,
    Login {
        name: String,
        password: String,
    },
    Refused(Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 904.
    Failed,
    /// 905.
    TooLong,
    /// 906.
    Aborted,
    /// 907.
    Already,
    /// 908, then 904.
    NoSuchMechanism,
}

/// Takes the parameter of an `AUTHENTICATE`.
pub(crate) fn step(exchange: &mut Option<Exchange>, param: &str) -> Next {
    let Some(Exchange(mut assembly)) = exchange.take() else {
        return begin(exchange, param);
    };
    match assembly.push(param) {
        Ok(Step::More) => {
            *exchange = Some(Exchange(assembly));
            Next::More
        }
        Ok(Step::Done(response)) => login(&response),
        Ok(Step::Aborted) => Next::Refused(Fault::Aborted),
        Err(SaslError::PieceTooLong) => Next::Refused(Fault::TooLong),
        Err(SaslError::ResponseTooLong { .. }) => Next::Refused(Fault::Failed),
    }
}

fn begin(exchange: &mut Option<Exchange>, mechanism: &str) -> Next {
    if mechanism == "*" {
        return Next::Refused(Fault::Aborted);
    }
    if !mechanism.eq_ignore_ascii_case("PLAIN") {
        return Next::Refused(Fault::NoSuchMechanism);
    }
    *exchange = Some(Exchange(Assembly::new(MAX_RESPONSE)));
    Next::Listens
}

fn login(response: &str) -> Next {
    let Ok(response) = STANDARD.decode(response) else { return Next::Refused(Fault::Failed) };
    let Some(Plain { authzid, authcid, password }) = Plain::parse(&response) else {
        return Next::Refused(Fault::Failed);
    };
    // Nobody acts as another account.
    if !authzid.is_empty() && !authzid.eq_ignore_ascii_case(authcid) {
        return Next::Refused(Fault::Failed);
    }
    Next::Login { name: authcid.to_owned(), password: password.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(params: &[&str]) -> Vec<Next> {
        let mut exchange = None;
        params.iter().map(|param| step(&mut exchange, param)).collect()
    }

    #[test]
    fn plain_says_name_and_password_in_as_many_pieces_as_it_takes() {
        let login = |password: &str| Next::Login { name: "alice".into(), password: password.into() };
        let encoded = STANDARD.encode("\0alice\0sesame");
        assert_eq!(exchange(&["PLAIN", &encoded]), [Next::Listens, login("sesame")]);
        let long = "x".repeat(400);
        let encoded = STANDARD.encode(format!("alice\0alice\0{long}"));
        let (first, second) = encoded.split_at(400);
        assert_eq!(exchange(&["plain", first, second]), [Next::Listens, Next::More, login(&long)]);
    }

    #[test]
    fn whatever_is_wrong_ends_the_exchange() {
        let refused = |fault| Next::Refused(fault);
        assert_eq!(exchange(&["FOO"]), [refused(Fault::NoSuchMechanism)]);
        assert_eq!(exchange(&["*"]), [refused(Fault::Aborted)]);
        assert_eq!(
            exchange(&["PLAIN", "*", "PLAIN"]),
            [Next::Listens, refused(Fault::Aborted), Next::Listens]
        );
        for wrong in ["AAA", "+", &STANDARD.encode("bob\0alice\0sesame"), &STANDARD.encode("\0\0x")] {
            assert_eq!(exchange(&["PLAIN", wrong]), [Next::Listens, refused(Fault::Failed)], "{wrong}");
        }
        let piece = "A".repeat(400);
        let endless: Vec<_> = std::iter::once("PLAIN").chain(std::iter::repeat_n(&*piece, 9)).collect();
        assert!(exchange(&endless).contains(&refused(Fault::Failed)));
        assert_eq!(exchange(&["PLAIN", &"A".repeat(401)])[1], refused(Fault::TooLong));
    }
}
