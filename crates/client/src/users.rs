//! user-service, as the gateway and the other services ask it.

use api::{
    HeadsReply, HeadsRequest, Item, Nick, Page,
    auth::{Actor, CLIENT_ADDRESS},
    event::UserEvent,
    id::{GatewayId, NetworkBanId, SessionId, UserId},
    metadata::{MetadataKey, MetadataLookup, Metadatum, MetadatumOf, SetMetadatum},
    page::{Batch, MAX_LIMIT},
    users::{
        Account, Certificate, ChangePassword, EndSession, Fingerprint, FormerNick, Lease, Lookup, NetworkBan,
        NewCertificate, NewNetworkBan, OpenSession, OpenedSession, Operate, PatchAccount, PatchUser,
        RegisterAccount, RenewLease, Revocations, ScramBegin, ScramProof, ScramSignature, ScramTerms,
        Session, SessionScopes, SessionToken, Token, User, UserChanged, UserEvents, Wallops,
    },
};
use reqwest::Method;

use crate::http::{Caller, Error, Service, segment};

#[derive(Clone)]
pub struct Users(pub Service);

impl Users {
    pub async fn register(
        &self,
        address: std::net::IpAddr,
        account: &RegisterAccount,
    ) -> Result<Account, Error> {
        self.0.post("/v1/accounts", Caller::Address(address), account).await
    }

    /// As [`register`](Self::register), for a guest who may be wearing that very nick: then they become the account's user, and their
    /// sessions go on.
    pub async fn register_as(
        &self,
        guest: &Actor,
        address: std::net::IpAddr,
        account: &RegisterAccount,
    ) -> Result<Account, Error> {
        let request = self.0.request(Method::POST, "/v1/accounts", Caller::Actor(guest));
        self.0.send(request.header(CLIENT_ADDRESS, address.to_string()).json(account)).await
    }

    /// Opens many sessions at once; each item has its own result, in order.
    pub async fn open_sessions(
        &self,
        items: &Batch<OpenSession>,
    ) -> Result<Batch<Item<OpenedSession>>, Error> {
        self.0.post("/v1/sessions:open", Caller::Service, items).await
    }

    /// What somebody at an address needs to log in without saying a password.
    pub async fn begin_scram(
        &self,
        address: std::net::IpAddr,
        who: &ScramBegin,
    ) -> Result<ScramTerms, Error> {
        self.0.post("/v1/scram:begin", Caller::Address(address), who).await
    }

    /// Whether they know it; with it a session can be opened.
    pub async fn verify_scram(
        &self,
        address: std::net::IpAddr,
        proof: &ScramProof,
    ) -> Result<ScramSignature, Error> {
        self.0.post("/v1/scram:verify", Caller::Address(address), proof).await
    }

    /// Ends sessions; those unknown or ended already are no error.
    pub async fn end_sessions(&self, items: &Batch<EndSession>) -> Result<(), Error> {
        self.0
            .send_for_nothing(self.0.request(Method::POST, "/v1/sessions:end", Caller::Service).json(items))
            .await
    }

    pub async fn session_token(
        &self,
        actor: &Actor,
        id: &SessionId,
        request: &SessionToken,
    ) -> Result<Token, Error> {
        self.0.post(&format!("/v1/sessions/{id}/tokens"), Caller::Actor(actor), request).await
    }

    pub async fn renew_lease(&self, gateway: &GatewayId, lease: &RenewLease) -> Result<Lease, Error> {
        self.0.put(&format!("/v1/gateways/{gateway}/lease"), Caller::Service, lease).await
    }

    /// Ends a gateway's lease at once: its own when it goes, or that of a run before it that is gone for sure. May be repeated.
    pub async fn end_lease(&self, gateway: &GatewayId) -> Result<(), Error> {
        let path = format!("/v1/gateways/{gateway}/lease");
        self.0.send_for_nothing(self.0.request(Method::DELETE, &path, Caller::Service)).await
    }

    pub async fn user(&self, caller: Caller<'_>, id: &UserId) -> Result<User, Error> {
        self.0.get(&format!("/v1/users/{id}"), caller).await
    }

    pub async fn by_nick(&self, caller: Caller<'_>, nick: &Nick) -> Result<User, Error> {
        self.0.get(&format!("/v1/users/{}", segment(nick.as_str())), caller).await
    }

    pub async fn lookup(&self, ids: Vec<UserId>) -> Result<Vec<User>, Error> {
        let lookup = Lookup { ids, ..Lookup::default() };
        let found: Batch<User> = self.0.post_idempotent("/v1/users:lookup", Caller::Service, &lookup).await?;
        Ok(found.items)
    }

    /// Those who wear one of these nicks now.
    pub async fn wearers(&self, nicks: Vec<String>) -> Result<Vec<User>, Error> {
        let lookup = Lookup { nicks, ..Lookup::default() };
        let found: Batch<User> = self.0.post_idempotent("/v1/users:lookup", Caller::Service, &lookup).await?;
        Ok(found.items)
    }

    pub async fn change(&self, actor: &Actor, patch: &PatchUser) -> Result<UserChanged, Error> {
        self.0.patch("/v1/users/me", Caller::Actor(actor), patch).await
    }

    /// What somebody says of themselves, for programs to show.
    pub async fn metadata(&self, actor: &Actor, id: &UserId) -> Result<Vec<Metadatum>, Error> {
        let path = format!("/v1/users/{id}/metadata");
        let said: Batch<Metadatum> = self.0.get(&path, Caller::Actor(actor)).await?;
        Ok(said.items)
    }

    /// What many people say under some keys.
    pub async fn metadata_of(
        &self,
        caller: Caller<'_>,
        asked: &MetadataLookup,
    ) -> Result<Vec<MetadatumOf>, Error> {
        let said: Batch<MetadatumOf> = self.0.post_idempotent("/v1/metadata:lookup", caller, asked).await?;
        Ok(said.items)
    }

    /// No value: it is said no more.
    pub async fn set_metadatum(
        &self,
        actor: &Actor,
        id: &UserId,
        key: &MetadataKey,
        value: Option<String>,
    ) -> Result<UserChanged, Error> {
        let path = format!("/v1/users/{id}/metadata/{}", segment(key.as_str()));
        match value {
            Some(value) => self.0.put(&path, Caller::Actor(actor), &SetMetadatum { value }).await,
            None => self.0.send(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await,
        }
    }

    pub async fn clear_metadata(&self, actor: &Actor, id: &UserId) -> Result<UserChanged, Error> {
        let path = format!("/v1/users/{id}/metadata");
        self.0.send(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await
    }

    /// Who had this nick lately, latest first.
    pub async fn former_nicks(&self, actor: &Actor, nick: &Nick) -> Result<Page<FormerNick>, Error> {
        self.0.get(&format!("/v1/nicks/{}/history", segment(nick.as_str())), Caller::Actor(actor)).await
    }

    /// One's own account.
    pub async fn account(&self, actor: &Actor) -> Result<Account, Error> {
        self.0.get("/v1/accounts/me", Caller::Actor(actor)).await
    }

    pub async fn change_account(&self, actor: &Actor, patch: &PatchAccount) -> Result<Account, Error> {
        self.0.patch("/v1/accounts/me", Caller::Actor(actor), patch).await
    }

    /// All sessions end and all tokens are refused, the actor's too. Guesses count as failed logins from the address.
    pub async fn change_password(
        &self,
        actor: &Actor,
        address: std::net::IpAddr,
        change: &ChangePassword,
    ) -> Result<(), Error> {
        let request = self.0.request(Method::PUT, "/v1/accounts/me/password", Caller::Actor(actor));
        self.0.send_for_nothing(request.header(CLIENT_ADDRESS, address.to_string()).json(change)).await
    }

    /// Erases one's own account, here and in every other service.
    pub async fn erase_account(&self, actor: &Actor) -> Result<(), Error> {
        let request = self.0.request(Method::DELETE, "/v1/accounts/me", Caller::Actor(actor));
        self.0.send_for_nothing(request).await
    }

    /// One's own open sessions; the first page of the largest size.
    pub async fn sessions(&self, actor: &Actor) -> Result<Page<Session>, Error> {
        let request = self.0.request(Method::GET, "/v1/users/me/sessions", Caller::Actor(actor));
        self.0.send(request.query(&[("limit", MAX_LIMIT)])).await
    }

    pub async fn end_session(&self, actor: &Actor, id: &SessionId) -> Result<(), Error> {
        let path = format!("/v1/users/me/sessions/{id}");
        self.0.send_for_nothing(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await
    }

    /// Lets a TLS client certificate log in to the actor's account.
    pub async fn add_certificate(&self, actor: &Actor, new: &NewCertificate) -> Result<Certificate, Error> {
        self.0.post("/v1/accounts/me/certificates", Caller::Actor(actor), new).await
    }

    /// The first page of the largest size: an account has no more.
    pub async fn certificates(&self, actor: &Actor) -> Result<Page<Certificate>, Error> {
        let request = self.0.request(Method::GET, "/v1/accounts/me/certificates", Caller::Actor(actor));
        self.0.send(request.query(&[("limit", MAX_LIMIT)])).await
    }

    pub async fn delete_certificate(&self, actor: &Actor, fingerprint: &Fingerprint) -> Result<(), Error> {
        let path = format!("/v1/accounts/me/certificates/{fingerprint}");
        self.0.send_for_nothing(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await
    }

    /// Lets a session operate the network.
    pub async fn operate(
        &self,
        actor: &Actor,
        address: std::net::IpAddr,
        id: &SessionId,
        by: &Operate,
    ) -> Result<SessionScopes, Error> {
        let path = format!("/v1/sessions/{id}/operator");
        let request = self.0.request(Method::PUT, &path, Caller::Actor(actor));
        self.0.send(request.header(CLIENT_ADDRESS, address.to_string()).json(by)).await
    }

    pub async fn operate_no_more(&self, actor: &Actor, id: &SessionId) -> Result<SessionScopes, Error> {
        let path = format!("/v1/sessions/{id}/operator");
        self.0.send(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await
    }

    pub async fn wallops(&self, actor: &Actor, text: &Wallops) -> Result<UserEvent, Error> {
        self.0.post("/v1/wallops", Caller::Actor(actor), text).await
    }

    /// Ends all sessions of somebody, whose tokens are refused from then on (operators).
    pub async fn throw_out(&self, actor: &Actor, id: &UserId, reason: Option<&str>) -> Result<(), Error> {
        let path = format!("/v1/users/{id}/sessions");
        let request = self.0.request(Method::DELETE, &path, Caller::Actor(actor));
        self.0.send_for_nothing(request.query(&[("reason", reason)])).await
    }

    pub async fn ban(&self, actor: &Actor, ban: &NewNetworkBan) -> Result<NetworkBan, Error> {
        self.0.post("/v1/network-bans", Caller::Actor(actor), ban).await
    }

    /// Those in force, of one target or all; the first page of the largest size.
    pub async fn bans(&self, actor: &Actor, target: Option<&str>) -> Result<Page<NetworkBan>, Error> {
        let request = self.0.request(Method::GET, "/v1/network-bans", Caller::Actor(actor));
        let limit = MAX_LIMIT.to_string();
        self.0.send(request.query(&[("target", target), ("limit", Some(&*limit))])).await
    }

    pub async fn lift_ban(&self, actor: &Actor, id: &NetworkBanId) -> Result<(), Error> {
        let path = format!("/v1/network-bans/{id}");
        self.0.send_for_nothing(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await
    }

    pub async fn heads(&self, held: &HeadsRequest) -> Result<HeadsReply, Error> {
        self.0.post_idempotent("/v1/heads", Caller::Service, held).await
    }

    pub async fn events(&self, id: &UserId, after: u64) -> Result<UserEvents, Error> {
        let request = self.0.request(Method::GET, &format!("/v1/users/{id}/events"), Caller::Service);
        self.0.send(request.query(&[("after", after)])).await
    }

    pub async fn revocations(&self, after: u64) -> Result<Revocations, Error> {
        self.0
            .send(self.0.request(Method::GET, "/v1/revocations", Caller::Service).query(&[("after", after)]))
            .await
    }
}
