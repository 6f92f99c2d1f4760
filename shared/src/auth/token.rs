//! JSON Web Tokens (RFC 7519), as the application's own server or its identity provider mints them, and
//! as we give them to guests.

use jsonwebtoken::{
    Algorithm, EncodingKey, Header, TokenData, Validation, dangerous,
    errors::{Error as JwtError, ErrorKind},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    crypto, download,
    key::Key,
    key_set::KeySet,
    settings::{GUESTS, IssuerKeys, Secrets, TokenSettings},
};
use crate::{
    domain::{
        principal::{Caller, Principal, PrincipalType, Profile, Roles},
        time::{Clock, Timestamp},
    },
    secret::Secret,
};

/// How far the clocks of the token's issuer and ours may be apart, in seconds.
const LEEWAY: i64 = 60;

/// Whose tokens are good. Clones share the keys that were fetched.
#[derive(Clone, Debug)]
pub struct TokenRules {
    application: Issuer,
    guests: Option<Issuer>,
    audience: String,
}

/// Who mints tokens: its name, and what verifies them. No issuer's keys verify another's tokens.
#[derive(Clone, Debug)]
struct Issuer {
    name: String,
    keys: Keys,
}

#[derive(Clone, Debug)]
enum Keys {
    Secrets(Secrets),
    Set(KeySet),
}

/// A token cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not hold; the text says why, in words that help and give nothing away.
    #[error("{0}")]
    Bad(&'static str),
    /// Nobody can tell: its issuer's keys could not be had.
    #[error("the keys that verify tokens cannot be had now")]
    NoKeys {
        /// When they are asked for again, in seconds.
        retry_after: u64,
    },
}

impl TokenError {
    pub(super) const ALGORITHM: Self =
        Self::Bad("the token's alg is not one for its issuer's keys");
}

/// The HTTP client that fetches a key set cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the key set's HTTP client cannot be made: {0}")]
pub struct SetupError(#[from] reqwest::Error);

/// A token cannot be minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// Whoever should sign it is not this program.
    #[error("there is no secret to sign such a token with")]
    NoSecret,
    /// They are no JSON that can be written.
    #[error("the claims cannot be signed")]
    Claims,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default, rename = "type")]
    kind: PrincipalType,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    picture: Option<String>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
}

/// What a token says of its issuer: a text, not a list.
#[derive(Deserialize)]
struct Origin {
    iss: String,
}

impl TokenRules {
    /// The rules of a deployment. `clock` tells when a key set is due; nothing is fetched yet.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(settings: TokenSettings, clock: Clock) -> Result<Self, SetupError> {
        let keys = match settings.keys {
            IssuerKeys::Secrets(secrets) => Keys::Secrets(secrets),
            IssuerKeys::KeySet(url) => Keys::Set(KeySet::new(download::over_http(&url)?, clock)),
        };
        let guests = settings.guests.map(Keys::Secrets);
        Ok(Self {
            application: Issuer { name: settings.issuer, keys },
            guests: guests.map(|keys| Issuer { name: GUESTS.into(), keys }),
            audience: settings.audience,
        })
    }

    /// Fetches the keys that must be fetched, so that the first token need not wait for them. It does
    /// not have to succeed.
    pub async fn connect(&self) {
        if let Keys::Set(set) = &self.application.keys {
            set.connect().await;
        }
    }

    /// Who calls, if the token is good at `now`, the machine's time.
    ///
    /// # Errors
    /// [`TokenError::Bad`] when the token is not one of ours, is for somebody else, or its time has
    /// passed; [`TokenError::NoKeys`] when nobody can tell.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, TokenError> {
        crypto::install();
        // Read before anything is verified, and only to choose whose keys must do so.
        let TokenData { header, claims } = dangerous::insecure_decode::<Origin>(token)
            .map_err(|_| TokenError::Bad("this is no JSON Web Token with an iss"))?;
        if header.crit.is_some() {
            // RFC 7515, section 4.1.11: what must be understood is not.
            return Err(TokenError::Bad("the token asks for an extension"));
        }
        let issuer = self.named(&claims.iss)?;
        let claims = self.signed_claims(token, issuer, &header).await?;
        claims.hold_at(now)?;
        claims.come_from(issuer)?;
        claims.caller()
    }

    /// The issuer that a token names, which decides what alone may verify it.
    fn named(&self, name: &str) -> Result<&Issuer, TokenError> {
        std::iter::once(&self.application)
            .chain(&self.guests)
            .find(|issuer| issuer.name == name)
            .ok_or(TokenError::Bad("the token's iss is not one that is taken here"))
    }

    /// What the token claims, once a key of its issuer has verified it.
    async fn signed_claims(
        &self,
        token: &str,
        issuer: &Issuer,
        header: &Header,
    ) -> Result<Claims, TokenError> {
        let mut refused = TokenError::Bad("the token's signature does not hold");
        for key in issuer.keys.for_header(header).await? {
            let validation = self.validation(issuer, key.algorithm);
            match jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation) {
                Ok(token) => return Ok(token.claims),
                // The key before may be the one.
                Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {}
                Err(error) => refused = why(&error),
            }
        }
        Err(refused)
    }

    /// One algorithm, so that the token's own header decides nothing. Times are checked by us,
    /// since the clock is passed in.
    fn validation(&self, issuer: &Issuer, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&issuer.name]);
        validation.set_audience(&[&self.audience]);
        validation
    }

    /// A token with these claims: a guest's in our own name, all others in the application's. `iss` and
    /// `aud` are set unless they are given.
    ///
    /// # Errors
    /// When there is no secret to sign it with, or the claims cannot be written.
    pub fn mint(&self, mut claims: Map<String, Value>) -> Result<String, MintError> {
        crypto::install();
        let guest = claims.get("type").is_some_and(|kind| kind == PrincipalType::Guest.as_str());
        let issuer = if guest { self.guests.as_ref() } else { Some(&self.application) };
        let issuer = issuer.ok_or(MintError::NoSecret)?;
        let secret = issuer.keys.signing().ok_or(MintError::NoSecret)?;
        claims.entry("iss").or_insert_with(|| issuer.name.clone().into());
        claims.entry("aud").or_insert_with(|| self.audience.clone().into());
        let key = EncodingKey::from_secret(secret.expose().as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|_| MintError::Claims)
    }
}

impl Keys {
    /// The keys that may have signed a token with this header, at least one. Of the header only the
    /// names of the algorithm and the key count: a key that it brings, or an address of one, is not read.
    async fn for_header(&self, header: &Header) -> Result<Vec<Key>, TokenError> {
        match (self, header.alg) {
            (Self::Secrets(secrets), Algorithm::HS256) => {
                let all = std::iter::once(&secrets.current).chain(&secrets.previous);
                Ok(all.map(Key::secret).collect())
            }
            (Self::Set(set), Algorithm::RS256 | Algorithm::ES256) => {
                let kid = header.kid.as_deref();
                let kid = kid.ok_or(TokenError::Bad("the token names no key (kid)"))?;
                Ok(vec![set.key(kid, header.alg).await?])
            }
            _ => Err(TokenError::ALGORITHM),
        }
    }

    /// What signs, where this program can.
    fn signing(&self) -> Option<&Secret> {
        match self {
            Self::Secrets(secrets) => Some(&secrets.current),
            Self::Set(_) => None,
        }
    }
}

impl Claims {
    fn hold_at(&self, now: Timestamp) -> Result<(), TokenError> {
        let now = now.seconds();
        if self.exp as i64 <= now - LEEWAY {
            return Err(TokenError::Bad("the token has expired"));
        }
        if self.nbf.is_some_and(|from| from as i64 > now + LEEWAY) {
            return Err(TokenError::Bad("the token is not valid yet"));
        }
        Ok(())
    }

    /// Guests' tokens are ours, and ours are guests' alone, so that the secret that signs them can make
    /// nobody a user or an agent.
    fn come_from(&self, issuer: &Issuer) -> Result<(), TokenError> {
        let is_guest = self.kind == PrincipalType::Guest;
        if is_guest != (issuer.name == GUESTS) || (is_guest && !self.roles.is_empty()) {
            return Err(TokenError::Bad("the token's issuer cannot give out such a token"));
        }
        Ok(())
    }

    fn caller(self) -> Result<Caller, TokenError> {
        let principal = Principal::new(self.kind, &self.sub)
            .ok_or(TokenError::Bad("the token's sub is not 1 to 128 bytes long"))?;
        let has = |role: &str| self.roles.iter().any(|held| held == role);
        Ok(Caller {
            principal,
            roles: Roles { admin: has("admin"), service: has("service") },
            profile: Profile {
                name: self.name,
                email: self.email,
                picture: self.picture,
                locale: self.locale,
            },
            in_dialect: false,
        })
    }
}

/// What was wrong with a token, for whoever writes the program that mints them.
fn why(error: &JwtError) -> TokenError {
    TokenError::Bad(match error.kind() {
        ErrorKind::InvalidAudience => "the token's aud is not the one that is taken here",
        ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) => {
            "the token lacks sub, exp, iss or aud, or one of its claims is not of its type"
        }
        _ => "the token is not valid here",
    })
}

#[cfg(test)]
mod tests;
