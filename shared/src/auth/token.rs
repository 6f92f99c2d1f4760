//! JSON Web Tokens (RFC 7519), as the application's own server mints them.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::hs256;
use crate::domain::{
    principal::{Caller, Principal, PrincipalType, Profile, Roles},
    time::Timestamp,
};
use crate::secret::Secret;

/// How far the clocks of the token's issuer and ours may be apart, in seconds.
const LEEWAY: i64 = 60;

/// Whose tokens are good.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// The HS256 secret, shared with the application's server.
    pub secret: Secret,
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be or hold.
    pub audience: String,
}

/// The token does not hold; the text says why, in words that help and give nothing away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadToken(pub &'static str);

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
    roles: Vec<String>,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
}

impl TokenRules {
    /// Who calls, if the token is good at `now`, the machine's time.
    ///
    /// # Errors
    /// When the token is not one of ours, is for somebody else, or its time has passed.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, BadToken> {
        hs256::install();
        let key = DecodingKey::from_secret(self.secret.expose().as_bytes());
        let token = jsonwebtoken::decode::<Claims>(token, &key, &self.validation())
            .map_err(|_| BadToken("the token is not valid here"))?;
        if token.header.crit.is_some() {
            // RFC 7515, section 4.1.11: what must be understood is not.
            return Err(BadToken("the token asks for an extension"));
        }
        let claims = token.claims;
        let now = now.seconds();
        if claims.exp as i64 <= now - LEEWAY {
            return Err(BadToken("the token has expired"));
        }
        if claims.nbf.is_some_and(|from| from as i64 > now + LEEWAY) {
            return Err(BadToken("the token is not valid yet"));
        }
        let principal = Principal::new(claims.kind, &claims.sub)
            .ok_or(BadToken("the token's sub is not 1 to 128 bytes long"))?;
        let has = |role: &str| claims.roles.iter().any(|held| held == role);
        Ok(Caller {
            principal,
            roles: Roles { admin: has("admin"), service: has("service") },
            profile: Profile { name: claims.name, email: claims.email, picture: claims.picture },
        })
    }

    /// A token with these claims. `iss` and `aud` are ours unless they are given.
    ///
    /// # Errors
    /// When the claims cannot be written.
    pub fn mint(&self, mut claims: Map<String, Value>) -> Result<String, BadToken> {
        hs256::install();
        claims.entry("iss").or_insert_with(|| self.issuer.clone().into());
        claims.entry("aud").or_insert_with(|| self.audience.clone().into());
        let key = EncodingKey::from_secret(self.secret.expose().as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|_| BadToken("the claims cannot be signed"))
    }

    /// One algorithm, so that the token's own header decides nothing. Times are checked by us,
    /// since the clock is passed in.
    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn rules() -> TokenRules {
        TokenRules {
            secret: Secret::new("0123456789abcdef0123456789abcdef"),
            issuer: "shop".into(),
            audience: "parlour".into(),
        }
    }

    fn verify(token: &str) -> Result<Caller, BadToken> {
        rules().verify(token, Timestamp::from_millis(NOW * 1000))
    }

    fn token(changes: Value) -> String {
        let mut claims = json!({"sub": "auth0|abc", "exp": NOW + 60}).as_object().cloned().unwrap();
        claims.extend(changes.as_object().cloned().unwrap());
        claims.retain(|_, value| !value.is_null());
        rules().mint(claims).unwrap()
    }

    #[test]
    fn a_good_token_tells_who_calls() {
        let caller = verify(&token(json!({"name": "Ann", "roles": ["admin", "unknown"]}))).unwrap();
        assert_eq!(caller.principal, Principal::user("auth0|abc").unwrap());
        assert_eq!(caller.profile.name.as_deref(), Some("Ann"));
        assert_eq!(caller.roles, Roles { admin: true, service: false });
        let merchant =
            verify(&token(json!({"type": "merchant", "aud": ["other", "parlour"]}))).unwrap();
        assert_eq!(merchant.principal.kind, PrincipalType::Merchant);
        let guest = verify(&token(json!({"type": "guest"}))).unwrap();
        assert_eq!(guest.principal.member_id(), "guest:auth0|abc");
    }

    /// Reliability F16.
    #[test]
    fn a_token_that_is_old_early_foreign_or_incomplete_is_refused() {
        assert!(verify(&token(json!({"exp": NOW - 59}))).is_ok());
        for bad in [
            json!({"exp": NOW - 60}),
            json!({"exp": null}),
            json!({"nbf": NOW + 61}),
            json!({"iss": "other"}),
            json!({"aud": "other"}),
            json!({"sub": ""}),
            json!({"sub": "x".repeat(129)}),
            json!({"sub": 1}),
            json!({"type": "robot"}),
            json!({"roles": "admin"}),
        ] {
            assert!(verify(&token(bad.clone())).is_err(), "{bad}");
        }
    }

    /// A well-signed token whose header says that an extension must be understood.
    fn critical(rules: &TokenRules, claims: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#);
        let signed = format!("{header}.{claims}");
        let key = EncodingKey::from_secret(rules.secret.expose().as_bytes());
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256);
        format!("{signed}.{}", signature.unwrap())
    }

    /// Reliability F16.
    #[test]
    fn a_token_that_was_altered_or_names_another_algorithm_is_refused() {
        let good = token(json!({}));
        let parts: Vec<&str> = good.split('.').collect();
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let with_header =
            |header: &str, signature: &str| format!("{}.{}.{signature}", encode(header), parts[1]);
        let forged =
            encode(&format!(r#"{{"sub":"bob","exp":{},"iss":"shop","aud":"parlour"}}"#, NOW + 60));
        for bad in [
            with_header(r#"{"alg":"none"}"#, ""),
            with_header(r#"{"alg":"none"}"#, parts[2]),
            with_header(r#"{"alg":"HS512"}"#, parts[2]),
            with_header(r#"{"alg":"RS256"}"#, parts[2]),
            critical(&rules(), parts[1]),
            format!("{}.{forged}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            String::new(),
            "a.b".into(),
            format!("{good}x"),
        ] {
            assert!(verify(&bad).is_err(), "{bad}");
        }
    }
}
