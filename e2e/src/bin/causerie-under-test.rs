//! The program as users run it, which besides never outlives the test that started it.

use std::{io::Read, process::ExitCode};

fn main() -> ExitCode {
    if std::env::var_os(e2e::ENDS_WITH_STDIN).is_some() {
        std::thread::spawn(end_with_stdin);
    }
    causerie::main()
}

/// Whoever started us holds the other end of our standard input: when it is closed they have gone, however they ended, and what
/// they gave us to live in goes with them.
fn end_with_stdin() {
    // An error is an end as well.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    if let Some(home) = std::env::var_os(e2e::ENDS_WITH_STDIN) {
        let _ = std::fs::remove_dir_all(home);
    }
    std::process::exit(0);
}
