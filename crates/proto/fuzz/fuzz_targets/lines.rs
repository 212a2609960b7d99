//! Any bytes in any two chunkings give the same lines, and little is held.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::lines::{LineBuffer, LineError};

const LIMIT: usize = 32;

fn read(bytes: &[u8], chunk: usize) -> Vec<Result<String, LineError>> {
    let mut buffer = LineBuffer::new(LIMIT);
    let mut lines = Vec::new();
    for chunk in bytes.chunks(chunk) {
        buffer.feed(chunk);
        while let Some(line) = buffer.next_line() {
            lines.push(line.map(str::to_owned));
        }
        assert!(buffer.capacity() <= 2 * LIMIT);
    }
    buffer.finish();
    while let Some(line) = buffer.next_line() {
        lines.push(line.map(str::to_owned));
    }
    lines
}

fuzz_target!(|input: (u8, &[u8])| {
    let (chunk, bytes) = input;
    assert_eq!(read(bytes, usize::from(chunk).max(1)), read(bytes, bytes.len().max(1)));
});
