//! Every way to show who one is over IRC, but a password in clear: that is `irc_accounts`.

mod town;

use std::{num::NonZeroU32, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use proto::irc::sasl::pieces;
use ring::pbkdf2;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use self::town::{Person, Town, irc::SERVER, within};

fn mac(key: &[u8], message: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

fn encoded(text: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(text)
}

/// The text of an `AUTHENTICATE` of the server's.
fn said(line: &str) -> String {
    let piece = line.trim_end().strip_prefix("AUTHENTICATE ").expect("it says something");
    String::from_utf8(BASE64_STANDARD.decode(piece).expect("Base64")).expect("a text")
}

/// A client's last message, and the server's answer to it (RFC 5802 §3).
fn proof(bare: &str, first: &str, password: &str) -> (String, String) {
    let value = |key| first.split(',').find_map(|part| part.strip_prefix(key)).expect("it is there");
    let iterations: NonZeroU32 = value("i=").parse().expect("a number");
    let salt = BASE64_STANDARD.decode(value("s=")).expect("Base64");
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut salted);
    let last = format!("c=biws,r={}", value("r="));
    let signed = format!("{bare},{first},{last}");
    let client = mac(&salted, "Client Key");
    let signature = mac(&Sha256::digest(client), &signed);
    let proof: Vec<u8> = client.iter().zip(signature).map(|(key, signed)| key ^ signed).collect();
    let answer = format!("v={}", encoded(mac(&mac(&salted, "Server Key"), &signed)));
    (format!("{last},p={}", encoded(proof)), answer)
}

/// Says all of SCRAM-SHA-256 but its end; whether the server has shown that it knows the password.
async fn says_scram(person: &mut Person, name: &str, password: &str) -> bool {
    person.asks("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE +").await;
    let bare = format!("n={name},r=fyko+d2lbbFgONRv9qkxdawL");
    person.says(&format!("AUTHENTICATE {}", encoded(format!("n,,{bare}")))).await;
    let first = said(&person.sees("AUTHENTICATE ").await);
    assert!(first.starts_with("r=fyko+d2lbbFgONRv9qkxdawL"), "{first}");
    let (last, expected) = proof(&bare, &first, password);
    person.says(&format!("AUTHENTICATE {}", encoded(last))).await;
    let line = person.line().await.expect("an answer");
    line.starts_with("AUTHENTICATE ") && said(&line) == expected
}

#[tokio::test]
async fn who_logs_in_by_scram_says_no_password_and_knows_the_server() {
    let town = Town::new().await;
    town.registers("alice").await;
    let mut alice = Person::connect(town.irc).await;
    alice.raw(b"CAP REQ sasl\r\nNICK al\r\nUSER al 0 * :Alice\r\n").await;
    assert!(!says_scram(&mut alice, "alice", "another").await);
    assert!(!says_scram(&mut alice, "nobody", town::PASSWORD).await, "and nobody is as nobody as alice");
    assert!(says_scram(&mut alice, "alice", town::PASSWORD).await);
    // Whoever does not trust the server after all goes no further.
    alice.asks("AUTHENTICATE *", &format!("{SERVER} 906 * :")).await;
    assert!(says_scram(&mut alice, "alice", town::PASSWORD).await);
    alice.says("AUTHENTICATE +").await;
    alice.sees_next(&format!("{SERVER} 900 * al!~al@")).await;
    alice.sees_next(&format!("{SERVER} 903 * :")).await;
    alice.asks("CAP END", &format!("{SERVER} 001 al :")).await;
    alice.asks("WHOIS al", &format!("{SERVER} 330 al al alice :")).await;
}

#[tokio::test]
async fn a_token_logs_in_and_one_of_a_guest_does_not() {
    let town = Town::new().await;
    let (alice, guest) = (town.registers("alice").await, town.guest("visitor").await);
    let mut person = town.enters_with("al", "sasl").await;
    let bearer =
        |authzid: &str, token: &str| encoded(format!("n,{authzid},\u{1}auth=Bearer {token}\u{1}\u{1}"));
    for wrong in [bearer("a=bob", alice.text()), bearer("", guest.text()), bearer("", "nonsense")] {
        person.asks("AUTHENTICATE OAUTHBEARER", "AUTHENTICATE +").await;
        for piece in pieces(&wrong) {
            person.says(&format!("AUTHENTICATE {piece}")).await;
        }
        let why = said(&person.sees("AUTHENTICATE ").await);
        assert_eq!(why, r#"{"status":"invalid_token"}"#);
        person.asks("AUTHENTICATE AQ==", &format!("{SERVER} 904 al :")).await;
    }
    person.asks("AUTHENTICATE OAUTHBEARER", "AUTHENTICATE +").await;
    for piece in pieces(&bearer("a=Alice", alice.text())) {
        person.says(&format!("AUTHENTICATE {piece}")).await;
    }
    person.sees(&format!("{SERVER} 900 al al!~al@")).await;
    person.sees_next(&format!("{SERVER} 903 al :")).await;
}

/// A client of IRC over TLS, with a certificate of its own if it is to have one.
async fn in_private(town: &Town, own: Option<&rcgen::CertifiedKey<rcgen::KeyPair>>) -> Person {
    let mut roots = RootCertStore::empty();
    let server = CertificateDer::from_pem_file(town.common.secrets_dir().join("tls.pem"));
    roots.add(server.expect("the gateway made a certificate")).expect("it is one");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_root_certificates(roots);
    let config = match own {
        Some(own) => {
            let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
            config.with_client_auth_cert(vec![own.cert.der().clone()], key).expect("a pair")
        }
        None => config.with_no_client_auth(),
    };
    let socket = TcpStream::connect(town.irc_tls).await.expect("the gateway listens");
    let connecting =
        TlsConnector::from(Arc::new(config)).connect("localhost".try_into().expect("a name"), socket);
    let (reader, writer) = tokio::io::split(within("a handshake", connecting).await.expect("it is trusted"));
    Person::over(reader, writer)
}

#[tokio::test]
async fn a_certificate_logs_in_whom_it_is_of_and_is_offered_to_those_who_have_one() {
    let town = Town::new().await;
    let alice = town.registers("alice").await;
    let pair = rcgen::generate_simple_self_signed(vec!["alice's laptop".to_owned()]).expect("a pair");
    let fingerprint: String =
        Sha256::digest(pair.cert.der()).iter().map(|byte| format!("{byte:02x}")).collect();

    let mut without = in_private(&town, None).await;
    let offered = without.asks("CAP LS 302", &format!("{SERVER} CAP * LS :")).await;
    assert!(offered.contains("sasl=PLAIN,SCRAM-SHA-256,OAUTHBEARER "), "{offered}");
    without.asks("AUTHENTICATE EXTERNAL", &format!("{SERVER} 908 * PLAIN,SCRAM-SHA-256,OAUTHBEARER :")).await;

    let mut person = in_private(&town, Some(&pair)).await;
    let offered = person.asks("CAP LS 302", &format!("{SERVER} CAP * LS :")).await;
    assert!(offered.contains("sasl=PLAIN,EXTERNAL,SCRAM-SHA-256,OAUTHBEARER "), "{offered}");
    person.raw(b"CAP REQ sasl\r\nNICK al\r\nUSER al 0 * :Alice\r\n").await;
    person.asks("AUTHENTICATE EXTERNAL", "AUTHENTICATE +").await;
    person.asks("AUTHENTICATE +", &format!("{SERVER} 904 * :")).await;
    town.users_of(
        &alice,
        "POST",
        "/v1/accounts/me/certificates",
        &format!(r#"{{"fingerprint":"{fingerprint}"}}"#),
    )
    .await;
    person.asks("AUTHENTICATE EXTERNAL", "AUTHENTICATE +").await;
    person.asks(&format!("AUTHENTICATE {}", encoded("bob")), &format!("{SERVER} 904 * :")).await;
    person.asks("AUTHENTICATE EXTERNAL", "AUTHENTICATE +").await;
    person.asks("AUTHENTICATE +", &format!("{SERVER} 900 * al!~al@")).await;
    person.asks("CAP END", &format!("{SERVER} 001 al :")).await;
    town.users_of(&alice, "DELETE", &format!("/v1/accounts/me/certificates/{fingerprint}"), "").await;
    person.sees("ERROR :").await;
}

#[tokio::test]
async fn who_logs_in_again_is_somebody_else_under_the_same_nick() {
    let town = Town::new().await;
    town.registers("alice").await;
    town.registers("bob").await;
    let mut carol = town.enters("carol").await;
    carol.joins("#x").await;
    let login = |name: &str| format!("AUTHENTICATE {}", encoded(format!("\0{name}\0{}", town::PASSWORD)));
    // Before they are welcomed, the last one counts.
    let mut person = Person::connect(town.irc).await;
    person.raw(b"CAP REQ sasl\r\nNICK al\r\nUSER al 0 * :Al\r\n").await;
    for name in ["bob", "alice"] {
        person.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
        person.asks(&login(name), &format!("{SERVER} 903 * :")).await;
    }
    person.asks("CAP END", &format!("{SERVER} 422 al :")).await;
    person.joins("#x").await;
    carol.sees(":al!~al@").await;
    person.asks("WHOIS al", &format!("{SERVER} 330 al al alice :")).await;
    person.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
    person.says(&login("bob")).await;
    person.sees(&format!("{SERVER} 900 al al!~al@")).await;
    person.sees_next(&format!("{SERVER} 903 al :")).await;
    // Still in the channel, and heard there.
    person.says("PRIVMSG #x :still here").await;
    assert!(hears_message(&mut carol).await.ends_with(" PRIVMSG #x :still here\r"));
    carol.asks("WHOIS al", &format!("{SERVER} 330 carol al bob :")).await;
    // The first is at home nowhere any more.
    carol.asks("WHOIS alice", &format!("{SERVER} 401 carol alice :")).await;
    person.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
    person.asks(&login("bob"), &format!("{SERVER} 903 al :")).await;
    person.says("PRIVMSG #x :and again").await;
    assert!(hears_message(&mut carol).await.ends_with(" PRIVMSG #x :and again\r"));
}

/// <https://ircv3.net/specs/extensions/sasl-3.1>
#[tokio::test]
async fn who_comes_in_before_the_login_is_done_has_given_it_up() {
    let town = Town::new().await;
    town.registers("alice").await;
    let mut person = Person::connect(town.irc).await;
    person.raw(b"CAP REQ sasl\r\nAUTHENTICATE PLAIN\r\nNICK al\r\nUSER al 0 * :Al\r\nCAP END\r\n").await;
    person.sees("AUTHENTICATE +").await;
    person.sees_next(&format!("{SERVER} 906 al :")).await;
    person.sees_next(&format!("{SERVER} 001 al :")).await;
    // A login from its beginning is one as always.
    person.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
    let login = encoded(format!("\0alice\0{}", town::PASSWORD));
    person.asks(&format!("AUTHENTICATE {login}"), &format!("{SERVER} 903 al :")).await;
}

async fn hears_message(person: &mut Person) -> String {
    loop {
        let line = person.sees(":al!~al@").await;
        if line.contains(" PRIVMSG ") {
            return line;
        }
    }
}
