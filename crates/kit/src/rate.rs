//! How often something may be tried: a bucket for each key, so many at once, then one each so often.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc, time::Duration};

use api::{ErrorCode, Timestamp};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{auth::Caller, clock::Clock, config::Period, problem::Failure};

/// Keys remembered; past it those that have their whole allowance again are forgotten, then everything is. Some 100 bytes each.
const MAX_KEYS: usize = 100_000;

/// So many at once, then one more each `every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// Tries at once.
    pub burst: u32,
    /// Time until a used one comes back.
    pub every: Period,
}

impl Rate {
    /// A setting of which half may be left out; `default` has it then.
    ///
    /// # Errors
    /// It is no rate.
    pub fn deserialize_part<'de, D: Deserializer<'de>>(
        deserializer: D,
        default: Self,
    ) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Given {
            burst: Option<NonZeroU32>,
            every: Option<Period>,
        }
        let Given { burst, every } = Given::deserialize(deserializer)?;
        Ok(Self {
            burst: burst.map_or(default.burst, NonZeroU32::get),
            every: every.unwrap_or(default.every),
        })
    }
}

/// The tries of many keys (GCRA: one moment for each key says it all).
pub struct Tries {
    rate: Rate,
    /// When the key will have its whole allowance again.
    whole_at: HashMap<String, Timestamp>,
}

impl Tries {
    pub fn new(rate: Rate) -> Self {
        Self { rate, whole_at: HashMap::new() }
    }

    /// Takes one; or how long to wait for one.
    pub fn take(&mut self, key: &str, now: Timestamp) -> Result<(), Duration> {
        self.check(key, now)?;
        self.count(key, now);
        Ok(())
    }

    /// Whether one may be taken; or how long to wait.
    pub fn check(&self, key: &str, now: Timestamp) -> Result<(), Duration> {
        let debt = self.whole_at.get(key).map_or(Duration::ZERO, |whole_at| whole_at.since(now));
        let with_this = debt + self.rate.every.get();
        let most = self.rate.every.get() * self.rate.burst;
        if with_this > most { Err(with_this - most) } else { Ok(()) }
    }

    /// Takes one, allowed or not: what was tried at the same time as the last allowed one is paid for later.
    pub fn count(&mut self, key: &str, now: Timestamp) {
        if self.whole_at.len() >= MAX_KEYS && !self.whole_at.contains_key(key) {
            self.whole_at.retain(|_, whole_at| *whole_at > now);
            if self.whole_at.len() >= MAX_KEYS {
                self.whole_at.clear();
            }
        }
        let whole_at = self.whole_at.entry(key.to_owned()).or_insert(now);
        *whole_at = (*whole_at).max(now).plus(self.rate.every.get());
    }
}

/// Seconds for `Retry-After`, never too few.
pub fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)
}

/// How often each person may change something here. What gateways do for people is not counted: they have counted it.
#[derive(Clone)]
pub struct Pace {
    tries: Arc<Mutex<Tries>>,
    clock: Clock,
}

impl Pace {
    pub fn new(rate: Rate, clock: Clock) -> Self {
        Self { tries: Arc::new(Mutex::new(Tries::new(rate))), clock }
    }

    fn take(&self, request: &Request) -> Result<(), Failure> {
        let caller = request.extensions().get::<Caller>().filter(|caller| caller.service.is_none());
        let Some(person) = caller.and_then(|caller| caller.actor.as_ref()) else { return Ok(()) };
        if request.method().is_safe() {
            return Ok(());
        }
        let taken = self.tries.lock().take(person.id().as_str(), self.clock.now());
        taken.map_err(|wait| Failure::new(ErrorCode::TooFast).retry_after(seconds(wait)))
    }
}

/// For `from_fn_with_state` around routes: whoever is too fast waits, before their body is read.
pub async fn paced(State(pace): State<Pace>, request: Request, next: Next) -> Result<Response, Failure> {
    pace.take(&request)?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_then_one_each_so_often() {
        let mut tries = Tries::new(Rate { burst: 3, every: Period::seconds(10) });
        let now = Timestamp(1_000_000);
        for _ in 0..3 {
            assert_eq!(tries.take("alice", now), Ok(()));
        }
        assert_eq!(tries.take("alice", now), Err(Duration::from_secs(10)));
        assert_eq!(tries.take("bob", now), Ok(()), "others are not concerned");
        let later = now.plus(Duration::from_secs(9));
        assert_eq!(tries.take("alice", later), Err(Duration::from_secs(1)));
        assert_eq!(tries.take("alice", now.plus(Duration::from_secs(10))), Ok(()));
    }

    #[test]
    fn what_was_tried_at_once_is_paid_for_later() {
        let mut tries = Tries::new(Rate { burst: 1, every: Period::seconds(10) });
        let now = Timestamp(0);
        for _ in 0..5 {
            assert_eq!(tries.check("alice", now), Ok(()), "a check alone costs nothing");
        }
        for _ in 0..5 {
            tries.count("alice", now);
        }
        assert_eq!(tries.check("alice", now), Err(Duration::from_secs(50)));
    }

    #[test]
    fn strangers_cannot_make_it_grow_without_end() {
        let mut tries = Tries::new(Rate { burst: 1, every: Period::seconds(10) });
        for key in 0..=MAX_KEYS {
            tries.take(&key.to_string(), Timestamp(0)).unwrap();
        }
        assert!(tries.whole_at.len() <= MAX_KEYS);
    }
}
