//! Queries whose text cannot be seen.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};

use crate::{
    sources::{Crate, File, ident, is, parts},
    texts::{On, is_sql, may_be_text, value},
};

/// Functions that take a text, by their name and which argument it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Taker {
    name: String,
    at: usize,
    /// How many arguments it takes; of sqlx's, and of macros, this is not asked.
    of: Option<usize>,
    is_macro: bool,
    /// A function that only its own file can call.
    only_in: Option<String>,
}

/// Makes or vouches for texts at run time.
const MAKERS: [&str; 5] = ["AssertSqlSafe", "QueryBuilder", "SqlStr", "raw_sql", "leak"];

pub(crate) fn unseen(sources: &Crate) -> Vec<String> {
    let mut told = Vec::new();
    for file in &sources.files {
        for maker in MAKERS.iter().filter(|maker| mentions(&file.tokens, maker)) {
            told.push(format!("{}: {maker} makes texts at run time", file.path));
        }
        for (name, constant) in file.consts.iter().filter(|(_, constant)| may_be_text(constant)) {
            match value(sources, file, &constant.value) {
                None => told.push(format!("{}: what {name} says cannot be seen", file.path)),
                Some(texts) if constant.kind == "Sql" => told.extend(no_sql(file, &texts)),
                Some(_) => {}
            }
        }
    }
    // Whoever hands a text on takes one, too.
    let mut known = BTreeSet::new();
    let mut takers = sqlx_takers();
    takers.extend(macro_takers(sources));
    while let Some(taker) = takers.pop() {
        if !known.insert(taker.clone()) {
            continue;
        }
        for file in
            sources.files.iter().filter(|file| taker.only_in.as_ref().is_none_or(|only| *only == file.path))
        {
            for arg in calls(&file.tokens, &taker) {
                match look(sources, file, &arg) {
                    Seen::Yes(texts) => told.extend(no_sql(file, &texts)),
                    Seen::HandedOn(by) => takers.extend(by),
                    Seen::No => {
                        let arg = arg.into_iter().collect::<TokenStream>();
                        told.push(format!("{}: the text of {}({arg}) cannot be seen", file.path, taker.name));
                    }
                }
            }
        }
    }
    told
}

fn sqlx_takers() -> Vec<Taker> {
    let names = ["query", "query_as", "query_scalar", "query_with", "query_as_with", "query_scalar_with"];
    names
        .map(|name| Taker { name: name.to_owned(), at: 0, of: None, is_macro: false, only_in: None })
        .to_vec()
}

/// Macros in whose body a query's text is a parameter.
fn macro_takers(sources: &Crate) -> Vec<Taker> {
    let mut takers = Vec::new();
    for (name, rules) in sources.files.iter().flat_map(|file| &file.macros) {
        for arg in sqlx_takers().iter().flat_map(|taker| calls(&rules.body, taker)) {
            let at = arg.last().and_then(ident);
            if let Some(at) = at.and_then(|at| rules.parameters.iter().position(|known| *known == at)) {
                takers.push(Taker { name: name.clone(), at, of: None, is_macro: true, only_in: None });
            }
        }
    }
    takers
}

/// What is given to a taker, wherever it is called.
fn calls(tokens: &TokenStream, taker: &Taker) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.extend(calls(&group.stream(), taker));
        }
        let is_defined = at > 0 && is(&tokens[at - 1], "fn");
        if !is(token, &taker.name) || is_defined {
            continue;
        }
        let Some(args) = arguments(&tokens[at + 1..], taker.is_macro) else { continue };
        let mut args = parts(args);
        if args.len() > taker.at && taker.of.is_none_or(|of| of == args.len()) {
            found.push(args.swap_remove(taker.at));
        }
    }
    found
}

/// `(…)`, `::<…>(…)`, or `!(…)`.
fn arguments(after: &[TokenTree], is_macro: bool) -> Option<TokenStream> {
    let mut after = after;
    if is_macro {
        after = after.split_first().filter(|(bang, _)| is(bang, "!"))?.1;
    } else if after.len() > 2 && is(&after[0], ":") && is(&after[1], ":") && is(&after[2], "<") {
        after = &after[turbofish(after)?..];
    }
    match after.first() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    }
}

/// Where `::<…>` ends.
fn turbofish(tokens: &[TokenTree]) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(2) {
        depth += i32::from(is(token, "<")) - i32::from(is(token, ">"));
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Of what is given to queries, that which does not even begin as SQL does: nobody else would look at it.
fn no_sql(file: &File, texts: &[(String, On)]) -> Vec<String> {
    let others = texts.iter().filter(|(text, _)| !is_sql(text));
    others.map(|(text, _)| format!("{}: {text:?} is no SQL", file.path)).collect()
}

enum Seen {
    Yes(Vec<(String, On)>),
    /// By parameters of functions: their callers say what it is.
    HandedOn(Vec<Taker>),
    No,
}

fn look(sources: &Crate, file: &File, arg: &[TokenTree]) -> Seen {
    if let Some(texts) = value(sources, file, &arg.iter().cloned().collect()) {
        return if texts.is_empty() { Seen::No } else { Seen::Yes(texts) };
    }
    // `sql.on(tx)` is one of a constant's two.
    let name = match arg {
        [TokenTree::Ident(name)] => name.to_string(),
        [TokenTree::Ident(name), dot, on, TokenTree::Group(_)] if is(dot, ".") && is(on, "on") => {
            name.to_string()
        }
        _ => return Seen::No,
    };
    if file.consts.contains_key(&name) {
        return Seen::No;
    }
    let bound = bound(&file.tokens, &name);
    let takers = takers(file, &file.tokens, &name);
    let constant = |name: &String| sources.constant(file, &[Ident::new(name, Span::call_site()).into()]);
    let is_seen = |tokens: &Vec<TokenTree>| {
        let names = names(tokens);
        let is_text = |name: &String| constant(name).is_some_and(|(_, known)| is_text(&known.kind));
        let is_handed = names.contains(&name) && !takers.is_empty();
        let is_known = |name: &String| !is_constant(name) || constant(name).is_some();
        (is_handed || names.iter().any(is_text)) && names.iter().all(is_known) && makes_nothing(tokens)
    };
    match (bound.iter().all(is_seen), bound.is_empty(), takers.is_empty()) {
        (false, ..) | (true, true, true) => Seen::No,
        (true, _, true) => {
            let all = bound.iter().flat_map(|tokens| names(tokens)).filter_map(|name| {
                let (home, constant) = constant(&name).filter(|(_, known)| may_be_text(known))?;
                value(sources, home, &constant.value)
            });
            Seen::Yes(all.flatten().collect())
        }
        (true, _, false) => Seen::HandedOn(takers),
    }
}

/// A constant that holds texts, `Inserts` among them: those are made of constants.
fn is_text(kind: &str) -> bool {
    kind.split(|c: char| !c.is_alphanumeric()).any(|word| ["str", "Sql", "Inserts"].contains(&word))
}

fn is_constant(name: &str) -> bool {
    name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
}

/// What may be called on the way from a constant to a query: it chooses among texts that are there.
const CHOOSERS: [&str; 5] = ["match", "if", "on", "cut", "list"];

/// Whether an expression calls nothing that could make a text.
fn makes_nothing(tokens: &[TokenTree]) -> bool {
    let is_chooser = |callee: &TokenTree| match ident(callee) {
        Some(name) => CHOOSERS.contains(&name.as_str()) || name.starts_with(|c: char| c.is_ascii_uppercase()),
        None => !is(callee, "!"),
    };
    let called = tokens.windows(2).filter(
        |pair| matches!(&pair[1], TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis),
    );
    let inner = |token: &TokenTree| match token {
        TokenTree::Group(group) => makes_nothing(&group.stream().into_iter().collect::<Vec<_>>()),
        _ => true,
    };
    called.into_iter().all(|pair| is_chooser(&pair[0])) && tokens.iter().all(inner)
}

fn names(tokens: &[TokenTree]) -> Vec<String> {
    let each = tokens.iter().flat_map(|token| match token {
        TokenTree::Group(group) => names(&group.stream().into_iter().collect::<Vec<_>>()),
        token => ident(token).into_iter().collect(),
    });
    each.collect()
}

fn mentions(tokens: &TokenStream, name: &str) -> bool {
    names(&tokens.clone().into_iter().collect::<Vec<_>>()).iter().any(|found| found == name)
}

/// What a name is bound to: `let name = …;`, `for name in … {`, also within a pattern.
fn bound(tokens: &TokenStream, name: &str) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.extend(bound(&group.stream(), name));
        }
        let (middle, ends): (&str, fn(&TokenTree) -> bool) = match () {
            () if is(token, "let") => ("=", |token| is(token, ";")),
            () if is(token, "for") => (
                "in",
                |token| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace),
            ),
            () => continue,
        };
        let after = &tokens[at + 1..];
        let Some(equals) = after.iter().position(|token| is(token, middle)) else { continue };
        if !names(&after[..equals]).iter().any(|bound| bound == name) {
            continue;
        }
        let end = after[equals..].iter().position(ends).map_or(after.len(), |end| equals + end);
        found.push(after[equals + 1..end].to_vec());
    }
    found
}

/// Functions of a file that have a parameter of that name.
fn takers(file: &File, tokens: &TokenStream, name: &str) -> Vec<Taker> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.extend(takers(file, &group.stream(), name));
        }
        let Some(function) = tokens.get(at + 1).and_then(ident).filter(|_| is(token, "fn")) else { continue };
        let parameters = tokens[at..].iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
            _ => None,
        });
        let mut parameters = parts(parameters.unwrap_or_default());
        parameters.retain(|parameter| !names(parameter).contains(&"self".to_owned()));
        let of = Some(parameters.len());
        let position = parameters.iter().position(|parameter| is(&parameter[0], name));
        // `pub(…) async fn`.
        let is_public = tokens[at.saturating_sub(3)..at].iter().any(|token| is(token, "pub"));
        let only_in = (!is_public).then(|| file.path.clone());
        found.extend(position.map(|at| Taker { name: function, at, of, is_macro: false, only_in }));
    }
    found
}
