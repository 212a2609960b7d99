//! Carries out what transactions left to be done elsewhere, again and again until it is.

use std::{net::IpAddr, sync::Arc, time::Duration};

use api::{
    auth::ServiceName,
    id::{GatewayId, NetworkBanId, UserId},
};
use client::{Channels, Logs, Messages, Service};
use futures_util::{StreamExt, future::join_all, stream};
use kit::{Kit, trace};

use crate::{
    app::App,
    domain::bans::{Newcomer, Target},
    store::{
        sessions::How,
        tasks::{Claimed, Task},
        users::UserRow,
    },
};

/// Tasks in hand at once: as many requests as one neighbour answers in some milliseconds.
const AT_ONCE: i64 = 32;
/// How long to wait when nothing is known to be due; a new task of this process ends the wait, one of another replica does not.
const IDLE: Duration = Duration::from_millis(500);
/// How long those who end sessions are kept waiting for them to leave their channels.
const AWAITED: Duration = Duration::from_secs(1);
/// Sessions of a lapsed gateway that end in one transaction: bounds how long others wait for the writer.
const SESSIONS_AT_ONCE: i64 = 200;

/// The services that must hear of ends and erasures.
pub(crate) struct Neighbours {
    channels: Channels,
    messages: Messages,
    logs: Logs,
}

impl Neighbours {
    pub(crate) fn new(kit: &Kit) -> anyhow::Result<Self> {
        let signer = kit.signer.clone();
        let credentials: client::http::Credentials = Arc::new(move || {
            let bearer = signer.bearer();
            let text = bearer.to_str().unwrap_or_default();
            text.strip_prefix("Bearer ").unwrap_or(text).to_owned()
        });
        let urls = &kit.common.urls;
        let service = |name, url: &str| Service::new(name, url, credentials.clone());
        Ok(Self {
            channels: Channels(service(ServiceName::Channels, urls.channels.as_str())?),
            messages: Messages(service(ServiceName::Messages, urls.messages.as_str())?),
            logs: Logs(service(ServiceName::Logs, urls.logs.as_str())?),
        })
    }
}

/// One turn: everything that is due, then a wait.
pub(crate) async fn turn(app: App) {
    match app.store.claim_tasks(app.now(), AT_ONCE).await {
        Ok(tasks) if !tasks.is_empty() => {
            join_all(tasks.into_iter().map(|claimed| carry_out(&app, claimed))).await;
        }
        Ok(_) => wait(&app).await,
        Err(error) => {
            tracing::warn!(cause = %error, "could not look for tasks, will again");
            tokio::time::sleep(IDLE).await;
        }
    }
}

/// Carries out what ended sessions left to be done, a while at most: the rest is done all the same.
pub(crate) async fn carry_out_now(app: &App, tasks: Vec<Claimed>) {
    if tasks.is_empty() {
        return;
    }
    let worker = app.clone();
    let work = tokio::spawn(async move {
        let each = stream::iter(tasks).map(|claimed| carry_out(&worker, claimed));
        each.buffer_unordered(AT_ONCE as usize).collect::<()>().await;
    });
    // A time-out: a neighbour is away.
    let _ = tokio::time::timeout(AWAITED, work).await;
}

async fn wait(app: &App) {
    // A time-out is the usual end of it.
    let _ = tokio::time::timeout(IDLE, app.work.notified()).await;
}

async fn carry_out(app: &App, claimed: Claimed) {
    let context = trace::TraceContext::random();
    let outcome = trace::scope(context, try_once(app, &claimed.task)).await;
    let noted = match outcome {
        Ok(Outcome::Done) => match &claimed.task {
            Task::EndHolders(ended) => app.store.holders_ended(&claimed.id, ended).await,
            _ => app.store.task_done(&claimed.id).await,
        },
        Ok(Outcome::More) => app.store.task_again(&claimed.id, app.now()).await,
        Ok(Outcome::Later(task, at)) => app.store.task_becomes(&claimed.id, &task, at).await,
        Err(error) => {
            metrics::counter!("tasks_failed_total", "task" => claimed.task.kind()).increment(1);
            if claimed.attempts == 1 || claimed.attempts % 60 == 0 {
                let cause = format!("{error:#}");
                tracing::warn!(
                    task = claimed.task.kind(),
                    attempts = claimed.attempts,
                    cause,
                    "could not carry out a task, will again"
                );
            }
            app.store.task_failed(&claimed, app.now()).await
        }
    };
    if let Err(error) = noted {
        // It comes back by itself, and all tasks may be repeated.
        tracing::warn!(task = claimed.task.kind(), cause = %error, "could not note what became of a task");
    }
}

/// What became of a task.
enum Outcome {
    Done,
    /// A part is done; the rest now.
    More,
    /// Something else is to be done in its place, then.
    Later(Task, api::Timestamp),
}

async fn try_once(app: &App, task: &Task) -> anyhow::Result<Outcome> {
    match task {
        Task::EndHolders(ended) => {
            app.neighbours.channels.end_holders(ended).await?;
            Ok(Outcome::Done)
        }
        Task::EndGateway { gateway, term } => end_gateway(app, gateway, *term).await,
        Task::Erase { user, again } => erase(app, user, *again).await,
        Task::ApplyBan { ban } => apply_ban(app, ban).await,
    }
}

async fn end_gateway(app: &App, gateway: &GatewayId, term: i64) -> anyhow::Result<Outcome> {
    let told = app.store.end_lapsed(gateway, term, SESSIONS_AT_ONCE, app.now()).await?;
    app.announce(&told, None);
    if told.is_empty() {
        tracing::info!(gateway = %gateway, "the sessions of a lost gateway have ended");
        return Ok(Outcome::Done);
    }
    Ok(Outcome::More)
}

async fn erase(app: &App, user: &UserId, again: bool) -> anyhow::Result<Outcome> {
    let Neighbours { channels, messages, logs } = &app.neighbours;
    let (channels, messages, logs) =
        futures_util::join!(channels.erase(user), messages.erase(user), logs.erase(user));
    let cut = app.store.cut_log().await?;
    channels?;
    messages?;
    logs?;
    anyhow::ensure!(cut, "a reader keeps the old log");
    if again {
        let task = Task::Erase { user: user.clone(), again: false };
        return Ok(Outcome::Later(task, app.now().plus(app.config.erase_again.get())));
    }
    tracing::info!(user = %user, "an erasure is complete");
    Ok(Outcome::Done)
}

async fn apply_ban(app: &App, ban: &NetworkBanId) -> anyhow::Result<Outcome> {
    let Some(ban) = app.store.ban(ban).await? else { return Ok(Outcome::Done) };
    let target = Target::parse(&ban.target)?;
    let reason = format!("banned from this network: {}", ban.reason);
    let mut after = String::new();
    loop {
        let sessions = app.store.live_sessions(&after, SESSIONS_AT_ONCE).await?;
        let Some(last) = sessions.last() else { break };
        after = last.id.as_str().to_owned();
        let ids: Vec<UserId> = sessions.iter().map(|session| session.user_id.0.clone()).collect();
        let users = app.store.many(&ids).await?;
        for session in sessions {
            let Some(user) = users.iter().find(|user| user.id == session.user_id) else { continue };
            if is_about(&target, user, session.address(), &session.host) {
                let (only, now) = (Some(&session.id.0), app.now());
                let told = app.store.disconnect(&user.id, only, How::Forced, &reason, now).await?;
                app.announce(&told, None);
            }
        }
    }
    let mut after = String::new();
    loop {
        let tokens = app.store.access_tokens(&after, SESSIONS_AT_ONCE, app.now()).await?;
        let Some(last) = tokens.last() else { return Ok(Outcome::Done) };
        after = last.id.clone();
        let ids: Vec<UserId> = tokens.iter().map(|token| token.user_id.0.clone()).collect();
        let users = app.store.many(&ids).await?;
        for token in tokens {
            let Some(user) = users.iter().find(|user| user.id == token.user_id) else { continue };
            if !is_about(&target, user, token.address(), &token.host) {
                continue;
            }
            if user.is_guest() {
                let told = app.store.throw_out(&user.id, &reason, app.now()).await?;
                app.announce(&told, None);
            } else {
                // An account's other logins may be from where nobody is banned; the next token is refused to this one.
                app.store.revoke_access_token(&token, app.now()).await?;
                app.verifier.revoke_grant(token.id, app.now());
            }
        }
    }
}

/// Operators who are here stay: they can lift what was meant otherwise.
fn is_about(target: &Target, user: &UserRow, address: Option<IpAddr>, host: &str) -> bool {
    !user.operator && target.matches(Newcomer { address, nick: &user.nick, host, account: user.account() })
}
