use std::{sync::Arc, time::Duration};

use api::{
    ErrorCode, Person, Timestamp,
    auth::{AUDIENCE, AccessClaims, Actor, ISSUER, SERVICE_AUDIENCE, ServiceClaims, ServiceName},
    id::UserId,
    users::MAX_REVOCATIONS,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use moka::sync::Cache;
use serde::de::DeserializeOwned;

use super::{
    KeySource, Signer,
    jwks::KeyRing,
    revocation::{Follower, POLL, Revoked},
};
use crate::{clock::Clock, problem::Failure, secrets::Keys, service::Tasks};

/// Tokens remembered as verified: some 1 KiB each, and an Ed25519 check saved for each request that brings one again.
const CACHED_TOKENS: u64 = 20_000;
/// How long: expiry and revocation are checked each time anyway.
const CACHED_FOR: Duration = Duration::from_secs(60);
/// What clocks of two machines may differ.
const LEEWAY_SECONDS: u64 = 5;

/// Who a valid token speaks for.
#[derive(Debug, Clone)]
pub enum Verified {
    Person(Arc<AccessClaims>),
    Service(ServiceName, u64),
}

/// Verifies tokens offline.
pub struct Verifier {
    keys: Arc<Keys>,
    clock: Clock,
    ring: KeyRing,
    revoked: Revoked,
    verified: Cache<String, Verified>,
}

impl Verifier {
    /// Ready to verify; with remote keys it polls for revocations while `tasks` run.
    pub fn new(
        keys: Arc<Keys>,
        clock: Clock,
        source: KeySource,
        signer: Signer,
        http: reqwest::Client,
        tasks: &Tasks,
    ) -> Arc<Self> {
        let verifier = Arc::new(Self {
            keys,
            clock,
            ring: KeyRing::new(source.clone(), http.clone()),
            revoked: Revoked::default(),
            verified: Cache::builder().max_capacity(CACHED_TOKENS).time_to_live(CACHED_FOR).build(),
        });
        if let KeySource::Remote(base) = source {
            let follower = Follower { base, http, signer, cursor: 0 };
            tasks.spawn("revocations", verifier.clone().follow_revocations(follower));
        }
        verifier
    }

    /// Refuses what was issued to `user` before that moment, from now on.
    pub fn revoke(&self, user: UserId, before: Timestamp) {
        self.revoked.add(user, before);
        self.revoked.forget_old(self.clock.now());
    }

    /// Refuses what came of one grant, or the one token of a whole `jti`, from now on.
    pub fn revoke_grant(&self, grant: impl Into<String>, at: Timestamp) {
        self.revoked.add_grant(grant.into(), at);
    }

    /// Calls somebody by this name from now on, whatever tokens issued earlier say.
    pub fn rename(&self, person: Person) {
        self.revoked.add_renamed(person, self.clock.now());
    }

    /// The person whom a verified token stands for, by the newest name that is known.
    pub fn actor(&self, claims: &AccessClaims) -> Result<Actor, Failure> {
        let mut actor = claims
            .actor()
            .map_err(|error| Failure::internal(anyhow::anyhow!("a token of ours names nobody: {error}")))?;
        self.revoked.correct(&mut actor.person);
        Ok(actor)
    }

    /// Refuses an actor whose session or token was revoked, or goes with a person who was.
    pub fn check_actor(&self, actor: &Actor) -> Result<(), Failure> {
        if self.revoked.refuses(actor.id(), actor.since) { Err(revoked()) } else { Ok(()) }
    }

    /// Who `token` speaks for.
    pub async fn verify(&self, token: &str) -> Result<Verified, Failure> {
        let verified = match self.verified.get(token) {
            Some(verified) => verified,
            None => {
                let verified = self.check(token).await?;
                self.verified.insert(token.to_owned(), verified.clone());
                verified
            }
        };
        let now = u64::try_from(self.clock.now().as_micros() / 1_000_000).unwrap_or(0);
        let expires = match &verified {
            Verified::Person(claims) => claims.exp,
            Verified::Service(_, expires) => expires + LEEWAY_SECONDS,
        };
        if now >= expires {
            return Err(not_valid("the token has expired"));
        }
        if let Verified::Person(claims) = &verified
            && (self.revoked.refuses(&claims.sub, claims.issued) || self.revoked.refuses_token(claims))
        {
            return Err(revoked());
        }
        Ok(verified)
    }

    async fn check(&self, token: &str) -> Result<Verified, Failure> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| not_valid("this is no token"))?;
        let kid = header.kid.unwrap_or_default();
        if let Ok(name) = kid.parse::<ServiceName>() {
            let key = self.keys.public(name).ok_or_else(|| not_valid("the token's key is not known"))?;
            let claims: ServiceClaims = decode(token, key, name.as_str(), SERVICE_AUDIENCE)?;
            return Ok(Verified::Service(name, claims.exp));
        }
        let key = self.ring.get(&kid).await?.ok_or_else(|| not_valid("the token's key is not known"))?;
        let claims: AccessClaims = decode(token, &key, ISSUER, AUDIENCE)?;
        Ok(Verified::Person(Arc::new(claims)))
    }

    async fn follow_revocations(self: Arc<Self>, mut follower: Follower) {
        loop {
            match follower.next().await {
                Ok(page) => {
                    let is_full = page.items.len().max(page.renamed.len()) >= MAX_REVOCATIONS;
                    for item in page.items {
                        match item.grant {
                            Some(grant) => self.revoked.add_grant(grant, Timestamp(item.before)),
                            None => self.revoked.add(item.user, Timestamp(item.before)),
                        }
                    }
                    page.renamed.into_iter().for_each(|person| self.rename(person));
                    self.revoked.forget_old(self.clock.now());
                    if is_full {
                        continue;
                    }
                }
                Err(error) => {
                    tracing::debug!(
                        cause = format!("{error:#}"),
                        "could not ask for revocations, will again"
                    );
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Algorithm, issuer and audience are pinned; expiry is checked by the caller with our own clock.
fn decode<T: DeserializeOwned + Clone>(
    token: &str,
    key: &DecodingKey,
    issuer: &str,
    audience: &str,
) -> Result<T, Failure> {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[audience]);
    rules.set_required_spec_claims(&["exp", "iss", "aud"]);
    rules.validate_exp = false;
    jsonwebtoken::decode::<T>(token, key, &rules)
        .map(|data| data.claims)
        .map_err(|_| not_valid("the token is not valid here"))
}

fn not_valid(detail: &str) -> Failure {
    Failure::new(ErrorCode::NotAuthenticated).detail(detail)
}

fn revoked() -> Failure {
    not_valid("the token was revoked: log in again")
}
