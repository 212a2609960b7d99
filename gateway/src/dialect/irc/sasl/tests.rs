use api::users::ScramTerms;

use super::*;

fn exchange(params: &[&str]) -> Vec<Next> {
    let mut exchange = None;
    params.iter().map(|param| step(&mut exchange, true, param)).collect()
}

fn refused(fault: Fault) -> Next {
    Next::Refused(fault)
}

#[test]
fn plain_says_name_and_password_in_as_many_pieces_as_it_takes() {
    let login = |password: &str| {
        Next::Login(Credential::Password { name: "alice".into(), password: password.into() })
    };
    let encoded = STANDARD.encode("\0alice\0sesame");
    assert_eq!(exchange(&["PLAIN", &encoded]), [Next::Listens, login("sesame")]);
    let long = "x".repeat(400);
    let encoded = STANDARD.encode(format!("alice\0alice\0{long}"));
    let (first, second) = encoded.split_at(400);
    assert_eq!(exchange(&["plain", first, second]), [Next::Listens, Next::More, login(&long)]);
}

#[test]
fn whatever_is_wrong_ends_the_exchange() {
    assert_eq!(exchange(&["FOO"]), [refused(Fault::NoSuchMechanism(MECHANISMS_WITH_EXTERNAL))]);
    assert_eq!(exchange(&["*"]), [refused(Fault::Aborted)]);
    assert_eq!(exchange(&["PLAIN", "*", "PLAIN"]), [Next::Listens, refused(Fault::Aborted), Next::Listens]);
    for wrong in ["AAA", "+", &STANDARD.encode("bob\0alice\0sesame"), &STANDARD.encode("\0\0x")] {
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"] {
            assert_eq!(exchange(&[mechanism, wrong]), [Next::Listens, refused(Fault::Failed)], "{wrong}");
        }
    }
    let piece = "A".repeat(400);
    let endless = |mechanism, pieces| {
        let params: Vec<_> = std::iter::once(mechanism).chain(std::iter::repeat_n(&*piece, pieces)).collect();
        exchange(&params).contains(&refused(Fault::Failed))
    };
    assert!(!endless("PLAIN", MAX_RESPONSE / PIECE) && endless("PLAIN", MAX_RESPONSE / PIECE + 1));
    assert!(!endless("OAUTHBEARER", 16) && endless("OAUTHBEARER", 17));
    assert_eq!(exchange(&["PLAIN", &"A".repeat(401)])[1], refused(Fault::TooLong));
}

#[test]
fn external_is_for_those_with_a_certificate() {
    let login = |authzid: &str| Next::Login(Credential::Certificate { authzid: authzid.into() });
    assert_eq!(exchange(&["EXTERNAL", "+"]), [Next::Listens, login("")]);
    assert_eq!(exchange(&["EXTERNAL", &STANDARD.encode("alice")]), [Next::Listens, login("alice")]);
    let without = step(&mut None, false, "EXTERNAL");
    assert_eq!(without, refused(Fault::NoSuchMechanism(MECHANISMS)));
}

#[test]
fn oauthbearer_says_a_token_and_reads_why_it_was_refused() {
    let said = STANDARD.encode("n,a=alice,\u{1}auth=Bearer t0ken\u{1}\u{1}");
    let login = Next::Login(Credential::Token { token: "t0ken".into(), authzid: "alice".into() });
    assert_eq!(exchange(&["OAUTHBEARER", &said]), [Next::Listens, login]);
    for answer in ["AQ==", "+"] {
        let mut exchange = Some(Exchange::refused_bearer());
        assert_eq!(step(&mut exchange, false, answer), refused(Fault::Failed));
        assert!(exchange.is_none());
    }
}

/// RFC 7677 §3, but for the server's nonce.
#[test]
fn scram_signs_what_both_have_said() {
    let mut exchange = None;
    assert_eq!(step(&mut exchange, false, "SCRAM-SHA-256"), Next::Listens);
    let said = STANDARD.encode("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let Next::Opens(opening) = step(&mut exchange, false, &said) else { panic!("no opening") };
    assert_eq!(opening.name, "user");
    let terms = ScramTerms { salt: "W22ZaJ0SNY7soEsUEjb6gQ==".into(), iterations: 4096 };
    let (first, next) = opening.challenge([0; scram::NONCE_BYTES], &terms);
    let nonce = format!("rOprNGfwEbeRWgbNEkqO{}", "A".repeat(24));
    assert_eq!(first, format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
    exchange = Some(next);
    let answer = STANDARD.encode(format!("c=biws,r={nonce},p=cHJvb2Y="));
    let Next::Proves(proof) = step(&mut exchange, false, &answer) else { panic!("no proof") };
    let signed = format!("n=user,r=rOprNGfwEbeRWgbNEkqO,{first},c=biws,r={nonce}");
    assert_eq!((&*proof.auth_message, &*proof.proof), (&*signed, "cHJvb2Y="));
    let mut exchange = Some(Exchange::proved(proof.clone()));
    assert_eq!(step(&mut exchange, false, "+"), Next::Login(Credential::Scram(proof)));
}

#[test]
fn an_answer_to_another_challenge_proves_nothing() {
    let nonce = "x".to_owned() + &"A".repeat(24);
    for answer in [
        format!("c=biws,r={nonce}B,p=cHJvb2Y="),
        format!("c=biws,r=x{},p=cHJvb2Y=", "B".repeat(24)),
        format!("c=eSws,r={nonce},p=cHJvb2Y="),
        format!("c=biws,r={nonce}"),
    ] {
        let opening = Opening::parse("n,,n=user,r=x").unwrap();
        let terms = ScramTerms { salt: "c2FsdA==".into(), iterations: 4096 };
        let mut exchange = Some(opening.challenge([0; scram::NONCE_BYTES], &terms).1);
        let next = step(&mut exchange, false, &STANDARD.encode(&answer));
        assert_eq!(next, refused(Fault::Failed), "{answer}");
    }
    assert!(Opening::parse("n,a=bob,n=alice,r=x").is_none());
}
