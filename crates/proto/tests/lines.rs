//! How bytes become lines, whatever the chunks.

use proptest::prelude::*;
use proto::lines::{LineBuffer, LineError, MAX_LINE};

type Read = Result<String, LineError>;

fn take_all(buffer: &mut LineBuffer, lines: &mut Vec<Read>) {
    while let Some(line) = buffer.next_line() {
        lines.push(line.map(str::to_owned));
    }
}

fn read_chunks<'a>(limit: usize, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Read> {
    let mut buffer = LineBuffer::new(limit);
    let mut lines = Vec::new();
    for chunk in chunks {
        buffer.feed(chunk);
        take_all(&mut buffer, &mut lines);
        assert!(buffer.capacity() <= 2 * (limit + chunk.len() + 8), "holds more than a line and a chunk");
    }
    buffer.finish();
    take_all(&mut buffer, &mut lines);
    assert_eq!(buffer.capacity(), 0);
    lines
}

fn read(bytes: &[u8]) -> Vec<Read> {
    read_chunks(MAX_LINE, [bytes])
}

fn ok(lines: &[&str]) -> Vec<Read> {
    lines.iter().map(|line| Ok((*line).to_owned())).collect()
}

#[test]
fn all_three_line_ends_end_a_line() {
    assert_eq!(read(b"one\ntwo\r\nthree\r\0four\n"), ok(&["one", "two", "three", "four"]));
}

#[test]
fn a_lone_cr_or_nul_ends_no_line() {
    assert_eq!(read(b"a\rb\0c\n"), ok(&["a\rb\0c"]));
}

#[test]
fn a_last_line_without_its_end_is_a_line() {
    assert_eq!(read(b"one\ntwo"), ok(&["one", "two"]));
    assert_eq!(read(b"one\ntwo\r"), ok(&["one", "two"]));
    assert_eq!(read(b"one\n"), ok(&["one"]));
    assert_eq!(read(b""), ok(&[]));
}

#[test]
fn a_bom_is_skipped_at_the_start_and_nowhere_else() {
    assert_eq!(read(b"\xef\xbb\xbfhi\n\xef\xbb\xbfho\n"), ok(&["hi", "\u{feff}ho"]));
    assert_eq!(read(b"\xff\xf1\xef\xbb\xbfhi\n"), ok(&["hi"]));
}

#[test]
fn telnet_sequences_are_skipped_wherever_they_stand() {
    // DO LINEMODE; a subnegotiation with an escaped 255 and an LF in it; NOP between CR and LF.
    assert_eq!(read(b"\xff\xfd\x22h\xff\xfa\x1f\xff\xff\n\xff\xf0i\r\xff\xf1\n"), ok(&["hi"]));
}

#[test]
fn what_only_looks_like_telnet_swallows_nothing() {
    // ISO 8859-1: 0xff is an ordinary letter there.
    assert_eq!(read(b"\xff\nnext\n"), [Err(LineError::InvalidUtf8), Ok("next".to_owned())]);
    let mut endless = b"\xff\xfa".to_vec();
    endless.resize(3000, b'x');
    endless.extend_from_slice(b"\nnext\n");
    assert_eq!(read(&endless).last(), Some(&Ok("next".to_owned())));
}

#[test]
fn bad_utf8_spoils_one_line_only() {
    assert_eq!(read(b"caf\xe9\ncaf\xc3\xa9\n"), [Err(LineError::InvalidUtf8), Ok("café".to_owned())]);
}

#[test]
fn the_limit_does_not_count_the_end() {
    let longest = "x".repeat(MAX_LINE);
    for end in ["\n", "\r\n", "\r\0", ""] {
        assert_eq!(read(format!("{longest}{end}").as_bytes()), ok(&[&longest]));
        let too_long = read(format!("{longest}y{end}").as_bytes());
        assert_eq!(too_long, [Err(LineError::TooLong { limit: MAX_LINE })]);
    }
}

#[test]
fn a_line_without_end_is_reported_before_its_end_and_held_no_longer() {
    let mut buffer = LineBuffer::new(10);
    buffer.feed(&[b'x'; 4096]);
    assert_eq!(buffer.next_line(), Some(Err(LineError::TooLong { limit: 10 })));
    assert_eq!(buffer.capacity(), 0);
    buffer.feed(&[b'x'; 4096]);
    assert_eq!(buffer.next_line(), None);
    assert_eq!(buffer.capacity(), 0);
    buffer.feed(b"x\nhi\n");
    assert_eq!(buffer.next_line(), Some(Ok("hi")));
    assert_eq!(buffer.next_line(), None);
}

/// Bytes that mean something to the buffer, more often than chance would give them.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-zé ]{0,12}".prop_map(String::into_bytes),
        3 => prop::sample::select(vec![&b"\n"[..], b"\r\n", b"\r\0", b"\r", b"\0", b"\xef\xbb\xbf"]).prop_map(<[u8]>::to_vec),
        2 => prop::sample::select(vec![&b"\xff"[..], b"\xff\xfa", b"\xff\xf0", b"\xff\xfd\x01", b"\xff\xff", b"\xff\xf1"])
            .prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_lines(bytes in stream(), sizes in prop::collection::vec(1usize..9, 1..8)) {
        const LIMIT: usize = 16;
        let whole = read_chunks(LIMIT, [&bytes[..]]);
        let mut rest = &bytes[..];
        let mut chunks = Vec::new();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at(rest.len().min(*size));
            chunks.push(chunk);
            rest = after;
        }
        prop_assert_eq!(read_chunks(LIMIT, chunks), whole);
    }

    #[test]
    fn no_line_holds_an_lf_or_is_over_the_limit(bytes in stream()) {
        for line in read_chunks(16, [&bytes[..]]).into_iter().flatten() {
            prop_assert!(line.len() <= 16 && !line.contains('\n'));
        }
    }
}

#[test]
fn a_line_that_is_not_utf_8_can_still_be_looked_at() {
    let mut buffer = LineBuffer::new(20);
    buffer.feed(b"first\nSAY caf\xe9\r\nnext\n");
    assert_eq!(buffer.next_line(), Some(Ok("first")));
    assert_eq!(buffer.next_line(), Some(Err(LineError::InvalidUtf8)));
    assert_eq!(buffer.not_utf8(), "SAY caf\u{fffd}");
    assert_eq!(buffer.next_line(), Some(Ok("next")));
}
