//! A store on a database of its own, and short words for what people do.

use std::{net::IpAddr, time::Duration};

use api::{
    AccountName, ErrorCode, Nick, Timestamp,
    auth::Scopes,
    event::{UserChange, UserEvent},
    id::{GatewayId, SessionId, UserId},
};
use kit::testing::TestDb;
use user_service::store::{
    Store,
    accounts::{AccountRow, Kept, Registering},
    sessions::{Identity, Known, OpenTerms, Opened, Opening, Proof},
    tasks::Claimed,
    tokens::NewRefresh,
    users::UserRow,
};

/// Of those who try the same at once.
pub(crate) const MANY: usize = 8;
pub(crate) const HOST: &str = "h.cloak";

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) db: TestDb,
}

impl House {
    pub(crate) async fn open(db: TestDb) -> Self {
        Self { store: Store::open((*db).clone()).await.unwrap(), db }
    }

    /// An account, whose password has the hash `hash of <name>`.
    pub(crate) async fn account(&self, name: &str) -> AccountRow {
        self.registers(name, None, at(0)).await.unwrap()
    }

    pub(crate) async fn registers(
        &self,
        name: &str,
        invite: Option<&str>,
        now: Timestamp,
    ) -> kit::Result<AccountRow> {
        let new = Registering {
            name: &account_name(name),
            password: kept(&hash(name)),
            invite: invite.map(str::to_owned),
            guest: None,
            host: HOST.to_owned(),
            always_on: false,
        };
        self.store.register(new, now).await
    }

    /// A guest with a token that was issued now.
    pub(crate) async fn guest(&self, wanted: &str, now: Timestamp) -> kit::Result<UserRow> {
        let hash = format!("refresh of {wanted} since {now}");
        let new = refresh(&hash, "guestgrant", now.plus(Duration::from_secs(3600)));
        self.store.grant_guest(&nick(wanted), HOST.to_owned(), &new, now).await
    }

    /// A login whose refresh token has the hash `<family> 1`.
    pub(crate) async fn logs_in(&self, who: &AccountRow, family: &str, now: Timestamp) -> UserRow {
        let new = refresh(&format!("{family} 1"), family, now.plus(Duration::from_secs(3600)));
        let hash = &who.password;
        self.store.grant(&who.user.id, hash, Scopes::ordinary(), HOST, &new, now).await.unwrap()
    }

    pub(crate) async fn opens(&self, opening: Opening, now: Timestamp) -> kit::Result<Opened> {
        let (mut results, _) = self.store.open_sessions(vec![opening], TERMS, now).await?;
        results.remove(0)
    }

    pub(crate) async fn user(&self, id: &UserId) -> UserRow {
        self.store.user(id).await.unwrap().unwrap()
    }

    /// All tasks that are due, in hand from now on.
    pub(crate) async fn claims(&self, now: Timestamp) -> Vec<Claimed> {
        self.store.claim_tasks(now, 100).await.unwrap()
    }

    /// Carries out the ends of sessions that are due, as far as this service is concerned.
    pub(crate) async fn carries_out_ends(&self, now: Timestamp) {
        for claimed in self.claims(now).await {
            match &claimed.task {
                user_service::store::tasks::Task::EndHolders(ended) => {
                    self.store.holders_ended(&claimed.id, ended).await.unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// What a statement of the test's own finds.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        kit::on!(self.db.read(), pool => sqlx::query_scalar(sql).fetch_one(pool).await).unwrap()
    }

    pub(crate) async fn tampers(&self, sql: &'static str) {
        kit::on!(self.db.write(), pool => sqlx::query(sql).execute(pool).await.map(drop)).unwrap();
    }
}

pub(crate) const TERMS: OpenTerms = OpenTerms { sessions_of_user: 3, takeover: Duration::from_secs(10) };

/// So many seconds after the beginning of every story.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(1_700_000_000_000_000 + seconds * 1_000_000)
}

/// A moment before.
pub(crate) fn just_before(moment: Timestamp) -> Timestamp {
    Timestamp(moment.0 - 1)
}

pub(crate) fn nick(text: &str) -> Nick {
    text.try_into().unwrap()
}

pub(crate) fn account_name(text: &str) -> AccountName {
    text.try_into().unwrap()
}

pub(crate) fn hash(name: &str) -> String {
    format!("hash of {name}")
}

/// What is kept of a password with that hash.
pub(crate) fn kept(hash: &str) -> Kept {
    Kept { hash: hash.to_owned(), scram: Some(format!("keys of {hash}")) }
}

pub(crate) fn refresh(hash: &str, family: &str, expires_at: Timestamp) -> NewRefresh {
    NewRefresh { hash: hash.to_owned(), family: family.to_owned(), expires_at }
}

pub(crate) fn gateway(name: &str) -> GatewayId {
    format!("7gateway{name}").try_into().unwrap()
}

pub(crate) fn session() -> SessionId {
    SessionId::random(&mut rand::rng())
}

/// One session on gateway `a`.
pub(crate) fn opening(identity: Identity) -> Opening {
    Opening {
        id: session(),
        gateway: gateway("a"),
        address: IpAddr::from([192, 0, 2, 1]),
        host: HOST.to_owned(),
        identity,
        replaces: None,
        username: "~u".to_owned(),
        realname: None,
        nick: None,
    }
}

pub(crate) fn as_guest(wanted: &str) -> Opening {
    opening(Identity::Guest(nick(wanted)))
}

pub(crate) fn by(user: &UserId, proof: Proof, takes: Option<&SessionId>) -> Opening {
    let (user, takes) = (user.clone(), takes.cloned());
    opening(Identity::Known(Known { user, scopes: Scopes::ordinary(), proof, takes }))
}

pub(crate) fn by_password(who: &AccountRow) -> Opening {
    by(&who.user.id, Proof::Password(who.password.clone()), None)
}

pub(crate) fn by_secret(of: &Opened) -> Opening {
    by(&of.user.person.id, Proof::SessionSecret, Some(&of.session))
}

pub(crate) fn by_access_token(user: &UserId, issued: Timestamp, grant: &str) -> Opening {
    by(user, Proof::AccessToken { issued, grant: grant.to_owned() }, None)
}

pub(crate) fn code<T>(result: kit::Result<T>) -> ErrorCode {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(failure) => failure.code(),
    }
}

/// Of many who tried the same: how many did it. All others were refused so.
pub(crate) fn winners<T>(results: Vec<kit::Result<T>>, refusal: ErrorCode) -> Vec<T> {
    let won = |result: kit::Result<T>| match result {
        Ok(value) => Some(value),
        Err(failure) => {
            assert_eq!(failure.code(), refusal, "{failure:?}");
            None
        }
    };
    results.into_iter().filter_map(won).collect()
}

/// What all do at once, each on a thread's turn of its own.
pub(crate) async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    work: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let tasks: Vec<_> = work.into_iter().map(tokio::spawn).collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}

/// The kinds of what happened, in order.
pub(crate) fn kinds(told: &[UserEvent]) -> Vec<&'static str> {
    let kind = |event: &UserEvent| match event.change {
        UserChange::NickChanged { .. } => "nick",
        UserChange::Away { .. } => "away",
        UserChange::Realname { .. } => "realname",
        UserChange::Modes { .. } => "modes",
        UserChange::Wallops { .. } => "wallops",
        UserChange::SessionOpened { .. } => "opened",
        UserChange::SessionEnded { forced: false, .. } => "ended",
        UserChange::SessionEnded { forced: true, .. } => "put out",
        UserChange::Left => "left",
        UserChange::Revoked { .. } => "revoked",
        UserChange::Suspended => "suspended",
        UserChange::Unsuspended => "unsuspended",
        UserChange::Erased => "erased",
        UserChange::Metadata { .. } => "metadata",
        UserChange::Unknown => "unknown",
    };
    told.iter().map(kind).collect()
}

/// The sessions whose end is told.
pub(crate) fn ended(told: &[UserEvent]) -> Vec<SessionId> {
    let ended = told.iter().filter_map(|event| match &event.change {
        UserChange::SessionEnded { ended, .. } => Some(ended.clone()),
        _ => None,
    });
    ended.collect()
}
