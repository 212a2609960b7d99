//! Any line is read or refused, and what is read keeps to the grammar.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::plain::{Body, Params, decode};

fuzz_target!(|line: &str| {
    let Ok(Some(request)) = decode(line) else { return };
    for tag in [&request.id, &request.key].into_iter().flatten() {
        assert!((1..=64).contains(&tag.len()) && tag.is_ascii());
    }
    match request.body {
        Body::Text(text) => assert!(line.ends_with(&text)),
        Body::Verb { verb, rest } => {
            assert!(!verb.contains(' ') && line.ends_with(&rest));
            let mut params = Params::new(&rest);
            while let Some(word) = params.word() {
                assert!(!word.is_empty() && !word.contains(' '));
            }
        }
    }
});
