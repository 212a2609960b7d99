//! Arrows inside a crate, and words a crate must not know. Looks at tokens, so comments and strings are free to
//! name anything.

use std::str::FromStr;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::Violation;

pub(super) struct Rule {
    text: &'static str,
    /// Given a file's path in the repository.
    pub(super) governs: fn(&str) -> bool,
    forbids: fn(&Word) -> bool,
}

/// An identifier with what stands before it.
struct Word {
    name: String,
    /// `mpsc` for the `channel` of `mpsc::channel`.
    within: Option<String>,
    /// `.name(…)` or `Type::name(…)`.
    is_called: bool,
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        text: "domain ▶ no axum, no sqlx: rules know neither the web nor the database",
        governs: |file| is_in_room(file, "domain"),
        forbids: |word| is_crate(word, "axum") || is_crate(word, "sqlx"),
    },
    Rule {
        text: "routes ▶ no sqlx: the database is the store's",
        governs: |file| is_in_room(file, "routes"),
        forbids: |word| is_crate(word, "sqlx"),
    },
    Rule {
        text: "kit ▶ no chat noun: what a service is about is the service's",
        governs: |file| file.starts_with("crates/kit/src/"),
        forbids: is_chat,
    },
    Rule {
        text: "routes ▶ documented: what is served goes through `routes!`, and so into /openapi.json",
        governs: |file| is_shipped(file) && !UNDOCUMENTED.contains(&file),
        forbids: serves_undocumented,
    },
];

/// Where something is served that no description holds, each with its reason beside it: the answer for addresses that lead
/// nowhere, the description itself with the page that shows it, and faults that only tests ask for.
const UNDOCUMENTED: [&str; 3] =
    ["crates/kit/src/http/frame.rs", "crates/kit/src/http/pages.rs", "crates/kit/src/http/faults.rs"];

/// A crate that listens.
fn is_shipped(file: &str) -> bool {
    file.split_once("/src/").is_some_and(|(of, _)| {
        ["crates/kit", "gateway", "causerie"].contains(&of) || of.ends_with("-service")
    })
}

/// Without a `MethodRouter` or a service of its own nothing undocumented can be merged or nested either.
fn serves_undocumented(word: &Word) -> bool {
    let calls = [
        "route",
        "route_service",
        "nest_service",
        "fallback",
        "fallback_service",
        "method_not_allowed_fallback",
    ];
    let things = ["MethodRouter", "routing", "SwaggerUi"];
    word.is_called && calls.contains(&word.name.as_str()) || things.contains(&word.name.as_str())
}

/// `domain.rs` or anything in `domain/`, of any crate.
fn is_in_room(file: &str, room: &str) -> bool {
    let Some((_, inside)) = file.split_once("/src/") else { return false };
    inside.strip_prefix(room).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// The crate or one of its family (`axum_extra`).
fn is_crate(word: &Word, name: &str) -> bool {
    word.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Singular; as a word of a longer name too (`ChannelId`, `nick_of`), and in the plural.
const CHAT_NOUNS: &[&str] = &[
    "ban",
    "channel",
    "conversation",
    "irc",
    "kick",
    "member",
    "membership",
    "message",
    "nick",
    "nickname",
    "privmsg",
    "reaction",
    "redaction",
    "topic",
    "whois",
];

/// Where a `channel` is a queue.
const QUEUES: &[&str] = &["broadcast", "mpsc", "oneshot", "watch"];

fn is_chat(word: &Word) -> bool {
    let within = |places: &[&str]| word.within.as_deref().is_some_and(|within| places.contains(&within));
    let is_queue = word.name == "channel" && within(QUEUES);
    // What tracing, errors and the bus call what they carry.
    let is_text = ["message", "Message"].contains(&word.name.as_str());
    // Services are named for what they own, and kit knows where each is found; their wire types it must not know.
    let is_service = ["channels", "messages"].contains(&word.name.as_str()) && !within(&["api"]);
    let parts: Vec<_> = parts(&word.name).collect();
    let is_log = parts.windows(2).any(|pair| pair == ["log", "message"]);
    let is_noun = parts.iter().any(|part| CHAT_NOUNS.contains(&part.trim_end_matches('s')));
    is_noun && !is_queue && !is_text && !is_service && !is_log
}

/// `ChannelId` and `CHANNEL_ID` → `channel`, `id`.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let mut parts = vec![String::new()];
    let mut after_lower = false;
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() && after_lower {
            parts.push(String::new());
        }
        if letter != '_' {
            parts.last_mut().expect("never empty").extend(letter.to_lowercase());
        }
        after_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    parts.into_iter()
}

pub(super) fn check(rule: &Rule, file: &str, text: &str) -> Result<Vec<Violation>> {
    let tokens = TokenStream::from_str(text).map_err(|error| anyhow!("not Rust: {error}"))?;
    let mut violations = Vec::new();
    walk(tokens, &mut |ident, within, is_called| {
        let name = ident.to_string();
        let word = Word { name: name.trim_start_matches("r#").to_owned(), within, is_called };
        if (rule.forbids)(&word) {
            let line = ident.span().start().line;
            violations.push(Violation {
                file: file.into(),
                line,
                what: format!("`{}`", word.name),
                rule: rule.text,
            });
        }
    });
    Ok(violations)
}

/// Shows every identifier, with the segment of the path that it stands in, and whether it is a method that is called.
fn walk(tokens: TokenStream, see: &mut impl FnMut(&Ident, Option<String>, bool)) {
    let mut segment: Option<String> = None;
    // The segment, once `::` has followed it.
    let mut within: Option<String> = None;
    let (mut colons, mut after_dot) = (0, false);
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_of_something = std::mem::replace(&mut after_dot, is_dot(&token)) || within.is_some();
        match token {
            TokenTree::Ident(ident) => {
                see(&ident, within.take(), is_of_something && tokens.peek().is_some_and(opens_call));
                segment = Some(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                colons += 1;
                within = if colons == 2 { segment.take() } else { None };
            }
            other => {
                (segment, within, colons) = (None, None, 0);
                if let TokenTree::Group(group) = other {
                    walk(group.stream(), see);
                }
            }
        }
    }
}

fn is_dot(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '.')
}

fn opens_call(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line and word of each violation, by the rules that govern the file.
    fn found(file: &str, text: &str) -> Vec<(usize, String)> {
        let rules = RULES.iter().filter(|rule| (rule.governs)(file));
        let violations = rules.flat_map(|rule| check(rule, file, text).unwrap());
        violations.map(|violation| (violation.line, violation.what)).collect()
    }

    #[test]
    fn a_rule_that_knows_the_database_is_shown_with_its_line() {
        let text = "//! Who may do what.\n\nuse sqlx::Row;\n";
        let rule = RULES.iter().find(|rule| (rule.governs)("user-service/src/domain/names.rs")).unwrap();
        let violations = check(rule, "user-service/src/domain/names.rs", text).unwrap();
        assert_eq!(
            violations.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["user-service/src/domain/names.rs:3: `sqlx` \
              (rule: domain ▶ no axum, no sqlx: rules know neither the web nor the database)"]
        );
    }

    #[test]
    fn domain_knows_neither_axum_nor_sqlx() {
        let text = "use {axum::Json, serde::Serialize};\nfn f() { let _ = sqlx::query!(\"select 1\"); }\nuse axum_extra as x;";
        let violations = [(1, "`axum`".into()), (2, "`sqlx`".into()), (3, "`axum_extra`".into())];
        assert_eq!(found("channel-service/src/domain.rs", text), violations);
        assert_eq!(found("channel-service/src/domain/policy.rs", text), violations);
        assert_eq!(found("channel-service/src/store.rs", text), []);
        assert_eq!(found("channel-service/src/domains.rs", text), []);
    }

    #[test]
    fn routes_know_no_sqlx() {
        let text = "use axum::Json;\nfn f(pool: &::sqlx::SqlitePool) {}\n";
        assert_eq!(found("log-service/src/routes/logs.rs", text), [(2, "`sqlx`".into())]);
        assert_eq!(found("log-service/src/routes.rs", text), [(2, "`sqlx`".into())]);
    }

    #[test]
    fn kit_knows_no_chat_noun() {
        let kit = |text: &str| found("crates/kit/src/bus.rs", text).len();
        for noun in [
            "ChannelId",
            "channel_ids",
            "nick_of",
            "NICK",
            "BanList",
            "MessageId",
            "next_messages",
            "TopicSet",
            "r#member",
        ] {
            assert_eq!(kit(&format!("fn f() {{ let x = {noun}; }}")), 1, "{noun}");
        }
        assert_eq!(kit("fn channel() {}"), 1);
        assert_eq!(kit("fn f() { api::channel(); }"), 1);
        assert_eq!(kit("use api::messages;"), 1);
    }

    #[test]
    fn a_queue_is_no_channel_and_a_word_in_passing_is_no_noun() {
        let kit = |text: &str| found("crates/kit/src/bus.rs", text);
        assert_eq!(kit("let (tx, rx) = tokio::sync::mpsc::channel::<u8>(1);"), []);
        assert_eq!(kit("/// A channel's messages.\n// nick\nconst S: &str = \"channel.\"; /* topic */"), []);
        assert_eq!(kit("let url = &config.urls.channels;"), []);
        assert_eq!(kit("const MAX_LOG_MESSAGE_BYTES: usize = size_of::<async_nats::Message>();"), []);
        assert_eq!(kit("fn f(message: &str, urban: Cabana, remembered: Banner) {}"), []);
    }

    #[test]
    fn nothing_is_served_that_is_not_documented() {
        let served = |text: &str| found("log-service/src/routes.rs", text).into_iter().map(|(_, what)| what);
        for (text, word) in [
            ("fn f() { router.route(\"/x\", handler) }", "`route`"),
            ("fn f() { OpenApiRouter::new().fallback(handler) }", "`fallback`"),
            ("fn f() { Router::nest_service(r, \"/x\", files) }", "`nest_service`"),
            ("use axum::{Router, routing::get};", "`routing`"),
            ("fn f(m: MethodRouter) {}", "`MethodRouter`"),
            ("use utoipa_swagger_ui::SwaggerUi;", "`SwaggerUi`"),
        ] {
            assert_eq!(served(text).collect::<Vec<_>>(), [word], "{text}");
            assert_eq!(found("crates/kit/src/http/pages.rs", text), [], "{text}");
            assert_eq!(found("log-service/tests/api/network.rs", text), [], "{text}");
        }
        let documented = "fn all() -> OpenApiRouter { a().routes(routes!(list)).merge(b()) }";
        assert_eq!(served(documented).count(), 0);
        assert_eq!(served("fn f(route: &str) { label(route); let x = route.to_owned(); }").count(), 0);
    }

    #[test]
    fn a_file_that_is_not_rust_is_an_error_and_not_a_pass() {
        assert!(check(&RULES[0], "x/src/domain.rs", "fn f( {").is_err());
    }
}
