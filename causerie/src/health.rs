//! A health check for images that hold no curl.

use std::time::Duration;

/// Below the time-outs that container engines give a check.
const TIMEOUT: Duration = Duration::from_secs(2);

/// # Errors
/// Anything but an answer of 200.
pub(crate) async fn check(url: url::Url) -> anyhow::Result<()> {
    let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
    let status = http.get(url.clone()).send().await?.status();
    anyhow::ensure!(status.is_success(), "{url} answered {status}");
    Ok(())
}
