//! From a token to whoever calls.
//!
//! | file | what |
//! |---|---|
//! | `settings` | whose tokens are good, as a deployment says it |
//! | `token` | a token's checks, and how one is minted |
//! | `key` | a key, bound to its algorithm |
//! | `jwk` | reads an issuer's key set |
//! | `key_set` | keeps a key set, and asks for it again when it must |
//! | `download` | fetches a key set |
//! | `crypto` | HS256, RS256 and ES256 for the token library |

mod crypto;
mod download;
#[cfg(test)]
mod fixtures;
mod jwk;
mod key;
mod key_set;
mod settings;
mod token;

pub use self::{
    settings::{GUESTS, IssuerKeys, KeySetUrl, Secrets, TokenSettings},
    token::{MintError, SetupError, TokenError, TokenRules},
};
