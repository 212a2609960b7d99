//! channel-service, as the gateway and the other services ask it.

use api::{
    ChannelName, HeadsReply, HeadsRequest, Item, Page,
    auth::Actor,
    channels::{
        Changed, Channel, ChannelEvents, ChannelSummary, EndHolders, EndedHolders, EventsQuery, InvitedTo,
        JoinItem, ListEntry, ListKind, Listed, Member, Membership, NewListEntry, PartItem, RegisterChannel,
        RenameChannel, SetRole, SetTopic, Snapshot,
    },
    id::{ChannelId, ListEntryId, UserId},
    metadata::{MetadataKey, Metadatum, SetMetadatum},
    mode::ModesPatch,
    page::Batch,
};
use reqwest::Method;

use crate::http::{Caller, Error, Service, segment};

#[derive(Clone)]
pub struct Channels(pub Service);

impl Channels {
    /// Joins many at once; each item has its own result, in order.
    pub async fn join(&self, items: &Batch<JoinItem>) -> Result<Batch<Item<Changed>>, Error> {
        self.0.post("/v1/members:join", Caller::Service, items).await
    }

    /// Parts many at once; each item has its own result, in order.
    pub async fn part(&self, items: &Batch<PartItem>) -> Result<Batch<Item<Changed>>, Error> {
        self.0.post("/v1/members:part", Caller::Service, items).await
    }

    /// Takes ended sessions out of every channel; may be repeated.
    pub async fn end_holders(&self, ended: &EndHolders) -> Result<EndedHolders, Error> {
        self.0.post_idempotent("/v1/holders:end", Caller::Service, ended).await
    }

    pub async fn by_name(&self, actor: &Actor, name: &ChannelName) -> Result<Channel, Error> {
        self.0.get(&format!("/v1/channels/{}", segment(name.path_segment())), Caller::Actor(actor)).await
    }

    /// Everything a replica holds.
    pub async fn snapshot(&self, id: &ChannelId) -> Result<Snapshot, Error> {
        let request = self.0.request(Method::GET, &format!("/v1/channels/{id}"), Caller::Service);
        self.0.send(request.query(&[("view", "replica")])).await
    }

    /// The replica's view, by name: for services that were given a name.
    pub async fn snapshot_by_name(&self, name: &ChannelName) -> Result<Snapshot, Error> {
        let path = format!("/v1/channels/{}", segment(name.path_segment()));
        self.0.send(self.0.request(Method::GET, &path, Caller::Service).query(&[("view", "replica")])).await
    }

    /// As [`snapshot`](Self::snapshot), of at most [`MAX_REPLICAS`](api::page::MAX_REPLICAS): the first of them, in order, as many as fit.
    pub async fn snapshots(&self, ids: &Batch<ChannelId>) -> Result<Batch<Item<Snapshot>>, Error> {
        self.0.post_idempotent("/v1/channels:replicas", Caller::Service, ids).await
    }

    pub async fn events(&self, id: &ChannelId, after: u64) -> Result<ChannelEvents, Error> {
        let request = self.0.request(Method::GET, &format!("/v1/channels/{id}/events"), Caller::Service);
        self.0.send(request.query(&[("after", after)])).await
    }

    /// What somebody who is in a channel may see of what happened there.
    pub async fn past_events(
        &self,
        actor: &Actor,
        id: &ChannelId,
        query: &EventsQuery,
    ) -> Result<ChannelEvents, Error> {
        let request = self.0.request(Method::GET, &format!("/v1/channels/{id}/events"), Caller::Actor(actor));
        self.0.send(request.query(query)).await
    }

    pub async fn heads(&self, held: &HeadsRequest) -> Result<HeadsReply, Error> {
        self.0.post_idempotent("/v1/heads", Caller::Service, held).await
    }

    /// One page of the public list.
    pub async fn list(
        &self,
        actor: &Actor,
        matching: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<ChannelSummary>, Error> {
        let request = self.0.request(Method::GET, "/v1/channels", Caller::Actor(actor));
        self.0
            .send(request.query(&[("match", matching), ("cursor", cursor)]).query(&[("limit", limit)]))
            .await
    }

    pub async fn members(
        &self,
        actor: &Actor,
        id: &ChannelId,
        cursor: Option<&str>,
    ) -> Result<Page<Member>, Error> {
        let request =
            self.0.request(Method::GET, &format!("/v1/channels/{id}/members"), Caller::Actor(actor));
        self.0.send(request.query(&[("cursor", cursor)]).query(&[("limit", api::page::MAX_LIMIT)])).await
    }

    pub async fn register(&self, actor: &Actor, channel: &RegisterChannel) -> Result<Changed, Error> {
        self.0.post("/v1/channels", Caller::Actor(actor), channel).await
    }

    /// Gives a registered channel back.
    pub async fn unregister(&self, actor: &Actor, id: &ChannelId) -> Result<Changed, Error> {
        let path = format!("/v1/channels/{id}");
        self.0.send(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await
    }

    pub async fn set_topic(&self, actor: &Actor, id: &ChannelId, topic: &SetTopic) -> Result<Changed, Error> {
        self.0.put(&format!("/v1/channels/{id}/topic"), Caller::Actor(actor), topic).await
    }

    pub async fn rename(&self, actor: &Actor, id: &ChannelId, to: &RenameChannel) -> Result<Changed, Error> {
        self.0.patch(&format!("/v1/channels/{id}"), Caller::Actor(actor), to).await
    }

    /// What is said of a channel, for programs to show.
    pub async fn metadata(&self, actor: &Actor, id: &ChannelId) -> Result<Vec<Metadatum>, Error> {
        let path = format!("/v1/channels/{id}/metadata");
        let said: Batch<Metadatum> = self.0.get(&path, Caller::Actor(actor)).await?;
        Ok(said.items)
    }

    /// No value: it is said no more.
    pub async fn set_metadatum(
        &self,
        actor: &Actor,
        id: &ChannelId,
        key: &MetadataKey,
        value: Option<String>,
    ) -> Result<Changed, Error> {
        let path = format!("/v1/channels/{id}/metadata/{}", segment(key.as_str()));
        match value {
            Some(value) => self.0.put(&path, Caller::Actor(actor), &SetMetadatum { value }).await,
            None => self.0.send(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await,
        }
    }

    pub async fn clear_metadata(&self, actor: &Actor, id: &ChannelId) -> Result<Changed, Error> {
        let path = format!("/v1/channels/{id}/metadata");
        self.0.send(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await
    }

    pub async fn set_modes(
        &self,
        actor: &Actor,
        id: &ChannelId,
        patch: &ModesPatch,
    ) -> Result<Changed, Error> {
        self.0.patch(&format!("/v1/channels/{id}/modes"), Caller::Actor(actor), patch).await
    }

    pub async fn set_role(
        &self,
        actor: &Actor,
        id: &ChannelId,
        user: &UserId,
        role: &SetRole,
    ) -> Result<Changed, Error> {
        self.0.put(&format!("/v1/channels/{id}/members/{user}/roles"), Caller::Actor(actor), role).await
    }

    pub async fn kick(
        &self,
        actor: &Actor,
        id: &ChannelId,
        user: &UserId,
        reason: Option<&str>,
    ) -> Result<Changed, Error> {
        let request = self.0.request(
            Method::DELETE,
            &format!("/v1/channels/{id}/members/{user}"),
            Caller::Actor(actor),
        );
        self.0.send(request.query(&[("reason", reason)])).await
    }

    pub async fn invite(&self, actor: &Actor, id: &ChannelId, user: &UserId) -> Result<Changed, Error> {
        let path = format!("/v1/channels/{id}/invitations/{user}");
        self.0.put(&path, Caller::Actor(actor), &serde_json::json!({})).await
    }

    /// Channels that somebody is invited to: the first page of the largest size.
    pub async fn invitations(&self, actor: &Actor) -> Result<Page<InvitedTo>, Error> {
        let request = self.0.request(Method::GET, "/v1/users/me/invitations", Caller::Actor(actor));
        self.0.send(request.query(&[("limit", api::page::MAX_LIMIT)])).await
    }

    pub async fn list_entries(
        &self,
        actor: &Actor,
        id: &ChannelId,
        list: ListKind,
    ) -> Result<Page<ListEntry>, Error> {
        let path = format!("/v1/channels/{id}/{}", list.as_str());
        let request = self.0.request(Method::GET, &path, Caller::Actor(actor));
        self.0.send(request.query(&[("limit", api::page::MAX_LIMIT)])).await
    }

    pub async fn add_list_entry(
        &self,
        actor: &Actor,
        id: &ChannelId,
        list: ListKind,
        entry: &NewListEntry,
    ) -> Result<Listed, Error> {
        self.0.post(&format!("/v1/channels/{id}/{}", list.as_str()), Caller::Actor(actor), entry).await
    }

    pub async fn remove_list_entry(
        &self,
        actor: &Actor,
        id: &ChannelId,
        list: ListKind,
        entry: &ListEntryId,
    ) -> Result<Changed, Error> {
        let path = format!("/v1/channels/{id}/{}/{entry}", list.as_str());
        self.0.send(self.0.request(Method::DELETE, &path, Caller::Actor(actor))).await
    }

    /// The channels that somebody is in.
    pub async fn of(&self, user: &UserId) -> Result<Vec<Membership>, Error> {
        let request = self.0.request(Method::GET, &format!("/v1/users/{user}/channels"), Caller::Service);
        let page: Page<Membership> = self.0.send(request.query(&[("limit", api::page::MAX_LIMIT)])).await?;
        Ok(page.items)
    }

    /// Forgets an erased user; may be repeated.
    pub async fn erase(&self, user: &UserId) -> Result<(), Error> {
        self.0
            .send_for_nothing(self.0.request(
                Method::DELETE,
                &format!("/v1/users/{user}/data"),
                Caller::Service,
            ))
            .await
    }
}
