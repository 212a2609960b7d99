//! The one who writes, in front of the store.

use std::{sync::Arc, time::Duration};

use api::ErrorCode;
use kit::{Clock, Tasks};
use message_service::{
    store::migrations,
    writer::{Limits, Writer},
};

use crate::words::{entry, keyed, open, person, says};

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_answers_everybody_and_refuses_past_its_queue() {
    let db = kit::testing::sqlite(&migrations()).await;
    let store = open(&db).await;
    let tasks = Tasks::new(api::auth::ServiceName::Messages);
    let limits = Limits { queue: 100, transaction: 64 };
    let (writer, mut committed) = Writer::start(store.clone(), Clock::system(), limits, &tasks);
    let alice = person("1alice", "alice");
    // Nobody reads what is committed at first, and the queue is filled faster than it empties.
    let mut waiting = Vec::new();
    for i in 0..300 {
        let (writer, alice) = (writer.clone(), alice.clone());
        waiting.push(tokio::spawn(async move {
            let act = keyed(says(&alice, "1rust", "x"), &format!("k{i}"));
            loop {
                match writer.append(vec![act.clone()], Some(Arc::from("1gw"))).await {
                    Ok(mut outcomes) => return entry(outcomes.remove(0)).seq,
                    Err(problem) => assert_eq!(problem.code, ErrorCode::Overloaded),
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    let reader = tokio::spawn(async move {
        let mut seqs = Vec::new();
        while seqs.len() < 300 {
            let batch =
                tokio::time::timeout(Duration::from_secs(20), committed.recv()).await.unwrap().unwrap();
            assert!(batch.len() <= 64);
            seqs.extend(batch.into_iter().map(|(stored, origin)| {
                assert_eq!(origin.as_deref(), Some("1gw"));
                stored.entry.seq
            }));
        }
        seqs
    });
    let mut answered = Vec::new();
    for task in waiting {
        answered.push(task.await.unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..=300).collect::<Vec<_>>());
    // Published in the order of their numbers.
    assert_eq!(reader.await.unwrap(), answered);
    // Exactly the queue fits, one more does not.
    let full: Vec<_> = (0..100).map(|_| says(&alice, "1rust", "y")).collect();
    let first = writer.append(full, None);
    let second = writer.append(vec![says(&alice, "1rust", "z")], None);
    let (first, second) = tokio::join!(biased; first, second);
    assert_eq!(first.unwrap().len(), 100);
    assert_eq!(second.unwrap_err().code, ErrorCode::Overloaded);
    assert!(tasks.stop(Duration::from_secs(5)).await);
}

/// On one thread the writer takes its turn after all who ask have asked.
#[tokio::test]
async fn so_many_messages_share_a_transaction_and_one_more_goes_into_the_next() {
    const MOST: usize = 5;
    let db = kit::testing::postgres(&migrations()).await;
    let tasks = Tasks::new(api::auth::ServiceName::Messages);
    let limits = Limits { queue: 100, transaction: MOST };
    let (writer, mut committed) = Writer::start(open(&db).await, Clock::system(), limits, &tasks);
    let alice = person("1alice", "alice");
    for (channel, sizes, transactions) in [
        ("1fits", vec![1; MOST], vec![MOST]),
        ("1more", vec![1; MOST + 1], vec![MOST, 1]),
        ("1batches", vec![3, 2, 1], vec![5, 1]),
        ("1apart", vec![3, 3], vec![3, 3]),
        // What was asked for at once is kept at once.
        ("1alone", vec![1, MOST + 1, 1], vec![1, MOST + 1, 1]),
    ] {
        let asked = sizes
            .iter()
            .map(|&size| writer.append((0..size).map(|_| says(&alice, channel, "x")).collect(), None));
        for outcomes in futures_util::future::join_all(asked).await {
            outcomes.unwrap().into_iter().for_each(|outcome| drop(entry(outcome)));
        }
        // PostgreSQL knows by which transaction a row was made.
        let kit::db::Backend::Postgres(pool) = db.read() else { unreachable!("the database is PostgreSQL") };
        let made: Vec<i64> = sqlx::query_scalar(
            "select count(*) from entries as e join conversations as c on c.n = e.conversation
                where c.id = $1 group by e.xmin::text order by min(e.seq)",
        )
        .bind(channel)
        .fetch_all(pool)
        .await
        .unwrap();
        assert_eq!(made, transactions.iter().map(|&count| count as i64).collect::<Vec<_>>(), "{channel}");
        for count in transactions {
            assert_eq!(committed.recv().await.unwrap().len(), count, "{channel}");
        }
    }
    assert!(tasks.stop(Duration::from_secs(5)).await);
}
