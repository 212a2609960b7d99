//! docs/ARCHITECTURE.md names files and functions: they exist, or the page is wrong.

use std::{fs, path::Path};

/// Code spans of the form `path/to/file.rs` or `path/to/file.rs::function`.
fn named(page: &str) -> Vec<(&str, Option<&str>)> {
    page.split('`')
        .skip(1)
        .step_by(2)
        .filter(|span| span.contains(".rs") && !span.contains([' ', '\n']))
        .map(|span| match span.split_once("::") {
            Some((file, function)) => (file, Some(function)),
            None => (span, None),
        })
        .collect()
}

/// What is wrong with the page, one line each.
fn wrong(page: &str, root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, function) in named(page) {
        match (fs::read_to_string(root.join(file)), function) {
            (Err(_), _) => wrong.push(format!("there is no {file}")),
            (Ok(source), Some(function)) => {
                let defined = source.contains(&format!("fn {function}("))
                    || source.contains(&format!("fn {function}<"));
                if !defined {
                    wrong.push(format!("{file} has no function {function}"));
                }
            }
            (Ok(_), None) => {}
        }
    }
    wrong
}

#[test]
fn every_file_and_function_of_the_journey_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap();
    assert!(
        named(&page).iter().filter(|(_, function)| function.is_some()).count() >= 10,
        "the journey names its functions"
    );
    let wrong = wrong(&page, root);
    assert!(wrong.is_empty(), "docs/ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_name_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = "see `tests/architecture.rs::wrong`, `tests/architecture.rs::right` and `src/nowhere.rs`";
    assert_eq!(
        wrong(page, root),
        ["tests/architecture.rs has no function right", "there is no src/nowhere.rs"]
    );
}
