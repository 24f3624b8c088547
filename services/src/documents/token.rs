//! Signed tokens: `<claims>.<HMAC-SHA256 of the claims>`, both in base64url.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The user's number.
    pub(super) user: i64,
    /// The session's number; logging out ends it.
    pub(super) session: i64,
}

#[derive(Debug)]
pub(super) struct Signer(Hmac<Sha256>);

impl Signer {
    /// A signer whose key comes from the seed.
    pub(super) fn new(seed: u64) -> Self {
        let key =
            Sha256::new().chain_update(b"documents token key").chain_update(seed.to_le_bytes()).finalize();
        Self(Hmac::new_from_slice(&key).expect("HMAC takes a key of any length"))
    }

    pub(super) fn sign(&self, claims: &Claims) -> String {
        let claims = BASE64.encode(serde_json::to_vec(claims).expect("two numbers are always JSON"));
        let mac = self.0.clone().chain_update(claims.as_bytes()).finalize().into_bytes();
        format!("{claims}.{}", BASE64.encode(mac))
    }

    /// What a token says, where it was signed here.
    pub(super) fn verify(&self, token: &str) -> Option<Claims> {
        let (claims, mac) = token.split_once('.')?;
        let mac = BASE64.decode(mac).ok()?;
        self.0.clone().chain_update(claims.as_bytes()).verify_slice(&mac).ok()?;
        serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_only_as_it_was_signed() {
        let signer = Signer::new(1);
        let claims = Claims { user: 7, session: 9 };
        let token = signer.sign(&claims);
        assert_eq!(signer.verify(&token), Some(claims.clone()));
        let forged = Signer::new(2).sign(&claims);
        let other = signer.sign(&Claims { user: 8, session: 9 });
        let mixed = format!("{}.{}", other.split_once('.').unwrap().0, token.split_once('.').unwrap().1);
        for bad in
            [forged.as_str(), mixed.as_str(), "", ".", "abc.def", token.trim_end_matches(|_: char| true)]
        {
            assert_eq!(signer.verify(bad), None, "{bad}");
        }
    }
}
