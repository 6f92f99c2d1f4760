//! The first step of a post: one update of HEAD that says whether the sender may post, takes the
//! next slot, and moves what follows from it.
//!
//! What must hold and what moves depends on who posts:
//!
//! | poster | must hold | moves, beside slot, preview and activity |
//! |---|---|---|
//! | a side | its mark is there, and it is not blocked | its mark, both inboxes; a user before a desk: also back into the queue, and onto the list of what needs attention |
//! | an agent | the desk's mark is there, and none of its own | the desk's mark, queue and inbox; what needed attention has got it |
//! | a member of a group | HEAD's generation is the one under which it was seen to be a member | nothing more |
//! | the application | the room exists | queue and inboxes |

use std::{borrow::Cow, sync::Arc};

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ReturnValue},
};

use super::{
    StoreError,
    attr::{n, s},
    head::{DESK_WIDTH, Head, INBOX_WIDTH, bucket},
    key,
    log::{AppendError, Appended, Owned, Run},
    rate::{self, Pace},
    roster::Members,
    update::{self, Updated},
};
use crate::domain::{
    ids::SideKey,
    member::MemberType,
    message::{Message, SenderType},
    rate::{Rate, Verdict},
    time::Timestamp,
};

/// How often a post may find that it was not what it took itself for.
const MAX_GUESSES: u32 = 16;

/// As whom somebody posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poster {
    /// As one of two sides.
    Side(SideKey),
    /// As an agent, for the support desk.
    Agent(SideKey),
    /// As a member of a group.
    Member(SideKey),
    /// As the application.
    System,
}

impl Poster {
    /// The key under which the room knows the poster.
    pub fn key(&self) -> Option<&SideKey> {
        match self {
            Self::Side(key) | Self::Agent(key) | Self::Member(key) => Some(key),
            Self::System => None,
        }
    }
}

/// A room in which a slot was taken, or an earlier one was found.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub(super) poster: Poster,
    pub(super) head: Head,
    pub(super) members: Option<Arc<Members>>,
}

impl Committed {
    pub(super) fn with(self, message: Message, new: bool) -> Appended {
        let Self { poster, head, members } = self;
        Appended { message, new, poster, head, members }
    }
}

/// What a post takes itself for, until HEAD says otherwise.
struct Guess {
    poster: Poster,
    members: Option<Arc<Members>>,
    pace: Pace,
}

impl Guess {
    fn of(poster: Poster) -> Self {
        Self { poster, members: None, pace: Pace::default() }
    }
}

/// An update expression that is put together.
#[derive(Default)]
struct Changes {
    set: Vec<Cow<'static, str>>,
    remove: Vec<&'static str>,
    conditions: Vec<Cow<'static, str>>,
}

impl Changes {
    fn expression(&self) -> String {
        let set = format!("SET {}", self.set.join(", "));
        if self.remove.is_empty() {
            set
        } else {
            format!("{set} REMOVE {}", self.remove.join(", "))
        }
    }
}

impl Run<'_> {
    /// Takes the next slot, as whom the sender turns out to be, if `rate` lets it.
    pub(super) async fn commit(
        &self,
        rate: Option<Rate>,
    ) -> Result<(Owned, Committed), AppendError> {
        let mut guess = self.first_guess().await?;
        for _ in 0..MAX_GUESSES {
            let now = self.sender.sent_at.unwrap_or_else(|| self.clock.now());
            let request = self.commit_request(&guess, rate, now);
            let item = match update::send(request).await? {
                Updated::Refused(item) => item,
                Updated::Done(item) => {
                    let Guess { poster, mut members, .. } = guess;
                    let head = self
                        .store
                        .parse_head(item)?
                        .ok_or_else(|| StoreError::broken("a commit that returns no room"))?;
                    let owned = Owned { seq: head.seq, at: now };
                    let many = self.room.kind().rules().has_many_members();
                    let known = |seen: &Arc<Members>| seen.version == head.members_version;
                    if many && !members.as_ref().is_some_and(known) {
                        // Somebody joined, and wants to be told, too; or the application posts, which
                        // is no member itself.
                        members = Some(self.store.members_at(self.room, &head).await?);
                    }
                    return Ok((owned, Committed { poster, head, members }));
                }
            };
            let head = item
                .map_or(Ok(None), |item| self.store.parse_head(item))?
                .ok_or(AppendError::NotAMember)?;
            guess = self.next_guess(guess, head, rate, now).await?;
        }
        Err(StoreError::Unavailable("the room changed too often".into()).into())
    }

    async fn first_guess(&self) -> Result<Guess, AppendError> {
        let asker = self.sender.asker;
        let rules = self.room.kind().rules();
        if self.sender.is_system {
            return Ok(Guess::of(Poster::System));
        }
        if rules.has_many_members() {
            let members = self.store.members(self.room).await?.ok_or(AppendError::NotAMember)?;
            return self.as_member(members).await;
        }
        Ok(match asker.desk_in(self.room.kind()) {
            Some(desk) if *desk != asker.me => Guess::of(Poster::Agent(desk.clone())),
            _ => Guess::of(Poster::Side(asker.me.clone())),
        })
    }

    /// Whoever is not among the members that are remembered may have joined since.
    async fn as_member(&self, mut members: Arc<Members>) -> Result<Guess, AppendError> {
        let me = &self.sender.asker.me;
        if !members.keys.contains(me) {
            let fresh = self.store.fresh_members(self.room).await?;
            members =
                fresh.filter(|members| members.keys.contains(me)).ok_or(AppendError::NotAMember)?;
        }
        Ok(Guess { members: Some(members), ..Guess::of(Poster::Member(me.clone())) })
    }

    /// Why HEAD's condition did not hold: either it does not for now, or the sender is somebody else
    /// here than was thought, or faster.
    async fn next_guess(
        &self,
        guess: Guess,
        head: Head,
        rate: Option<Rate>,
        now: Timestamp,
    ) -> Result<Guess, AppendError> {
        let Committed { poster, head, members } = self.admit(head).await?;
        let is_news = match (&members, &guess.members) {
            (Some(members), Some(seen)) => members.generation != seen.generation,
            _ => poster != guess.poster,
        };
        let pace = match rate.map(|rate| rate.judge(due(&head, &poster), now)) {
            None | Some(Verdict::OnTime) => Pace::Even,
            Some(Verdict::Early) => Pace::Fast,
            Some(Verdict::TooEarly { retry_after }) => {
                return Err(AppendError::TooFast { retry_after });
            }
        };
        if !is_news && self.draft.reply_to.is_some_and(|seq| seq > head.seq) {
            return Err(AppendError::NothingToReplyTo);
        }
        Ok(Guess { poster, members, pace })
    }

    fn commit_request(
        &self,
        Guess { poster, members, pace }: &Guess,
        rate: Option<Rate>,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        let set = ["seq = seq + :one", "pv.s = seq + :one", "pv.x = :text", "la = :now"];
        let mut changes = Changes { set: set.map(Cow::from).into(), ..Changes::default() };
        let mut request = self
            .store
            .update(key::of(key::room(self.room), key::HEAD))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":now", n(now.millis()))
            .expression_attribute_values(":text", s(self.draft.preview()))
            .return_values(ReturnValue::AllNew);
        request = match poster {
            Poster::Side(me) | Poster::Agent(me) => {
                let marked = ["rd.#me.s = seq + :one", "rd.#me.t = :now", "pv.f = :me"];
                changes.set.extend(marked.map(Cow::from));
                changes.remove.push("pv.w");
                changes.conditions.push("attribute_exists(rd.#me)".into());
                request
                    .expression_attribute_names("#me", me.as_str())
                    .expression_attribute_values(":me", s(me.as_str()))
            }
            Poster::Member(_) | Poster::System => {
                changes.set.push("pv.w = :who".into());
                changes.remove.push("pv.f");
                request.expression_attribute_values(":who", self.who(poster))
            }
        };
        request = match poster {
            Poster::Side(_) => {
                changes.conditions.push("attribute_not_exists(bl.#me)".into());
                request
            }
            Poster::Agent(_) => {
                changes.conditions.push("attribute_not_exists(rd.#self)".into());
                request.expression_attribute_names("#self", self.sender.asker.me.as_str())
            }
            Poster::Member(_) => {
                let seen = members.as_ref().map_or(0, |members| members.generation);
                changes.conditions.push("v = :seen".into());
                request.expression_attribute_values(":seen", n(seen))
            }
            Poster::System => {
                changes.conditions.push("attribute_exists(seq)".into());
                request
            }
        };
        request = self.move_in_lists(poster, &mut changes, request, now);
        if self.sender.in_dialect {
            changes.set.push("dl = :in_dialect".into());
            request =
                request.expression_attribute_values(":in_dialect", AttributeValue::Bool(true));
        }
        if let Some(seq) = self.draft.reply_to {
            changes.conditions.push("seq >= :reply_to".into());
            request = request.expression_attribute_values(":reply_to", n(seq));
        }
        if let Some(lifetime) = self.store.lifetime(self.room.kind()) {
            let noted = ["ep.#stretch = if_not_exists(ep.#stretch, seq)", "lb = la"];
            changes.set.extend(noted.map(Cow::from));
            let stretch = lifetime.stretch(now).to_string();
            request = request.expression_attribute_names("#stretch", stretch);
        }
        if let Some(rate) = rate {
            request = keep_rate(rate, *pace, poster, &mut changes, request, now);
        }
        request
            .update_expression(changes.expression())
            .condition_expression(changes.conditions.join(" AND "))
    }

    /// The room's place in inboxes and queues. A user's message brings the room back into its desk's
    /// queue and says since when it waits; the desk's own ends the waiting.
    fn move_in_lists(
        &self,
        poster: &Poster,
        changes: &mut Changes,
        request: UpdateItemFluentBuilder,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        let rules = self.room.kind().rules();
        if rules.has_many_members() {
            return request;
        }
        changes.set.extend(["q1s = :b_place", "q2s = :a_place"].map(Cow::from));
        let width = if rules.desk.is_some() { DESK_WIDTH } else { INBOX_WIDTH };
        if rules.desk.is_some() && *poster != Poster::System {
            if self.is_desk(poster) {
                changes.remove.extend(["q3p", "q3s"]);
            } else {
                let waits = ["q1p = k1", "q3p = k1", "q3s = if_not_exists(q3s, :now)"];
                changes.set.extend(waits.map(Cow::from));
                changes.remove.push("ar");
            }
        }
        request
            .expression_attribute_values(":b_place", n(bucket(now, width)))
            .expression_attribute_values(":a_place", n(bucket(now, INBOX_WIDTH)))
    }

    fn is_desk(&self, poster: &Poster) -> bool {
        let desk = self.sender.asker.desk_in(self.room.kind());
        desk.is_some_and(|desk| poster.key() == Some(desk))
    }

    /// Id and capacity of a sender whose mark is not in HEAD.
    fn who(&self, poster: &Poster) -> AttributeValue {
        let kind = self.capacity(poster);
        let kind = serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(kind)
            .expect("a plain word is always an attribute");
        let id = ("i".to_owned(), s(self.sender.member_id));
        AttributeValue::M([id, ("k".to_owned(), kind)].into())
    }

    /// What the message is signed with: the sender's id in the room and its capacity.
    pub(super) fn signature(&self, poster: &Poster, head: &Head) -> (String, SenderType) {
        match poster.key().and_then(|key| head.marks.get(key)) {
            Some(mark) => (mark.member_id.clone(), mark.kind.into()),
            None => (self.sender.member_id.to_owned(), self.capacity(poster)),
        }
    }

    /// The capacity of a sender whose mark is not in HEAD.
    fn capacity(&self, poster: &Poster) -> SenderType {
        match poster {
            Poster::System => SenderType::System,
            _ => MemberType::from(self.sender.asker.kind).into(),
        }
    }
}

/// Where HEAD keeps when the poster's next post is due. A side has its own number. A group's members
/// share 32 of them: what a group costs must not depend on its size, and whoever meets somebody else's
/// haste there waits a moment.
fn due_path(poster: &Poster) -> Option<&'static str> {
    match poster {
        Poster::Side(_) | Poster::Agent(_) => Some("rd.#me.r"),
        Poster::Member(_) => Some("rate.#place"),
        Poster::System => None,
    }
}

/// When the poster's next post is due, in milliseconds.
fn due(head: &Head, poster: &Poster) -> Option<i64> {
    match poster {
        Poster::Side(key) | Poster::Agent(key) => head.marks.get(key)?.due,
        Poster::Member(key) => head.rate.as_ref()?.get(&key.place()).copied(),
        Poster::System => None,
    }
}

/// The commit's part that keeps the poster's rate. The application has none.
fn keep_rate(
    rate: Rate,
    pace: Pace,
    poster: &Poster,
    changes: &mut Changes,
    mut request: UpdateItemFluentBuilder,
    now: Timestamp,
) -> UpdateItemFluentBuilder {
    let Some(path) = due_path(poster) else { return request };
    let clause = rate::clause(rate, pace, path, now);
    changes.set.push(clause.set.into());
    changes.conditions.push(clause.condition.into());
    for (name, value) in clause.values {
        request = request.expression_attribute_values(name, value);
    }
    match poster {
        Poster::Member(key) => request.expression_attribute_names("#place", key.place()),
        _ => request,
    }
}
