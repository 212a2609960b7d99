//! How sessions open: many in one transaction, each with its own result.

use std::{collections::HashMap, time::Duration};

use api::{
    ErrorCode, Nick, Timestamp,
    auth::{Scopes, USERNAME},
    event::{UserChange, UserEvent},
    id::{GatewayId, SessionId, UserId},
};
use kit::{Failure, Result, db::Tx};

use super::{
    How, Identity, Known, OpenTerms, Opened, Opening, Proof, SessionRow, end_locked, live_of, opening::Origin,
};
use crate::{
    domain::secret,
    store::{
        Store, accounts, api_tokens, certificates, events, execute, fetch_optional, leases, names, renames,
        revocations,
        users::{self, UserRow},
    },
};

const INSERT: &str = "insert into sessions (id, user_id, gateway, host, address, scopes, api_token, grant_id, term, \
    opened_at, missed_since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing";
const COUNT_OF: &str = "select count(*) from sessions where user_id = $1 and ended_at is null";
const LINK: &str = "insert into earlier_selves (user_id, guest_id) values ($1, $2) on conflict do nothing";

const TAKEN_OVER: &str = "taken over by another connection";

impl Store {
    /// Opens sessions. All that are possible are committed together; the results are in the order of the items.
    pub async fn open_sessions(
        &self,
        items: Vec<Opening>,
        terms: OpenTerms,
        now: Timestamp,
    ) -> Result<(Vec<Result<Opened>>, Vec<UserEvent>)> {
        let mut story =
            Story { tx: self.db.begin().await?, now, terms, told: Vec::new(), gateways: HashMap::new() };
        let mut results: Vec<Option<Result<Opened>>> = items.iter().map(|_| None).collect();
        // In one order for all batches, so that two of them never wait for each other.
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by_cached_key(|&at| match &items[at].identity {
            Identity::Guest(nick) => (1, nick.skeleton()),
            Identity::Known(known) => (0, known.user.as_str().to_owned()),
        });
        for at in order {
            results[at] = Some(match story.open(&items[at]).await {
                Err(Stop::Refused(refusal)) => Err(refusal),
                Err(Stop::Broken(failure)) => return Err(failure),
                Ok(opened) => Ok(opened),
            });
        }
        story.tx.commit().await?;
        let all = results.into_iter().map(|result| result.unwrap_or_else(|| Err(ErrorCode::Internal.into())));
        Ok((all.collect(), story.told))
    }
}

/// What keeps one item from opening, or everything from being committed.
enum Stop {
    Refused(Failure),
    Broken(Failure),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl From<ErrorCode> for Stop {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code.into())
    }
}

struct Story {
    tx: Tx,
    now: Timestamp,
    terms: OpenTerms,
    told: Vec<UserEvent>,
    /// The terms of the gateways that were asked for.
    gateways: HashMap<GatewayId, Option<i64>>,
}

impl Story {
    /// Refuses before it changes anything: what it has done of an item stays.
    async fn open(&mut self, item: &Opening) -> Result<Opened, Stop> {
        if let Some(session) = super::by_id(&mut self.tx, &item.id).await? {
            return self.again(item, session).await;
        }
        let Some(term) = self.term(&item.gateway).await? else {
            return Err(
                Failure::unavailable("the gateway's lease has lapsed: it renews it and tries again").into()
            );
        };
        match &item.identity {
            Identity::Guest(nick) => self.open_guest(item, nick, term).await,
            Identity::Known(known) => self.open_known(item, known, term).await,
        }
    }

    /// The same request once more: the answer was lost.
    async fn again(&mut self, item: &Opening, session: SessionRow) -> Result<Opened, Stop> {
        if !session.is_live() || session.gateway.0 != item.gateway {
            return Err(ErrorCode::SessionEnded.into());
        }
        let user = users::lock(&mut self.tx, &session.user_id).await?.ok_or(ErrorCode::SessionEnded)?;
        Ok(Opened {
            session: item.id.clone(),
            user: user.view(),
            scopes: session.scopes(),
            opened_at: Timestamp(session.opened_at),
            replaced: None,
            always_on: user.always_on,
            missed_since: session.missed_since.map(Timestamp),
        })
    }

    async fn term(&mut self, gateway: &GatewayId) -> sqlx::Result<Option<i64>> {
        if let Some(term) = self.gateways.get(gateway) {
            return Ok(*term);
        }
        let term = leases::current_term(&mut self.tx, gateway).await?;
        self.gateways.insert(gateway.clone(), term);
        Ok(term)
    }

    async fn open_guest(&mut self, item: &Opening, nick: &Nick, term: i64) -> Result<Opened, Stop> {
        let replaced = self.replaced_by(item).await?;
        let before = replaced.as_ref().map(|session| &session.user_id.0);
        let mut user =
            UserRow::guest(UserId::random(&mut rand::rng()), nick.clone(), item.host.clone(), self.now);
        user.username.clone_from(&item.username);
        user.realname.clone_from(&item.realname);
        if !names::wear(&mut self.tx, &nick.skeleton(), &user.id, before).await? {
            return Err(ErrorCode::NickInUse.into());
        }
        users::insert(&mut self.tx, &user).await?;
        let scopes = secret::allowed(false);
        let times = Times { term, opened_at: self.now, missed_since: None };
        self.insert(item, &user, scopes, Origin::default(), &times).await?;
        let change = opens(item, None);
        self.told.push(events::record(&mut self.tx, &user, self.now, Some(&item.id), change).await?);
        if let Some(session) = replaced {
            self.replace(&user, session).await?;
        }
        Ok(opened(item, &user, scopes, &times, None))
    }

    async fn open_known(&mut self, item: &Opening, known: &Known, term: i64) -> Result<Opened, Stop> {
        let mut user = users::lock(&mut self.tx, &known.user).await?.ok_or(ErrorCode::BadCredentials)?;
        let taken = match &known.takes {
            Some(id) => {
                super::by_id(&mut self.tx, id).await?.filter(|session| session.user_id.0 == known.user)
            }
            None => None,
        };
        self.check(&user, known, taken.as_ref()).await?;
        let replaced = self.replaced_by(item).await?;
        let scopes = secret::within(known.scopes, secret::allowed(user.operator));
        if user.freed_at.is_some() {
            if !names::wear(&mut self.tx, &user.nick.skeleton(), &user.id, None).await? {
                return Err(ErrorCode::NickInUse.into());
            }
            user.freed_at = None;
        }
        let came_of = Origin::of(&mut self.tx, known, taken.as_ref()).await?;
        // What was revoked while this waited for its turn does not concern it: it was checked after.
        let opened_at = self.now.max(Timestamp(user.valid_from));
        let times = Times { term, opened_at, missed_since: user.left_at };
        self.insert(item, &user, scopes, came_of, &times).await?;
        let former = replaced.as_ref().map(|session| &session.user_id.0).filter(|id| **id != user.id.0);
        let giver = match former {
            Some(former) if self.is_last_of(former).await? => Some(former),
            _ => None,
        };
        self.take_nick(item, &mut user, giver).await?;
        user.left_at = None;
        user.since.get_or_insert(self.now.0);
        user.host.clone_from(&item.host);
        user.username.clone_from(&item.username);
        if item.realname.is_some() {
            user.realname.clone_from(&item.realname);
        }
        let change = opens(item, former);
        self.told.push(events::append(&mut self.tx, &mut user, self.now, Some(&item.id), change).await?);
        // Who comes back is not away.
        if times.missed_since.is_some() && user.away.take().is_some() {
            let change = UserChange::Away { text: None };
            self.told.push(events::append(&mut self.tx, &mut user, self.now, Some(&item.id), change).await?);
        }

        let taken = taken.filter(SessionRow::is_live);
        let replaced_id = taken.as_ref().map(|session| session.id.0.clone());
        let own = replaced.iter().filter(|session| session.user_id.0 == user.id.0).cloned();
        let own: Vec<SessionRow> = taken.into_iter().chain(own).collect();
        let (reason, grace) = (|_: &SessionId| TAKEN_OVER.to_owned(), self.terms.takeover);
        let told = end_locked(&mut self.tx, &mut user, &own, How::Replaced, &reason, self.now, grace).await?;
        self.told.extend(told);
        users::save(&mut self.tx, &user).await?;
        if let Some(session) = replaced.filter(|session| session.user_id.0 != user.id.0) {
            self.replace(&user, session).await?;
        }
        Ok(opened(item, &user, scopes, &times, replaced_id))
    }

    /// Somebody who comes in as an account wears the nick that they ask for, and takes it along from the guest whom they were; unless
    /// another connection of theirs is here, as all of them have the same, or the nick is somebody else's. `giver`: whoever they were
    /// until now, and are nowhere else.
    async fn take_nick(
        &mut self,
        item: &Opening,
        user: &mut UserRow,
        giver: Option<&UserId>,
    ) -> sqlx::Result<()> {
        let is_alone = user.since.is_none() || user.left_at.is_some();
        let Some(nick) = item.nick.as_ref().filter(|nick| is_alone && **nick != user.nick.0) else {
            return Ok(());
        };
        let skeleton = nick.skeleton();
        if !names::wear(&mut self.tx, &skeleton, &user.id, giver).await? {
            return Ok(());
        }
        names::take_off(&mut self.tx, &user.id, &skeleton).await?;
        let old = std::mem::replace(&mut user.nick.0, nick.clone());
        let change = UserChange::NickChanged { old };
        self.told.push(events::append(&mut self.tx, user, self.now, Some(&item.id), change).await?);
        renames::note(&mut self.tx, &user.id, self.now).await
    }

    /// Whether somebody is connected once only.
    async fn is_last_of(&mut self, user: &UserId) -> sqlx::Result<bool> {
        Ok(live_of(&mut self.tx, user).await?.len() == 1)
    }

    /// Whether what was shown still holds, now that nobody can change it.
    async fn check(&mut self, user: &UserRow, known: &Known, taken: Option<&SessionRow>) -> Result<(), Stop> {
        if user.suspended {
            return Err(ErrorCode::Suspended.into());
        }
        let holds = match &known.proof {
            Proof::Password(hash) => accounts::password_is(&mut self.tx, &user.id, hash).await?,
            Proof::Certificate(fingerprint) => {
                certificates::grant_of(&mut self.tx, &user.id, fingerprint).await?.is_some()
            }
            Proof::ApiToken(id) => api_tokens::api_token_exists(&mut self.tx, &user.id, id).await?,
            Proof::AccessToken { issued, grant } => {
                issued.0 >= user.valid_from && !revocations::is_revoked(&mut self.tx, grant).await?
            }
            Proof::SessionSecret => {
                let valid =
                    |session: &SessionRow| session.can_be_taken() && session.opened_at >= user.valid_from;
                if !taken.is_some_and(valid) {
                    return Err(ErrorCode::SessionEnded.into());
                }
                true
            }
        };
        if !holds {
            return Err(ErrorCode::BadCredentials.into());
        }
        let (open,): (i64,) =
            fetch_optional!(&mut self.tx, COUNT_OF, user.id.as_str())?.ok_or(sqlx::Error::RowNotFound)?;
        let gives_up = i64::from(taken.is_some_and(SessionRow::is_live));
        if open - gives_up >= i64::from(self.terms.sessions_of_user) {
            let most = self.terms.sessions_of_user;
            return Err(Failure::new(ErrorCode::ListFull)
                .detail(format!("there are {most} sessions open already"))
                .into());
        }
        Ok(())
    }

    async fn replaced_by(&mut self, item: &Opening) -> sqlx::Result<Option<SessionRow>> {
        let Some(id) = &item.replaces else { return Ok(None) };
        let session = super::by_id(&mut self.tx, id).await?;
        Ok(session.filter(|session| session.is_live() && session.gateway.0 == item.gateway))
    }

    /// Ends the session of somebody else: of the guest or the account that they were until now.
    async fn replace(&mut self, by: &UserRow, session: SessionRow) -> sqlx::Result<()> {
        let Some(mut before) = users::lock(&mut self.tx, &session.user_id).await? else { return Ok(()) };
        if let Some(own) = before.account().filter(|_| before.nick.skeleton() == by.nick.skeleton()).cloned()
        {
            // The nick has gone along with the connection; what their account is called is always theirs.
            let old = std::mem::replace(&mut before.nick.0, own.into());
            let change = UserChange::NickChanged { old };
            self.told.push(events::append(&mut self.tx, &mut before, self.now, None, change).await?);
            renames::note(&mut self.tx, &before.id, self.now).await?;
        }
        let (now, silent) = (self.now, |_: &SessionId| String::new());
        let told =
            end_locked(&mut self.tx, &mut before, &[session], How::Replaced, &silent, now, Duration::ZERO)
                .await?;
        self.told.extend(told);
        users::save(&mut self.tx, &before).await?;
        if before.is_guest() && !by.is_guest() {
            execute!(&mut self.tx, LINK, by.id.as_str(), before.id.as_str())?;
        }
        Ok(())
    }

    async fn insert(
        &mut self,
        item: &Opening,
        user: &UserRow,
        scopes: Scopes,
        came_of: Origin,
        times: &Times,
    ) -> Result<(), Stop> {
        let inserted = execute!(
            &mut self.tx,
            INSERT,
            item.id.as_str(),
            user.id.as_str(),
            item.gateway.as_str(),
            &item.host,
            item.address.to_string(),
            scopes.to_string(),
            came_of.api_token,
            came_of.grant,
            times.term,
            times.opened_at.0,
            times.missed_since,
        )?;
        if inserted == 1 {
            return Ok(());
        }
        // The same request is being carried out by another replica; nothing of this batch must stay.
        Err(Stop::Broken(Failure::unavailable("the same session is being opened already")))
    }
}

fn opens(item: &Opening, former: Option<&UserId>) -> UserChange {
    UserChange::SessionOpened {
        opened: item.id.clone(),
        gateway: item.gateway.clone(),
        former: former.cloned(),
        username: Some(item.username.clone()).filter(|name| name != USERNAME),
        host: Some(item.host.clone()),
    }
}

/// When a session is open.
struct Times {
    /// Its gateway's.
    term: i64,
    opened_at: Timestamp,
    /// See [`UserRow::left_at`].
    missed_since: Option<i64>,
}

fn opened(
    item: &Opening,
    user: &UserRow,
    scopes: Scopes,
    times: &Times,
    replaced: Option<SessionId>,
) -> Opened {
    Opened {
        session: item.id.clone(),
        user: user.view(),
        scopes,
        opened_at: times.opened_at,
        replaced,
        always_on: user.always_on,
        missed_since: times.missed_since.map(Timestamp),
    }
}
