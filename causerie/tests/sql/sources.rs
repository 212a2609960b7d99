//! The sources of a crate as tokens: its constants, its macros, and everything else. Tests are left out.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::texts::{self, Text};

pub(crate) struct Crate {
    pub(crate) files: Vec<File>,
}

pub(crate) struct File {
    /// In the repository.
    pub(crate) path: String,
    pub(crate) consts: BTreeMap<String, Const>,
    pub(crate) macros: BTreeMap<String, Macro>,
    /// Everything but tests, attributes and the bodies of macros.
    pub(crate) tokens: TokenStream,
}

#[derive(Debug, Clone)]
pub(crate) struct Const {
    pub(crate) kind: String,
    pub(crate) value: TokenStream,
}

/// Of its rules the first: parameters, and what becomes of them.
#[derive(Debug, Clone)]
pub(crate) struct Macro {
    pub(crate) parameters: Vec<String>,
    pub(crate) body: TokenStream,
}

impl From<Vec<File>> for Crate {
    fn from(files: Vec<File>) -> Self {
        Self { files }
    }
}

impl Crate {
    pub(crate) fn read(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut files = Vec::new();
        let mut folders = vec![PathBuf::from(name).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder)).unwrap() {
                let path = folder.join(entry.unwrap().file_name());
                if root.join(&path).is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(root.join(&path)).unwrap();
                    files.push(File::parse(&path.to_string_lossy().replace('\\', "/"), &text));
                }
            }
        }
        Self { files }
    }

    /// Every text of SQL, with where it stands.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&File, Text)> {
        self.files.iter().flat_map(|file| texts::of(self, file).into_iter().map(move |text| (file, text)))
    }

    /// A constant as a file sees it, with the file that has it.
    pub(crate) fn constant<'a>(
        &'a self,
        file: &'a File,
        path: &[TokenTree],
    ) -> Option<(&'a File, &'a Const)> {
        self.seen_from(file, path, |file, name| file.consts.get(name))
    }

    /// A macro as a file sees it.
    pub(crate) fn rules<'a>(&'a self, file: &'a File, path: &[TokenTree]) -> Option<(&'a File, &'a Macro)> {
        self.seen_from(file, path, |file, name| file.macros.get(name))
    }

    /// What `module::name` is: that module's. What `name` is: the file's own, or of the module above, or the only one of that name.
    fn seen_from<'a, T>(
        &'a self,
        file: &'a File,
        path: &[TokenTree],
        find: impl Fn(&'a File, &str) -> Option<&'a T>,
    ) -> Option<(&'a File, &'a T)> {
        let words: Vec<String> = path.iter().filter_map(ident).collect();
        let (name, modules) = words.split_last()?;
        let found = |file: &'a File| find(file, name).map(|found| (file, found));
        let is_keyword = |word: &&String| !["super", "self", "crate"].contains(&word.as_str());
        if let Some(module) = modules.last().filter(is_keyword) {
            return self.files.iter().filter(|file| file.module() == module).find_map(found);
        }
        let above = self
            .files
            .iter()
            .find(|above| Some(above.folder()) == file.path.rsplit_once('/').map(|(folder, _)| folder));
        let mut all = self.files.iter().filter_map(found);
        let only = all.next().filter(|_| all.next().is_none());
        found(file).or_else(|| above.and_then(found)).or(only)
    }
}

impl File {
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let mut file = Self {
            path: path.to_owned(),
            consts: BTreeMap::new(),
            macros: BTreeMap::new(),
            tokens: TokenStream::new(),
        };
        let tokens = text.parse::<TokenStream>().unwrap_or_else(|error| panic!("{path}: {error}"));
        file.tokens = file.take(tokens);
        file
    }

    /// Where its submodules are: `src/store` of `src/store.rs`.
    fn folder(&self) -> &str {
        self.path.trim_end_matches(".rs")
    }

    fn module(&self) -> &str {
        self.folder().rsplit('/').next().unwrap_or_default()
    }

    /// Notes constants and macros, and gives what is left.
    fn take(&mut self, tokens: TokenStream) -> TokenStream {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if let Some(end) =
                test(&tokens[at..]).or_else(|| attribute(&tokens[at..])).or_else(|| self.rules(&tokens[at..]))
            {
                at += end;
                continue;
            }
            self.constant(&tokens[at..]);
            rest.push(match &tokens[at] {
                TokenTree::Group(group) => Group::new(group.delimiter(), self.take(group.stream())).into(),
                other => other.clone(),
            });
            at += 1;
        }
        rest.into_iter().collect()
    }

    /// `const NAME: kind = value;`, and `static`.
    fn constant(&mut self, tokens: &[TokenTree]) {
        let [first, TokenTree::Ident(name), colon, rest @ ..] = tokens else { return };
        if !(is(first, "const") || is(first, "static")) || !is(colon, ":") {
            return;
        }
        let end = rest.iter().position(|token| is(token, ";")).unwrap_or(rest.len());
        let Some(equals) = rest[..end].iter().position(|token| is(token, "=")) else { return };
        let kind = rest[..equals].iter().cloned().collect::<TokenStream>().to_string();
        let value = rest[equals + 1..end].iter().cloned().collect();
        self.consts.insert(name.to_string(), Const { kind, value });
    }

    /// `macro_rules! name { … }`: how long it is.
    fn rules(&mut self, tokens: &[TokenTree]) -> Option<usize> {
        let [first, bang, TokenTree::Ident(name), TokenTree::Group(rules), ..] = tokens else { return None };
        if !is(first, "macro_rules") || !is(bang, "!") {
            return None;
        }
        let groups: Vec<Group> = rules.stream().into_iter().filter_map(group).collect();
        let [pattern, body, ..] = &groups[..] else { panic!("{}: macro {name} has no rule", self.path) };
        let pattern: Vec<TokenTree> = pattern.stream().into_iter().collect();
        let parameters = pattern.windows(2).filter(|pair| is(&pair[0], "$"));
        let parameters = parameters.filter_map(|pair| ident(&pair[1])).collect();
        self.macros.insert(name.to_string(), Macro { parameters, body: body.stream() });
        Some(4)
    }
}

/// An item under `#[cfg(test)]`: how long it is.
fn test(tokens: &[TokenTree]) -> Option<usize> {
    let [hash, TokenTree::Group(attribute), ..] = tokens else { return None };
    if !is(hash, "#") || attribute.stream().to_string() != "cfg (test)" {
        return None;
    }
    let ends = |token: &TokenTree| {
        is(token, ";") || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
    };
    tokens.iter().position(ends).map(|end| end + 1)
}

/// An attribute, a comment for the documentation among them: how long it is.
fn attribute(tokens: &[TokenTree]) -> Option<usize> {
    match tokens {
        [hash, TokenTree::Group(_), ..] if is(hash, "#") => Some(2),
        [hash, bang, TokenTree::Group(_), ..] if is(hash, "#") && is(bang, "!") => Some(3),
        _ => None,
    }
}

/// Whether a token is this word or sign.
pub(crate) fn is(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(_) | TokenTree::Punct(_)) && token.to_string() == text
}

pub(crate) fn ident(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

pub(crate) fn group(token: TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) => Some(group),
        _ => None,
    }
}

/// The parts between commas; those of `<…, …>` are none.
pub(crate) fn parts(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let (mut parts, mut depth) = (vec![Vec::new()], 0_i32);
    for token in tokens {
        match &token {
            TokenTree::Punct(sign) if sign.as_char() == '<' => depth += 1,
            TokenTree::Punct(sign) if sign.as_char() == '>' => depth = (depth - 1).max(0),
            _ => {}
        }
        if depth == 0 && is(&token, ",") {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
