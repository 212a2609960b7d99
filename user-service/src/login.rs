//! How people show who they are.

use std::net::IpAddr;

use api::{
    AccountName, ErrorCode, Nick, Timestamp,
    auth::{Scopes, USERNAME},
    id::{SessionId, TokenId},
    users::{Credentials, MAX_REALNAME_BYTES, MAX_USERNAME_BYTES, OpenSession},
};
use kit::{Failure, Result, auth::Verified, rate};

use crate::{
    app::App,
    domain::secret::{self, Presented},
    store::{
        accounts::AccountRow,
        sessions::{Identity, Known, Opening, Proof},
    },
};

/// Reads a nick that somebody sent.
pub(crate) fn nick(text: &str, pointer: &str) -> Result<Nick> {
    Nick::try_from(text).map_err(|error| {
        Failure::new(ErrorCode::InvalidNick).detail(error.to_string()).field(pointer, error.to_string())
    })
}

/// `user` of `nick!user@host` as a gateway says it; what could not stand there is nobody's.
fn shown_username(said: Option<&str>) -> String {
    let is_fit = |c: char| c.is_ascii_graphic() && !matches!(c, '!' | '@' | '*' | '?' | ':');
    let fits = |name: &&str| (1..=MAX_USERNAME_BYTES).contains(&name.len()) && name.chars().all(is_fit);
    said.filter(fits).unwrap_or(USERNAME).to_owned()
}

/// Whether somebody can call themselves that.
pub(crate) fn is_realname(name: &str) -> bool {
    name.len() <= MAX_REALNAME_BYTES && !name.contains(['\0', '\r', '\n'])
}

impl App {
    /// The account of a name and password. A name that does not exist costs the same time as a wrong password.
    pub(crate) async fn login(&self, name: &str, password: &str, address: IpAddr) -> Result<AccountRow> {
        let name = AccountName::try_from(name).ok();
        let account_key = name.as_ref().map(AccountName::key);
        let address_key = kit::address::network(address).to_string();
        self.may_try(account_key.as_deref(), &address_key)?;
        let account = match &name {
            Some(name) => self.store.account(name).await?,
            None => None,
        };
        let hash = account.as_ref().map(|account| account.password.clone());
        let right = self.passwords.verify(password, hash).await?;
        let outcome = if right { "accepted" } else { "refused" };
        metrics::counter!("logins_total", "outcome" => outcome).increment(1);
        let Some(account) = account.filter(|_| right) else {
            let now = self.now();
            if let Some(key) = account_key {
                self.tries.accounts.lock().count(&key, now);
            }
            self.tries.addresses.lock().count(&address_key, now);
            return Err(ErrorCode::BadCredentials.into());
        };
        if account.user.suspended {
            return Err(ErrorCode::Suspended.into());
        }
        Ok(account)
    }

    fn may_try(&self, account: Option<&str>, address: &str) -> Result<()> {
        let now = self.now();
        let of_account = account.map_or(Ok(()), |key| self.tries.accounts.lock().check(key, now));
        let from_address = self.tries.addresses.lock().check(address, now);
        let waits = [of_account, from_address].into_iter().filter_map(Result::err);
        match waits.max() {
            Some(wait) => Err(Failure::new(ErrorCode::TooFast)
                .detail("too many failed logins, please wait")
                .retry_after(rate::seconds(wait))),
            None => Ok(()),
        }
    }

    /// Who wants a session: everything that can be found out before the transaction.
    pub(crate) async fn identify(&self, item: &OpenSession) -> Result<Opening> {
        let host = self.cloak(item.address);
        let address = Some(item.address);
        let identity = match &item.credentials {
            Credentials::Guest { nick: text } => {
                let nick = nick(text, "/credentials/nick")?;
                self.check_bans(address, &host, &nick, None)?;
                Identity::Guest(nick)
            }
            Credentials::Password { name, password } => {
                let account = self.login(name, password, item.address).await?;
                self.check_bans(address, &host, &account.user.nick, account.user.account())?;
                Identity::Known(Known {
                    scopes: secret::allowed(account.user.operator),
                    user: account.user.id.0,
                    proof: Proof::Password(account.password),
                    takes: None,
                })
            }
            Credentials::Token { token } => {
                let known = self.by_secret(token).await?;
                let user = self.store.user(&known.user).await?.ok_or(ErrorCode::BadCredentials)?;
                self.check_bans(address, &host, &user.nick, user.account())?;
                Identity::Known(known)
            }
        };
        Ok(Opening {
            id: item.id.clone(),
            gateway: item.gateway.clone(),
            address: item.address,
            host,
            identity,
            replaces: item.replaces.clone(),
            username: shown_username(item.username.as_deref()),
            realname: item.realname.clone().filter(|name| is_realname(name)),
            nick: item.nick.as_deref().and_then(|nick| Nick::try_from(nick).ok()),
        })
    }

    async fn by_secret(&self, token: &str) -> Result<Known> {
        match secret::kind(token) {
            Presented::Refresh => Err(Failure::new(ErrorCode::BadCredentials)
                .detail("a refresh token is only exchanged for an access token, at POST /v1/tokens")),
            Presented::Api(id) => self.by_api_token(&id, token).await,
            Presented::Session(id) => self.by_session_secret(id, token).await,
            Presented::Access => self.by_access_token(token).await,
        }
    }

    async fn by_api_token(&self, id: &TokenId, token: &str) -> Result<Known> {
        let found = self.store.api_token(id, token).await?.ok_or(ErrorCode::BadCredentials)?;
        self.store.api_token_used(id, self.now()).await?;
        Ok(Known {
            scopes: found.scopes(),
            user: found.user_id.0,
            proof: Proof::ApiToken(found.id.0),
            takes: None,
        })
    }

    async fn by_session_secret(&self, id: SessionId, token: &str) -> Result<Known> {
        if !secret::same(token, &secret::session_secret(&self.session_key, &id)) {
            return Err(ErrorCode::BadCredentials.into());
        }
        let session = self.store.session(&id).await?.ok_or(ErrorCode::SessionEnded)?;
        Ok(Known {
            scopes: session.scopes(),
            user: session.user_id.0,
            proof: Proof::SessionSecret,
            takes: Some(id),
        })
    }

    async fn by_access_token(&self, token: &str) -> Result<Known> {
        let verified = self.verifier.verify(token).await.map_err(|failure| match failure.code() {
            ErrorCode::NotAuthenticated => ErrorCode::BadCredentials.into(),
            _ => failure,
        })?;
        let Verified::Person(claims) = verified else { return Err(ErrorCode::BadCredentials.into()) };
        Ok(Known {
            user: claims.sub.clone(),
            scopes: claims.scope,
            proof: Proof::AccessToken { issued: Timestamp(claims.issued), grant: claims.grant().to_owned() },
            takes: claims.sid.clone(),
        })
    }

    /// The scopes of a login by password: all that the account may have, or those of them that were asked for.
    pub(crate) fn scopes_for(account: &AccountRow, wanted: Option<Scopes>) -> Result<Scopes> {
        let allowed = secret::allowed(account.user.operator);
        let wanted = wanted.unwrap_or(allowed);
        if wanted.within(allowed) {
            return Ok(wanted);
        }
        Err(Failure::new(ErrorCode::InsufficientScope).detail(format!("this account may have: {allowed}")))
    }
}
