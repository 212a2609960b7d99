//! What a word or a text may measure: as much as its limit, and no more.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use api::{
    AccountName, ChannelName, Nick,
    mask::{MAX_MASK_BYTES, Mask},
    name::{MAX_CHANNEL_BYTES, MAX_NICK_CHARS},
    text::{LineText, MAX_LINE_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGE_LINES, MessageText},
};

#[test]
fn names_are_as_long_as_their_limit_and_no_longer() {
    let name = |chars: usize| "é".repeat(chars);
    assert!(Nick::try_from(name(MAX_NICK_CHARS)).is_ok());
    assert!(Nick::try_from(name(MAX_NICK_CHARS + 1)).is_err());
    assert!(AccountName::try_from(name(MAX_NICK_CHARS)).is_ok());
    assert!(AccountName::try_from(name(MAX_NICK_CHARS + 1)).is_err());
    let channel = |bytes: usize| format!("#{}", "x".repeat(bytes - 1));
    assert!(ChannelName::try_from(channel(MAX_CHANNEL_BYTES)).is_ok());
    assert!(ChannelName::try_from(channel(MAX_CHANNEL_BYTES + 1)).is_err());
}

#[test]
fn a_mask_is_as_long_as_its_limit_and_no_longer() {
    let mask = |bytes: usize| format!("{}!*@*", "x".repeat(bytes - 4));
    assert!(Mask::try_from(mask(MAX_MASK_BYTES)).is_ok());
    assert!(Mask::try_from(mask(MAX_MASK_BYTES + 1)).is_err());
}

#[test]
fn texts_are_as_long_as_their_limit_and_no_longer() {
    assert!(LineText::try_from("x".repeat(MAX_LINE_BYTES)).is_ok());
    assert!(LineText::try_from("x".repeat(MAX_LINE_BYTES + 1)).is_err());
    assert!(MessageText::try_from("x".repeat(MAX_MESSAGE_BYTES)).is_ok());
    assert!(MessageText::try_from("x".repeat(MAX_MESSAGE_BYTES + 1)).is_err());
    let lines = |count: usize| vec!["x"; count].join("\n");
    assert!(MessageText::try_from(lines(MAX_MESSAGE_LINES)).is_ok());
    assert!(MessageText::try_from(lines(MAX_MESSAGE_LINES + 1)).is_err());
}
