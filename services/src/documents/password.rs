//! Password hashing: Argon2id, as many at a time as there are processors, so that a rush does not eat up the memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
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
    /// Working memory that is not in use, one piece for each slot at most. Kept, because allocators do not reuse blocks of
    /// this size and alignment well: memory would grow with every log-in.
    memory: Mutex<Vec<Vec<Block>>>,
}

impl Hasher {
    pub(super) fn new(pace: &Pace) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let memory_and_passes = if pace.full { FULL } else { SHORT };
        let slots = Semaphore::new(processors);
        Self { pace: pace.clone(), slots, memory_and_passes, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hashes a password with the salt of its user.
    pub(super) async fn hash(&self, password: String, salt: Vec<u8>) -> Result<Hash, argon2::Error> {
        let (memory, passes) = self.memory_and_passes;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, 1, None)?);
        let _slot = self.slots.acquire().await.expect("nobody closes the semaphore");
        let kept = self.memory().pop();
        let (hash, memory) = self
            .pace
            .work(move || {
                let mut memory = kept.unwrap_or_else(|| vec![Block::new(); argon2.params().block_count()]);
                let mut hash = Hash::default();
                let done = argon2.hash_password_into_with_memory(
                    password.as_bytes(),
                    &salt,
                    &mut hash,
                    memory.as_mut_slice(),
                );
                (done.map(|()| hash), memory)
            })
            .await;
        self.memory().push(memory);
        hash
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
