//! How a service's background work lives and ends.

#![allow(clippy::unwrap_used)] // helpers of tests, whose panic is the message

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::auth::ServiceName;
use common::eventually;
use kit::Tasks;
use parking_lot::Mutex;

#[tokio::test]
async fn a_kept_task_goes_on_after_a_panic() {
    let tasks = Tasks::new(ServiceName::Users);
    let turns = Arc::new(AtomicUsize::new(0));
    tasks.keep("panics", {
        let turns = turns.clone();
        move || {
            let turns = turns.clone();
            async move {
                assert!(turns.fetch_add(1, Ordering::SeqCst) > 0, "the first turn fails");
                tokio::task::yield_now().await;
            }
        }
    });
    eventually("it ran again", || async { turns.load(Ordering::SeqCst) > 2 }).await;
    assert!(tasks.stop(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn the_background_outlives_those_it_serves() {
    let tasks = Tasks::new(ServiceName::Users);
    let order = Arc::new(Mutex::new(Vec::new()));
    let (draining, stopping) = (tasks.draining_token(), tasks.stopping_token());
    let ended = order.clone();
    tasks.finish("writer", async move {
        stopping.cancelled().await;
        ended.lock().push("writer");
    });
    let ended = order.clone();
    tasks.serve("listener", async move {
        draining.cancelled().await;
        tokio::task::yield_now().await;
        ended.lock().push("listener");
    });
    tasks.spawn("endless", std::future::pending());
    assert!(tasks.stop(Duration::from_secs(5)).await);
    assert_eq!(*order.lock(), ["listener", "writer"]);
}

#[tokio::test]
async fn what_does_not_end_is_left_behind() {
    let tasks = Tasks::new(ServiceName::Users);
    tasks.serve("stuck", std::future::pending());
    assert!(!tasks.stop(Duration::from_millis(100)).await);
}
