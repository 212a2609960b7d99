//! The program as it was one commit ago: releases run side by side while a network is upgraded.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Which commit that is, unless this variable names another.
const COMMIT: &str = "CAUSERIE_TEST_PREVIOUS";
const DEFAULT: &str = "HEAD^";

/// Builds it in a folder that is kept, so that the next time little is to be built: minutes the first time, seconds if it is there.
///
/// # Panics
/// If this is no clone with a commit before, or it cannot be built.
pub fn binary(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the workspace");
    let named = std::env::var(COMMIT).unwrap_or_else(|_| DEFAULT.to_owned());
    let commit = git(root, &["rev-parse", "--verify", &format!("{named}^{{commit}}")]);
    let folder = folder.join("previous");
    let (target, sources) = (folder.join("target"), folder.join(&commit));
    if !sources.is_dir() {
        forget_others(&folder);
        // Under its own name only when it is whole.
        let (begun, archive) = (folder.join("begun"), folder.join("sources.tar"));
        let _ = fs::remove_dir_all(&begun);
        fs::create_dir_all(&begun).expect("the target folder can be written to");
        git(root, &["archive", "--output", &archive.display().to_string(), &commit]);
        done(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&begun));
        fs::rename(&begun, &sources).expect("it is on one disk");
    }
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        // What cargo says of the test that runs is not so of what is built.
        if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
            build.env_remove(name);
        }
    }
    build.args(["build", "--locked", "--quiet", "--package", "causerie-e2e", "--bin", "causerie-under-test"]);
    build.arg("--target-dir").arg(&target).current_dir(&sources);
    // Nothing of it is built a second time, and nobody looks at it in a debugger.
    build.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
    done(&mut build);
    target.join("debug").join(format!("causerie-under-test{}", std::env::consts::EXE_SUFFIX))
}

/// The sources of other commits; what was built of what they use stays.
fn forget_others(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() != "target" && entry.path().is_dir() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(root).output();
    let output = output.unwrap_or_else(|error| panic!("git: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}, in a clone with more than one commit: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn done(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
