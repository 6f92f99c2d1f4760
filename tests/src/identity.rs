//! An identity provider: keys that it signs with, and the address where it publishes them.

use std::{
    future::pending,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};
use shared::{
    auth::{IssuerKeys, KeySetUrl, Secrets, TokenSettings},
    domain::time::{Clock, Timestamp},
    secret::Secret,
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::token;

/// What `iss` is in its tokens.
pub const ISSUER: &str = "https://id.example/";
/// What signs the tokens of guests, where users have those of a provider.
pub const GUEST_SECRET: &str = "guests-of-the-tests-have-their-own-secret";

/// How a provider answers who asks for its keys.
#[derive(Clone, Debug)]
pub enum Serving {
    /// With the keys.
    Keys,
    /// With this text.
    Text(String),
    /// With this status and nothing else.
    Status(u16),
    /// With a redirect to this address.
    Redirect(String),
    /// Never.
    Nothing,
}

/// An identity provider on this machine. Its clock, which tells when keys are due, stands still until it
/// is moved.
pub struct IdentityProvider {
    address: String,
    records: Arc<Mutex<Records>>,
    now: Arc<Mutex<Timestamp>>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Records {
    serving: Serving,
    keys: Vec<Value>,
    fetches: usize,
}

impl IdentityProvider {
    /// One that publishes these keys.
    pub async fn publishing(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let records = Records { serving: Serving::Keys, keys: public(keys), fetches: 0 };
        let records = Arc::new(Mutex::new(records));
        let router = Router::new().fallback(asked).with_state(Arc::clone(&records));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server until it is dropped");
        });
        let now = Arc::new(Mutex::new(Timestamp::from_millis(1_700_000_000_000)));
        Self { address: format!("http://127.0.0.1:{port}/keys"), records, now, server }
    }

    /// Where it publishes its keys.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Settings that trust it, and nobody else but guests.
    pub fn settings(&self) -> TokenSettings {
        TokenSettings {
            keys: IssuerKeys::KeySet(KeySetUrl::parse(&self.address).expect("a loopback address")),
            issuer: ISSUER.into(),
            audience: "parlour".into(),
            guests: Some(Secrets::only(Secret::new(GUEST_SECRET))),
        }
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Clock::from_fn(move || *lock(&now))
    }

    /// Time passes for whoever keeps its keys.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("not for ages");
        let mut now = lock(&self.now);
        *now = now.plus_millis(by);
    }

    /// From now on it publishes these keys.
    pub fn publishes(&self, keys: &[&SigningKey]) {
        lock(&self.records).keys = public(keys);
    }

    /// From now on it publishes this as well.
    pub fn also_publishes(&self, key: Value) {
        lock(&self.records).keys.push(key);
    }

    /// From now on it answers differently.
    pub fn is(&self, serving: Serving) {
        lock(&self.records).serving = serving;
    }

    /// How often it was asked for its keys.
    pub fn fetches(&self) -> usize {
        lock(&self.records).fetches
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn public(keys: &[&SigningKey]) -> Vec<Value> {
    keys.iter().map(|key| key.public()).collect()
}

async fn asked(State(records): State<Arc<Mutex<Records>>>) -> Response {
    let (serving, keys) = {
        let mut records = lock(&records);
        records.fetches += 1;
        (records.serving.clone(), json!({ "keys": records.keys }))
    };
    match serving {
        Serving::Keys => keys.to_string().into_response(),
        Serving::Text(text) => text.into_response(),
        Serving::Status(status) => {
            StatusCode::from_u16(status).expect("a status of the test's own").into_response()
        }
        Serving::Redirect(to) => {
            let to = HeaderValue::from_str(&to).expect("an address");
            (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
        }
        Serving::Nothing => pending().await,
    }
}

/// A private key, and the name by which tokens call it.
pub struct SigningKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl SigningKey {
    /// A new key for ES256.
    pub fn es256(kid: &str) -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pair = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(kind, pair.as_ref(), &random).expect("the same key");
        Self { kid: kid.into(), pair: Pair::Es256(pair) }
    }

    /// The tests' one key for RS256, under any name.
    pub fn rs256(kid: &str) -> Self {
        let pair = RsaKeyPair::from_pkcs8(&der(include_str!("keys/rsa.pem"))).expect("a key");
        Self { kid: kid.into(), pair: Pair::Rs256(pair) }
    }

    /// Its public part, as a key set holds it.
    pub fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Es256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({
                    "kid": self.kid, "kty": "EC", "use": "sig", "alg": "ES256",
                    "crv": "P-256", "x": text(x), "y": text(y),
                })
            }
            Pair::Rs256(pair) => {
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({
                    "kid": self.kid, "kty": "RSA", "use": "sig", "alg": "RS256",
                    "n": text(&n),
                    "e": text(&e),
                })
            }
        }
    }

    /// The header of its tokens.
    pub fn header(&self) -> Value {
        let alg = match self.pair {
            Pair::Es256(_) => "ES256",
            Pair::Rs256(_) => "RS256",
        };
        json!({ "alg": alg, "typ": "JWT", "kid": self.kid })
    }

    /// A token with these claims.
    pub fn signs(&self, claims: &Value) -> String {
        self.signs_with(&self.header(), claims)
    }

    /// A token with any header, signed with this key whatever the header says.
    pub fn signs_with(&self, header: &Value, claims: &Value) -> String {
        let text = token::unsigned(header, claims);
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Es256(pair) => {
                pair.sign(&random, text.as_bytes()).expect("a signature").as_ref().to_vec()
            }
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
                    .expect("a signature");
                signature
            }
        };
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Claims of a provider's token that hold until the year 2100.
pub fn provided(sub: &str) -> Value {
    let mut claims = token::claims(sub);
    claims["iss"] = json!(ISSUER);
    claims
}

/// The public part of the tests' key for RS256, as openssl writes it: whatever somebody could take for a
/// secret.
pub fn rsa_public_texts() -> Vec<Vec<u8>> {
    let pem = include_str!("keys/rsa-public.pem");
    vec![pem.into(), pem.trim_end().into(), der(pem)]
}

fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    STANDARD.decode(lines.collect::<String>()).expect("base64")
}

/// A key of 1024 bits, as a key set would hold it.
pub fn weak_key() -> Value {
    json!({ "kid": "weak", "kty": "RSA", "use": "sig", "alg": "RS256", "n": WEAK, "e": "AQAB" })
}

/// Its modulus.
const WEAK: &str = concat!(
    "p6SB0SmSDDUN8KIVpgSMe9VoJ-AvV4i_zVe8ySeWUAk1BNwnuFeu6ZI8ZtNJcSpTPm8MC6ymX3oPpWA4",
    "2I3zOY9GL0F7p77VWN6HyVBGUGeZoGrasc3LCfS8seeGTgs0-mR7XKp5XJX3inb0l5vhHyESo_i9TaKC",
    "R0q1seD5dGE",
);

/// A token of Alice's that it signed, made with openssl.
pub const WEAK_TOKEN: &str = concat!(
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IndlYWsifQ.eyJzdWIiOiJhbGljZSIsImlzc",
    "yI6Imh0dHBzOi8vaWQuZXhhbXBsZS8iLCJhdWQiOiJwYXJsb3VyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.CA",
    "H3KbKnY4NxjT7PvWwXIwnEjTtZWp7wagxDCRfjlW9rVIP0p0JnWdpXVDppVe3QiEm045orrJs71iDAua",
    "2OJdguoEmizTdeVKn6cZEF5XkyBm63wztpIHD88uJwuz1qn-y6NMNj2jd_wjJ7B0f3RxkWowBDI_WmmQ",
    "QdTl2eeWs",
);
