//! Labels around replies (IRCv3 labeled-response): `ACK` for none, the label on one line, a batch around several.

use bytes::Bytes;

use crate::{dialect::Ask, hub::Client};

/// Names the batch of a labelled reply. No other reply is written in between, so that one name is enough.
const BATCH: &str = "labeled";

/// The label is kept escaped, as it came.
pub(crate) fn frame(client: &Client, ask: &Ask, reply: Bytes) -> Bytes {
    let Some(label) = &ask.label else { return reply };
    let server = &client.server.name;
    let mut out = Vec::with_capacity(reply.len() + 128);
    let mut lines = reply.split_inclusive(|&byte| byte == b'\n');
    match (lines.next(), lines.next()) {
        (None, _) => out.extend_from_slice(format!("@label={label} :{server} ACK\r\n").as_bytes()),
        (Some(line), None) => tagged(&mut out, "label", label, line),
        (Some(line), Some(_)) if is_batch_itself(&reply) => {
            tagged(&mut out, "label", label, line);
            out.extend_from_slice(&reply[line.len()..]);
        }
        (Some(_), Some(_)) => {
            let begin = format!("@label={label} :{server} BATCH +{BATCH} labeled-response\r\n");
            out.extend_from_slice(begin.as_bytes());
            for line in reply.split_inclusive(|&byte| byte == b'\n') {
                in_batch(&mut out, BATCH, line);
            }
            out.extend_from_slice(format!(":{server} BATCH -{BATCH}\r\n").as_bytes());
        }
    }
    out.into()
}

/// A line of a batch, unless it is one of another batch within.
pub(super) fn in_batch(out: &mut Vec<u8>, batch: &str, line: &[u8]) {
    if is_in_batch(line) {
        out.extend_from_slice(line);
    } else {
        tagged(out, "batch", batch, line);
    }
}

/// Whether a reply is one batch from its first line to its last: then that is what carries the label.
fn is_batch_itself(reply: &[u8]) -> bool {
    let mut lines = reply.split_inclusive(|&byte| byte == b'\n').map(batch_name);
    let Some(Some((b'+', name))) = lines.next() else { return false };
    // The first end of that name is the last line.
    lines.position(|line| line == Some((b'-', name))).is_some() && lines.next().is_none()
}

/// `+` or `-` and the name of a `BATCH` line.
fn batch_name(line: &[u8]) -> Option<(u8, &[u8])> {
    let mut words = line.trim_ascii_end().split(|&byte| byte == b' ');
    let verb = words.find(|word| !word.starts_with(b"@") && !word.starts_with(b":"))?;
    let (&sign, name) = words.next().filter(|_| verb == b"BATCH")?.split_first()?;
    Some((sign, name))
}

/// A line with one tag more. Those that we write ourselves leave room for it.
fn tagged(out: &mut Vec<u8>, key: &str, value: &str, line: &[u8]) {
    out.push(b'@');
    out.extend_from_slice(key.as_bytes());
    out.push(b'=');
    out.extend_from_slice(value.as_bytes());
    match line.strip_prefix(b"@") {
        Some(line) => {
            out.push(b';');
            out.extend_from_slice(line);
        }
        None => {
            out.push(b' ');
            out.extend_from_slice(line);
        }
    }
}

/// Of a batch within this one.
fn is_in_batch(line: &[u8]) -> bool {
    let Some(tagged) = line.strip_prefix(b"@") else { return false };
    let tags = tagged.split(|&byte| byte == b' ').next().unwrap_or_default();
    tags.split(|&byte| byte == b';').any(|tag| tag.starts_with(b"batch="))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        dialect::{Dialect, irc::Caps},
        server::Server,
    };

    fn framed(reply: &'static str) -> String {
        let server = Arc::new(Server::new("irc.test", "X"));
        let client = Client::new(1024, Dialect::Irc(Caps::NONE), server);
        let ask = Ask { label: Some("a\\sb".into()), verb: "JOIN" };
        String::from_utf8(frame(&client, &ask, Bytes::from_static(reply.as_bytes())).to_vec()).unwrap()
    }

    #[test]
    fn a_label_is_found_in_every_reply_whatever_its_length() {
        assert_eq!(framed(""), "@label=a\\sb :irc.test ACK\r\n");
        assert_eq!(framed("A\r\n"), "@label=a\\sb A\r\n");
        assert_eq!(framed("@time=1 A\r\n"), "@label=a\\sb;time=1 A\r\n");
        assert_eq!(
            framed("A\r\n@time=1;batch=x B\r\n"),
            "@label=a\\sb :irc.test BATCH +labeled labeled-response\r\n@batch=labeled A\r\n@time=1;batch=x B\r\n:irc.test BATCH -labeled\r\n"
        );
    }

    #[test]
    fn a_reply_that_is_one_batch_carries_the_label_itself() {
        assert_eq!(
            framed("@msgid=1 :a!b@c BATCH +x chathistory #y\r\n@batch=x A\r\n:irc.test BATCH -x\r\n"),
            "@label=a\\sb;msgid=1 :a!b@c BATCH +x chathistory #y\r\n@batch=x A\r\n:irc.test BATCH -x\r\n"
        );
        let two = framed(":s BATCH +x y\r\n:s BATCH -x\r\n:s BATCH +x y\r\n:s BATCH -x\r\n");
        assert!(two.starts_with("@label=a\\sb :irc.test BATCH +labeled labeled-response\r\n"), "{two}");
    }
}
