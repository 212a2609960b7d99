//! Gateways' leases, by the database's clock.

use api::{
    Timestamp,
    id::GatewayId,
    users::{Lease, LeaseState},
};
use kit::db::Tx;

use super::{
    Store, execute, fetch_all, fetch_optional, marks,
    tasks::{self, Task},
};
use crate::domain::lease::{self, Held, Terms};

/// Locks the lease against lapsing while sessions open. Opening is a first sign of life.
const TOUCH: &str = "insert into gateways (id, term, renewed_at) values ($1, 1, $2) \
    on conflict (id) do update set id = excluded.id returning term, lapsed_at";
const FIRST: &str = "insert into gateways (id, term, renewed_at) values ($1, 1, $2) on conflict do nothing";
const LOCK: &str = "update gateways set id = id where id = $1 returning term, draining_since, lapsed_at";
const RENEW: &str =
    "update gateways set renewed_at = $2, draining_since = $3, term = $4, lapsed_at = null where id = $1";
const HELD: &str = "select id, renewed_at, draining_since from gateways where lapsed_at is null";
/// Unless it was renewed meanwhile.
const LAPSE: &str = "update gateways set lapsed_at = $2 where id = $1 and lapsed_at is null and renewed_at = $3 returning term";
const END: &str = "update gateways set lapsed_at = $2 where id = $1 and lapsed_at is null returning term";
const FORGET: &str = "delete from gateways where lapsed_at < $1";

/// How long a gateway that is gone is remembered: it may come back and must be told what became of its sessions.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// The term in which a gateway opens sessions; none if its lease has lapsed.
pub(crate) async fn current_term(tx: &mut Tx, gateway: &GatewayId) -> sqlx::Result<Option<i64>> {
    let now = marks::database_time(tx).await?;
    let found: Option<(i64, Option<i64>)> = fetch_optional!(tx, TOUCH, gateway.as_str(), now.0)?;
    Ok(found.and_then(|(term, lapsed_at)| lapsed_at.is_none().then_some(term)))
}

impl Store {
    /// Renews a gateway's lease, or begins it.
    pub async fn renew_lease(
        &self,
        gateway: &GatewayId,
        state: LeaseState,
        terms: Terms,
    ) -> sqlx::Result<Lease> {
        let mut tx = self.db.begin().await?;
        let now = marks::database_time(&mut tx).await?;
        execute!(&mut tx, FIRST, gateway.as_str(), now.0)?;
        let (term, draining_since, lapsed_at): (i64, Option<i64>, Option<i64>) =
            fetch_optional!(&mut tx, LOCK, gateway.as_str())?.ok_or(sqlx::Error::RowNotFound)?;
        let was_lapsed = lapsed_at.is_some();
        let draining_since = match state {
            LeaseState::Active => None,
            LeaseState::Draining => Some(draining_since.filter(|_| !was_lapsed).unwrap_or(now.0)),
        };
        let term = term + i64::from(was_lapsed);
        execute!(&mut tx, RENEW, gateway.as_str(), now.0, draining_since, term)?;
        tx.commit().await?;
        let held = Held { renewed_at: now, draining_since: draining_since.map(Timestamp) };
        let left = held.lapses_at(Timestamp(0), terms).since(now);
        let lapses_in_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        Ok(Lease { gateway: gateway.clone(), state: held.state(), lapses_in_ms, was_lapsed })
    }

    /// Ends a lease at once: whoever asks knows that the gateway is gone. False if it had lapsed before, or never was.
    pub async fn end_lease(&self, gateway: &GatewayId, clock: Timestamp) -> sqlx::Result<bool> {
        let mut tx = self.db.begin().await?;
        let now = marks::database_time(&mut tx).await?;
        let term: Option<(i64,)> = fetch_optional!(&mut tx, END, gateway.as_str(), now.0)?;
        if let Some((term,)) = term {
            tasks::add(&mut tx, &Task::EndGateway { gateway: gateway.clone(), term }, clock).await?;
        }
        tx.commit().await?;
        Ok(term.is_some())
    }

    /// One look at all leases, and one sign of life. Gateways that are gone leave a task that ends their sessions; how many.
    pub async fn check_leases(&self, terms: Terms, clock: Timestamp) -> sqlx::Result<usize> {
        let mut tx = self.db.begin().await?;
        let now = marks::database_time(&mut tx).await?;
        let since = Timestamp(marks::get(&mut tx, marks::ACCEPTING_SINCE).await?);
        let seen_at = Timestamp(marks::get(&mut tx, marks::ACCEPTING_AT).await?);
        let since = lease::accepting_since(since, seen_at, now, terms);
        marks::set(&mut tx, marks::ACCEPTING_SINCE, since.0).await?;
        marks::set(&mut tx, marks::ACCEPTING_AT, now.0).await?;
        let held: Vec<(String, i64, Option<i64>)> = fetch_all!(&mut tx, HELD)?;
        let mut lapsed = 0;
        for (id, renewed_at, draining_since) in held {
            let held =
                Held { renewed_at: Timestamp(renewed_at), draining_since: draining_since.map(Timestamp) };
            if held.lapses_at(since, terms) > now {
                continue;
            }
            let term: Option<(i64,)> = fetch_optional!(&mut tx, LAPSE, &id, now.0, renewed_at)?;
            if let (Some((term,)), Ok(gateway)) = (term, GatewayId::try_from(id)) {
                tasks::add(&mut tx, &Task::EndGateway { gateway, term }, clock).await?;
                lapsed += 1;
            }
        }
        execute!(&mut tx, FORGET, now.minus(REMEMBERED).0)?;
        tx.commit().await?;
        Ok(lapsed)
    }
}
