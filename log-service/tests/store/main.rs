//! The store's contract: the same for SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a panic here is the message")]

mod finding;
mod following;
mod forgetting;
mod limits;
mod words;

macro_rules! store_contract {
    ($($test:ident)*) => {
        mod sqlite { $(
            #[tokio::test]
            async fn $test() {
                let db = kit::testing::sqlite(&log_service::store::migrations()).await;
                super::$test($crate::words::open(&db).await).await;
            }
        )* }
        mod postgres { $(
            #[tokio::test]
            async fn $test() {
                let db = kit::testing::postgres(&log_service::store::migrations()).await;
                super::$test($crate::words::open(&db).await).await;
            }
        )* }
    };
}
use store_contract;
