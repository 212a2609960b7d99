use proptest::prelude::*;
use proto::irc::sasl::{Assembly, PIECE, Plain, SaslError, Step, pieces};

const LIMIT: usize = 1000;

#[test]
fn a_last_piece_of_just_400_bytes_is_followed_by_a_plus() {
    let lengths = |bytes: usize| pieces(&"x".repeat(bytes)).map(str::len).collect::<Vec<_>>();
    assert_eq!(pieces("").collect::<Vec<_>>(), ["+"]);
    assert_eq!(lengths(399), [399]);
    assert_eq!(lengths(400), [400, 1]);
    assert_eq!(lengths(801), [400, 400, 1]);
    assert_eq!(pieces(&"x".repeat(400)).last(), Some("+"));
}

#[test]
fn a_response_ends_with_its_first_short_piece() {
    let mut assembly = Assembly::new(LIMIT);
    let full = "x".repeat(PIECE);
    assert_eq!(assembly.push("+"), Ok(Step::Done(String::new())));
    assert_eq!(assembly.push(&full), Ok(Step::More));
    assert_eq!(assembly.push("yz"), Ok(Step::Done(format!("{full}yz"))));
    assert_eq!(assembly.push(&full), Ok(Step::More));
    assert_eq!(assembly.push("+"), Ok(Step::Done(full.clone())));
    assert_eq!(assembly.push(&full), Ok(Step::More));
    assert_eq!(assembly.push("*"), Ok(Step::Aborted));
    assert_eq!(assembly.push("new"), Ok(Step::Done("new".to_owned())));
}

#[test]
fn no_response_grows_for_ever() {
    let mut assembly = Assembly::new(LIMIT);
    let full = "x".repeat(PIECE);
    let too_long = Err(SaslError::ResponseTooLong { limit: LIMIT });
    for last in [200, 201] {
        assert_eq!(assembly.push(&full), Ok(Step::More));
        assert_eq!(assembly.push(&full), Ok(Step::More));
        let step = assembly.push(&"x".repeat(last));
        assert_eq!(step, if last == 200 { Ok(Step::Done("x".repeat(LIMIT))) } else { too_long.clone() });
    }
    assert_eq!(assembly.push(&"x".repeat(PIECE + 1)), Err(SaslError::PieceTooLong));
    assert_eq!(assembly.push("afresh"), Ok(Step::Done("afresh".to_owned())));
}

#[test]
fn plain_has_three_parts() {
    let plain = |authzid, authcid, password| Some(Plain { authzid, authcid, password });
    assert_eq!(Plain::parse(b"\0alice\0sesame"), plain("", "alice", "sesame"));
    assert_eq!(Plain::parse("bob\0alice\0é:".as_bytes()), plain("bob", "alice", "é:"));
    for response in
        [&b""[..], b"\0", b"\0alice", b"\0alice\0", b"\0\0sesame", b"\0alice\0se\0same", b"\0\xff\0x"]
    {
        assert_eq!(Plain::parse(response), None);
    }
}

#[test]
fn passwords_are_not_in_debug_output() {
    let mut assembly = Assembly::new(LIMIT);
    let step = assembly.push(&"s3cret".repeat(10));
    let shown = format!("{step:?} {assembly:?} {:?}", Plain::parse(b"\0alice\0s3cret"));
    assert!(shown.contains("alice") && !shown.contains("s3cret"), "{shown}");
}

proptest! {
    #[test]
    fn what_is_cut_is_assembled_again(encoded in "[A-Za-z0-9/=]{0,1000}") {
        // A lone `+` or `*` is no Base64.
        let mut assembly = Assembly::new(LIMIT);
        let mut done = None;
        for piece in pieces(&encoded) {
            prop_assert_eq!(done, None);
            done = match assembly.push(piece) {
                Ok(Step::Done(whole)) => Some(whole),
                step => {
                    prop_assert_eq!(step, Ok(Step::More));
                    None
                }
            };
        }
        prop_assert_eq!(done, Some(encoded));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40), text in any::<String>()) {
        let _ = (Plain::parse(&bytes), Assembly::new(10).push(&text), pieces(&text).count());
    }
}
