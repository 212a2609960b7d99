use api::{
    ErrorCode, Person,
    auth::ServiceName,
    channels::Changed,
    id::{ChannelId, ConversationId, UserId},
    messages::History,
    page::MAX_LIMIT,
};
use client::messages::From;
use tokio::sync::oneshot;

use super::join;
use crate::{
    command::{Answer, Asked, Outcome, Refusal},
    event::{Event, Who},
    gateway::Gateway,
    hub::{Attach, Client, Told},
    reply::Reply,
    session::{Session, Target},
};

/// Bytes of missed lines that may wait while the next page is asked for.
const UNREAD: usize = 64 * 1024;

/// What is resumed, found out before anything is shown.
enum Wanted {
    Channel(String),
    Person(Result<Person, Refusal>),
}

/// Joins, shows what was missed since each cursor, then what is new.
pub(super) async fn resume(session: &mut Session, targets: Vec<(String, u64)>, reply: Reply) {
    let last = targets.len() - 1;
    let mut wanted = Vec::with_capacity(targets.len());
    for (target, after) in targets {
        wanted.push((find(session, target, after).await, after));
    }
    for (index, (target, after)) in wanted.into_iter().enumerate() {
        let answer = match target {
            Wanted::Channel(name) => channel(session, &name, after).await,
            Wanted::Person(Ok(person)) => direct(session, &person, after).await,
            Wanted::Person(Err(refusal)) => Err(refusal),
        };
        if index == last {
            return reply.give(&answer);
        }
        reply.partial(&answer);
    }
}

/// A person is silent from here until their turn: what they say meanwhile is among what is then shown.
async fn find(session: &Session, target: String, after: u64) -> Wanted {
    if target.starts_with('#') {
        return Wanted::Channel(target);
    }
    let person = session.person(&target).await;
    if let Ok(person) = &person {
        session.gateway.hub.pause_direct(session.client.id, &person.id, after);
    }
    Wanted::Person(person)
}

async fn channel(session: &mut Session, name: &str, after: u64) -> Answer {
    let changed = join::ask(session, name, None).await?;
    session.target = Some(Target::Channel(changed.channel.id.clone(), changed.channel.name.clone()));
    catch_up(&session.gateway, &session.client, changed, after).await
}

/// Shows a channel that was joined: what came after that seq, then what is new.
pub(crate) async fn catch_up(gateway: &Gateway, client: &Client, changed: Changed, after: u64) -> Answer {
    let (id, name) = (changed.channel.id.clone(), changed.channel.name.clone());
    let hub = &gateway.hub;
    let (told, attached) = oneshot::channel();
    hub.joined(client.id, changed, Attach::Resume(after), Told::Command(told));
    let about = |refusal: Refusal| refusal.channel(name.as_str());
    attached.await.map_err(|_| about(Refusal::unavailable(ServiceName::Channels)))?;
    // What others have been shown by now is shown by reading it; what comes later is not shown yet.
    let until = hub.channel_seq(&id).unwrap_or(0);
    let seq = go_on(gateway, client, &id, after, until).await.map_err(about)?;
    Ok(Outcome::Resumed { target: name.to_string(), seq })
}

/// Shows a channel to which a client is attached that is shown nothing new yet: what comes after `cursor`, then what is new; gives the
/// seq between them. `until`: others have been shown that.
pub(super) async fn go_on(
    gateway: &Gateway,
    client: &Client,
    id: &ChannelId,
    mut cursor: u64,
    mut until: u64,
) -> Result<u64, Refusal> {
    let mut reading = Reading { gateway, client, with: With::Channel(id), conversation: None };
    loop {
        let read = reading.read(cursor, until).await;
        // Whatever comes of it, what is new is shown from now on.
        cursor = read.as_ref().map_or(u64::MAX, |&read| read.max(until));
        match (gateway.hub.resume_channel(client.id, id, cursor), read) {
            (_, Err(refusal)) => return Err(refusal),
            (Ok(seq), Ok(_)) => return Ok(seq),
            (Err(shown), Ok(_)) => until = shown,
        }
    }
}

async fn direct(session: &Session, person: &Person, after: u64) -> Answer {
    let Session { gateway, client, .. } = session;
    let about = |refusal: Refusal| refusal.nick(person.nick.as_str());
    let mut reading = Reading { gateway, client, with: With::Person(&person.id), conversation: None };
    let (mut cursor, mut until) = (after, 0);
    loop {
        let read = reading.read(cursor, until).await;
        // Whatever comes of it, what is new is shown from now on.
        cursor = read.as_ref().map_or(u64::MAX, |&read| read.max(until));
        let known = reading.conversation.as_ref();
        match (gateway.hub.resume_direct(client.id, &person.id, known, cursor), read) {
            (_, Err(refusal)) => return Err(about(refusal)),
            (Ok(seq), Ok(_)) => return Ok(Outcome::Resumed { target: person.nick.to_string(), seq }),
            (Err(shown), Ok(_)) => until = shown,
        }
    }
}

/// A conversation whose missed entries are being shown.
struct Reading<'a> {
    gateway: &'a Gateway,
    client: &'a Client,
    with: With<'a>,
    /// Known once there is an entry in it.
    conversation: Option<ConversationId>,
}

enum With<'a> {
    Channel(&'a ChannelId),
    Person(&'a UserId),
}

impl Reading<'_> {
    /// Shows all that comes after `cursor`; gives the seq that it ends with. `known`: a seq that there is.
    async fn read(&mut self, mut cursor: u64, known: u64) -> Result<u64, Refusal> {
        let begin = cursor;
        loop {
            let page = self.page(From::After(cursor.into()), MAX_LIMIT).await?;
            let more = page.has_after;
            let end = show(self.client, page, cursor).await;
            // A page that leads no further is the last one, whatever it says of itself.
            let is_last = !more || end <= cursor;
            cursor = end;
            if is_last {
                break;
            }
        }
        if cursor > begin || cursor <= known {
            return Ok(cursor);
        }
        // A cursor from before a backup was restored, or of a channel that has begun anew, may lie beyond all there is: to wait until
        // the numbers have come that far would be to show nothing of it.
        let latest = self.page(From::Latest, 1).await?;
        let head = latest.items.last().map_or(latest.first_seq.saturating_sub(1), |entry| entry.seq);
        Ok(cursor.min(head))
    }

    async fn page(&mut self, from: From, limit: u32) -> Result<History, Refusal> {
        let actor = self.client.actor().ok_or_else(|| Refusal::new(ErrorCode::NotRegistered))?;
        let messages = &self.gateway.messages;
        let page = match self.with {
            With::Channel(id) => messages.channel_history(&actor, id, from, limit).await,
            With::Person(id) => messages.direct_history(&actor, id, from, limit).await,
        };
        let page = page.of(ServiceName::Messages)?;
        if let Some(entry) = page.items.first() {
            self.conversation = Some(entry.conversation.clone());
        }
        Ok(page)
    }
}

/// Shows a page; gives the seq that it ends with. What was redacted is left out.
async fn show(client: &Client, page: History, cursor: u64) -> u64 {
    let queue = &client.queue;
    let last = page.items.last().map_or(cursor, |entry| entry.seq);
    let mut lines = Vec::new();
    let dialect = queue.dialect();
    for entry in page.items.iter().filter(|entry| !entry.redacted) {
        let author =
            Who { nick: entry.author.nick.as_str(), mask: "", account: None, realname: None, bot: false };
        dialect.event(&Event::Entry { entry, author }, entry.at, &mut lines);
    }
    queue.partial(lines.into());
    queue.room_for_replies(usize::MAX, UNREAD).await;
    last
}
