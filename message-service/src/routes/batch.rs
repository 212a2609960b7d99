//! Sends of many people at once, for gateways: one transaction, one outcome for each. Never waits for another service.

use std::{collections::HashMap, time::Instant};

use api::{
    Entry, ErrorCode, Problem,
    auth::Scope,
    id::UserId,
    messages::{SendItem, SendResult, SendTo},
    page::{Batch, MAX_BATCH},
};
use axum::{
    extract::{DefaultBodyLimit, State},
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use kit::{Failure, auth::FromGateway, extract::Json, trace::TraceContext};
use serde::Serialize;

use super::parts;
use crate::{
    app::App,
    channels::{Judgement, Question, lost},
    domain::{
        act::{Act, Grant, Key, Verdict, What},
        policy::Deed,
    },
    store::{Outcome, Stored},
    strangers::{self, Says},
};

/// Bytes of a batch: each item's text twice over (JSON escapes) and some 800 bytes of who and where.
const BODY_LIMIT: usize = MAX_BATCH * (2 * api::text::MAX_MESSAGE_BYTES + 800);

pub(super) fn body_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(BODY_LIMIT)
}

/// Stores many entries in one transaction (gateways only)
#[utoipa::path(post, path = "/v1/messages:batch", tag = "services", request_body = Batch<SendItem>,
    responses((status = 200, body = Batch<SendResult>, description = "one result for each item, in order"),
        (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn send(
    State(app): State<App>,
    FromGateway(caller): FromGateway,
    headers: HeaderMap,
    Json(batch): Json<Batch<SendItem>>,
) -> kit::Result<Response> {
    let came = Instant::now();
    if batch.items.len() > MAX_BATCH {
        let detail = format!("a batch has at most {MAX_BATCH} items");
        return Err(Failure::new(ErrorCode::InvalidParameter).detail(detail));
    }
    let mut prepared = Prepared { app: &app, came, again: HashMap::new(), unknown: Vec::new() };
    let mut acts = Vec::with_capacity(batch.items.len());
    // Those that cannot be read are not written either; the others find their way back by their index.
    let mut unreadable = HashMap::new();
    for (at, item) in batch.items.into_iter().enumerate() {
        let trace = item.trace.clone();
        match prepared.act(item) {
            Ok(act) => acts.push(act),
            Err(problem) => {
                unreadable.insert(at, traced(problem, trace.as_deref()));
            }
        }
    }
    app.strangers.ask_about(std::mem::take(&mut prepared.unknown));
    let outcomes = app.writer.append(acts, parts::origin(&caller, &headers)).await?;
    let count = outcomes.len() + unreadable.len();
    let mut outcomes = outcomes.iter();
    let items = (0..count)
        .map(|at| match unreadable.get(&at) {
            Some(problem) => Answer::Problem(problem),
            None => Answer::from(outcomes.next().expect("one outcome for each act")),
        })
        .collect();
    Ok(axum::Json(Answers { items }).into_response())
}

/// [`SendResult`] without a copy of the entry.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<'a> {
    Stored { entry: &'a Entry, replayed: bool },
    Stale,
    Problem(&'a Problem),
}

#[derive(Serialize)]
struct Answers<'a> {
    items: Vec<Answer<'a>>,
}

impl<'a> From<&'a Outcome> for Answer<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        match outcome {
            Outcome::Stored(stored) => {
                let Stored { entry, replayed, .. } = &**stored;
                Self::Stored { entry, replayed: *replayed }
            }
            Outcome::Stale => Self::Stale,
            Outcome::Refused(problem) => Self::Problem(problem),
        }
    }
}

struct Prepared<'a> {
    app: &'a App,
    came: Instant,
    /// Who has to send again where: what they sent after it must not overtake it.
    again: HashMap<(UserId, SendTo), Verdict>,
    /// Those of whom it is to be asked whether they take messages from strangers.
    unknown: Vec<UserId>,
}

impl Prepared<'_> {
    fn act(&mut self, mut item: SendItem) -> Result<Act, Problem> {
        if !item.actor.scopes.contains(Scope::Write) {
            return Err(Problem::new(ErrorCode::InsufficientScope).detail("the token lacks the scope write"));
        }
        self.app.verifier.check_actor(&item.actor).map_err(Failure::into_problem)?;
        let what = What::from_item(&mut item)?;
        let key = Key::new(&item.key, &what)?;
        let verdict = self.verdict(&item, &what);
        let verdict = traced_verdict(verdict, item.trace.as_deref());
        let trace = trace_of(item.trace.as_deref()).map(|context| context.trace_id);
        let SendItem { actor, to, .. } = item;
        Ok(Act {
            author: actor.person,
            session: actor.session,
            place: to.into(),
            what,
            key: Some(key),
            verdict,
            trace,
        })
    }

    fn verdict(&mut self, item: &SendItem, what: &What) -> Verdict {
        let place = (item.actor.person.id.clone(), item.to.clone());
        if let Some(verdict) = self.again.get(&place) {
            return verdict.clone();
        }
        let verdict = self.judged(item, what);
        let is_again = match &verdict {
            Verdict::Stale => true,
            Verdict::Refused(problem) => problem.status >= 500,
            Verdict::Allowed(_) => false,
        };
        if is_again {
            self.again.insert(place, verdict.clone());
        }
        verdict
    }

    fn judged(&mut self, item: &SendItem, what: &What) -> Verdict {
        match self.judge(item, what, self.came) {
            Judgement::Yes(grant) => Verdict::Allowed(grant),
            Judgement::No(problem) => Verdict::Refused(problem),
            Judgement::Lost => Verdict::Refused(lost()),
            Judgement::NotYet => {
                let key = (item.actor.person.id.clone(), item.to.clone(), item.key.clone());
                let first = self.app.waiting.since(key, self.came);
                match self.judge(item, what, first) {
                    Judgement::Yes(grant) => Verdict::Allowed(grant),
                    Judgement::No(problem) => Verdict::Refused(problem),
                    Judgement::Lost => Verdict::Refused(lost()),
                    Judgement::NotYet if first.elapsed() > self.app.config.catch_up_within.get() => {
                        Verdict::Refused(match &item.to {
                            SendTo::Channel(_) => lost(),
                            SendTo::User(_) => strangers::lost(),
                        })
                    }
                    Judgement::NotYet => {
                        if let SendTo::User(to) = &item.to {
                            self.unknown.push(to.id.clone());
                        }
                        Verdict::Stale
                    }
                }
            }
        }
    }

    fn judge(&self, item: &SendItem, what: &What, came: Instant) -> Judgement<Grant> {
        let channel = match &item.to {
            SendTo::Channel(channel) => channel,
            SendTo::User(to) => {
                return match self.app.strangers.may(&item.actor, to, Some(what)) {
                    Says::Yes => Judgement::Yes(Grant::Direct),
                    Says::No(problem) => Judgement::No(problem),
                    Says::NotYet => Judgement::NotYet,
                };
            }
        };
        let question = Question { channel, version: item.channel_version.unwrap_or(0), came };
        let deed = deed(what);
        self.app.channels.judge(question, &item.actor, self.app.clock.now(), |replica, standing| {
            standing.may(deed).map(|()| parts::granted(replica, &standing))
        })
    }
}

/// CTCP, but for actions.
pub(super) fn is_for_clients(text: &str) -> bool {
    text.strip_prefix('\u{1}').is_some_and(|rest| !rest.starts_with("ACTION "))
}

/// What one must be allowed to, to do this in a channel.
pub(super) fn deed(what: &What) -> Deed {
    match what {
        What::Say { text, .. } | What::Edit { text, .. } if is_for_clients(text) => Deed::SpeakToClients,
        What::Say { .. } | What::Edit { .. } => Deed::Speak,
        What::Redact { .. } => Deed::Redact,
        What::React { .. } | What::Unreact { .. } => Deed::React,
    }
}

fn traced_verdict(verdict: Verdict, trace: Option<&str>) -> Verdict {
    match verdict {
        Verdict::Refused(problem) => Verdict::Refused(traced(problem, trace)),
        verdict => verdict,
    }
}

/// A problem of one item finds that item's own trace in the logs.
fn traced(mut problem: Problem, trace: Option<&str>) -> Problem {
    if let Some(context) = trace_of(trace) {
        problem.trace_id = context.trace_id.to_string();
    }
    problem
}

/// An item's own trace: that of the line that was typed. Without one, that of the whole batch.
fn trace_of(item: Option<&str>) -> Option<TraceContext> {
    item.and_then(|trace| trace.parse().ok()).or_else(kit::trace::current)
}
