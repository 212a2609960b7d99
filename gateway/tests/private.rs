//! The line protocol over TLS: the same conversation, by a client that checks the certificate.

mod town;

use std::{net::SocketAddr, path::Path, sync::Arc};

use gateway::Config;
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use self::town::{Person, Town, within};

fn connector(town: &Town, version: &'static SupportedProtocolVersion) -> TlsConnector {
    connector_with(&town.common.secrets_dir().join("tls.pem"), version)
}

fn connector_with(certificate: &Path, version: &'static SupportedProtocolVersion) -> TlsConnector {
    let certificate = CertificateDer::from_pem_file(certificate);
    let mut roots = RootCertStore::empty();
    roots.add(certificate.expect("the gateway made a certificate")).expect("it is one");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
    TlsConnector::from(Arc::new(
        config.expect("a version").with_root_certificates(roots).with_no_client_auth(),
    ))
}

async fn handshake(address: SocketAddr, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    connector.connect("localhost".try_into().expect("a name"), socket).await
}

async fn connect(town: &Town, version: &'static SupportedProtocolVersion) -> Person {
    let stream = within("a handshake", handshake(town.lines_tls, &connector(town, version)))
        .await
        .expect("it is trusted");
    let (reader, writer) = tokio::io::split(stream);
    let mut person = Person::over(reader, writer);
    person.sees("200 welcome causerie/1 Causerie :").await;
    person
}

#[tokio::test]
async fn the_same_conversation_in_private() {
    let town = Town::new().await;
    for (version, nick) in [(&TLS12, "alice"), (&TLS13, "bob")] {
        let mut person = connect(&town, version).await;
        person.asks(&format!("/nick {nick}"), &format!("200 nick {nick}")).await;
        person.asks("/join #x", "200 joined #x").await;
        // More than one TLS record holds, to the gateway at once and back at once.
        let text = "x".repeat(4000);
        let many: String = (0..20).map(|_| format!("{text}\n")).collect();
        person.raw(many.as_bytes()).await;
        for _ in 0..20 {
            person.sees("201 sent #x").await;
        }
        person.says("/history #x 20").await;
        for _ in 0..20 {
            assert!(person.sees("200-msg #x").await.ends_with(&text));
        }
        person.sees("200 history #x 20").await;
        person.asks("/quit", "200 bye").await;
        assert!(person.sees_the_end().await.is_empty());
    }
}

#[tokio::test]
async fn what_is_typed_before_the_end_of_the_stream_is_answered() {
    let town = Town::new().await;
    let mut bot = connect(&town, &TLS13).await;
    bot.raw(b"/nick bot\n/join #x\nhello").await;
    bot.closes_its_half().await;
    let lines = bot.sees_the_end().await;
    assert!(lines.last().is_some_and(|last| last.starts_with("201 sent #x 1")), "{lines:#?}");
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_so_in_tls_and_harms_nobody() {
    let town = Town::new().await;
    let mut alice = connect(&town, &TLS13).await;
    let mut stranger = Person::connect(town.lines_tls).await;
    stranger.raw(b"/nick mallory\n").await;
    assert!(!stranger.ends_with_bytes().await.is_empty(), "an alert");
    alice.asks("/nick alice", "200 nick alice").await;
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let town = Town::with(|config: &mut Config| {
        config.limits.registration_time = kit::config::Period::seconds(1);
    })
    .await;
    let mut silent = Person::connect(town.lines_tls).await;
    silent.ends_with_bytes().await;
}

#[tokio::test]
async fn one_too_many_is_told_why() {
    let town = Town::with(|config: &mut Config| config.limits.connections = 1).await;
    let _first = connect(&town, &TLS13).await;
    let stream =
        handshake(town.lines_tls, &connector(&town, &TLS13)).await.expect("a handshake all the same");
    let (reader, writer) = tokio::io::split(stream);
    Person::over(reader, writer).sees("429 too-many-connections").await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_certificate_is_taken_up_without_dropping_anyone() {
    let town = Town::new().await;
    let mut alice = connect(&town, &TLS13).await;
    let before = connector(&town, &TLS13);
    let file = town.common.secrets_dir().join("tls.pem");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    std::fs::write(&file, made.cert.pem() + &made.signing_key.serialize_pem()).expect("the file is ours");
    let hangup = std::process::Command::new("sh")
        .args(["-c", &format!("kill -s HUP {}", std::process::id())])
        .status();
    assert!(hangup.is_ok_and(|status| status.success()));
    within("the certificate to change", async {
        while handshake(town.lines_tls, &before).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let bob = within("a handshake", handshake(town.lines_tls, &connector(&town, &TLS13)))
        .await
        .expect("the new one");
    assert_eq!(bob.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    alice.asks("/nick alice", "200 nick alice").await;
}

/// <https://ircv3.net/specs/extensions/sts>: not with a certificate that nobody knows.
#[tokio::test]
async fn irc_clients_are_told_to_come_over_tls_where_the_certificate_is_an_operators() {
    let own = Town::new().await;
    let mut clear = Person::connect(own.irc).await;
    clear.says("CAP LS 302").await;
    assert!(!clear.sees_next(":irc.causerie.localhost CAP * LS ").await.contains("sts="));

    let home = tempfile::tempdir().unwrap();
    gateway::init(home.path()).unwrap();
    let pair = home.path().join("tls.pem");
    let town = Town::with(|config| {
        (config.tls_certificate, config.tls_key) = (Some(pair.clone()), Some(pair.clone()));
        config.irc_sts_port = Some(6697);
    })
    .await;
    let mut clear = Person::connect(town.irc).await;
    assert!(capabilities(&mut clear).await.contains(" sts=port=6697 "));
    clear.asks("CAP REQ sts", ":irc.causerie.localhost CAP * NAK :sts").await;
    let connector = connector_with(&pair, &TLS13);
    let stream = within("a handshake", handshake(town.irc_tls, &connector)).await.expect("it is trusted");
    let (reader, writer) = tokio::io::split(stream);
    let mut secure = Person::over(reader, writer);
    assert!(capabilities(&mut secure).await.contains(" sts=duration=2592000 "));
}

async fn capabilities(person: &mut Person) -> String {
    person.says("CAP LS 302").await;
    let mut all = String::new();
    loop {
        let line = person.sees_next(":irc.causerie.localhost CAP * LS ").await;
        all += &format!(" {} ", line.rsplit_once(" :").expect("a list").1.trim_end());
        if !line.contains(" LS * :") {
            return all;
        }
    }
}
