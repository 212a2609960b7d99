//! Takes telnet's commands (RFC 854) out of a byte stream. Answers none: a client that asks for options and gets no
//! answer goes on without them.

use memchr::memchr;

const IAC: u8 = 255;
const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const DONT: u8 = 254;
/// EOF, the first of the commands (RFC 1184). What is lower after a 255 is not telnet but text in another encoding.
const FIRST_COMMAND: u8 = 236;

/// Bytes of one subnegotiation. Real ones (terminal type, window size, environment) are far shorter; without an end, a
/// line in another encoding that looks like the beginning of one would swallow all that follows.
const MAX_SUBNEGOTIATION: u16 = 1024;

#[derive(Debug, Default)]
pub(super) struct Filter(State);

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Data,
    /// After IAC.
    Command,
    /// After IAC WILL, WONT, DO or DONT.
    Option,
    /// After IAC SB, so many bytes ago.
    Subnegotiation(u16),
    /// After an IAC in a subnegotiation.
    SubnegotiationCommand(u16),
}

impl Filter {
    /// Appends what is not telnet's in `chunk` to `out`.
    pub(super) fn pass(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) {
        while !chunk.is_empty() {
            if let State::Data = self.0 {
                let data = memchr(IAC, chunk).unwrap_or(chunk.len());
                out.extend_from_slice(&chunk[..data]);
                if data == chunk.len() {
                    return;
                }
                chunk = &chunk[data..];
            }
            self.0 = self.step(chunk[0], out);
            chunk = &chunk[1..];
        }
    }

    fn step(&self, byte: u8, out: &mut Vec<u8>) -> State {
        match (self.0, byte) {
            (State::Data, _) => State::Command,
            (State::Command, SB) => State::Subnegotiation(0),
            (State::Command, WILL..=DONT) => State::Option,
            // Telnet's way to write the byte 255.
            (State::Command, IAC) => {
                out.push(IAC);
                State::Data
            }
            (State::Command, FIRST_COMMAND..) => State::Data,
            (State::Command, _) => {
                out.extend_from_slice(&[IAC, byte]);
                State::Data
            }
            (State::Option, _) => State::Data,
            (State::Subnegotiation(MAX_SUBNEGOTIATION..), _) => {
                out.push(byte);
                State::Data
            }
            (State::Subnegotiation(length), IAC) => State::SubnegotiationCommand(length + 1),
            (State::Subnegotiation(length), _) => State::Subnegotiation(length + 1),
            (State::SubnegotiationCommand(_), SE) => State::Data,
            (State::SubnegotiationCommand(length), _) => State::Subnegotiation(length + 1),
        }
    }
}
