use api::{Problem, auth::Actor};
use http::{HeaderMap, header};
use kit::auth::Verifier;

/// A reader who may be put out while they read.
pub(crate) struct Watched {
    pub(crate) actor: Actor,
    /// Their own, unless a gateway asks for them.
    token: Option<String>,
}

impl Watched {
    pub(crate) fn new(caller: &kit::Caller, actor: Actor, headers: &HeaderMap) -> Self {
        let token = caller.claims.as_ref().and_then(|_| {
            let (_, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
            Some(token.trim().to_owned())
        });
        Self { actor, token }
    }

    /// Why they may read no more: their token has ended, or was revoked.
    pub(super) async fn put_out(&self, verifier: &Verifier) -> Option<Problem> {
        let outcome = match &self.token {
            Some(token) => verifier.verify(token).await.map(drop),
            None => verifier.check_actor(&self.actor),
        };
        // Keys that cannot be fetched just now are no refusal.
        let refusal = outcome.err().filter(|refusal| refusal.code() == api::ErrorCode::NotAuthenticated)?;
        Some(refusal.into_problem())
    }
}
