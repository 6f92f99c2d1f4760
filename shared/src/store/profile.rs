//! PROFILE: an account as its own tokens and the application's server describe it, for others to show
//! before they meet it.
//!
//! A person's NAMEs, by which the search finds it, are written together with the name, both or
//! neither: whoever dies in between leaves nothing to mend.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    operation::transact_write_items::{
        TransactWriteItemsError, builders::TransactWriteItemsFluentBuilder,
    },
    types::{AttributeValue, Delete, Put, TransactWriteItem, Update},
};
use futures_util::FutureExt as _;
use serde::Deserialize;

use super::{
    Store, StoreError,
    attr::{n, s},
    fault::{
        CONFLICT_TRIES, condition_failed, in_conflict, is_conflict, old_item, wait_for_conflict,
    },
    key::{self, Key},
    table,
    update::{self, Updated},
};
use crate::domain::{
    change::Change,
    ids::SideKey,
    name,
    person::{Person, PersonChange},
    principal::{Principal, PrincipalType, Profile},
    time::Timestamp,
};

/// What the marker of an erased person holds.
pub(super) const ERASED: &str = "erased";

/// Who tells something of a person.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Teller {
    /// A token, perhaps one from before the person was erased.
    Token,
    /// The application's own server, which knows.
    Server,
}

/// The item as it is stored.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: PrincipalType,
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    picture: Option<String>,
    #[serde(default)]
    karma: Option<i64>,
    #[serde(default)]
    joined_at: Option<i64>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    unsubscribed: bool,
}

/// A person; none where only the marker of an erased one is.
fn parse(item: HashMap<String, AttributeValue>) -> Result<Option<Person>, StoreError> {
    if is_marker(&item) {
        return Ok(None);
    }
    let item: Item = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
    Ok(Some(Person {
        principal: Principal { kind: item.kind, id: item.id },
        name: item.name,
        email: item.email,
        picture: item.picture,
        karma: item.karma,
        joined_at: item.joined_at.map(Timestamp::from_millis),
        locale: item.locale,
        unsubscribed: item.unsubscribed,
    }))
}

/// Whether an item only says that a person was erased.
fn is_marker(item: &HashMap<String, AttributeValue>) -> bool {
    item.contains_key(ERASED)
}

/// What is stored of a person, by attribute.
fn attributes(person: &Person) -> [(&'static str, Option<AttributeValue>); 8] {
    let text = |value: &Option<String>| value.as_ref().map(s);
    [
        ("type", Some(s(person.principal.kind.as_str()))),
        ("id", Some(s(&person.principal.id))),
        ("name", text(&person.name)),
        ("email", text(&person.email)),
        ("picture", text(&person.picture)),
        ("karma", person.karma.map(n)),
        ("joined_at", person.joined_at.map(|at| n(at.millis()))),
        ("locale", text(&person.locale)),
    ]
}

impl Store {
    /// How an account is shown, if it was ever seen.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn profile(&self, account: &SideKey) -> Result<Option<Profile>, StoreError> {
        Ok(self.person(account).await?.map(|person| person.profile()))
    }

    /// What is known of an account at this moment, if it was ever seen.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn person(&self, account: &SideKey) -> Result<Option<Person>, StoreError> {
        self.profile_item(account).await?.map_or(Ok(None), parse)
    }

    /// Whether all that is left of an account is that it was erased.
    pub(super) async fn is_erased(&self, account: &SideKey) -> Result<bool, StoreError> {
        Ok(self.profile_item(account).await?.as_ref().is_some_and(is_marker))
    }

    /// When all but a marker of an account was erased, if it was and the marker tells.
    pub(super) async fn erased_since(
        &self,
        account: &SideKey,
    ) -> Result<Option<Timestamp>, StoreError> {
        let item = self.profile_item(account).await?;
        let since = item.and_then(|item| item.get(ERASED)?.as_n().ok()?.parse().ok());
        Ok(since.map(Timestamp::from_millis))
    }

    async fn profile_item(&self, account: &SideKey) -> Result<Option<Key>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(profile_key(account)))
            .consistent_read(true)
            .send()
            .boxed()
            .await?;
        Ok(answer.item)
    }

    /// What is known of those among the accounts that were ever seen; a moment old at most.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn people(
        &self,
        accounts: &BTreeSet<SideKey>,
    ) -> Result<BTreeMap<SideKey, Person>, StoreError> {
        let keys = accounts.iter().map(profile_key).collect();
        let mut people = BTreeMap::new();
        for item in self.batch_get(keys, false).await? {
            let partition = item.get("pk").and_then(|value| value.as_s().ok());
            if let Some(account) = partition.and_then(|text| key::side_key(text)) {
                people.extend(parse(item)?.map(|person| (account, person)));
            }
        }
        Ok(people)
    }

    /// Keeps an account as its token describes it, unless this process did so a moment ago. What the
    /// token leaves out stays as it was. False when the person was erased: then the token, good as it may
    /// be, is of somebody who is not there any more.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn put_profile(
        &self,
        account: &SideKey,
        principal: &Principal,
        profile: &Profile,
    ) -> Result<bool, StoreError> {
        if self.recent.holds(account, profile) {
            return Ok(true);
        }
        let told = PersonChange::from(profile);
        let kept = self.tell(account, principal, &told, Teller::Token).await?.is_some();
        if kept {
            self.recent.keep(account, profile);
        }
        Ok(kept)
    }

    /// Changes what is known of an account, which need not have been seen before; the person
    /// afterwards. A change that changes nothing costs a read alone. Whoever was erased is somebody new.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn change_person(
        &self,
        account: &SideKey,
        principal: &Principal,
        change: &PersonChange,
    ) -> Result<Person, StoreError> {
        let person = self.tell(account, principal, change, Teller::Server).await?;
        person.ok_or_else(|| StoreError::broken("the server was taken for a token"))
    }

    /// Keeps whether a person wants no mail; says whether there is such a person.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn set_unsubscribed(
        &self,
        account: &SideKey,
        unsubscribed: bool,
    ) -> Result<bool, StoreError> {
        let request = self
            .update(profile_key(account))
            .update_expression("SET unsubscribed = :unsubscribed")
            .condition_expression(format!(
                "attribute_exists(pk) AND attribute_not_exists({ERASED})"
            ))
            .expression_attribute_values(":unsubscribed", AttributeValue::Bool(unsubscribed));
        Ok(matches!(update::send(request).await?, Updated::Done(_)))
    }

    /// Forgets what a person is called, so that it is not found any more.
    pub(super) async fn clear_name(
        &self,
        account: &SideKey,
        principal: &Principal,
    ) -> Result<(), StoreError> {
        let change = PersonChange { name: Change::Clear, ..PersonChange::default() };
        self.tell(account, principal, &change, Teller::Token).await.map(|_| ())
    }

    /// Changes what is known of an account; the person afterwards, unless it was erased and the teller may
    /// not know.
    async fn tell(
        &self,
        account: &SideKey,
        principal: &Principal,
        change: &PersonChange,
        teller: Teller,
    ) -> Result<Option<Person>, StoreError> {
        let changed = self.try_to_tell(account, principal, change, teller).await;
        self.recent.forget(account);
        changed
    }

    async fn try_to_tell(
        &self,
        account: &SideKey,
        principal: &Principal,
        change: &PersonChange,
        teller: Teller,
    ) -> Result<Option<Person>, StoreError> {
        for tries in 0..=CONFLICT_TRIES {
            let item = self.profile_item(account).await?;
            let erased = item.as_ref().is_some_and(is_marker);
            if erased && teller == Teller::Token {
                return Ok(None);
            }
            let old = item.map_or(Ok(None), parse)?;
            let before = old.clone().unwrap_or_else(|| Person::new(principal.clone()));
            let after = before.after(change);
            if old.as_ref() == Some(&after) {
                return Ok(Some(after));
            }
            let mut update = Difference::between(old.as_ref(), &after);
            if erased {
                update.add(ERASED, None);
                update.add(table::TTL, None);
            }
            // Only users are found by their names.
            let named = principal.kind == PrincipalType::User && before.name != after.name;
            update.unless_erased = !erased;
            let written = if named {
                self.rename(account, &before, &after, update).await?
            } else {
                self.update_profile(account, update).await?
            };
            if written {
                return Ok(Some(after));
            }
            wait_for_conflict(tries).await;
        }
        Err(StoreError::Unavailable("a profile was in conflict too often".into()))
    }

    /// Writes what differs; false when a transaction was just at work there.
    async fn update_profile(
        &self,
        account: &SideKey,
        update: Difference,
    ) -> Result<bool, StoreError> {
        let condition = update.unless_erased.then(|| format!("attribute_not_exists({ERASED})"));
        let (expression, names, values) = update.parts();
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(profile_key(account)))
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .send()
            .boxed()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) if in_conflict(&error) => Ok(false),
            // Erased since it was read.
            Err(error) => old_item(error).map(|_| false),
        }
    }

    /// Writes what differs together with the NAMEs; false when somebody else just wrote a name.
    async fn rename(
        &self,
        account: &SideKey,
        before: &Person,
        after: &Person,
        update: Difference,
    ) -> Result<bool, StoreError> {
        let error = match self.rename_request(account, before, after, update)?.send().boxed().await
        {
            Ok(_) => return Ok(true),
            Err(error) => error,
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        else {
            return Err(error.into());
        };
        let passing = cancelled
            .cancellation_reasons()
            .iter()
            .any(|reason| condition_failed(reason) || reason.code().is_some_and(is_conflict));
        if passing { Ok(false) } else { Err(error.into()) }
    }

    fn rename_request(
        &self,
        account: &SideKey,
        before: &Person,
        after: &Person,
        update: Difference,
    ) -> Result<TransactWriteItemsFluentBuilder, StoreError> {
        let found_by =
            |name: &Option<String>| name.as_deref().map(name::beginnings).unwrap_or_default();
        let (stale, fresh) = (found_by(&before.name), found_by(&after.name));
        let mut request = self.client.transact_write_items().transact_items(
            TransactWriteItem::builder()
                .update(self.named_as_seen(account, before.name.as_deref(), update)?)
                .build(),
        );
        for beginning in fresh.difference(&stale) {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(name_key(beginning, account)))
                .build()
                .map_err(StoreError::broken)?;
            request = request.transact_items(TransactWriteItem::builder().put(put).build());
        }
        for beginning in stale.difference(&fresh) {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(name_key(beginning, account)))
                .build()
                .map_err(StoreError::broken)?;
            request = request.transact_items(TransactWriteItem::builder().delete(delete).build());
        }
        Ok(request)
    }

    /// An update that holds only if the name is still the one that was seen, so that the NAMEs of
    /// that one, and no others, are taken away.
    fn named_as_seen(
        &self,
        account: &SideKey,
        seen: Option<&str>,
        mut update: Difference,
    ) -> Result<Update, StoreError> {
        let mut condition = match seen {
            None => "attribute_not_exists(#name)".to_owned(),
            Some(name) => {
                update.values.insert(":seen".into(), s(name));
                "#name = :seen".to_owned()
            }
        };
        if update.unless_erased {
            condition += &format!(" AND attribute_not_exists({ERASED})");
        }
        let (expression, names, values) = update.parts();
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(profile_key(account)))
            .update_expression(expression)
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .build()
            .map_err(StoreError::broken)
    }
}

/// An update of the attributes in which two descriptions of a person differ. The others stay, also
/// when somebody else just changed them.
#[derive(Default)]
struct Difference {
    set: Vec<String>,
    remove: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    /// Whether it holds only as long as the person is not erased.
    unless_erased: bool,
}

/// An update's expression, and its attributes' names and values.
type Parts = (String, Option<HashMap<String, String>>, Option<HashMap<String, AttributeValue>>);

impl Difference {
    fn between(old: Option<&Person>, new: &Person) -> Self {
        let before = old.map(attributes);
        let mut difference = Self::default();
        for (index, (attribute, after)) in attributes(new).into_iter().enumerate() {
            let before = before.as_ref().and_then(|before| before[index].1.clone());
            if before != after {
                difference.add(attribute, after);
            }
        }
        difference
    }

    fn add(&mut self, attribute: &str, value: Option<AttributeValue>) {
        // Some of the attributes' names are words of DynamoDB's own.
        self.names.insert(format!("#{attribute}"), attribute.to_owned());
        match value {
            None => self.remove.push(format!("#{attribute}")),
            Some(value) => {
                self.set.push(format!("#{attribute} = :{attribute}"));
                self.values.insert(format!(":{attribute}"), value);
            }
        }
    }

    fn parts(self) -> Parts {
        let clauses = [("SET ", self.set), ("REMOVE ", self.remove)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let clauses: Vec<String> =
            clauses.map(|(verb, parts)| verb.to_owned() + &parts.join(", ")).collect();
        // DynamoDB refuses an empty map of values.
        let values = (!self.values.is_empty()).then_some(self.values);
        (clauses.join(" "), Some(self.names), values)
    }
}

fn profile_key(account: &SideKey) -> Key {
    key::of(key::side(account), key::PROFILE)
}

fn name_key(beginning: &str, account: &SideKey) -> Key {
    key::of(key::names(beginning), key::name(beginning, account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_written() {
        let mut old = Person::new(Principal::user("1").unwrap());
        old.name = Some("Ann".into());
        old.karma = Some(1);
        let new = Person { name: None, karma: Some(2), ..old.clone() };

        let (expression, _, values) = Difference::between(Some(&old), &new).parts();

        assert_eq!(expression, "SET #karma = :karma REMOVE #name");
        assert_eq!(values.map(|values| values.len()), Some(1));
        let (expression, ..) = Difference::between(None, &old).parts();
        assert_eq!(expression, "SET #type = :type, #id = :id, #name = :name, #karma = :karma");
    }
}
