//! History, conversations and read markers by time, as programs that count in time ask for them.

use api::{ErrorCode, Timestamp};
use serde_json::{Value, json};

use crate::{people::Someone, town::Town};

async fn next_millisecond() {
    let now = Timestamp::now().to_millis();
    while Timestamp::now().to_millis() <= now {
        tokio::task::yield_now().await;
    }
}

/// Says something, in a millisecond of its own; gives that.
async fn says(town: &Town, who: &Someone, channel: &str, text: &str) -> String {
    next_millisecond().await;
    town.says(who, channel, text).await.ok()["at"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_paged_by_time_like_by_seq() {
    let town = Town::new().await;
    let alice = town.guest("alice").await;
    town.joins(&alice, "rust").await;
    let mut at = vec![String::new()];
    for text in ["1", "2", "3", "4", "5"] {
        at.push(says(&town, &alice, "rust", text).await);
    }
    let path = "/v1/channels/rust/messages";
    for (query, texts) in [
        (format!("after_at={}&limit=2", at[2]), vec!["3", "4"]),
        (format!("before_at={}&limit=2", at[4]), vec!["2", "3"]),
        (format!("around_at={}&limit=3", at[3]), vec!["2", "3", "4"]),
        (format!("between={},{}&limit=2", at[1], at[5]), vec!["2", "3"]),
        (format!("between={},{}&limit=2", at[5], at[1]), vec!["3", "4"]),
        (format!("between=,{}&limit=2", at[2]), vec!["4", "5"]),
        (format!("between=1,{}", at[4]), vec!["2", "3"]),
        (format!("after_at={}", at[5]), vec![]),
    ] {
        assert_eq!(town.texts(&alice, &format!("{path}?{query}")).await, texts, "{query}");
    }
    for wrong in ["after_at=yesterday", "between=1,yesterday", "between=7"] {
        town.get(&alice, &format!("{path}?{wrong}")).await.refused(ErrorCode::InvalidParameter);
    }
    let two = format!("{path}?after=1&after_at={}", at[1]);
    town.get(&alice, &two).await.refused(ErrorCode::BadRequest);
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_come_by_the_time_of_their_latest_entry() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    for channel in ["one", "two", "never"] {
        town.joins(&alice, channel).await;
    }
    says(&town, &alice, "two", "x").await;
    let one = says(&town, &alice, "one", "x").await;
    let two = says(&town, &alice, "two", "x").await;
    next_millisecond().await;
    town.ask(&bob, "POST", "/v1/users/alice/messages", json!({ "text": "psst" })).await.ok();
    let targets = async |query: &str| {
        let page = town.get(&alice, &format!("/v1/users/me/conversations?{query}")).await.ok();
        let items = page["items"].as_array().unwrap();
        let targets: Vec<_> = items.iter().map(|item| item["target"].as_str().unwrap().to_owned()).collect();
        (targets, page["next"].as_str().map(str::to_owned))
    };
    let all = "after_at=2000-01-01T00:00:00Z";
    assert_eq!(targets(all).await, (vec!["#one".into(), "#two".into(), "bob".into()], None));
    let (first, next) = targets(&format!("{all}&limit=2")).await;
    assert_eq!(first, ["#one", "#two"]);
    assert_eq!(targets(&format!("{all}&limit=2&cursor={}", next.unwrap())).await, (vec!["bob".into()], None));
    assert_eq!(targets(&format!("after_at={one}")).await.0, ["#two", "bob"]);
    // What is newer by now is not there, whatever was said in it before.
    assert_eq!(targets(&format!("{all}&before_at={two}")).await.0, ["#one"]);
    town.get(&alice, &format!("/v1/users/me/conversations?{all}&cursor=7"))
        .await
        .refused(ErrorCode::InvalidParameter);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marker_by_time_never_goes_back_and_needs_nothing_said() {
    let town = Town::new().await;
    let (alice, bob) = (town.guest("alice").await, town.guest("bob").await);
    town.joins(&alice, "rust").await;
    let path = "/v1/channels/rust/read-marker";
    let put = async |body: Value| town.ask(&alice, "PUT", path, body).await;
    assert_eq!(town.get(&alice, path).await.ok(), json!({ "seq": 0 }));
    let early = json!({ "seq": 0, "at": "2019-01-04T14:33:26.123Z" });
    assert_eq!(put(json!({ "at": "2019-01-04T14:33:26.123Z" })).await.ok(), early);
    assert_eq!(put(json!({ "at": "2018-01-04T14:33:26.123Z" })).await.ok(), early);
    let first = says(&town, &alice, "rust", "1").await;
    says(&town, &alice, "rust", "2").await;
    assert_eq!(put(json!({ "at": first })).await.ok(), json!({ "seq": 1, "at": first }));
    // By seq it may go back, to mean "unread from here"; what was read up to a moment was read.
    assert_eq!(put(json!({ "seq": 0 })).await.ok(), json!({ "seq": 0, "at": first }));
    assert_eq!(town.get(&alice, path).await.ok(), json!({ "seq": 0, "at": first }));
    let direct = town.ask(&alice, "PUT", "/v1/users/bob/read-marker", json!({ "at": first })).await;
    assert_eq!(direct.ok(), json!({ "seq": 0, "at": first }));
    let listed = town.get(&alice, "/v1/users/me/conversations").await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "nothing was said with bob");
    for wrong in [json!({}), json!({ "seq": 1, "at": first }), json!({ "at": "*" })] {
        put(wrong).await.refused(ErrorCode::InvalidParameter);
    }
    let not_in = town.ask(&bob, "PUT", path, json!({ "at": first })).await;
    not_in.refused(ErrorCode::NotAMember);
}
