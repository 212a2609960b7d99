//! `cargo xtask openapi`: the descriptions of the five REST APIs as files, for whoever makes a client or compares releases.

use std::path::PathBuf;

use anyhow::Result;

use crate::{Code, PASSED, cargo, done, root};

pub(crate) fn run(folder: Option<PathBuf>) -> Result<Code> {
    // A folder that was named is seen from where the person stands, and cargo is started elsewhere.
    let folder = match folder {
        Some(folder) => std::path::absolute(folder)?,
        None => root().join("target/openapi"),
    };
    done(
        cargo().args(["run", "--quiet", "--package", "causerie", "--example", "openapi", "--"]).arg(folder),
    )?;
    Ok(PASSED)
}
