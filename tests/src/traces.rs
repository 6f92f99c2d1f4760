//! What would give an identity away, however it is written.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::in_path;

/// A hash that was cut to this many digits would still give away what it is of.
const HASH_DIGITS: usize = 16;

/// Texts that must not be found: as they are, in other cases, escaped, encoded and hashed.
#[derive(Clone, Debug)]
pub struct Traces(Vec<Trace>);

/// One text.
#[derive(Clone, Debug)]
struct Trace {
    text: String,
    /// Searched for whatever the case; all in lower case.
    anycase: Vec<String>,
    /// Searched for as they are.
    exact: Vec<String>,
}

impl Traces {
    /// The traces of these texts, none of which may be so short that it could come about by chance.
    pub fn of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self(texts.into_iter().map(|text| Trace::of(text.as_ref())).collect())
    }

    /// How many texts are searched for.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is searched for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Which of the texts are found, and in which form.
    pub fn found_in(&self, whole: &str) -> Vec<String> {
        let lower = whole.to_lowercase();
        let mut found = Vec::new();
        for trace in &self.0 {
            let anycase = trace.anycase.iter().filter(|form| lower.contains(form.as_str()));
            let exact = trace.exact.iter().filter(|form| whole.contains(form.as_str()));
            found.extend(anycase.chain(exact).map(|form| format!("{}, as {form}", trace.text)));
        }
        found
    }
}

impl Trace {
    fn of(text: &str) -> Self {
        assert!(text.len() >= 6, "{text} could come about by chance");
        let in_json = serde_json::Value::from(text).to_string();
        let mut anycase = vec![
            text.to_owned(),
            in_json.trim_matches('"').to_owned(),
            in_path(text),
            in_path(&in_path(text)),
            in_path(text).replace("%2E", ".").replace("%5F", "_"),
        ];
        let mut exact = Vec::new();
        for written in [text.to_owned(), text.to_lowercase(), text.to_uppercase()] {
            let bytes = written.as_bytes();
            anycase.push(hex(bytes));
            for hash in [Sha256::digest(bytes).to_vec(), Md5::digest(bytes).to_vec()] {
                anycase.push(hex(&hash)[..HASH_DIGITS].to_owned());
                exact.extend(in_base64(&hash));
            }
            exact.extend(in_base64(bytes));
        }
        for forms in [&mut anycase, &mut exact] {
            forms.sort();
            forms.dedup();
        }
        let anycase = anycase.into_iter().map(|form| form.to_lowercase()).collect();
        Self { text: text.to_owned(), anycase, exact }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// How the bytes look in Base64 wherever in something longer they stand: the digits that depend on
/// them alone, for each of the three places at which they can begin, in both alphabets.
fn in_base64(bytes: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let longer = [&vec![0; before], bytes].concat();
        let (first, whole) = ((before * 8).div_ceil(6), longer.len() * 8 / 6);
        for digits in [STANDARD.encode(&longer), URL_SAFE.encode(&longer)] {
            forms.push(digits[first..whole].to_owned());
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_however_it_is_written() {
        let traces = Traces::of(["idp|Ab7@x.example"]);
        for whole in [
            "{\"id\":\"idp|Ab7@x.example\"}",
            "IDP|AB7@X.EXAMPLE",
            "/users/idp%7CAb7%40x%2Eexample/",
            "/users/idp%7cab7%40x.example/",
        ] {
            assert!(!traces.found_in(whole).is_empty(), "{whole}");
        }
        for prefix in ["", "a", "ab", "abc"] {
            let longer = format!("{prefix}idp|Ab7@x.example and more");
            for encoded in [STANDARD.encode(&longer), URL_SAFE.encode(&longer)] {
                assert!(!traces.found_in(&encoded).is_empty(), "{encoded}");
            }
        }
        let hash = hex(&Sha256::digest(b"idp|Ab7@x.example"));
        assert!(!traces.found_in(&hash.to_uppercase()).is_empty());
        assert!(!traces.found_in(&hex(b"idp|Ab7@x.example")).is_empty());
        assert!(traces.found_in("idp|Ab8@x.example and whatever else").is_empty());
    }
}
