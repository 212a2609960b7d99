//! `cargo xtask check-arrows`: who may depend on whom (docs/ARCHITECTURE.md has the drawing). What a manifest can
//! say is checked in the manifests and in the resolved trees, the rest in the sources.

mod crates;
mod sources;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;

use crate::{Code, FAILED, PASSED, cargo, output, root};

/// One place that breaks one rule.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    what: String,
    rule: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} (rule: {})", self.file, self.line, self.what, self.rule)
    }
}

pub(crate) fn check() -> Result<Code> {
    let mut violations = crates::check(&packages()?);
    for rule in crates::RULES.iter().filter(|rule| !rule.never.is_empty()) {
        // Alone, because in the workspace a neighbour's features are added to those of shared crates.
        let tree = output(cargo().args([
            "tree",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--package",
            rule.package,
        ]))?;
        violations.extend(crates::check_tree(rule, &tree));
    }
    let files = rust_files(root())?;
    let mut looked_at = 0;
    for rule in sources::RULES {
        let governed: Vec<_> = files.iter().filter(|file| (rule.governs)(file)).collect();
        looked_at += governed.len();
        for file in governed {
            let text = fs::read_to_string(root().join(file)).with_context(|| file.clone())?;
            violations.extend(sources::check(rule, file, &text).with_context(|| file.clone())?);
        }
    }
    for violation in &violations {
        println!("{violation}");
    }
    if violations.is_empty() {
        println!("arrows hold: {} crates, {looked_at} files with a rule of their own", crates::RULES.len());
        return Ok(PASSED);
    }
    println!(
        "{} broken",
        if violations.len() == 1 { "1 arrow".into() } else { format!("{} arrows", violations.len()) }
    );
    Ok(FAILED)
}

fn packages() -> Result<Vec<crates::Package>> {
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec()?;
    metadata.packages.into_iter().map(|package| crates::Package::read(&package)).collect()
}

/// Every source file of the workspace, relative to its root, with `/` between folders.
fn rust_files(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().into_string().ok().context("a file's name is not UTF-8")?;
            let path = folder.join(&name);
            if entry.file_type()?.is_dir() {
                if !name.starts_with('.') && !name.starts_with("target") {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                files.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    ensure!(!files.is_empty(), "no source was found in {}", root.display());
    files.sort();
    Ok(files)
}
