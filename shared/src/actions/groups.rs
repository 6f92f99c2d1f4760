//! What the application's server tells of groups: what they are called, who drew whom, and when it is
//! revealed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    actions::Services,
    domain::{
        group::Group,
        ids::SideKey,
        principal::{Principal, Service},
        time::Timestamp,
    },
    error::Error,
};

/// A group; never who drew whom.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Group)]
pub struct GroupView {
    /// The application's own id of the group.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// From when on receivers may know who gave.
    #[schema(value_type = String, format = DateTime)]
    pub reveal_at: Timestamp,
    /// Whether it was drawn who gives to whom.
    pub raffled: bool,
}

/// A group as the application's server describes it.
#[derive(Clone, Debug)]
pub struct GroupDescription {
    /// The application's own id of the group.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// From when on receivers may know who gave.
    pub reveal_at: Timestamp,
    /// Who gives to whom, once that is drawn: two different users each.
    pub matches: Vec<(Principal, Principal)>,
}

impl Services {
    /// Keeps a group as the application's server describes it. Without matches it is as it was before
    /// the raffle, or stays raffled.
    ///
    /// # Errors
    /// `Conflict` when a giver has drawn somebody else; then nothing has changed.
    pub async fn describe_group(
        &self,
        _: Service,
        described: &GroupDescription,
    ) -> Result<GroupView, Error> {
        let GroupDescription { id, name, reveal_at, matches } = described;
        let raffled = !matches.is_empty();
        if raffled {
            // The matches first: a group that says it is raffled has them all.
            self.keep_matches(id, matches).await?;
        }
        let group = self.store.put_group(id, name, *reveal_at, raffled).await?;
        let Group { id, name, reveal_at, raffled } = group;
        Ok(GroupView { id, name, reveal_at, raffled })
    }

    async fn keep_matches(
        &self,
        group: &str,
        matches: &[(Principal, Principal)],
    ) -> Result<(), Error> {
        let salt = self.store.salt().await?;
        let by_giver: BTreeMap<SideKey, Principal> = matches
            .iter()
            .map(|(giver, receiver)| (SideKey::of(salt, giver), receiver.clone()))
            .collect();
        if self.store.put_matches(group, &by_giver).await? {
            return Ok(());
        }
        Err(Error::Conflict {
            code: "match_fixed",
            detail: "One of the givers has drawn somebody else already.",
        })
    }
}
