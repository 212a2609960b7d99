//! What this server supports, as 005 says it (<https://modern.ircdocs.horse/#rplisupport-005>). All of it is true.

use api::{
    channels::{MAX_CHANNELS_EACH, MAX_LIST_ENTRIES},
    name::{MAX_CHANNEL_BYTES, MAX_NICK_CHARS},
    page::MAX_LIMIT,
    text::MAX_LINE_BYTES,
    users::{MAX_REALNAME_BYTES, MAX_USERNAME_BYTES},
};
use proto::irc::mode::Letters;

use super::{decode::TARGETS, events::MAX_MODES};
use crate::hub::MAX_WATCHED;

/// Modes of channels.
pub(super) const MODES: Letters<'static> =
    Letters { list: "beI", setting: "k", setting_when_set: "lw", flag: "Cimnrst", member: "qaohv" };

/// Tokens in one line: with the nick and the text there are at most 15 parameters.
pub(super) const TOKENS_IN_LINE: usize = 13;

/// Without the network's name, which is a setting.
pub(super) fn tokens(network: &str) -> Vec<String> {
    let Letters { list, setting, setting_when_set, flag, member } = MODES;
    let targets: Vec<_> = TARGETS.iter().map(|(verb, most)| format!("{verb}:{most}")).collect();
    vec![
        "ACCOUNTEXTBAN=account,a".to_owned(),
        format!("AWAYLEN={MAX_LINE_BYTES}"),
        "BOT=B".to_owned(),
        // Names fold by Unicode; of what clients can be told this is right for ASCII.
        "CASEMAPPING=ascii".to_owned(),
        format!("CHANLIMIT=#:{MAX_CHANNELS_EACH}"),
        format!("CHANMODES={list},{setting},{setting_when_set},{flag}"),
        format!("CHANNELLEN={MAX_CHANNEL_BYTES}"),
        "CHANTYPES=#".to_owned(),
        format!("CHATHISTORY={MAX_LIMIT}"),
        "ELIST=CMNTU".to_owned(),
        "EXCEPTS=e".to_owned(),
        "EXTBAN=~,am".to_owned(),
        format!("HOSTLEN={}", api::auth::HOST_BYTES),
        "INVEX=I".to_owned(),
        format!("KICKLEN={MAX_LINE_BYTES}"),
        format!("MAXLIST=b:{MAX_LIST_ENTRIES},e:{MAX_LIST_ENTRIES},I:{MAX_LIST_ENTRIES}"),
        format!("MODES={MAX_MODES}"),
        format!("MONITOR={MAX_WATCHED}"),
        "MSGREFTYPES=msgid,timestamp".to_owned(),
        format!("NAMELEN={MAX_REALNAME_BYTES}"),
        format!("NETWORK={}", escaped(network)),
        format!("NICKLEN={MAX_NICK_CHARS}"),
        format!("PREFIX=({member})~&@%+"),
        "SAFELIST".to_owned(),
        "STATUSMSG=~&@%+".to_owned(),
        format!("TARGMAX={}", targets.join(",")),
        format!("TOPICLEN={MAX_LINE_BYTES}"),
        format!("USERLEN={MAX_USERNAME_BYTES}"),
        "UTF8ONLY".to_owned(),
        "WHOX".to_owned(),
    ]
}

/// Values are ASCII without spaces, others are written `\xHH` ("RPL_ISUPPORT").
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'!'..=b'~' if !matches!(byte, b'\\' | b'=') => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_may_be_called_anything() {
        assert_eq!(escaped("Caf\u{e9} = 1"), "Caf\\xC3\\xA9\\x20\\x3D\\x201");
        assert!(tokens("X").iter().all(|token| token.is_ascii() && !token.contains(' ')));
    }
}
