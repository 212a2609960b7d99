//! The store's contract, on SQLite and on PostgreSQL: what must hold whoever asks, however many at once.

#![allow(clippy::unwrap_used, reason = "a panic is a test's message")]

mod accounts;
mod api_tokens;
mod bans;
mod certificates;
mod erasure;
mod events;
mod house;
mod housekeeping;
mod keys;
mod leases;
mod metadata;
mod names;
mod opening;
mod operators;
mod revocations;
mod sessions;
mod staying;
mod tasks;
mod tokens;

/// One test of the contract for each engine.
macro_rules! contract {
    ($($name:ident)*) => {
        mod sqlite {
            $( #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let db = kit::testing::sqlite(&user_service::store::migrations()).await;
                super::$name($crate::house::House::open(db).await).await;
            } )*
        }
        mod postgres {
            $( #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let db = kit::testing::postgres(&user_service::store::migrations()).await;
                super::$name($crate::house::House::open(db).await).await;
            } )*
        }
    };
}
pub(crate) use contract;
