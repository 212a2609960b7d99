//! The responses that begin with a GS2 header: SCRAM and OAUTHBEARER.

use proptest::prelude::*;
use proto::irc::sasl::{Bearer, ScramFinal, ScramFirst};

/// RFC 7677 §3.
#[test]
fn the_messages_of_scram_are_taken_apart() {
    let first = ScramFirst::parse("n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
    let parts = (first.gs2_header, &*first.name, first.nonce, first.bare);
    assert_eq!(parts, ("n,,", "user", "rOprNGfwEbeRWgbNEkqO", "n=user,r=rOprNGfwEbeRWgbNEkqO"));
    assert!(first.authzid.is_empty());
    let first = ScramFirst::parse("y,a=b=2Cob,n=al=3Dice,r=x,e=unknown").unwrap();
    let parts = (first.gs2_header, &*first.authzid, &*first.name, first.nonce);
    assert_eq!(parts, ("y,a=b=2Cob,", "b,ob", "al=ice", "x"));
    let last = ScramFinal::parse("c=biws,r=rOpr%hv,e=unknown,p=dHzb==").unwrap();
    let parts = (last.channel_binding, last.nonce, last.proof, last.without_proof);
    assert_eq!(parts, ("biws", "rOpr%hv", "dHzb==", "c=biws,r=rOpr%hv,e=unknown"));
}

#[test]
fn what_is_no_message_of_scram_is_refused() {
    for first in [
        "",
        "n,,",
        "n,,n=,r=x",
        "n,,n=user",
        "n,,n=user,r=",
        "n,,n=us=er,r=x",
        "n,,n=us=2cer,r=x",
        "n,,m=new,n=user,r=x",
        "p=tls-unique,,n=user,r=x",
        "n,b=x,n=user,r=x",
        "n,,n=user,r=a b",
        "n,,r=x,n=user",
    ] {
        assert_eq!(ScramFirst::parse(first), None, "{first}");
    }
    for last in ["", "c=biws,r=x", "c=biws,r=x,p=", "r=x,c=biws,p=y", "c=biws,p=y", "c=biws,r=,p=y"] {
        assert_eq!(ScramFinal::parse(last), None, "{last}");
    }
}

/// RFC 7628 §4.1.
#[test]
fn a_token_is_found_among_the_pairs() {
    let said =
        "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer vF9dft4qmT\u{1}\u{1}";
    let bearer = Bearer::parse(said).unwrap();
    assert_eq!((&*bearer.authzid, bearer.token), ("user@example.com", "vF9dft4qmT"));
    assert_eq!(Bearer::parse("n,,\u{1}auth=bearer  x \u{1}\u{1}").unwrap().token, "x");
    for wrong in [
        "",
        "\u{1}",
        "n,,\u{1}\u{1}",
        "n,,\u{1}auth=Bearer x\u{1}",
        "n,,\u{1}auth=Bearer \u{1}\u{1}",
        "n,,\u{1}auth=Basic x\u{1}\u{1}",
        "n,,auth=Bearer x\u{1}\u{1}",
    ] {
        assert_eq!(Bearer::parse(wrong), None, "{wrong:?}");
    }
    assert!(!format!("{bearer:?}").contains("vF9"));
}

proptest! {
    #[test]
    fn every_name_can_be_said(name in "[^\0]{1,20}", nonce in "[!-+\\--~]{1,20}") {
        let written = name.replace('=', "=3D").replace(',', "=2C");
        let said = format!("n,a={written},n={written},r={nonce}");
        let first = ScramFirst::parse(&said).unwrap();
        prop_assert_eq!((&first.authzid, &first.name, first.nonce), (&name, &name, &*nonce));
        let said = format!("n,a={written},\u{1}auth=Bearer {nonce}\u{1}\u{1}");
        prop_assert_eq!(Bearer::parse(&said).unwrap().authzid, name);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = (ScramFirst::parse(&text), ScramFinal::parse(&text), Bearer::parse(&text));
        let said = format!("n,,{text}");
        let _ = (ScramFirst::parse(&said), Bearer::parse(&said));
    }
}
