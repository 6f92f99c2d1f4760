//! Changing some fields of a thing and leaving the others as they are.

use serde::{Deserialize, Deserializer};

/// What is to become of a field. In JSON an absent key keeps it, given `#[serde(default)]`, and null
/// clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// Nothing is known of it any more.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// What is set, if anything is.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl<T: Clone> Change<T> {
    /// What the field is afterwards.
    pub fn of(&self, old: &Option<T>) -> Option<T> {
        match self {
            Self::Keep => old.clone(),
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }

    /// What is given is set, what is not given stays.
    pub fn if_given(value: &Option<T>) -> Self {
        value.clone().map_or(Self::Keep, Self::Set)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        karma: Change<i64>,
    }

    #[test]
    fn an_absent_key_keeps_and_null_clears() {
        let read = |json: &str| serde_json::from_str::<Body>(json).unwrap().karma;
        assert_eq!(read("{}"), Change::Keep);
        assert_eq!(read(r#"{"karma":null}"#), Change::Clear);
        assert_eq!(read(r#"{"karma":-5}"#), Change::Set(-5));
    }
}
