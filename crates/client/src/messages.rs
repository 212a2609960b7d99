//! message-service, as the gateway and the other services ask it.

use api::{
    HeadsReply, HeadsRequest, Timestamp,
    auth::Actor,
    id::{ChannelId, ConversationId, UserId},
    messages::{ConversationsOf, DirectHead, Entries, History, SendItem, SendResult},
    page::Batch,
};
use reqwest::Method;

use crate::http::{Caller, Error, Service};

/// Where a page of history begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Latest,
    After(u64),
    Before(u64),
    Around(u64),
}

#[derive(Clone)]
pub struct Messages(pub Service);

impl Messages {
    /// Sends many at once, committed together; each item has its own result, in order.
    pub async fn send(&self, items: &Batch<SendItem>) -> Result<Batch<SendResult>, Error> {
        self.0.post("/v1/messages:batch", Caller::Service, items).await
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
        request = match from {
            From::Latest => request,
            From::After(seq) => request.query(&[("after", seq)]),
            From::Before(seq) => request.query(&[("before", seq)]),
            From::Around(seq) => request.query(&[("around", seq)]),
        };
        self.0.send(request).await
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
        self.0.post("/v1/heads", Caller::Service, held).await
    }

    /// Direct conversations of these users with entries after `since`.
    pub async fn conversations_of(
        &self,
        users: Vec<UserId>,
        since: Timestamp,
    ) -> Result<Vec<DirectHead>, Error> {
        let body = ConversationsOf { users, since };
        let found: Batch<DirectHead> = self.0.post("/v1/conversations:of", Caller::Service, &body).await?;
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
