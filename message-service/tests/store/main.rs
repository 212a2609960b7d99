//! One contract for what is kept, on both engines.
#![allow(clippy::unwrap_used)]

mod about;
mod along;
mod appending;
mod forgetting;
mod reading;
mod words;
mod writer;

macro_rules! store_contract {
    ($($name:ident)*) => {
        mod sqlite {
            $( #[tokio::test(flavor = "multi_thread")] async fn $name() {
                let db = kit::testing::sqlite(&message_service::store::migrations()).await;
                super::$name($crate::words::open(&db).await).await;
            } )*
        }
        mod postgres {
            $( #[tokio::test(flavor = "multi_thread")] async fn $name() {
                let db = kit::testing::postgres(&message_service::store::migrations()).await;
                super::$name($crate::words::open(&db).await).await;
            } )*
        }
    };
}
use store_contract;
