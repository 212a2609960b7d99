use api::{auth::ServiceName, messages::SendTo};
use serde_json::json;

use crate::{
    answers::{channel_id, stored},
    town::Town,
};

const TYPED: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const ASKED: &str = "0af7651916cd43dd8448eb211c80319c";

fn traceparent(trace: &str) -> String {
    format!("00-{trace}-00f067aa0ba902b7-01")
}

/// The statements that docs/operations.md gives to operators: from a trace to the row, and from the row to its trace.
fn documented() -> [String; 2] {
    let page = include_str!("../../../docs/operations.md");
    let statements: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("sqlite3 data/messages.db \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .collect();
    statements.try_into().expect("two statements")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_found_by_the_trace_that_wrote_it_and_leads_back_to_it() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    let rust = channel_id(&town.joins(&alice, "rust").await);
    let asked = town
        .request(ServiceName::Messages, Some(&alice), "POST", "/v1/channels/rust/messages")
        .header("traceparent", traceparent(ASKED));
    let answer = town.send(asked.json(&json!({ "text": "by a program" }))).await;
    assert_eq!(answer.header("trace-id"), Some(ASKED));
    let first = answer.ok();
    assert_eq!(first["seq"], 1);

    // Lines that were typed by two people travel in one request, and each keeps its own.
    let here = SendTo::Channel(rust.clone());
    let mut typed = alice.item(here.clone(), "typed", "key-1");
    typed.trace = Some(traceparent(TYPED));
    let mut nonsense = alice.item(here.clone(), "typed too", "key-2");
    nonsense.trace = Some("nonsense".into());
    let results = town.batch(&[typed, nonsense]).await;
    assert_eq!(stored(&results[0]).seq, 2);

    let rows = town.rows().await;
    let [by_trace, by_row] = documented();
    for (trace, seq) in [(ASKED, 1), (TYPED, 2)] {
        let sql = by_trace.replace("4bf92f3577b34da6a3ce929d0e0e4736", trace);
        let found: Vec<(String, i64)> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&rows).await.unwrap();
        assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), [format!("{rust}-{seq}")]);
        let sql = by_row.replace("3f9k2m7q0x1ab", rust.as_str()).replace("= 43", &format!("= {seq}"));
        let found: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&rows).await.unwrap();
        assert_eq!(found, [trace]);
    }
    // What had no trace of its own has that of the request.
    let third: Option<Vec<u8>> =
        sqlx::query_scalar("select trace from entries where seq = 3").fetch_one(&rows).await.unwrap();
    assert_eq!(third.map(|trace| trace.len()), Some(16));
    // It is nobody else's business.
    let shown = town.get(&alice, "/v1/channels/rust/messages").await.ok().to_string();
    assert!(!shown.contains(TYPED) && !shown.contains(ASKED), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_persons_rows_lead_to_no_trace() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    town.joins(&bob, "rust").await;
    town.says(&alice, "rust", "one").await.ok();
    town.says(&bob, "rust", "two").await.ok();
    town.client_of(ServiceName::Users).erase(&alice.id).await.unwrap();
    let rows = town.rows().await;
    let traced: Vec<i64> =
        sqlx::query_scalar("select seq from entries where trace is not null").fetch_all(&rows).await.unwrap();
    assert_eq!(traced, [2]);
}
