//! Password hashing: Argon2id, as many at a time as there are processors, so that a rush does not eat up the memory.

use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::pace::Pace;

/// Memory and passes of the full length: what OWASP's password storage cheat sheet asks for as a minimum.
const FULL: (u32, u32) = (19 * 1024, 2);

/// Those of the short one: real work still, a fifth of it.
const SHORT: (u32, u32) = (8 * 1024, 1);

/// A hashed password.
pub(super) type Hash = [u8; 32];

#[derive(Debug)]
pub(super) struct Hasher {
    pace: Pace,
    slots: Semaphore,
    memory_and_passes: (u32, u32),
}

impl Hasher {
    pub(super) fn new(pace: &Pace) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let memory_and_passes = if pace.full { FULL } else { SHORT };
        Self { pace: pace.clone(), slots: Semaphore::new(processors), memory_and_passes }
    }

    /// Hashes a password with the salt of its user.
    pub(super) async fn hash(&self, password: String, salt: Vec<u8>) -> Result<Hash, argon2::Error> {
        let (memory, passes) = self.memory_and_passes;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, 1, None)?);
        let _slot = self.slots.acquire().await.expect("nobody closes the semaphore");
        self.pace
            .work(move || {
                let mut hash = Hash::default();
                argon2.hash_password_into(password.as_bytes(), &salt, &mut hash).map(|()| hash)
            })
            .await
    }

    /// The salt of a user: from the seed, so that a run can be repeated. Good for a service whose users are made up.
    pub(super) fn salt(&self, name: &str) -> Vec<u8> {
        let digest = Sha256::new().chain_update(self.pace.seed.to_le_bytes()).chain_update(name).finalize();
        digest[..16].to_vec()
    }
}

/// Whether two hashes are equal, in a time that does not tell where they differ.
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}
