//! What is said about a wrong setting, in words of those who set it rather than of the parser.

use figment::error::Kind;

/// What is wrong with a value, and what would be right.
pub(super) fn problem(kind: &Kind) -> String {
    match kind {
        Kind::UnknownVariant(found, allowed) => {
            format!("there is no {found}; expected one of {}", allowed.join(", "))
        }
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("found {found}, expected {}", words(expected))
        }
        Kind::Message(text) if text.contains("socket address") => {
            "expected an address with a port, such as 127.0.0.1:8080".to_owned()
        }
        kind => kind.to_string(),
    }
}

fn words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not below 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list such as [a, b]",
        "a string" => "a text",
        table if table.starts_with("struct ") || table == "a map" => "a table of settings",
        other => other,
    }
}
