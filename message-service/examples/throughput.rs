//! How many rows a second the writer stores: `cargo run --release -p causerie-message-service --example throughput [folder]`.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{Person, auth::ServiceName, id::ChannelId};
use kit::{Clock, Tasks, config::SecretUrl, trace::TraceId};
use message_service::{
    domain::act::{Act, Grant, Key, Place, Verdict, What},
    store::{Store, migrations},
    writer::{Limits, Writer},
};

/// (channels, senders in each): every sender sends its next message when the last is stored.
const SCENES: [(usize, usize); 3] = [(1, 100), (10, 50), (500, 4)];
const SECONDS: u64 = 4;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = std::env::args()
        .nth(1)
        .map_or_else(|| std::env::temp_dir().join("causerie-throughput"), PathBuf::from);
    for (channels, senders) in SCENES {
        for batched in [true, false] {
            let _ = std::fs::remove_dir_all(&folder);
            let rate = run(&folder, channels, senders, batched).await?;
            let how = if batched { "batches" } else { "one each" };
            println!("{channels:>4} x {senders:<4} {how:<9} {rate:>9.0} rows/s");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

/// `batched`: all senders' messages in one batch with one in flight, as a gateway's lane sends them; otherwise each on its own, as
/// REST posts come.
async fn run(
    folder: &std::path::Path,
    channels: usize,
    senders: usize,
    batched: bool,
) -> anyhow::Result<f64> {
    let url = match std::env::var("CAUSERIE_BENCH_POSTGRES") {
        Ok(url) => SecretUrl::from(url),
        Err(_) => SecretUrl::from(format!("sqlite:{}", folder.join("messages.db").display())),
    };
    let db = kit::db::connect(&url, &migrations()).await?;
    let store = Store::open(db.clone()).await?;
    let tasks = Tasks::new(ServiceName::Messages);
    let limits = Limits { queue: 4096, transaction: 1000 };
    let (writer, mut committed) = Writer::start(store, Clock::system(), limits, &tasks);
    let published = tokio::spawn(async move {
        let mut rows = 0;
        while let Some(batch) = committed.recv().await {
            rows += batch.len();
        }
        rows
    });
    let lanes = if batched { 2 } else { channels * senders };
    let started = Instant::now();
    let end = started + Duration::from_secs(SECONDS);
    let mut lanes_at_work = Vec::new();
    for lane in 0..lanes {
        let mine: Vec<usize> = (0..channels * senders).filter(|sender| sender % lanes == lane).collect();
        let writer = writer.clone();
        lanes_at_work.push(tokio::spawn(async move {
            let origin: Arc<str> = "1gateway".into();
            let mut round = 0_u64;
            while Instant::now() < end {
                round += 1;
                for part in mine.chunks(1000) {
                    let acts = part.iter().map(|&sender| act(sender, sender % channels, round)).collect();
                    writer.append(acts, Some(origin.clone())).await?;
                }
            }
            Ok::<_, api::Problem>(())
        }));
    }
    for lane in lanes_at_work {
        lane.await??;
    }
    let took = started.elapsed().as_secs_f64();
    drop(writer);
    tasks.stop(Duration::from_secs(5)).await;
    let rows = published.await?;
    db.close().await;
    Ok(rows as f64 / took)
}

fn act(sender: usize, channel: usize, round: u64) -> Act {
    let id = format!("1user{sender:08}");
    let what = What::Say {
        kind: api::EntryKind::Message,
        text: "x".repeat(100),
        reply_to: None,
        tags: Default::default(),
        splits: Vec::new(),
    };
    let key = Key::new(&format!("{round:012}{sender:08}abcdef"), &what).expect("a key");
    Act {
        author: Person {
            id: id.as_str().try_into().expect("an id"),
            nick: format!("user{sender}").as_str().try_into().expect("a nick"),
            user_version: 1,
        },
        session: Some(id.as_str().try_into().expect("an id")),
        place: Place::Channel(ChannelId::try_from(format!("1channel{channel}")).expect("an id")),
        what,
        key: Some(key),
        verdict: Verdict::Allowed(Grant::Channel {
            name: format!("#channel{channel}").as_str().try_into().expect("a name"),
            version: 7,
            floor: 0,
            op: false,
            slow_seconds: None,
        }),
        // As every entry has one.
        trace: Some(TraceId(rand::random())),
    }
}
