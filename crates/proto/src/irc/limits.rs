//! What the protocol allows, so that one place says it for reading and for writing.

/// Bytes of a line without its tags and without CR LF: RFC 2812 §2.3 says 512 with them.
pub const MAX_BODY: usize = 510;

/// Bytes between the `@` and the space that a client may send (IRCv3 message-tags, "Size limit").
pub const MAX_CLIENT_TAG_DATA: usize = 4094;

/// Bytes of all tags of a line that a server sends, with the `@` and the space: its own, a `;` and the client's (IRCv3
/// message-tags, "Size limit").
pub const MAX_TAGS: usize = 8191;

/// Parameters of a message: 14 and a trailing one (RFC 2812 §2.3.1).
pub const MAX_PARAMS: usize = 15;
