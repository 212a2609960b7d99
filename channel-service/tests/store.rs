//! The store's contract, on SQLite and on PostgreSQL: what is written is read, nobody comes in each other's way, and every text
//! means the same to both.

#![allow(clippy::unwrap_used, reason = "a panic is a test's message")]

#[path = "store/crowd.rs"]
mod crowd;
#[path = "store/rows.rs"]
mod rows;

use api::{
    ChannelName, Nick, Person, Timestamp,
    auth::{Actor, Scopes},
    id::{ChannelId, SessionId, UserId},
};
use channel_service::{
    domain::{
        ledger::{Doer, Ledger, Place},
        policy::JoinLimits,
    },
    store::Store,
};
use kit::{db::Tx, testing::TestDb};

/// One test of the contract for each engine.
macro_rules! contract {
    ($($name:ident)*) => {
        mod sqlite {
            $( #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::House::open(kit::testing::sqlite(&channel_service::migrations()).await).await).await;
            } )*
        }
        mod postgres {
            $( #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::House::open(kit::testing::postgres(&channel_service::migrations()).await).await).await;
            } )*
        }
    };
}
pub(crate) use contract;

pub(crate) const LIMITS: JoinLimits = JoinLimits { members: 1000, channels_each: 100 };

/// A store on a database of its own.
pub(crate) struct House {
    pub(crate) store: Store,
    _db: TestDb,
}

impl House {
    pub(crate) async fn open(db: TestDb) -> Self {
        Self { store: Store::open((*db).clone()).await.unwrap(), _db: db }
    }

    /// Joins one person to one channel, as the service does; `None` if the rules refuse it.
    pub(crate) async fn join(&self, actor: &Actor, name: &str) -> Option<ChannelId> {
        let name = ChannelName::try_from(name).unwrap();
        let mut ledger = Ledger::new(now(), LIMITS);
        let mut tx = self.store.begin([actor.id()]).await.unwrap();
        self.store.rooms_by_name(&mut tx, &mut ledger, &[&name], new_id).await.unwrap();
        let id = ledger.rooms.keys().next().unwrap().clone();
        let places = [(id.clone(), actor.id().clone())].into();
        self.store.seats(&mut tx, &mut ledger, &places).await.unwrap();
        self.store.invitations(&mut tx, &mut ledger, &places).await.unwrap();
        self.store.lists(&mut tx, &mut ledger).await.unwrap();
        self.store.memberships(&mut tx, &mut ledger, &[actor.id()].into()).await.unwrap();
        let sessions = actor.session.iter().collect();
        self.store.ended(&mut tx, &mut ledger, &sessions).await.unwrap();
        let joining = channel_service::domain::ledger::Joining {
            actor,
            session: actor.session.as_ref(),
            token_of: None,
            key: None,
        };
        let joined = ledger.join(&id, joining).is_ok();
        self.write(tx, &ledger).await;
        joined.then_some(id)
    }

    /// One change of a room in which these people sit.
    pub(crate) async fn change<T>(
        &self,
        id: &ChannelId,
        people: &[&Actor],
        change: impl FnOnce(&mut Ledger) -> T,
    ) -> T {
        let mut ledger = Ledger::new(now(), LIMITS);
        let mut tx = self.store.begin(people.iter().map(|actor| actor.id())).await.unwrap();
        self.store.rooms_by_id(&mut tx, &mut ledger, &[id]).await.unwrap();
        let places = people.iter().map(|actor| (id.clone(), actor.id().clone()) as Place).collect();
        self.store.seats(&mut tx, &mut ledger, &places).await.unwrap();
        self.store.lists(&mut tx, &mut ledger).await.unwrap();
        let value = change(&mut ledger);
        self.write(tx, &ledger).await;
        value
    }

    pub(crate) async fn write(&self, mut tx: Tx, ledger: &Ledger) {
        self.store.write(&mut tx, ledger).await.unwrap();
        tx.commit().await.unwrap();
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::now().to_millis()
}

pub(crate) fn new_id() -> ChannelId {
    ChannelId::random(&mut rand::rng())
}

pub(crate) fn person(nick: &str) -> Actor {
    Actor {
        person: Person {
            id: UserId::random(&mut rand::rng()),
            nick: Nick::try_from(nick).unwrap(),
            user_version: 1,
        },
        account: None,
        session: Some(SessionId::random(&mut rand::rng())),
        scopes: Scopes::ordinary(),
        username: "~u".to_owned(),
        host: format!("{nick}.cloak"),
        since: 0,
    }
}

pub(crate) fn doer(actor: &Actor) -> Doer {
    Doer { person: Some(actor.person.clone()), session: actor.session.clone() }
}
