//! Canaries: a token for each user that must never turn up in another user's response.
//!
//! A token is a rare prefix, then the user's index and a check value, both masked by the seed, in letters and digits that
//! no escaping touches. So one search for the prefix finds all of them, and no table is needed to tell whose it is.

use memchr::memmem::Finder;

use super::user::SETUP;

const PREFIX: &str = "zq7k";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Characters after the prefix, 5 bits each: 32 bits of index, 28 of check.
const PAYLOAD: usize = 12;
const CHECK_BITS: u32 = 28;

/// The canaries of all users under one seed. They do not depend on the scenario: a user is the same person throughout a run.
#[derive(Clone, Debug)]
pub(crate) struct Canaries {
    key: u64,
    finder: Finder<'static>,
}

/// A foreign canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Index of the user whose it is.
    pub(crate) user: u32,
    /// Where it begins, in bytes.
    pub(crate) at: usize,
}

impl Canaries {
    pub(crate) fn new(seed: u64) -> Self {
        Self { key: scramble(seed ^ 0x0063_616e_6172_7921), finder: Finder::new(PREFIX) }
    }

    /// The token of the user with this index, 16 lower-case letters and digits.
    pub(crate) fn token(&self, user: u32) -> String {
        let masked = user ^ (self.key >> 32) as u32;
        let payload = (u64::from(masked) << CHECK_BITS) | self.check(user);
        let mut token = String::with_capacity(PREFIX.len() + PAYLOAD);
        token.push_str(PREFIX);
        for place in (0..PAYLOAD).rev() {
            token.push(char::from(ALPHABET[(payload >> (5 * place)) as usize & 31]));
        }
        token
    }

    /// The first canary in `text` that is not `own`'s. The scenario may have fewer users than an earlier one, whose canaries
    /// are foreign all the same. That of the setup is not: what a setup prepares is everybody's.
    pub(crate) fn foreign(&self, own: u32, text: &[u8]) -> Option<Foreign> {
        self.finder.find_iter(text).find_map(|at| {
            let user = self.user(text.get(at + PREFIX.len()..at + PREFIX.len() + PAYLOAD)?)?;
            (user != own && user != SETUP).then_some(Foreign { user, at })
        })
    }

    fn user(&self, payload: &[u8]) -> Option<u32> {
        let mut bits = 0_u64;
        for byte in payload {
            let digit = match byte {
                b'a'..=b'z' => byte - b'a',
                b'2'..=b'7' => byte - b'2' + 26,
                _ => return None,
            };
            bits = bits << 5 | u64::from(digit);
        }
        let user = (bits >> CHECK_BITS) as u32 ^ (self.key >> 32) as u32;
        (bits & ((1 << CHECK_BITS) - 1) == self.check(user)).then_some(user)
    }

    fn check(&self, user: u32) -> u64 {
        scramble(self.key ^ u64::from(user)) >> (64 - CHECK_BITS)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn scramble(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_user_only() {
        let canaries = Canaries::new(42);
        for user in [0, 1, 7, 9_999, u32::MAX - 1] {
            let token = canaries.token(user);
            assert_eq!(token.len(), 16);
            assert!(token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{token}");
            let text = format!("{{\"said\":\"my code is {token}\"}}");
            assert_eq!(canaries.foreign(user, text.as_bytes()), None);
            assert_eq!(
                canaries.foreign(user.wrapping_add(1), text.as_bytes()),
                Some(Foreign { user, at: text.find(&token).unwrap() })
            );
        }
    }

    #[test]
    fn what_is_no_canary_is_none() {
        let canaries = Canaries::new(42);
        let other_run = Canaries::new(43).token(5);
        let token = canaries.token(5);
        for text in [
            "",
            "zq7k",
            "zq7kaaaaaaaaaaaa",
            "zq7kzq7kzq7kzq7k",
            &token[..15],
            &other_run,
            "zq7k-,.!\"§$%&/()=",
        ] {
            assert_eq!(canaries.foreign(0, text.as_bytes()), None, "{text}");
        }
        // A broken start right before does not hide the whole one.
        let found = canaries.foreign(0, format!("zq7kzq7{token}").as_bytes());
        assert_eq!(found, Some(Foreign { user: 5, at: 7 }));
    }

    #[test]
    fn what_the_setup_has_prepared_is_everybodys() {
        let canaries = Canaries::new(1);
        let prepared = canaries.token(SETUP);
        assert_eq!(canaries.foreign(3, prepared.as_bytes()), None);
        let text = format!("{prepared} {}", canaries.token(4));
        assert_eq!(canaries.foreign(3, text.as_bytes()), Some(Foreign { user: 4, at: 17 }));
        // It is told from the users all the same.
        assert_eq!(canaries.foreign(SETUP, text.as_bytes()), Some(Foreign { user: 4, at: 17 }));
    }

    #[test]
    fn ones_own_canary_does_not_hide_anothers() {
        let canaries = Canaries::new(1);
        let text = format!("{} {}", canaries.token(3), canaries.token(4));
        assert_eq!(canaries.foreign(3, text.as_bytes()), Some(Foreign { user: 4, at: 17 }));
    }
}
