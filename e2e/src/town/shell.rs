use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;

use super::Town;
use crate::rest::Rest;

/// What is typed on the server's own machine.
impl Town {
    /// Runs the program once with this town's settings: `town.run(&["operator", "add", "alice"])`.
    ///
    /// # Panics
    /// If it cannot be run.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[], "").await
    }

    /// As [`run`](Self::run), with an environment and something on standard input.
    ///
    /// # Panics
    /// If it cannot be run.
    pub async fn run_with(&self, arguments: &[&str], env: &[(&str, &str)], input: &str) -> Output {
        let mut command = tokio::process::Command::from(self.processes()[0].command(arguments));
        command.envs(env.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be run");
        if let Some(mut stdin) = child.stdin.take() {
            // Most commands end without reading it.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        child.wait_with_output().await.expect("the program can be run")
    }

    /// Makes an account an operator of the network and logs it in.
    ///
    /// # Panics
    /// If that fails.
    pub async fn operator(&self, name: &str, password: &str) -> Rest {
        let account = self.rest().account(name, password).await;
        let output = self.run(&["operator", "add", name]).await;
        assert!(output.status.success(), "operator add {name}: {output:?}");
        account.login(name, password).await
    }
}
