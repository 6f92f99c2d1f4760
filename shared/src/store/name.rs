//! NAME: by which beginnings a person is found. One item for each of a name's first words; the name
//! itself, and everything else about the person, is in the PROFILE alone.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt as _;

use super::{
    Store, StoreError,
    attr::s,
    key::{self, Key},
};
use crate::domain::{
    ids::{Salt, SideKey},
    name::{MAX_COMPARED, beginnings},
    person::Person,
    principal::Principal,
};

/// A place in what a search found: just behind this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameCursor {
    beginning: String,
    person: Principal,
}

impl NameCursor {
    /// The cursor that this text spells, if we could have given it out in a search for `wanted`.
    pub fn parse(text: &str, wanted: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        // White space in what is compared is a space.
        let (beginning, id) = plain.split_once('\n')?;
        let within = beginning.starts_with(wanted) && beginning.chars().count() <= MAX_COMPARED;
        let person = Principal::user(id)?;
        within.then(|| Self { beginning: beginning.to_owned(), person })
    }

    fn key(&self, salt: &Salt) -> Key {
        let account = SideKey::of(salt, &self.person);
        key::of(key::names(&self.beginning), key::name(&self.beginning, &account))
    }
}

impl std::fmt::Display for NameCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = format!("{}\n{}", self.beginning, self.person.id);
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

/// A page of what a search found.
#[derive(Clone, Debug)]
pub struct NamePage {
    /// The people, by name.
    pub people: Vec<Person>,
    /// Where the next page begins, if there is more.
    pub next: Option<NameCursor>,
}

/// A person, and by what it was found.
struct Found {
    person: Person,
    beginning: String,
}

impl Store {
    /// A page of the people of whose names one of the first words begins so; `wanted` is folded and
    /// not empty.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn people_named(
        &self,
        wanted: &str,
        limit: usize,
        after: Option<&NameCursor>,
    ) -> Result<NamePage, StoreError> {
        let mut from = match after {
            None => None,
            Some(cursor) => Some(cursor.key(self.salt().await?)),
        };
        let mut found = Vec::new();
        // One more than the page holds tells whether there is another page.
        while found.len() <= limit {
            let (entries, rest) = self.names(wanted, limit + 1 - found.len(), from).await?;
            let known = self.people(&entries.iter().map(|(_, key)| key.clone()).collect()).await?;
            for (beginning, account) in entries {
                if let Some(person) = known.get(&account).filter(|p| shows(p, wanted, &beginning)) {
                    found.push(Found { person: person.clone(), beginning });
                }
            }
            from = rest;
            if from.is_none() {
                break;
            }
        }
        let next = (found.len() > limit).then(|| found.get(limit.checked_sub(1)?)).flatten();
        let next = next.map(|last| NameCursor {
            beginning: last.beginning.clone(),
            person: last.person.principal.clone(),
        });
        found.truncate(limit);
        Ok(NamePage { people: found.into_iter().map(|found| found.person).collect(), next })
    }

    /// Some entries that begin so, and where the next ones are, if there are any.
    async fn names(
        &self,
        wanted: &str,
        limit: usize,
        from: Option<Key>,
    ) -> Result<(Vec<(String, SideKey)>, Option<Key>), StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :letter AND begins_with(sk, :wanted)")
            .expression_attribute_values(":letter", s(key::names(wanted)))
            .expression_attribute_values(":wanted", s(wanted))
            .set_exclusive_start_key(from)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .boxed()
            .await?;
        let items = answer.items.unwrap_or_default();
        let entry = |sort: &AttributeValue| {
            let (beginning, account) = key::name_parts(sort.as_s().ok()?)?;
            Some((beginning.to_owned(), account))
        };
        let entries = items.iter().filter_map(|item| entry(item.get("sk")?));
        Ok((entries.collect(), answer.last_evaluated_key))
    }
}

/// Whether this entry is the one by which the person is shown: of those that the present name has,
/// the first that begins as wanted. So nobody is shown twice, nor by an old name.
fn shows(person: &Person, wanted: &str, beginning: &str) -> bool {
    let name = person.name.as_deref().unwrap_or_default();
    let first = beginnings(name).into_iter().find(|one| one.starts_with(wanted));
    first.as_deref() == Some(beginning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_shown_once_and_only_by_the_present_name() {
        let mut person = Person::new(Principal::user("1").unwrap());
        person.name = Some("Anna Lee Anna".into());
        assert!(shows(&person, "an", "anna"));
        assert!(!shows(&person, "an", "anna lee anna"));
        assert!(shows(&person, "anna ", "anna lee anna"));
        assert!(!shows(&person, "be", "berta"));
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_for_the_same_search_alone() {
        let person = Principal::user("auth0|a\nb").unwrap();
        let cursor = NameCursor { beginning: "alice smith".into(), person };
        let text = cursor.to_string();
        assert_eq!(NameCursor::parse(&text, "ali"), Some(cursor));
        assert_eq!(NameCursor::parse(&text, "bob"), None);
        for bad in ["", "%", "AAAA", &URL_SAFE_NO_PAD.encode("ali\n")] {
            assert_eq!(NameCursor::parse(bad, "ali"), None, "{bad}");
        }
    }
}
