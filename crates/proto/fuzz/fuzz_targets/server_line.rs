//! Any line of a server is read or refused, and what was read is the same when written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::plain::{Frame, ServerLine, Tags};

fuzz_target!(|line: &str| {
    let Ok(read) = ServerLine::parse(line) else { return };
    if !(100..600).contains(&read.code) {
        return;
    }
    let mut out = Vec::new();
    let begin = if read.last { Frame::last } else { Frame::more };
    let mut frame = begin(&mut out, Tags::default(), read.code, read.word());
    for param in &read.words[1..] {
        frame = frame.param(param);
    }
    match &read.text {
        Some(text) => frame.text(text),
        None => frame.end(),
    }
    let line = std::str::from_utf8(&out).expect("UTF-8").strip_suffix('\n').expect("ends");
    let again = ServerLine::parse(line).expect("a frame");
    assert_eq!(again, ServerLine { tags: Vec::new(), ..read });
});
