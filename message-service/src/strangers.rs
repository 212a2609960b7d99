//! Who takes direct messages from people without an account: a copy of what user-service knows, of those to whom such people have
//! written lately. Asked about guests only.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{ErrorCode, Person, Problem, auth::Actor, id::UserId, page::MAX_BATCH, users::MAX_LOOKUP};
use client::Users;
use moka::sync::Cache;
use parking_lot::Mutex;

use crate::domain::act::What;

/// How long an answer is good: what people set holds everywhere within that.
const FRESH: Duration = Duration::from_secs(5);
/// How long the last answer stands in for one while user-service does not answer: as for copies of channels.
const KEPT: Duration = Duration::from_secs(60);
/// Answers kept, of some 100 bytes: more are asked for again.
const MOST_KNOWN: u64 = 50_000;

#[derive(Clone)]
pub(crate) struct Strangers {
    users: Users,
    known: Cache<UserId, Known>,
    /// Of whom an answer is awaited: nobody is asked about twice at once.
    asking: Arc<Mutex<HashSet<UserId>>>,
}

#[derive(Clone, Copy)]
struct Known {
    /// They take such messages.
    takes: bool,
    /// When user-service said so.
    confirmed: Instant,
    /// When it was last asked.
    asked: Instant,
}

/// What is known of it.
pub(crate) enum Says {
    Yes,
    No(Problem),
    /// The owner is to be asked.
    NotYet,
}

impl Strangers {
    pub(crate) fn new(users: Users) -> Self {
        let known = Cache::builder().max_capacity(MOST_KNOWN).time_to_live(KEPT).build();
        Self { users, known, asking: Arc::default() }
    }

    /// Whether somebody may do this to a person, as far as it is known here.
    pub(crate) fn may(&self, actor: &Actor, to: &Person, what: Option<&What>) -> Says {
        // What one has said can be taken back, whatever they think of it.
        let takes_back = matches!(what, Some(What::Redact { .. } | What::Unreact { .. }));
        if actor.account.is_some() || *actor.id() == to.id || takes_back {
            return Says::Yes;
        }
        match self.known.get(&to.id).filter(|known| known.asked.elapsed() < FRESH) {
            Some(known) if known.takes => Says::Yes,
            Some(_) => Says::No(refused(to)),
            None => Says::NotYet,
        }
    }

    /// The same, after asking if need be.
    pub(crate) async fn decide(
        &self,
        actor: &Actor,
        to: &Person,
        what: Option<&What>,
    ) -> Result<(), Problem> {
        if let Says::NotYet = self.may(actor, to, what) {
            self.ask(vec![to.id.clone()]).await;
        }
        match self.may(actor, to, what) {
            Says::Yes => Ok(()),
            Says::No(problem) => Err(problem),
            Says::NotYet => Err(lost()),
        }
    }

    /// Asks about people, as many as come with one batch, without waiting for the answer.
    pub(crate) fn ask_about(&self, mut people: Vec<UserId>) {
        {
            let mut asking = self.asking.lock();
            people.retain(|id| asking.insert(id.clone()));
        }
        if people.is_empty() {
            return;
        }
        let strangers = self.clone();
        tokio::spawn(async move {
            strangers.ask(people.clone()).await;
            let mut asking = strangers.asking.lock();
            asking.retain(|id| !people.contains(id));
        });
    }

    async fn ask(&self, people: Vec<UserId>) {
        let answer = self.users.lookup(people.clone()).await;
        let asked = Instant::now();
        match answer {
            Ok(found) => {
                for id in people {
                    // Whoever is not there any more minds nothing.
                    let user = found.iter().find(|user| user.person.id == id);
                    let takes = user.is_none_or(|user| !user.modes.registered_only);
                    self.known.insert(id, Known { takes, confirmed: asked, asked });
                }
            }
            Err(error) => {
                tracing::debug!(cause = %error, "user-service did not say who takes messages from strangers");
                for id in people {
                    if let Some(known) = self.known.get(&id).filter(|known| known.confirmed.elapsed() < KEPT)
                    {
                        self.known.insert(id, Known { asked, ..known });
                    }
                }
            }
        }
    }
}

/// All of one batch are asked about at once.
const _: () = assert!(MAX_LOOKUP >= MAX_BATCH);

fn refused(to: &Person) -> Problem {
    let detail = format!("{} takes messages from people with an account only", to.nick);
    Problem::new(ErrorCode::RegisteredOnly).detail(detail)
}

pub(crate) fn lost() -> Problem {
    Problem::new(ErrorCode::Unavailable)
        .detail("users is not available: whether they take messages from guests cannot be told now")
        .retry_after(1)
}
