//! What a text says: a literal, several put together, what a macro makes of them.

use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};

use crate::sources::{Const, Crate, File, ident, is, parts};

/// Which engines take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Both,
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// Of the constant that it is.
    pub(crate) name: Option<String>,
    pub(crate) sql: String,
    pub(crate) on: On,
}

/// How a statement begins.
const VERBS: [&str; 13] = [
    "select", "insert", "update", "delete", "with", "create", "drop", "alter", "pragma", "vacuum", "values",
    "analyze", "truncate",
];

pub(crate) fn is_sql(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    let is_verb = words.next().is_some_and(|first| VERBS.contains(&first.to_ascii_lowercase().as_str()));
    // A word alone is a name of something.
    is_verb && (words.next().is_some() || text == "vacuum")
}

/// Every text of SQL in a file: those of its constants, and those that stand among the rest.
pub(crate) fn of(sources: &Crate, file: &File) -> Vec<Text> {
    let mut texts = Vec::new();
    for (name, constant) in file.consts.iter().filter(|(_, constant)| may_be_text(constant)) {
        for (sql, on) in value(sources, file, &constant.value).unwrap_or_default() {
            texts.push(Text { on: engine(name, &sql, on), name: Some(name.clone()), sql });
        }
    }
    inline(sources, file, &file.tokens, &mut texts);
    texts.retain(|text| is_sql(&text.sql));
    texts
}

pub(crate) fn may_be_text(constant: &Const) -> bool {
    constant.kind.split(|c: char| !c.is_alphanumeric()).any(|word| word == "str" || word == "Sql")
}

fn engine(name: &str, sql: &str, on: On) -> On {
    match on {
        On::Both if name.ends_with("_SQLITE") => On::Sqlite,
        On::Both if name.ends_with("_POSTGRES") => On::Postgres,
        On::Both if sql.starts_with("pragma") || sql.starts_with("vacuum") => On::Sqlite,
        on => on,
    }
}

/// Texts that stand where they are used.
fn inline(sources: &Crate, file: &File, tokens: &TokenStream, texts: &mut Vec<Text>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        // The constants have been looked at, all at once.
        if (is(&tokens[at], "const") || is(&tokens[at], "static"))
            && tokens.get(at + 2).is_some_and(|token| is(token, ":"))
        {
            at += tokens[at..].iter().position(|token| is(token, ";")).unwrap_or(tokens.len() - at);
            continue;
        }
        let called = match &tokens[at..] {
            [TokenTree::Ident(_), bang, TokenTree::Group(_), ..] if is(bang, "!") => {
                value(sources, file, &tokens[at..at + 3].iter().cloned().collect())
            }
            [TokenTree::Literal(_), ..] => value(sources, file, &tokens[at].clone().into()),
            _ => None,
        };
        match (called, &tokens[at]) {
            (Some(values), token) => {
                let values = values.into_iter();
                texts.extend(values.map(|(sql, on)| Text { on: engine("", &sql, on), name: None, sql }));
                at += if matches!(token, TokenTree::Literal(_)) { 1 } else { 3 };
                continue;
            }
            (None, TokenTree::Group(group)) => inline(sources, file, &group.stream(), texts),
            (None, _) => {}
        }
        at += 1;
    }
}

/// The texts that an expression is; none if it is something else, or cannot be seen from here.
pub(crate) fn value(sources: &Crate, file: &File, tokens: &TokenStream) -> Option<Vec<(String, On)>> {
    let mut tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    if tokens.first().is_some_and(|token| is(token, "&")) {
        tokens.remove(0);
    }
    match &tokens[..] {
        [TokenTree::Literal(literal)] => Some(vec![(string(literal)?, On::Both)]),
        [TokenTree::Group(list)] if list.delimiter() == Delimiter::Bracket => {
            let each = parts(list.stream()).into_iter();
            let each: Option<Vec<_>> =
                each.map(|part| value(sources, file, &part.into_iter().collect())).collect();
            Some(each?.concat())
        }
        [.., TokenTree::Ident(name), TokenTree::Group(fields)] if name == "Sql" => {
            let field = |name: &str, on| {
                let parts = parts(fields.stream()).into_iter();
                let mut part = parts.into_iter().find(|part| is(&part[0], name))?.split_off(2);
                let only = value(sources, file, &part.drain(..).collect())?;
                only.into_iter().next().map(|(text, _)| (text, on))
            };
            Some(vec![field("sqlite", On::Sqlite)?, field("postgres", On::Postgres)?])
        }
        [path @ .., bang, TokenTree::Group(args)] if is(bang, "!") && is_path(path) => {
            called(sources, file, path, &args.stream())
        }
        path if is_path(path) => {
            let (file, constant) = sources.constant(file, path)?;
            may_be_text(constant).then(|| value(sources, file, &constant.value))?
        }
        _ => None,
    }
}

/// `concat!`, or a macro of the crate's own that comes to a text.
fn called(sources: &Crate, file: &File, path: &[TokenTree], args: &TokenStream) -> Option<Vec<(String, On)>> {
    let args = parts(args.clone());
    if matches!(path, [name] if is(name, "concat")) {
        let mut whole = String::new();
        for part in args {
            let value = value(sources, file, &part.into_iter().collect())?;
            let [(text, _)] = &value[..] else { return None };
            whole.push_str(text);
        }
        return Some(vec![(whole, On::Both)]);
    }
    let (home, rules) = sources.rules(file, path)?;
    let body = filled(rules.body.clone(), &|parameter| {
        let at = rules.parameters.iter().position(|known| known == parameter)?;
        Some(args.get(at)?.iter().cloned().collect())
    });
    value(sources, home, &body)
}

/// A macro's body with its parameters in their places.
fn filled(body: TokenStream, argument: &dyn Fn(&str) -> Option<TokenStream>) -> TokenStream {
    let body: Vec<TokenTree> = body.into_iter().collect();
    let mut whole = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let next = body.get(at + 1).and_then(ident);
        match (&body[at], next.as_deref().and_then(argument)) {
            (sign, Some(argument)) if is(sign, "$") => {
                whole.extend(argument);
                at += 1;
            }
            (TokenTree::Group(group), _) => {
                let inner = filled(group.stream(), argument);
                whole.push(proc_macro2::Group::new(group.delimiter(), inner).into());
            }
            (other, _) => whole.push(other.clone()),
        }
        at += 1;
    }
    whole.into_iter().collect()
}

/// `NAME`, `module::NAME`.
fn is_path(tokens: &[TokenTree]) -> bool {
    !tokens.is_empty() && tokens.iter().all(|token| matches!(token, TokenTree::Ident(_)) || is(token, ":"))
}

fn string(literal: &Literal) -> Option<String> {
    syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
}
