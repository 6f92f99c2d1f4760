//! Getting no more mail, from the mail itself (RFC 8058), without signing in: its link names whose it is, and
//! proves that we made it.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Language, html::escaped};
use crate::domain::ids::{Salt, SideKey};

/// How the page looks.
const STYLE: &str = "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f5f6f8;\
color:#1d2330;font:17px/1.5 system-ui,sans-serif}main{max-width:26rem;margin:1rem;padding:2rem;\
background:#fff;border-radius:12px;box-shadow:0 1px 4px #0002}p{margin:0 0 1.25rem}p:last-child{margin:0}\
button{font:inherit;padding:.6rem 1.1rem;border:0;border-radius:8px;background:#1f4fd8;color:#fff;\
cursor:pointer}@media(prefers-color-scheme:dark){body{background:#12151c;color:#e7eaf0}\
main{background:#1b202b}}";

/// What the page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// It asks.
    Ask,
    /// It was done.
    Done,
    /// The link is none of ours.
    Invalid,
}

/// What the link of an account's mails carries.
pub fn token(salt: &Salt, account: &SideKey) -> String {
    format!("{}.{}", account.as_str(), proof(salt, account))
}

/// Whose mails carry this; `None` when it is not of our making.
pub fn whose(salt: &Salt, token: &str) -> Option<SideKey> {
    let (account, given) = token.split_once('.')?;
    let account = SideKey::parse(account)?;
    let good: bool = proof(salt, &account).as_bytes().ct_eq(given.as_bytes()).into();
    good.then_some(account)
}

fn proof(salt: &Salt, account: &SideKey) -> String {
    URL_SAFE_NO_PAD.encode(salt.hash::<16>("unsubscribe", &[account.as_str().as_bytes()]))
}

/// The link's page. A program that only looks where links lead must not unsubscribe anybody, so a button
/// does.
pub fn page(language: Language, state: Farewell) -> String {
    let words = language.words();
    let text = match state {
        Farewell::Ask => words.ask,
        Farewell::Done => words.done,
        Farewell::Invalid => words.invalid,
    };
    let button = match state {
        Farewell::Ask => {
            format!("<form method=\"post\"><button>{}</button></form>", escaped(words.unsubscribe))
        }
        Farewell::Done | Farewell::Invalid => String::new(),
    };
    format!(
        "<!doctype html>\n<html lang=\"{}\" dir=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main><p>{}</p>{button}</main></body></html>\n",
        language.tag(),
        language.direction(),
        escaped(words.unsubscribe),
        escaped(text),
    )
}

/// What the page may load and do (CSP level 3): its own style, its own button.
pub fn page_policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_its_owners_alone() {
        let (ours, theirs) = (Salt::from_bytes([7; 32]), Salt::from_bytes([8; 32]));
        let ann = SideKey::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let ben = SideKey::parse("zzzzzzzzzzzzzzzzzzzzzw").unwrap();
        let link = token(&ours, &ann);

        assert_eq!(whose(&ours, &link), Some(ann.clone()));
        assert_eq!(whose(&theirs, &link), None);
        let (_, proof) = link.split_once('.').unwrap();
        for forged in [
            format!("{}.{proof}", ben.as_str()),
            format!("{}.", ann.as_str()),
            ann.as_str().to_owned(),
            format!("{link}A"),
            String::new(),
        ] {
            assert_eq!(whose(&ours, &forged), None, "{forged}");
        }
    }
}
