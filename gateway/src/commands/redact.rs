use api::{EntryKind, ErrorCode};

use super::say::{self, Content};
use crate::{command::Refusal, reply::Reply, session::Session};

/// Takes a message's text away: an entry like others, which follows them in their order.
pub(super) async fn redact(session: &mut Session, target: &str, seq: u64, reply: Reply) {
    match say::address(session, Some(target)).await {
        Ok(mut target) => {
            target.about.seq = Some(seq);
            let content =
                Content { kind: EntryKind::Redaction, text: String::new(), of: Some(seq), key: None };
            say::put(session, target, content, reply);
        }
        // As over REST, which has no channel in the path: a message of a channel that is not there is not there.
        Err(refusal) if refusal.code() == ErrorCode::NoSuchChannel => {
            let about = Refusal::new(ErrorCode::NoSuchMessage).channel(target).seq(seq);
            reply.give(&Err(about));
        }
        Err(refusal) => reply.give(&Err(refusal)),
    }
}
