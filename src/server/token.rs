//! Access tokens: the one place where grants are typed, minted and verified.
//!
//! A token is a JWT, HS256, as LiveKit's server reads it: `iss` is the API key, `sub` the participant's identity, `video`
//! the grants. It knows nothing of HTTP and nothing of room types.

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, crypto};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// How far a token may be past `exp` or before `nbf`: the leeway of livekit-server 1.13, observed between 55 and 65 s.
const LEEWAY_S: u64 = 60;

/// Every token's first part: `{"typ":"JWT","alg":"HS256"}` in base64url.
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";

/// Room for a visitor's claims as JSON, in bytes: twice what they measure.
const CLAIMS_BYTES: usize = 1024;

/// An API key with its secret; signs and checks tokens.
#[derive(Clone)]
pub struct ApiKey {
    key: String,
    secret: SecretString,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl ApiKey {
    /// Takes a key's name and its secret.
    pub fn new(key: impl Into<String>, secret: SecretString) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        let (encoding, decoding) = (EncodingKey::from_secret(bytes), DecodingKey::from_secret(bytes));
        Self { key: key.into(), secret, encoding, decoding }
    }

    /// The key's public name, a token's `iss`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The secret, for clients that sign for themselves (LiveKit's administration API).
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Signs `claims`, valid from `now` (since the Unix epoch) for `ttl`.
    ///
    /// # Errors
    /// Claims that cannot be written as JSON.
    pub fn mint(&self, claims: Claims, now: Duration, ttl: Duration) -> Result<String, TokenError> {
        let signed = Signed { iss: &self.key, nbf: now.as_secs(), exp: (now + ttl).as_secs(), claims: &claims };
        let mut json = Vec::with_capacity(CLAIMS_BYTES);
        serde_json::to_writer(&mut json, &signed).map_err(|error| TokenError::Mint(error.into()))?;
        let mut token = String::with_capacity(2 * CLAIMS_BYTES);
        token.push_str(HEADER);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&json, &mut token);
        let signature = crypto::sign(token.as_bytes(), &self.encoding, Algorithm::HS256).map_err(TokenError::Mint)?;
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }

    /// Checks `token`'s signature, algorithm, issuer and times, and gives its claims.
    ///
    /// # Errors
    /// Whatever makes the token unacceptable.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.key]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        validation.validate_aud = false;
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).map_err(TokenError::Refused)?;
        Ok(data.claims)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("key", &self.key).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Signed<'a> {
    iss: &'a str,
    nbf: u64,
    exp: u64,
    #[serde(flatten)]
    claims: &'a Claims,
}

/// What a token says of its bearer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Claims {
    /// The participant's identity, unique in its room.
    #[serde(rename = "sub", skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// The name that others see.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `agent` for an assistant; empty for everyone else.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Free text, 512 KiB at most.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub metadata: String,
    /// Attributes from the start, 64 KiB at most in all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The base64 of a webhook body's SHA-256; only webhooks have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What the bearer may do in rooms.
    pub video: VideoGrants,
}

/// LiveKit's video grants, the ones that Frontdesk gives or obeys. An absent permission means yes to
/// publish, subscribe and data, and no to everything else, as livekit-server has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VideoGrants {
    /// The room that the grants are for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub room: String,
    /// May join the room.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub room_join: bool,
    /// May create and delete rooms.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub room_create: bool,
    /// May list rooms.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub room_list: bool,
    /// May administer the room.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub room_admin: bool,
    /// May publish tracks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_publish: Option<bool>,
    /// Which sources it may publish (`microphone`, `camera`, ...); empty means every one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub can_publish_sources: Vec<String>,
    /// May subscribe to tracks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_subscribe: Option<bool>,
    /// May send data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_publish_data: Option<bool>,
    /// May change its own name, metadata and attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_update_own_metadata: Option<bool>,
    /// Not shown to others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Registers as an agent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub agent: bool,
}

/// Why a token was not minted or not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The claims could not be signed.
    #[error("the token could not be signed: {0}")]
    Mint(#[source] jsonwebtoken::errors::Error),
    /// The token is not acceptable.
    #[error("invalid token: {0}")]
    Refused(#[source] jsonwebtoken::errors::Error),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn key() -> ApiKey {
        ApiKey::new("key", SecretString::from("d9f2a7c4e1b8436590af1c2d3e4f5a6b"))
    }

    fn claims(identity: &str, name: &str) -> Claims {
        let video = VideoGrants { room: "r".into(), room_join: true, ..VideoGrants::default() };
        Claims { identity: identity.into(), name: name.into(), video, ..Claims::default() }
    }

    #[test]
    fn a_token_is_what_jsonwebtoken_itself_would_have_made() {
        let claims = claims("ada", "Ada");
        let signed = Signed { iss: "key", nbf: NOW.as_secs(), exp: NOW.as_secs() + 60, claims: &claims };
        let header = jsonwebtoken::Header::new(Algorithm::HS256);
        let theirs = jsonwebtoken::encode(&header, &signed, &key().encoding).unwrap();
        assert_eq!(key().mint(claims, NOW, Duration::from_secs(60)).unwrap(), theirs);
    }

    #[test]
    fn tokens_out_of_their_time_by_more_than_the_leeway_are_refused() {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let (ttl, leeway) = (Duration::from_secs(30), Duration::from_secs(LEEWAY_S));
        let slack = Duration::from_secs(10);
        let verify = |minted: Duration| key().verify(&key().mint(claims("ada", ""), minted, ttl).unwrap());
        assert!(verify(now).is_ok());
        assert!(verify(now - ttl - leeway + slack).is_ok());
        assert!(verify(now - ttl - leeway - slack).is_err());
        assert!(verify(now + leeway - slack).is_ok());
        assert!(verify(now + leeway + slack).is_err());
    }

    #[test]
    fn tokens_of_other_keys_secrets_and_algorithms_are_refused() {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let token = key().mint(claims("ada", ""), now, Duration::from_secs(60)).unwrap();
        let other_name = ApiKey::new("other", key().secret().clone());
        let other_secret = ApiKey::new("key", SecretString::from("another secret of the same length"));
        assert!(other_name.verify(&token).is_err());
        assert!(other_secret.verify(&token).is_err());
        let (_, rest) = token.split_once('.').unwrap();
        let (payload, signature) = rest.split_once('.').unwrap();
        for header in [r#"{"typ":"JWT","alg":"none"}"#, r#"{"typ":"JWT","alg":"HS512"}"#] {
            let header = URL_SAFE_NO_PAD.encode(header);
            assert!(key().verify(&format!("{header}.{payload}.{signature}")).is_err());
            assert!(key().verify(&format!("{header}.{payload}.")).is_err());
        }
    }

    proptest! {
        #[test]
        fn what_is_minted_is_verified_unchanged(identity in ".{1,64}", name in ".{0,64}") {
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
            let claims = claims(&identity, &name);
            let token = key().mint(claims.clone(), now, Duration::from_secs(60)).unwrap();
            prop_assert_eq!(key().verify(&token).unwrap(), claims);
        }

        #[test]
        fn rubbish_is_refused(token in "[A-Za-z0-9_.=-]{0,200}") {
            prop_assert!(key().verify(&token).is_err());
        }
    }
}
