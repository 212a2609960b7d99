use std::{
    fmt,
    fs::File,
    io::{Seek as _, Write as _},
    path::Path,
    time::{Duration, Instant},
};

/// Enough for a 99th percentile, and half a minute on the slowest disk.
const TIMES: usize = 300;
/// A page, as a database's log of changes writes them.
const PAGE: [u8; 4096] = [0x5a; 4096];

/// What it costs to have a page safe on this disk: no `201` is faster.
#[derive(Debug)]
pub(crate) struct Fsync {
    median: Duration,
    p99: Duration,
}

impl Fsync {
    /// Overwrites one page of a file again and again, and waits for the disk each time.
    pub(crate) fn measure(folder: &Path) -> std::io::Result<Self> {
        let mut file: File = tempfile::tempfile_in(folder)?;
        let mut took = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let begun = Instant::now();
            file.rewind()?;
            file.write_all(&PAGE)?;
            file.sync_data()?;
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        Ok(Self { median: took[TIMES / 2], p99: took[TIMES * 99 / 100] })
    }
}

impl fmt::Display for Fsync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, p99 } = self;
        write!(f, "a page written with fdatasync: median {median:.0?}, p99 {p99:.0?}")
    }
}
