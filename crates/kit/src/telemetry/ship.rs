//! Sends the process's records to log-service in batches.

use std::{sync::OnceLock, time::Duration};

use api::logs::{LogRecord, MAX_RECORDS, ShipLogs};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use url::Url;

use crate::{auth::Signer, service::Tasks};

/// Records wait this long for company, so that an idle system does not call for each line.
const GATHER: Duration = Duration::from_millis(500);
/// One call; what waits meanwhile is bounded by the queue.
const CALL_WITHIN: Duration = Duration::from_secs(5);
/// A batch that is refused or unanswered this often is dropped and counted: it may be what breaks the receiver.
const TRIES: u32 = 5;
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// What the last records may take at the end of the process.
const LAST_CALL: Duration = Duration::from_secs(1);

/// The process's one queue, until somebody ships it.
static WAITING: Mutex<Option<mpsc::Receiver<LogRecord>>> = Mutex::new(None);

pub(super) fn take_over(records: mpsc::Receiver<LogRecord>) {
    *WAITING.lock() = Some(records);
}

/// Which run of the process this is.
pub(super) fn instance() -> &'static str {
    static INSTANCE: OnceLock<String> = OnceLock::new();
    INSTANCE.get_or_init(|| format!("{}-{:08x}", std::process::id(), rand::random::<u32>()))
}

/// Ships this process's records to log-service at `base`. The first call does it for the whole process.
pub fn ship(base: Url, signer: Signer, http: reqwest::Client, tasks: &Tasks) {
    let Some(records) = WAITING.lock().take() else { return };
    ship_from(records, base, signer, http, tasks);
}

/// Ships what comes through `records`.
pub(crate) fn ship_from(
    mut records: mpsc::Receiver<LogRecord>,
    base: Url,
    signer: Signer,
    http: reqwest::Client,
    tasks: &Tasks,
) {
    let stopping = tasks.stopping_token();
    let Ok(url) = base.join("v1/logs") else { return };
    tasks.finish("ship-logs", async move {
        let mut batch = Vec::with_capacity(MAX_RECORDS);
        loop {
            let open = tokio::select! {
                count = records.recv_many(&mut batch, MAX_RECORDS) => count > 0,
                () = stopping.cancelled() => false,
            };
            if !open {
                break;
            }
            tokio::select! {
                () = gather(&mut records, &mut batch) => {}
                () = stopping.cancelled() => {}
            }
            tokio::select! {
                () = deliver(&http, &url, &signer, &batch) => batch.clear(),
                () = stopping.cancelled() => break,
            }
        }
        while batch.len() < MAX_RECORDS
            && let Ok(record) = records.try_recv()
        {
            batch.push(record);
        }
        if !batch.is_empty() {
            let _ = tokio::time::timeout(LAST_CALL, send(&http, &url, &signer, &batch)).await;
        }
    });
}

async fn gather(records: &mut mpsc::Receiver<LogRecord>, batch: &mut Vec<LogRecord>) {
    let company = async {
        while batch.len() < MAX_RECORDS {
            let room = MAX_RECORDS - batch.len();
            if records.recv_many(batch, room).await == 0 {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(GATHER, company).await;
}

async fn deliver(http: &reqwest::Client, url: &Url, signer: &Signer, batch: &[LogRecord]) {
    for attempt in 1..=TRIES {
        match send(http, url, signer, batch).await {
            Ok(()) => return,
            // Not logged: it would have to be shipped.
            Err(_) => tokio::time::sleep(RETRY_AFTER * attempt).await,
        }
    }
    metrics::counter!("log_records_dropped_total").increment(batch.len() as u64);
}

async fn send(
    http: &reqwest::Client,
    url: &Url,
    signer: &Signer,
    batch: &[LogRecord],
) -> reqwest::Result<()> {
    let request =
        http.post(url.clone()).header(http::header::AUTHORIZATION, signer.bearer()).timeout(CALL_WITHIN);
    // Serialising from a clone is cheaper than a body type of its own: logs are few.
    let body = ShipLogs { records: batch.to_vec() };
    request.json(&body).send().await?.error_for_status().map(drop)
}
