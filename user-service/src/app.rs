//! What the handlers have in hand, and what several of them do alike.

use std::{net::IpAddr, ops::Deref, sync::Arc};

use api::{
    AccountName, ErrorCode, Nick, Person, Timestamp,
    auth::{ACCESS_TOKEN_SECONDS, AUDIENCE, AccessClaims, ISSUER, Scopes},
    bus::{Frame, Subject},
    event::{UserChange, UserEvent},
    id::SessionId,
};
use arc_swap::ArcSwap;
use kit::{
    Clock, Failure, Result,
    auth::Verifier,
    bus::Bus,
    rate::{self, Tries},
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    config::Config,
    domain::{
        bans::{Newcomer, Target},
        cloak,
    },
    keyring::Keyring,
    passwords::Passwords,
    store::{Store, revocations::Ended, users::UserRow},
    work::Neighbours,
};

#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) bus: Bus,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) keyring: Arc<ArcSwap<Keyring>>,
    /// Network bans in force, as of the last look.
    pub(crate) bans: ArcSwap<Vec<Target>>,
    pub(crate) tries: Tried,
    pub(crate) cloak_key: Vec<u8>,
    pub(crate) session_key: Vec<u8>,
    /// Makes what strangers to SCRAM are shown instead of keys.
    pub(crate) scram_key: Vec<u8>,
    /// One look at what replicas agree on at a time: an older one must not undo a newer one.
    pub(crate) looking: tokio::sync::Mutex<()>,
    /// There is something new to do.
    pub(crate) work: Notify,
    pub(crate) neighbours: Neighbours,
}

/// What was tried lately, by this process: replicas count for themselves.
pub(crate) struct Tried {
    pub(crate) accounts: Mutex<Tries>,
    pub(crate) addresses: Mutex<Tries>,
    pub(crate) newcomers: Mutex<Tries>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl From<Parts> for App {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Parts {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Tells everybody what was committed. No `await` may stand between the commit and this: a handler can be dropped there.
    pub(crate) fn announce(&self, events: &[UserEvent], origin: Option<&str>) {
        if events.is_empty() {
            return;
        }
        // Ends, suspensions and erasures leave tasks.
        self.work.notify_one();
        let mut shards: Vec<(Subject, Vec<&UserEvent>)> = Vec::new();
        for event in events {
            match event.change {
                UserChange::Revoked { before } => self.verifier.revoke(event.user.clone(), Timestamp(before)),
                UserChange::NickChanged { .. } => self.verifier.rename(Person {
                    id: event.user.clone(),
                    nick: event.nick.clone(),
                    user_version: event.version,
                }),
                UserChange::SessionOpened { .. } => metrics::counter!("sessions_opened_total").increment(1),
                UserChange::SessionEnded { .. } => metrics::counter!("sessions_ended_total").increment(1),
                _ => {}
            }
            let subject = Subject::user(&event.user);
            match shards.iter_mut().find(|(known, _)| *known == subject) {
                Some((_, events)) => events.push(event),
                None => shards.push((subject, vec![event])),
            }
        }
        for (subject, events) in shards {
            let payload = match events.as_slice() {
                [event] => serde_json::to_vec(event),
                events => serde_json::to_vec(events),
            };
            let payload = payload.expect("events are JSON");
            self.bus.publish(Frame { subject, origin: origin.map(str::to_owned), payload });
        }
    }

    /// Tells everybody what a revocation ended; here it holds at once. No `await` may stand between the commit and this.
    pub(crate) fn ended(&self, ended: Ended) {
        let now = self.now();
        ended.grants.into_iter().for_each(|grant| self.verifier.revoke_grant(grant, now));
        self.announce(&ended.told, None);
        self.work.notify_one();
    }

    pub(crate) fn cloak(&self, address: IpAddr) -> String {
        cloak::cloak(&self.cloak_key, address)
    }

    /// Refuses those whom a network ban is about.
    pub(crate) fn check_bans(
        &self,
        address: Option<IpAddr>,
        host: &str,
        nick: &Nick,
        account: Option<&AccountName>,
    ) -> Result<()> {
        let who = Newcomer { address, nick, host, account };
        if self.bans.load().iter().any(|ban| ban.matches(who)) {
            return Err(ErrorCode::NetworkBanned.into());
        }
        Ok(())
    }

    /// Counts somebody new from an address; 429 if too many have come from there.
    pub(crate) fn count_newcomer(&self, address: IpAddr) -> Result<()> {
        let key = kit::address::network(address).to_string();
        let taken = self.tries.newcomers.lock().take(&key, self.now());
        taken.map_err(|wait| Failure::new(ErrorCode::TooFast).retry_after(rate::seconds(wait)))
    }

    /// An access token.
    pub(crate) fn access_token(
        &self,
        user: &UserRow,
        scopes: Scopes,
        id: String,
        session: Option<&SessionId>,
        host: String,
        now: Timestamp,
    ) -> Result<String> {
        // It was checked after the last revocation, so it is issued after it.
        let now = now.max(Timestamp(user.valid_from));
        let seconds = u64::try_from(now.as_micros() / 1_000_000).unwrap_or(0);
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.id.0.clone(),
            iat: seconds,
            exp: seconds + ACCESS_TOKEN_SECONDS,
            issued: now.as_micros(),
            jti: id,
            scope: scopes,
            nick: user.nick.as_str().to_owned(),
            user_version: user.version.cast_unsigned(),
            account: user.account().cloned(),
            sid: session.cloned(),
            host,
        };
        self.keyring.load().sign(&claims, now)
    }
}
