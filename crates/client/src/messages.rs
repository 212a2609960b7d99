//! message-service, as the gateway and the other services ask it.

use api::{
    HeadsReply, HeadsRequest, Timestamp,
    auth::Actor,
    id::{ChannelId, ConversationId, UserId},
    messages::{
        Conversation, ConversationsOf, DirectHead, Entries, History, Passing, Point, ReadMarker, SendItem,
        SendResult, SendSignal, SetReadMarker,
    },
    page::{Batch, Page},
};
use reqwest::Method;

use crate::http::{Caller, Error, Service};

/// Where a page of history begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Latest,
    After(Point),
    Before(Point),
    Around(Point),
    /// Those next to the first.
    Between(Point, Point),
}

#[derive(Clone)]
pub struct Messages(pub Service);

impl Messages {
    /// Sends many at once, committed together; each item has its own result, in order.
    pub async fn send(&self, items: &Batch<SendItem>) -> Result<Batch<SendResult>, Error> {
        self.0.post_idempotent("/v1/messages:batch", Caller::Service, items).await
    }

    pub async fn channel_history(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        from: From,
        limit: u32,
    ) -> Result<History, Error> {
        self.history(actor, &format!("/v1/channels/{channel}/messages"), from, limit).await
    }

    pub async fn direct_history(
        &self,
        actor: &Actor,
        user: &UserId,
        from: From,
        limit: u32,
    ) -> Result<History, Error> {
        self.history(actor, &format!("/v1/users/{user}/messages"), from, limit).await
    }

    async fn history(&self, actor: &Actor, path: &str, from: From, limit: u32) -> Result<History, Error> {
        let mut request = self.0.request(Method::GET, path, Caller::Actor(actor)).query(&[("limit", limit)]);
        let (name, point) = match from {
            From::Latest => return self.0.send(request).await,
            From::After(point) => ("after", point),
            From::Before(point) => ("before", point),
            From::Around(point) => ("around", point),
            From::Between(first, last) => {
                request = request.query(&[("between", format!("{first},{last}"))]);
                return self.0.send(request).await;
            }
        };
        let name = if let Point::At(_) = point { format!("{name}_at") } else { name.to_owned() };
        self.0.send(request.query(&[(name, point.to_string())])).await
    }

    /// A page of the conversations whose latest entry lies between two moments, the earliest first.
    pub async fn conversations_between(
        &self,
        actor: &Actor,
        after: Timestamp,
        before: Timestamp,
        limit: u32,
    ) -> Result<Page<Conversation>, Error> {
        let request = self.0.request(Method::GET, "/v1/users/me/conversations", Caller::Actor(actor));
        let request = request.query(&[("after_at", after), ("before_at", before)]).query(&[("limit", limit)]);
        self.0.send(request).await
    }

    pub async fn channel_marker(&self, actor: &Actor, channel: &ChannelId) -> Result<ReadMarker, Error> {
        self.marker(actor, &format!("/v1/channels/{channel}/read-marker")).await
    }

    pub async fn direct_marker(&self, actor: &Actor, user: &UserId) -> Result<ReadMarker, Error> {
        self.marker(actor, &format!("/v1/users/{user}/read-marker")).await
    }

    /// Everything up to a moment is read.
    pub async fn channel_read_until(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        at: Timestamp,
    ) -> Result<ReadMarker, Error> {
        self.read_until(actor, &format!("/v1/channels/{channel}/read-marker"), at).await
    }

    pub async fn direct_read_until(
        &self,
        actor: &Actor,
        user: &UserId,
        at: Timestamp,
    ) -> Result<ReadMarker, Error> {
        self.read_until(actor, &format!("/v1/users/{user}/read-marker"), at).await
    }

    /// Passes something on to those who are in a channel.
    pub async fn signal_channel(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        signal: &SendSignal,
    ) -> Result<Passing, Error> {
        self.0.post(&format!("/v1/channels/{channel}/signals"), Caller::Actor(actor), signal).await
    }

    pub async fn signal_person(
        &self,
        actor: &Actor,
        user: &UserId,
        signal: &SendSignal,
    ) -> Result<Passing, Error> {
        self.0.post(&format!("/v1/users/{user}/signals"), Caller::Actor(actor), signal).await
    }

    async fn marker(&self, actor: &Actor, path: &str) -> Result<ReadMarker, Error> {
        self.0.send(self.0.request(Method::GET, path, Caller::Actor(actor))).await
    }

    async fn read_until(&self, actor: &Actor, path: &str, at: Timestamp) -> Result<ReadMarker, Error> {
        let body = SetReadMarker { seq: None, at: Some(at) };
        self.0.send(self.0.request(Method::PUT, path, Caller::Actor(actor)).json(&body)).await
    }

    /// The raw entries of a conversation, to heal a hole.
    pub async fn entries(
        &self,
        conversation: &ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Entries, Error> {
        let request = self.0.request(
            Method::GET,
            &format!("/v1/conversations/{conversation}/entries"),
            Caller::Service,
        );
        self.0.send(request.query(&[("after", after), ("limit", u64::from(limit))])).await
    }

    pub async fn heads(&self, held: &HeadsRequest) -> Result<HeadsReply, Error> {
        self.0.post_idempotent("/v1/heads", Caller::Service, held).await
    }

    /// Direct conversations of these users with entries after `since`.
    pub async fn conversations_of(
        &self,
        users: Vec<UserId>,
        since: Timestamp,
    ) -> Result<Vec<DirectHead>, Error> {
        let body = ConversationsOf { users, since };
        let found: Batch<DirectHead> =
            self.0.post_idempotent("/v1/conversations:of", Caller::Service, &body).await?;
        Ok(found.items)
    }

    /// Deletes a channel's conversation with all its entries; may be repeated.
    pub async fn delete_conversation(&self, conversation: &ConversationId) -> Result<(), Error> {
        let path = format!("/v1/conversations/{conversation}");
        self.0.send_for_nothing(self.0.request(Method::DELETE, &path, Caller::Service)).await
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
