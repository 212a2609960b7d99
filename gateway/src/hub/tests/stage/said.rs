//! What people say.

use api::{
    Entry, EntryKind, Person, Timestamp,
    id::{ConversationId, MessageId, SessionId},
    messages::DirectHead,
};

use super::Stage;
use crate::{
    dialect::Ask as Line,
    hub::{Addressee, ClientId, Sent, Stored},
    reply::Reply,
};

impl Stage {
    pub(super) fn made(
        &self,
        author: &Person,
        session: Option<SessionId>,
        seq: u64,
        text: &str,
        version: Option<u64>,
    ) -> Entry {
        let conversation: ConversationId = self.channel().into();
        Entry {
            id: MessageId { conversation: conversation.clone(), seq },
            conversation,
            target: "#x".into(),
            seq,
            author: author.clone(),
            kind: EntryKind::Message,
            text: text.into(),
            at: Timestamp(0),
            channel_version: version,
            reply_to: None,
            of: None,
            to: None,
            session,
            redacted: false,
            edited_at: None,
            tags: Default::default(),
            splits: Vec::new(),
        }
    }

    /// An entry comes over the bus, said on this connection.
    pub(in crate::hub) fn entry(&mut self, author: ClientId, seq: u64, text: &str) {
        let entry = self.made(&self.who(author), self.session(Some(author)), seq, text, None);
        self.state.entry(entry, None, self.now);
        self.state.hand_out();
    }

    /// Said elsewhere.
    pub(in crate::hub) fn entry_of(&mut self, author: &Person, seq: u64, text: &str, version: Option<u64>) {
        let entry = self.made(author, None, seq, text, version);
        self.state.entry(entry, None, self.now);
        self.state.hand_out();
    }

    /// A send is on its way.
    pub(in crate::hub) fn begins(&mut self, client: ClientId) -> Sent {
        let client = self.clients[&client].clone();
        let to = Addressee::Channel(self.channel());
        client.send_begins(to.clone());
        let reply = Some(Reply::begin(&client, Line::default(), "say"));
        Sent { to, client, reply, about: Box::default(), own_key: false, deadline: self.now, _place: None }
    }

    pub(in crate::hub) fn stored(&mut self, sent: Sent, seq: u64, text: &str) {
        let author = sent.client.id;
        let entry = self.made(&self.who(author), self.session(Some(author)), seq, text, None);
        self.state.sent(sent.stored(Stored { entry, dup: false }), self.now);
        self.state.hand_out();
    }

    pub(in crate::hub) fn given_up(&mut self, mut sent: Sent) {
        let done = sent.give_up().unwrap();
        self.state.sent(done, self.now);
        self.state.hand_out();
    }

    pub(in crate::hub) fn sends(&mut self, client: ClientId, seq: u64, text: &str) {
        let sent = self.begins(client);
        self.stored(sent, seq, text);
    }

    pub(in crate::hub) fn direct(&mut self, from: ClientId, to: ClientId, seq: u64, text: &str) {
        let (from, to) = (self.who(from), self.who(to));
        let conversation = self.conversation();
        let id = MessageId { conversation: conversation.clone(), seq };
        let target = to.nick.to_string();
        let entry =
            Entry { id, conversation, target, to: Some(to), ..self.made(&from, None, seq, text, None) };
        self.state.entry(entry, None, self.now);
        self.state.hand_out();
    }

    pub(in crate::hub) fn direct_began(&mut self, first_seq: u64, last_seq: u64) {
        let parties = ["9alice", "9bob"].map(|id| id.try_into().unwrap());
        let head = DirectHead { id: self.conversation(), parties, first_seq, last_seq };
        self.state.direct_base(&self.conversation(), Some(head), self.now);
        self.passes(21);
    }
}
