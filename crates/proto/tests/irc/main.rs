//! The grammar of IRC, from both sides.

mod again;
mod cap;
mod gs2;
mod message;
mod mode;
mod sasl;
mod texts;
mod vectors;
mod writer;

fn written<R>(write: impl FnOnce(&mut Vec<u8>) -> R) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("UTF-8")
}
