//! What tokens say and is so no more: revoked people and old names. A small list polled from its owner, kept as long as a token issued
//! before could live.

use std::{collections::HashMap, time::Duration};

use api::{
    Person, Timestamp,
    auth::{ACCESS_TOKEN_SECONDS, AccessClaims},
    id::UserId,
    users::Revocations,
};
use parking_lot::RwLock;
use url::Url;

use super::Signer;

/// Promised: refused everywhere within 5 s.
pub(super) const POLL: Duration = Duration::from_secs(2);
/// The longest-lived token, and some more for clocks that differ.
const KEEP: Duration = Duration::from_secs(ACCESS_TOKEN_SECONDS + 60);

#[derive(Default)]
pub(super) struct Revoked {
    before: RwLock<HashMap<UserId, i64>>,
    grants: RwLock<HashMap<String, i64>>,
    /// People as they are called by now, and when that was learnt: one for each who changed it lately.
    renamed: RwLock<HashMap<UserId, (Person, Timestamp)>>,
}

impl Revoked {
    pub(super) fn add(&self, user: UserId, before: Timestamp) {
        let mut all = self.before.write();
        let entry = all.entry(user).or_insert(before.0);
        *entry = before.0.max(*entry);
    }

    pub(super) fn add_grant(&self, grant: String, before: Timestamp) {
        self.grants.write().insert(grant, before.0);
    }

    /// Whether a token is refused, alone or with all that came of its grant.
    pub(super) fn refuses_token(&self, claims: &AccessClaims) -> bool {
        let grants = self.grants.read();
        grants.contains_key(claims.grant()) || grants.contains_key(&claims.jti)
    }

    /// Whether what was issued to `user` at `issued` is refused.
    pub(super) fn refuses(&self, user: &UserId, issued: i64) -> bool {
        self.before.read().get(user).is_some_and(|before| issued < *before)
    }

    pub(super) fn add_renamed(&self, person: Person, now: Timestamp) {
        let mut all = self.renamed.write();
        let (known, at) = all.entry(person.id.clone()).or_insert_with(|| (person.clone(), now));
        if known.user_version <= person.user_version {
            (*known, *at) = (person, now);
        }
    }

    /// Calls somebody by the newest name that is known: what their token says may be somebody else's by now.
    pub(super) fn correct(&self, person: &mut Person) {
        if let Some((newest, _)) = self.renamed.read().get(&person.id)
            && newest.user_version > person.user_version
        {
            person.clone_from(newest);
        }
    }

    pub(super) fn forget_old(&self, now: Timestamp) {
        self.before.write().retain(|_, before| now.since(Timestamp(*before)) < KEEP);
        self.grants.write().retain(|_, before| now.since(Timestamp(*before)) < KEEP);
        self.renamed.write().retain(|_, (_, at)| now.since(*at) < KEEP);
    }
}

/// Where a reader stands in the owner's list.
pub(super) struct Follower {
    pub(super) base: Url,
    pub(super) http: reqwest::Client,
    pub(super) signer: Signer,
    pub(super) cursor: u64,
}

impl Follower {
    /// What came since the last time.
    pub(super) async fn next(&mut self) -> anyhow::Result<Revocations> {
        let mut url = self.base.join("v1/revocations")?;
        url.query_pairs_mut().append_pair("after", &self.cursor.to_string());
        let request = self.http.get(url).header(http::header::AUTHORIZATION, self.signer.bearer());
        let page: Revocations = request.timeout(POLL).send().await?.error_for_status()?.json().await?;
        // A restored database counts from lower on: start over rather than wait for it to catch up.
        self.cursor = if page.cursor < self.cursor { 0 } else { page.cursor };
        Ok(page)
    }
}
