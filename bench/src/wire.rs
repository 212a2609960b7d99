//! As much of the line protocol as a load needs, read from bytes without an allocation.

use memchr::memchr;

/// What a measured text begins with: its sender in the channel and when it was sent, in hexadecimal.
pub(crate) const HEAD: usize = 1 + 4 + 16;

/// A line from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    Message {
        seq: u64,
        sender: usize,
        sent: u64,
    },
    Ack {
        seq: u64,
    },
    /// 4xx and 5xx.
    Refusal,
    /// Some other reply, whole.
    Reply(&'a [u8]),
    Event,
}

pub(crate) fn parse(line: &[u8]) -> Option<Heard<'_>> {
    match line {
        [b'1', b'0', b'0', b' ', b'm', b's', b'g', b' ', rest @ ..] => {
            let rest = after_word(rest);
            let seq = number(rest);
            let text = after_word(after_word(after_word(rest)));
            match text.get(..=HEAD) {
                Some([b':', b'~', head @ ..]) => {
                    let (sender, sent) = head.split_at(4);
                    Some(Heard::Message { seq, sender: hex(sender) as usize, sent: hex(sent) })
                }
                _ => Some(Heard::Event),
            }
        }
        [b'2', b'0', b'1', b' ', b's', b'e', b'n', b't', b' ', rest @ ..] => {
            Some(Heard::Ack { seq: number(after_word(rest)) })
        }
        [b'1', b'0', b'0', ..] => Some(Heard::Event),
        [b'4' | b'5', _, _, b' ' | b'-', ..] => Some(Heard::Refusal),
        [b'2', _, _, b' ', ..] => Some(Heard::Reply(line)),
        [b'2', _, _, b'-', ..] => Some(Heard::Event),
        _ => None,
    }
}

fn after_word(rest: &[u8]) -> &[u8] {
    &rest[memchr(b' ', rest).map_or(rest.len(), |at| at + 1)..]
}

/// The number at the beginning.
pub(crate) fn number(digits: &[u8]) -> u64 {
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

fn hex(digits: &[u8]) -> u64 {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.wrapping_sub(b'a').wrapping_add(10) & 15,
    };
    digits.iter().fold(0, |number, digit| number << 4 | u64::from(value(digit)))
}

/// One message of `size` bytes, as a line.
pub(crate) fn write_message(out: &mut Vec<u8>, sender: usize, sent: u64, size: usize) {
    let begin = out.len();
    out.push(b'~');
    write_hex(out, sender as u64, 4);
    write_hex(out, sent, 16);
    out.resize(begin + size, b'x');
    out.push(b'\n');
}

fn write_hex(out: &mut Vec<u8>, number: u64, digits: u32) {
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(number >> (4 * digit) & 15) as usize]);
    }
}

/// Cuts what is read into lines; holds only what is left of an unfinished one.
#[derive(Default)]
pub(crate) struct Lines {
    left: Vec<u8>,
}

impl Lines {
    pub(crate) fn feed(&mut self, mut read: &[u8], mut line: impl FnMut(&[u8])) {
        if !self.left.is_empty() {
            let Some(end) = memchr(b'\n', read) else {
                self.left.extend_from_slice(read);
                return;
            };
            self.left.extend_from_slice(&read[..end]);
            line(&self.left);
            self.left.clear();
            read = &read[end + 1..];
        }
        while let Some(end) = memchr(b'\n', read) {
            line(&read[..end]);
            read = &read[end + 1..];
        }
        self.left.extend_from_slice(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_was_written() {
        let mut text = Vec::new();
        write_message(&mut text, 7, 0xdead_beef, 100);
        assert_eq!(text.len(), 101);
        let mut line = b"100 msg #c:x 42 2026-07-03T12:04:05.678Z bob :".to_vec();
        line.extend_from_slice(&text[..100]);
        assert_eq!(parse(&line), Some(Heard::Message { seq: 42, sender: 7, sent: 0xdead_beef }));
        assert_eq!(parse(b"201 sent #c 43 3f9k2m7q1x0ab-43"), Some(Heard::Ack { seq: 43 }));
        assert_eq!(parse(b"503 overloaded messages :later"), Some(Heard::Refusal));
        assert_eq!(parse(b"100 join #c bob"), Some(Heard::Event));
        assert_eq!(parse(b"200 nick bob"), Some(Heard::Reply(b"200 nick bob")));
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let whole = b"one\ntwo three\n\nfour\n";
        for size in 1..whole.len() {
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            for chunk in whole.chunks(size) {
                lines.feed(chunk, |line| seen.push(line.to_vec()));
            }
            assert_eq!(seen, [&b"one"[..], b"two three", b"", b"four"]);
        }
    }
}
