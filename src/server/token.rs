//! Access tokens: the one place where grants are typed, minted and verified.
//!
//! A token is a JWT, HS256, as LiveKit's server reads it: `iss` is the API key, `sub` the participant's identity, `video`
//! the grants. It knows nothing of HTTP and nothing of room types.

use std::{collections::BTreeMap, fmt, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// How far a token may be past `exp` or before `nbf`: the leeway of livekit-server 1.13, observed between 55 and 65 s.
const LEEWAY_S: u64 = 60;

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
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &signed, &self.encoding).map_err(TokenError::Mint)
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
