//! How people show who they are.

use std::net::IpAddr;

use api::{
    AccountName, ErrorCode, Nick, Timestamp,
    auth::{Scopes, USERNAME},
    id::{SessionId, TokenId},
    users::{
        Credentials, Fingerprint, MAX_REALNAME_BYTES, MAX_USERNAME_BYTES, OpenSession, ScramProof,
        ScramSignature, ScramTerms,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Failure, Result, auth::Verified, rate};

use crate::{
    app::App,
    domain::{
        scram::Keys,
        secret::{self, Presented},
    },
    store::{
        accounts::AccountRow,
        sessions::{Identity, Known, Opening, Proof},
        users::UserRow,
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

/// Whether a session can be an account's that says that it is to be one's.
fn may_be(account: Option<&AccountName>, authzid: Option<&str>) -> Result<()> {
    let fits = match (account, authzid) {
        (_, None) | (Some(_), Some("")) => true,
        (Some(account), Some(authzid)) => AccountName::try_from(authzid).is_ok_and(|named| named == *account),
        (None, Some(_)) => false,
    };
    if fits { Ok(()) } else { Err(ErrorCode::BadCredentials.into()) }
}

/// Somebody who knows the password.
fn by_password(account: AccountRow) -> Known {
    Known {
        scopes: secret::allowed(account.user.operator),
        user: account.user.id.0,
        proof: Proof::Password(account.password),
        takes: None,
    }
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
        let account = self.judged(account.filter(|_| right), account_key.as_deref(), &address_key)?;
        if account.scram.is_none()
            && let Some(scram) = self.passwords.scram(password).await?
        {
            self.store.set_scram(&account.user.id, &account.password, &scram).await?;
        }
        Ok(account)
    }

    /// What a client needs to show that it knows the password of a name. A name that does not exist has such a thing, too.
    pub(crate) async fn begin_scram(&self, name: &str, address: IpAddr) -> Result<ScramTerms> {
        let (keys, _) = self.scram_keys(name, address).await?;
        Ok(ScramTerms { salt: BASE64_STANDARD.encode(keys.salt()), iterations: keys.iterations() })
    }

    /// The account of a name whose password somebody has shown to know, and what shows them that it is known here.
    pub(crate) async fn login_by_scram(
        &self,
        shown: &ScramProof,
        address: IpAddr,
    ) -> Result<(AccountRow, ScramSignature)> {
        let (keys, account) = self.scram_keys(&shown.name, address).await?;
        let proof = BASE64_STANDARD.decode(&shown.proof).unwrap_or_default();
        let signature = keys.verify(&shown.auth_message, &proof);
        let account_key = AccountName::try_from(&*shown.name).ok().map(|name| name.key());
        let address_key = kit::address::network(address).to_string();
        let account = account.filter(|_| signature.is_some());
        let account = self.judged(account, account_key.as_deref(), &address_key)?;
        let signature = BASE64_STANDARD.encode(signature.unwrap_or_default());
        Ok((account, ScramSignature { signature }))
    }

    /// The keys of a name, and its account; those of nobody where there is none, or none that is known to SCRAM yet.
    async fn scram_keys(&self, name: &str, address: IpAddr) -> Result<(Keys, Option<AccountRow>)> {
        let known = AccountName::try_from(name).ok();
        let key = known.as_ref().map(AccountName::key);
        self.may_try(key.as_deref(), &kit::address::network(address).to_string())?;
        let account = match &known {
            Some(name) => self.store.account(name).await?,
            None => None,
        };
        let keys = account.as_ref().and_then(|account| account.scram.as_ref()?.parse().ok());
        let decoy = || Keys::decoy(&self.scram_key, key.as_deref().unwrap_or(name));
        Ok(match keys {
            Some(keys) => (keys, account),
            None => (decoy(), None),
        })
    }

    /// Counts a login: an account, if what was shown is right.
    fn judged(
        &self,
        account: Option<AccountRow>,
        account_key: Option<&str>,
        address_key: &str,
    ) -> Result<AccountRow> {
        let outcome = if account.is_some() { "accepted" } else { "refused" };
        metrics::counter!("logins_total", "outcome" => outcome).increment(1);
        let Some(account) = account else {
            let now = self.now();
            if let Some(key) = account_key {
                self.tries.accounts.lock().count(key, now);
            }
            self.tries.addresses.lock().count(address_key, now);
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
                Identity::Known(by_password(account))
            }
            Credentials::Scram(proof) => {
                let (account, _) = self.login_by_scram(proof, item.address).await?;
                self.check_bans(address, &host, &account.user.nick, account.user.account())?;
                Identity::Known(by_password(account))
            }
            Credentials::Token { token } => {
                let known = self.by_secret(token).await?;
                let user = self.store.user(&known.user).await?.ok_or(ErrorCode::BadCredentials)?;
                self.check_bans(address, &host, &user.nick, user.account())?;
                may_be(user.account(), item.authzid.as_deref())?;
                Identity::Known(known)
            }
            Credentials::Certificate { fingerprint } => {
                let user = self.certified(fingerprint, item).await?;
                self.check_bans(address, &host, &user.nick, user.account())?;
                Identity::Known(Known {
                    // Never an operator's: to operate takes the password.
                    scopes: secret::allowed(false),
                    user: user.id.0,
                    proof: Proof::Certificate(fingerprint.clone()),
                    takes: None,
                })
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

    /// Whoever shows a certificate is the account that they name, if it has it, or the only one that does. Clients seldom name one: of
    /// several it is the one whose name they want to go by, so that nobody is kept out by somebody who adds the same.
    async fn certified(&self, fingerprint: &Fingerprint, item: &OpenSession) -> Result<UserRow> {
        let named = item.authzid.as_deref().filter(|name| !name.is_empty());
        if let Some(name) = named {
            return self.holder(fingerprint, name).await;
        }
        match &self.store.certificate_holders(fingerprint, None).await?[..] {
            [only] => Ok(self.store.user(only).await?.ok_or(ErrorCode::BadCredentials)?),
            [] => Err(ErrorCode::BadCredentials.into()),
            _ => {
                let several = "several accounts have that certificate: name yours";
                let called = item.nick.as_deref().unwrap_or_default();
                let holder = self.holder(fingerprint, called).await;
                holder.map_err(|_| Failure::new(ErrorCode::BadCredentials).detail(several))
            }
        }
    }

    /// The account of that name, if it has the certificate.
    async fn holder(&self, fingerprint: &Fingerprint, name: &str) -> Result<UserRow> {
        let name = AccountName::try_from(name).map_err(|_| ErrorCode::BadCredentials)?;
        let account = self.store.account(&name).await?.ok_or(ErrorCode::BadCredentials)?;
        let holders = self.store.certificate_holders(fingerprint, Some(&account.user.id.0)).await?;
        if holders.is_empty() { Err(ErrorCode::BadCredentials.into()) } else { Ok(account.user) }
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
