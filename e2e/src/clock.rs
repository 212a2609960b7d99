use std::time::{Duration, Instant};

/// The longest that anything a story waits for may take on a busy machine of two cores.
pub const WITHIN: Duration = Duration::from_secs(10);
/// Between two looks at something that announces nothing.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks again and again until there is something to see, and fails with `what` if there is nothing `within` that time.
///
/// # Panics
/// If it does not come.
pub async fn until<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
