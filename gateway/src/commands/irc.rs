use super::{
    chathistory, enter, invite, marker, metadata, monitor, operate, part, sasl, services, setname, signal,
    user_mode,
};
use crate::{
    command::{Answer, Outcome},
    dialect::{
        Dialect,
        irc::{CapReply, CapRequest, Caps, Counts, Offer, Sts, Told, Word, unknown},
    },
    session::Session,
};

/// What only IRC asks for.
pub(super) async fn irc(session: &mut Session, word: Word) -> Answer {
    match word {
        Word::Cap(request) => cap(session, request).await,
        Word::Pass(password) => enter::pass(session, password),
        Word::Webirc { password, address, is_secure } => {
            enter::webirc(session, &password, &address, is_secure)
        }
        Word::User { username, realname } => enter::user(session, &username, realname).await,
        Word::Authenticate(param) => sasl::authenticate(session, param).await,
        Word::Register { account, password } => sasl::register(session, account, password).await,
        Word::UserMode { nick, changes } => user_mode::user_mode(session, &nick, changes.as_deref()).await,
        Word::Invitations => invite::invitations(session).await,
        Word::Monitor(what) => monitor::monitor(session, what).await,
        Word::Setname(realname) => setname::setname(session, realname).await,
        Word::Service(request) => services::service(session, request).await,
        Word::Oper { name, password } => operate::oper(session, name, password).await,
        Word::Kill { nick, reason } => operate::kill(session, &nick, reason).await,
        Word::Wallops(text) => operate::wallops(session, text).await,
        Word::NetBan(ban) => operate::net_ban(session, ban).await,
        Word::Rehash => operate::rehash(session),
        Word::Stats(letter) => operate::stats(session, letter).await,
        Word::Help(subject) => Ok(Outcome::Irc(Told::Help(subject))),
        Word::End(end) => Ok(Outcome::Irc(Told::End(end))),
        Word::PartAll => part_all(session).await,
        Word::Page(page) => Ok(Outcome::Irc(Told::Page(page, counts(session)))),
        Word::History(asked) => chathistory::chathistory(session, *asked).await,
        Word::Marker { target, until } => marker::marker(session, target, until).await,
        Word::Metadata { target, asked } => metadata::metadata(session, target, asked).await,
        Word::ToRole { channel, role, kind, text, tags } => {
            signal::to_role(session, &channel, role, (kind, text), tags).await
        }
        Word::Tags { .. } | Word::Part(_) => Ok(Outcome::Irc(Told::Nothing)),
        Word::Http(verb) if session.is_somebody() => Err(unknown(&verb)),
        // A page in somebody's browser may write here what it likes, behind the head of a request.
        Word::Http(_) => {
            session.leaving = Some("this is no web server".to_owned());
            Ok(Outcome::Irc(Told::Nothing))
        }
        Word::Nothing => Ok(Outcome::Irc(Told::Nothing)),
    }
}

async fn cap(session: &mut Session, request: CapRequest) -> Answer {
    let (is_private, sts) = (session.takes_secrets(), Sts::of(session.is_secure(), &session.gateway.config));
    let has_certificate = session.certificate.is_some();
    let registers_early = session.gateway.config.irc_register_before_connect;
    let Some(irc) = &mut session.irc else { return Ok(Outcome::Irc(Told::Nothing)) };
    let queue = &session.client.queue;
    let Dialect::Irc(caps) = queue.dialect() else { return Ok(Outcome::Irc(Told::Nothing)) };
    let offer = |knows_302| Offer { knows_302, is_private, registers_early, has_certificate, sts };
    let reply = match request {
        CapRequest::Ls(version) => {
            if let Some(registration) = &mut irc.registration {
                registration.negotiates();
            }
            if version.is_some_and(|version| version >= 302) && !irc.knows_302 {
                irc.knows_302 = true;
                // "If the client's version is at least 302, the server MUST enable cap-notify" ("The CAP LS subcommand").
                queue.speak(Dialect::Irc(caps.or(Caps::CAP_NOTIFY)));
            }
            CapReply::Ls(offer(irc.knows_302))
        }
        CapRequest::List => CapReply::List(caps, offer(irc.knows_302)),
        CapRequest::Req(list) => {
            if let Some(registration) = &mut irc.registration {
                registration.negotiates();
            }
            match caps.requested(&list, offer(irc.knows_302)) {
                Some(caps) => {
                    queue.speak(Dialect::Irc(caps));
                    CapReply::Ack(list)
                }
                None => CapReply::Nak(list),
            }
        }
        CapRequest::End => {
            if let Some(registration) = &mut irc.registration {
                registration.has_negotiated();
            }
            return enter::welcome(session).await;
        }
        CapRequest::Unknown(subcommand) => CapReply::Unknown(subcommand),
    };
    Ok(Outcome::Irc(Told::Cap(reply)))
}

/// `JOIN 0` (RFC 2812 §3.2.1).
async fn part_all(session: &mut Session) -> Answer {
    let mut parted = Vec::new();
    for membership in session.client.memberships() {
        part::part(session, Some(membership.name.to_string()), None).await?;
        parted.push(membership.name);
    }
    Ok(Outcome::Irc(Told::PartedAll(parted)))
}

pub(super) fn counts(session: &Session) -> Counts {
    let (people, channels, _) = session.gateway.hub.sizes();
    let (invisible, operators) = session.gateway.hub.marked();
    let server = &session.gateway.server;
    let (most, unknown) = (server.most(people), server.strangers());
    Counts { people, invisible, operators, channels, most, unknown }
}
