//! Connections are files to the system, of which it gives each process a number only: listeners share it, so that strangers at one
//! cannot stop the others, nor keep a database from opening its own.

/// One HTTP listener's part of the files that the process may open, as a divisor: five of them, and what each of their answers
/// opens elsewhere, leave room for the line protocol's half.
const HTTP: usize = 16;
/// The line protocol's part.
const LINES: usize = 2;

/// Connections that one HTTP listener takes: those wanted, or its part of the files that this process may open.
pub(super) fn http_connections(wanted: usize, setting: &str) -> usize {
    part(wanted, setting, HTTP, files())
}

/// Connections that the line protocol takes: those wanted, or its part of the files that this process may open.
pub fn line_connections(wanted: usize, setting: &str) -> usize {
    part(wanted, setting, LINES, files())
}

fn part(wanted: usize, setting: &str, divisor: usize, files: Option<usize>) -> usize {
    let most = files.map_or(wanted, |files| (files / divisor).max(1));
    if most < wanted {
        tracing::warn!(
            setting,
            "takes {most} connections rather than {wanted}: this process may open {} files (ulimit -n, LimitNOFILE)",
            files.unwrap_or_default(),
        );
    }
    most.min(wanted)
}

/// Files that this process may open, where there is such a limit.
#[cfg(unix)]
fn files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.map(|files| usize::try_from(files).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
fn files() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_listeners_together_leave_files_for_the_rest() {
        let files = 20_000;
        let taken = 5 * part(16_384, "http.connections", HTTP, Some(files))
            + part(20_000, "gateway.limits.connections", LINES, Some(files));
        assert!(taken < files - files / 8, "{taken}");
        assert_eq!(part(100, "http.connections", HTTP, Some(1600)), 100);
        assert_eq!(part(101, "http.connections", HTTP, Some(1600)), 100);
        assert_eq!(part(101, "http.connections", HTTP, None), 101, "no limit is known");
    }
}
