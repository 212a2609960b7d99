use std::{ffi::OsStr, process::Stdio};

use tempfile::TempDir;
use tokio::process::Command;

use crate::clock::{LOOK_EVERY, WITHIN};

/// A program in a terminal of its own, and somebody in front of it: tmux keeps the screen.
pub struct Terminal {
    home: TempDir,
}

/// Wide enough that no line of a story is broken.
const SIZE: [&str; 4] = ["-x", "240", "-y", "60"];

impl Terminal {
    /// Starts a program in an empty home of its own.
    ///
    /// # Panics
    /// If there is no tmux.
    pub async fn run(program: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let home = tempfile::Builder::new().prefix("causerie-tmux-").tempdir().expect("a folder can be made");
        let terminal = Self { home };
        let mut tmux = terminal.tmux(["-f", "/dev/null", "new-session", "-d"]);
        tmux.args(SIZE).arg("env").arg(format!("HOME={}", terminal.home.path().display())).args(program);
        assert!(tmux.status().await.expect("tmux is installed").success(), "{tmux:?}");
        terminal
    }

    /// Types a line and presses Enter.
    ///
    /// # Panics
    /// If the program has ended.
    pub async fn types(&self, line: &str) {
        for keys in [["-l", "--", line].as_slice(), &["Enter"]] {
            let mut tmux = self.tmux(["send-keys"]);
            assert!(
                tmux.args(keys).status().await.expect("tmux runs").success(),
                "{line}: the program has ended"
            );
        }
    }

    /// Waits until the screen shows a text.
    ///
    /// # Panics
    /// With the screen, if it does not.
    pub async fn sees(&self, text: &str) {
        let mut screen = String::new();
        let seen = tokio::time::timeout(WITHIN, async {
            while !screen.contains(text) {
                tokio::time::sleep(LOOK_EVERY).await;
                screen = self.screen().await;
            }
        });
        let in_time = seen.await.is_ok();
        assert!(in_time, "the screen does not show {text:?}:\n{screen}");
    }

    /// All that is on the screen now.
    ///
    /// # Panics
    /// If the program has ended.
    pub async fn screen(&self) -> String {
        let output = self.tmux(["capture-pane", "-p"]).output().await.expect("tmux runs");
        assert!(output.status.success(), "the program has ended");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn tmux<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.arg("-S").arg(self.home.path().join("tmux")).args(arguments).stdin(Stdio::null());
        tmux.env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
        tmux
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let socket = self.home.path().join("tmux");
        let _ = std::process::Command::new("tmux").arg("-S").arg(socket).arg("kill-server").status();
    }
}
