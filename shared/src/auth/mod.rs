//! From a token to whoever calls.

mod hs256;
mod token;

pub use self::token::{BadToken, TokenRules};
