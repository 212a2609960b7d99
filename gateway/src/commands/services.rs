//! What `NickServ` and `ChanServ` are asked for is done by the commands that there are, and answered in notices of theirs.

use super::{chanserv, nickserv};
use crate::{
    command::{Answer, Outcome, Refusal},
    dialect::irc::{
        LoggedIn, Told,
        services::{Request, Service, Usage},
    },
    session::Session,
};

/// What one of them answers.
#[derive(Default)]
pub(super) struct Said {
    pub(super) lines: Vec<String>,
    pub(super) logged_in: Option<LoggedIn>,
}

impl From<Vec<String>> for Said {
    fn from(lines: Vec<String>) -> Self {
        Self { lines, logged_in: None }
    }
}

pub(super) fn said(line: impl Into<String>) -> Said {
    Said::from(vec![line.into()])
}

pub(super) async fn service(session: &mut Session, request: Request) -> Answer {
    let (service, answer) = match request {
        Request::Nick(request) => (Service::NickServ, nickserv::nickserv(session, request).await),
        Request::Chan(request) => (Service::ChanServ, chanserv::chanserv(session, request).await),
        Request::Help(service) => {
            (service, Ok(Said::from(service.usages().iter().map(line).collect::<Vec<_>>())))
        }
        Request::Unclear(service, Some(usage)) => (service, Ok(said(format!("it goes: {}", line(usage))))),
        Request::Unclear(service, None) => (service, Ok(said("there is no such command: HELP lists them"))),
    };
    let Said { lines, logged_in } = answer.unwrap_or_else(refused);
    Ok(Outcome::Irc(Told::Service { service, lines, logged_in }))
}

fn line(Usage(verb, usage, does): &Usage) -> String {
    let gap = if usage.is_empty() { "" } else { " " };
    format!("{verb}{gap}{usage}: {does}")
}

fn refused(refusal: Refusal) -> Said {
    said(refusal.problem.detail.clone())
}
