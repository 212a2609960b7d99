//! Argon2id, away from the threads that serve, a bounded number at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use api::{ErrorCode, users::MAX_PASSWORD_BYTES};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use kit::{Failure, Result};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{domain::scram, store::accounts::Kept};

/// Hashes and verifies passwords.
pub(crate) struct Passwords {
    slots: Semaphore,
    waiting: AtomicUsize,
    most_waiting: usize,
    /// Verified against when there is no such account, so that it takes as long.
    decoy: String,
}

/// One more that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    pub(crate) fn new(at_once: usize, most_waiting: usize) -> Result<Arc<Self>> {
        let decoy = hash_now(b"nobody has this password")?;
        Ok(Arc::new(Self {
            slots: Semaphore::new(at_once.max(1)),
            waiting: AtomicUsize::new(0),
            most_waiting,
            decoy,
        }))
    }

    /// What is to be kept of a new password.
    pub(crate) async fn keep(self: &Arc<Self>, password: &str) -> Result<Kept> {
        let password = password.to_owned();
        self.run(move |_| Ok(Kept { hash: hash_now(password.as_bytes())?, scram: scram_now(&password) }))
            .await
    }

    /// What verifies a password of which that is not kept yet.
    pub(crate) async fn scram(self: &Arc<Self>, password: &str) -> Result<Option<String>> {
        let password = password.to_owned();
        self.run(move |_| Ok(scram_now(&password))).await
    }

    /// Whether the password is the one of that hash; without a hash it is not, after the same work.
    pub(crate) async fn verify(self: &Arc<Self>, password: &str, hash: Option<String>) -> Result<bool> {
        // Nobody's password is that long, and the work must not grow with it.
        let hash = hash.filter(|_| password.len() <= MAX_PASSWORD_BYTES);
        let mut password = password.to_owned().into_bytes();
        password.truncate(MAX_PASSWORD_BYTES);
        self.run(move |decoy| {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| decoy.to_owned());
            let parsed =
                PasswordHash::new(&hash).map_err(|error| Failure::internal(anyhow::anyhow!("{error}")))?;
            Ok(Argon2::default().verify_password(&password, &parsed).is_ok() && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&str) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _slot = self.slot().await?;
        let passwords = self.clone();
        tokio::task::spawn_blocking(move || work(&passwords.decoy)).await.map_err(Failure::internal)?
    }

    /// A core to work on; 503 if so many wait for one that nobody would wait that long.
    async fn slot(&self) -> Result<SemaphorePermit<'_>> {
        if let Ok(slot) = self.slots.try_acquire() {
            return Ok(slot);
        }
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most_waiting {
            return Err(Failure::new(ErrorCode::Overloaded).detail("too many people log in at this moment"));
        }
        let slot = self.slots.acquire().await.map_err(Failure::internal);
        drop(waiting);
        slot
    }
}

fn hash_now(password: &[u8]) -> Result<String> {
    // Argon2id with 19 MiB, 2 passes, 1 lane: OWASP's recommendation.
    let hash = Argon2::default().hash_password(password);
    hash.map(|hash| hash.to_string()).map_err(|error| Failure::internal(anyhow::anyhow!("{error}")))
}

fn scram_now(password: &str) -> Option<String> {
    scram::Keys::make(password, &mut rand::rng()).map(|keys| keys.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_nobody_has_the_decoys() {
        let passwords = Passwords::new(1, 1).unwrap();
        let hash = passwords.keep("correct horse").await.unwrap().hash;
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(passwords.verify("correct horse", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse", Some(hash)).await.unwrap());
        assert!(!passwords.verify("nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn so_many_are_hashed_at_once_and_one_more_waits() {
        let passwords = Passwords::new(2, 1).unwrap();
        let first = passwords.slot().await.unwrap();
        let _second = passwords.slot().await.unwrap();
        let mut third = std::pin::pin!(passwords.slot());
        assert!(futures_util::poll!(&mut third).is_pending(), "three are hashed at once");
        drop(first);
        assert!(third.await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn more_than_may_wait_are_refused_at_once() {
        let passwords = Passwords::new(1, 2).unwrap();
        let held = passwords.slots.acquire().await.unwrap();
        let waiting: Vec<_> = (0..2)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.keep("correct horse").await })
            })
            .collect();
        while passwords.waiting.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.keep("correct horse").await.unwrap_err().code(), ErrorCode::Overloaded);
        drop(held);
        for waiting in waiting {
            assert!(waiting.await.unwrap().is_ok());
        }
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
    }
}
