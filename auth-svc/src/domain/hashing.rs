//! Hashing passwords: slow by intent, so it is bounded, and never on a thread that serves requests.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use kit::error::{Classify, Kind};
use kit::id::{Secret, secret_bytes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::password::Password;

/// How hard a password is to guess from its hash.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
}

/// How many passwords may be hashed.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// At the same time.
    pub running: usize,
    /// Beyond those, before others are turned away.
    pub waiting: usize,
}

/// What became of a password that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password. `is_weak`: its hash costs less than is asked for now.
    Right {
        /// Whether the hash should be replaced by a stronger one.
        is_weak: bool,
    },
    /// It is not, or there is none.
    Wrong,
}

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// More are waiting than there is room for.
    #[error("too many logins at the same time; try again in a second")]
    Busy,
    /// argon2 refused: its parameters, or not enough memory.
    #[error("could not hash a password: {0}")]
    Failed(String),
}

impl Classify for HashingError {
    fn kind(&self) -> Kind {
        match self {
            Self::Busy => Kind::Busy,
            Self::Failed(_) => Kind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Busy => "LOGIN_BUSY",
            Self::Failed(_) => "INTERNAL",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy => Some(Duration::from_secs(1)),
            Self::Failed(_) => None,
        }
    }
}

/// Hashes passwords and tries them, at most so many at a time. Clones share the room.
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    room: Room,
    dummy: Secret,
}

impl Hasher {
    /// A hasher, and the hash that a password is tried against when there is no account.
    pub fn new(cost: Cost, room: Room) -> Result<Self, HashingError> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.lanes, None).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Nobody knows the password of this hash, and it costs what a real one costs.
        let dummy = hash_with(&argon2, &secret_bytes::<32>())?;
        let admitted = Arc::new(Semaphore::new(room.running + room.waiting));
        Ok(Self { argon2, admitted, running: Arc::new(Semaphore::new(room.running)), room, dummy })
    }

    /// How many passwords are being hashed.
    pub fn running(&self) -> usize {
        self.room.running - self.running.available_permits()
    }

    /// How many wait for their turn.
    pub fn waiting(&self) -> usize {
        let admitted = self.room.running + self.room.waiting - self.admitted.available_permits();
        admitted.saturating_sub(self.running())
    }

    /// The hash to keep of `password`, as a PHC string.
    pub async fn hash(&self, password: Password) -> Result<Secret, HashingError> {
        let argon2 = self.argon2.clone();
        self.run(move || hash_with(&argon2, password.as_bytes())).await
    }

    /// Whether `password` is the one whose hash was kept. Without a hash the answer is no, after the same work.
    pub async fn verify(&self, password: Password, kept: Option<Secret>) -> Result<Verdict, HashingError> {
        let has_account = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.dummy.clone());
        let argon2 = self.argon2.clone();
        self.run(move || {
            let kept = PasswordHash::new(kept.expose()).map_err(failed)?;
            let matches = argon2.verify_password(password.as_bytes(), &kept).is_ok();
            if matches && has_account {
                Ok(Verdict::Right { is_weak: is_weaker(&kept, argon2.params()) })
            } else {
                Ok(Verdict::Wrong)
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| HashingError::Busy)?;
        let running = self.running.clone().acquire_owned().await.map_err(failed)?;
        // The permits go with the work: whoever hangs up frees no room while the hash is still being computed.
        let permits: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (admitted, running);
        let work = move || {
            let _permits = permits;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(failed)?
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &[u8]) -> Result<Secret, HashingError> {
    let hash: PasswordHash = argon2.hash_password_with_salt(password, &secret_bytes::<16>()).map_err(failed)?;
    Ok(Secret::new(hash.to_string()))
}

fn is_weaker(kept: &PasswordHash, wanted: &Params) -> bool {
    match Params::try_from(kept) {
        Ok(kept) => kept.m_cost() < wanted.m_cost() || kept.t_cost() < wanted.t_cost(),
        Err(_) => true,
    }
}

fn failed(error: impl std::fmt::Display) -> HashingError {
    HashingError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, iterations: 1, lanes: 1 };
    const ROOMY: Room = Room { running: 1, waiting: 10 };

    fn password(text: &str) -> Password {
        Password::tried(text)
    }

    #[tokio::test]
    async fn the_right_password_and_only_it_is_right() {
        let hasher = Hasher::new(CHEAP, ROOMY).unwrap();
        let kept = hasher.hash(password("correct horse")).await.unwrap();

        let right = hasher.verify(password("correct horse"), Some(kept.clone())).await.unwrap();
        let wrong = hasher.verify(password("battery staple"), Some(kept)).await.unwrap();
        let nobody = hasher.verify(password("correct horse"), None).await.unwrap();

        assert_eq!((right, wrong, nobody), (Verdict::Right { is_weak: false }, Verdict::Wrong, Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_hash_cheaper_than_wanted_now_is_weak() {
        let before = Hasher::new(CHEAP, ROOMY).unwrap();
        let now = Hasher::new(Cost { memory_kib: 128, ..CHEAP }, ROOMY).unwrap();
        let kept = before.hash(password("correct horse")).await.unwrap();

        let verdict = now.verify(password("correct horse"), Some(kept)).await.unwrap();

        assert_eq!(verdict, Verdict::Right { is_weak: true });
    }

    #[tokio::test]
    async fn whoever_finds_no_room_is_told_to_come_back() {
        let hasher = Hasher::new(CHEAP, Room { running: 1, waiting: 1 }).unwrap();
        let one = hasher.running.clone().acquire_owned().await.unwrap();
        let _admitted = hasher.admitted.clone().acquire_owned().await.unwrap();

        let mut waits = Box::pin(hasher.hash(password("second")));
        assert!(futures::poll!(&mut waits).is_pending());
        let refused = hasher.hash(password("third")).await;
        let (running, waiting) = (hasher.running(), hasher.waiting());
        drop(one);

        assert_eq!((running, waiting), (1, 1));
        assert!(matches!(refused, Err(HashingError::Busy)));
        assert!(waits.await.is_ok());
    }
}
