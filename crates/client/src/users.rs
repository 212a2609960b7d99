//! user-service, as the gateway and the other services ask it.

use api::{
    HeadsReply, HeadsRequest, Item, Nick, Page,
    auth::{Actor, CLIENT_ADDRESS},
    id::{GatewayId, SessionId, UserId},
    page::Batch,
    users::{
        Account, EndSession, FormerNick, Lease, Lookup, OpenSession, OpenedSession, PatchUser,
        RegisterAccount, RenewLease, Revocations, SessionToken, Token, User, UserChanged, UserEvents,
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
        let found: Batch<User> = self.0.post("/v1/users:lookup", Caller::Service, &lookup).await?;
        Ok(found.items)
    }

    /// Those who wear one of these nicks now.
    pub async fn wearers(&self, nicks: Vec<String>) -> Result<Vec<User>, Error> {
        let lookup = Lookup { nicks, ..Lookup::default() };
        let found: Batch<User> = self.0.post("/v1/users:lookup", Caller::Service, &lookup).await?;
        Ok(found.items)
    }

    pub async fn change(&self, actor: &Actor, patch: &PatchUser) -> Result<UserChanged, Error> {
        self.0.patch("/v1/users/me", Caller::Actor(actor), patch).await
    }

    /// Who had this nick lately, latest first.
    pub async fn former_nicks(&self, actor: &Actor, nick: &Nick) -> Result<Page<FormerNick>, Error> {
        self.0.get(&format!("/v1/nicks/{}/history", segment(nick.as_str())), Caller::Actor(actor)).await
    }

    pub async fn heads(&self, held: &HeadsRequest) -> Result<HeadsReply, Error> {
        self.0.post("/v1/heads", Caller::Service, held).await
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
