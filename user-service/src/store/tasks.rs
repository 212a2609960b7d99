//! What must be done elsewhere: rows of the transaction that made it necessary, tried until done.

use std::time::Duration;

use api::{
    Timestamp,
    channels::EndHolders,
    id::{GatewayId, NetworkBanId, SessionId, UserId},
};
use kit::db::{Backend, Tx};
use serde::{Deserialize, Serialize};

use super::{Store, execute, fetch_all, write_one};
use crate::domain::secret;

/// What there is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Task {
    /// Takes ended sessions out of their channels.
    EndHolders(EndHolders),
    /// Ends the sessions that a gateway opened in the term that lapsed, and earlier.
    EndGateway { gateway: GatewayId, term: i64 },
    /// Has the other services forget a person; `again` once more, when no token of theirs can be alive.
    Erase { user: UserId, again: bool },
    /// Ends the open sessions that a new network ban is about.
    ApplyBan { ban: NetworkBanId },
}

impl Task {
    /// Whom it is about, so that an erasure finds it.
    fn user(&self) -> Option<&UserId> {
        match self {
            Self::EndHolders(ended) => Some(&ended.user.id),
            Self::Erase { user, .. } => Some(user),
            Self::EndGateway { .. } | Self::ApplyBan { .. } => None,
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::EndHolders(_) => "end-holders",
            Self::EndGateway { .. } => "end-gateway",
            Self::Erase { .. } => "erase",
            Self::ApplyBan { .. } => "apply-ban",
        }
    }
}

/// A task in hand.
#[derive(Debug)]
pub struct Claimed {
    pub id: String,
    pub task: Task,
    pub attempts: i64,
}

/// A replica that died with a task in hand has lost it by then, and another takes it. Longer than a try usually takes; if one takes
/// longer, the task is carried out twice, which all of them bear.
const IN_HAND: Duration = Duration::from_secs(5);
/// Pauses grow to this: long enough not to hurry a neighbour that is down, short enough to be done soon after it is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

const ADD: &str =
    "insert into tasks (id, kind, user_id, payload, not_before, attempts) values ($1, $2, $3, $4, $5, 0)";
const DONE: &str = "delete from tasks where id = $1";
const LATER: &str = "update tasks set not_before = $2 where id = $1";
const AGAIN: &str = "update tasks set not_before = $2, attempts = 0 where id = $1";
const BECOMES: &str = "update tasks set kind = $2, payload = $3, not_before = $4, attempts = 0 where id = $1";
const FORGET_HOLDERS: &str = "delete from tasks where user_id = $1 and kind = 'end-holders'";

const TAKE_WAITING: &str =
    "delete from tasks where user_id = $1 and kind = 'end-holders' and not_before > $2 returning payload";

const CLAIM_HOLDERS: &str = "update tasks set not_before = $2, attempts = attempts + 1 \
    where user_id = $3 and kind = 'end-holders' and not_before <= $1 returning id, payload, attempts";
/// A guest's name, unless they have come back for it.
const FREE_NAMES: &str = "delete from names where user_id = $1 and not account \
    and exists (select 1 from users where id = $1 and freed_at is not null)";

const CLAIM_SQLITE: &str = "update tasks set not_before = $2, attempts = attempts + 1 \
    where id in (select id from tasks where not_before <= $1 order by not_before limit $3) returning id, payload, attempts";
// Replicas that claim at once step over each other's rows instead of waiting for them.
const CLAIM_POSTGRES: &str = "update tasks set not_before = $2, attempts = attempts + 1 \
    where id in (select id from tasks where not_before <= $1 order by not_before limit $3 for update skip locked) \
    returning id, payload, attempts";

pub(crate) async fn add(tx: &mut Tx, task: &Task, not_before: Timestamp) -> sqlx::Result<()> {
    let id = secret::random(&mut rand::rng());
    let payload = serde_json::to_string(task).expect("a task is JSON");
    let user = task.user().map(UserId::as_str);
    execute!(tx, ADD, id, task.kind(), user, payload, not_before.0).map(drop)
}

/// An erasure takes everybody out of everywhere: what was to be done before names the person.
pub(crate) async fn forget_holders(tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
    execute!(tx, FORGET_HOLDERS, user.as_str()).map(drop)
}

/// Takes back the ends of a user's sessions that are not due yet, and gives those sessions.
pub(crate) async fn take_waiting_holders(
    tx: &mut Tx,
    user: &UserId,
    now: Timestamp,
) -> sqlx::Result<Vec<SessionId>> {
    let rows: Vec<(String,)> = fetch_all!(tx, TAKE_WAITING, user.as_str(), now.0)?;
    let sessions = rows.into_iter().filter_map(|(payload,)| match serde_json::from_str(&payload) {
        Ok(Task::EndHolders(ended)) => Some(ended.sessions),
        Ok(_) | Err(_) => None,
    });
    Ok(sessions.flatten().collect())
}

/// Takes the due ends of a user's sessions in hand.
pub(crate) async fn claim_holders(tx: &mut Tx, user: &UserId, now: Timestamp) -> sqlx::Result<Vec<Claimed>> {
    let rows: Vec<(String, String, i64)> =
        fetch_all!(tx, CLAIM_HOLDERS, now.0, now.plus(IN_HAND).0, user.as_str())?;
    Ok(rows.into_iter().filter_map(read).collect())
}

fn read((id, payload, attempts): (String, String, i64)) -> Option<Claimed> {
    match serde_json::from_str(&payload) {
        Ok(task) => Some(Claimed { id, task, attempts }),
        // From a newer release: its replicas will do it.
        Err(error) => {
            tracing::warn!(task = id, cause = %error, "a task cannot be read here");
            None
        }
    }
}

impl Store {
    /// Takes up to `most` tasks that are due in hand.
    pub async fn claim_tasks(&self, now: Timestamp, most: i64) -> sqlx::Result<Vec<Claimed>> {
        let until = now.plus(IN_HAND).0;
        let rows: Vec<(String, String, i64)> = match self.db.write() {
            Backend::Sqlite(pool) => {
                sqlx::query_as(CLAIM_SQLITE).bind(now.0).bind(until).bind(most).fetch_all(pool).await?
            }
            Backend::Postgres(pool) => {
                sqlx::query_as(CLAIM_POSTGRES).bind(now.0).bind(until).bind(most).fetch_all(pool).await?
            }
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    pub async fn task_done(&self, id: &str) -> sqlx::Result<()> {
        write_one!(self.db, DONE, id).map(drop)
    }

    /// Somebody's sessions have left their channels: now the name of a guest who is gone is free.
    pub async fn holders_ended(&self, id: &str, ended: &EndHolders) -> sqlx::Result<()> {
        let mut tx = self.db.begin().await?;
        if ended.all {
            execute!(&mut tx, FREE_NAMES, ended.user.id.as_str())?;
        }
        execute!(&mut tx, DONE, id)?;
        tx.commit().await
    }

    /// Puts a task back of which a part is left.
    pub async fn task_again(&self, id: &str, now: Timestamp) -> sqlx::Result<()> {
        write_one!(self.db, AGAIN, id, now.0).map(drop)
    }

    /// Puts another task in the place of one that is done.
    pub async fn task_becomes(&self, id: &str, task: &Task, not_before: Timestamp) -> sqlx::Result<()> {
        let payload = serde_json::to_string(task).expect("a task is JSON");
        write_one!(self.db, BECOMES, id, task.kind(), payload, not_before.0).map(drop)
    }

    /// Puts a task back after a failed try.
    pub async fn task_failed(&self, claimed: &Claimed, now: Timestamp) -> sqlx::Result<()> {
        let doublings = u32::try_from(claimed.attempts.clamp(1, 16)).unwrap_or(1) - 1;
        let pause = Duration::from_millis(100).saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        write_one!(self.db, LATER, &claimed.id, now.plus(pause).0).map(drop)
    }
}
