//! A client that writes: it posts, repeats what was not answered, and does what people do in between.

use std::{sync::atomic::Ordering, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tests::history::{Broken, Post, Slot, client_id};
use tokio::time::sleep;

use super::{
    Kind, Room,
    acts::act,
    cast::{Member, number},
};
use crate::{Failure, api::Outcome, tally::count};

/// A client tries a post at most so often; half a second and more each time.
const TRIES: usize = 400;

/// Writes until the room has had enough.
pub(crate) async fn write(
    room: &Room,
    me: &Member,
    mut chance: fastrand::Rng,
) -> Result<(), Failure> {
    let mut own = Vec::new();
    while room.takes_post() {
        match post(room, me, &mut chance).await? {
            Posted::At(seq, number) => own.push((seq, number)),
            Posted::GivenUp => {}
            Posted::Refused => return Ok(()),
        }
        if own.len() > 30 {
            own.swap_remove(chance.usize(..own.len()));
        }
        if chance.u8(..100) < 15 && !act(room, me, &mut own, &mut chance).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// What became of a post.
pub(crate) enum Posted {
    /// It was answered: its place and its number.
    At(u64, u32),
    /// Nobody knows.
    GivenUp,
    /// Its sender has been removed.
    Refused,
}

/// A text that begins with the post's number, of any length and with what needs escaping.
fn body(kind: Kind, number: u32, chance: &mut fastrand::Rng) -> String {
    let words = match chance.u8(..100) {
        // With this an event becomes too long.
        0 if kind != Kind::Match => 1_600,
        1..=5 => 70,
        _ => chance.usize(1..12),
    };
    let word = ["words ", "\u{1f600}\\\" ", "na\u{ef}ve\n", "of a "];
    let words: String = (0..words).map(|_| word[chance.usize(..word.len())]).collect();
    format!("{number} {}.", words)
}

async fn post(room: &Room, me: &Member, chance: &mut fastrand::Rng) -> Result<Posted, Failure> {
    let number = room.next_post.fetch_add(1, Ordering::Relaxed);
    let text = body(room.kind, number, chance);
    // One of fifty cannot be repeated; one of twenty is given up when it goes wrong.
    let id = (chance.u8(..50) > 0).then(|| client_id(room.world.seed, room.number, number));
    let tries = if chance.u8(..20) == 0 { chance.usize(1..3) } else { TRIES };
    let posted = post_as(room, me, number, &text, id, if id.is_some() { tries } else { 1 }).await?;
    if let (Posted::At(seq, _), Some(id)) = (&posted, id) {
        match chance.u8(..100) {
            0 | 1 => {
                repeat(
                    room,
                    me,
                    &json!({ "body": text, "client_id": id, "retry": chance.bool() }),
                    *seq,
                )
                .await?
            }
            2 => {
                contradict(room, me, &json!({ "body": "0 another text", "client_id": id })).await?
            }
            _ => {}
        }
    }
    Ok(posted)
}

/// Posts, at most so often, and notes what came of it.
async fn post_as(
    room: &Room,
    me: &Member,
    number: u32,
    text: &str,
    id: Option<uuid::Uuid>,
    tries: usize,
) -> Result<Posted, Failure> {
    let (floor, tally) = (room.floor(), room.world.tally);
    let given_up = || room.notes().posts.push(Post { number, seq: None, floor });
    let path = format!("{}/messages", room.path);
    for attempt in 1..=tries {
        let retry = attempt > 1 && number.is_multiple_of(2);
        let message = json!({ "body": text, "client_id": id, "retry": retry });
        let outcome = match id {
            Some(_) => me.caller.calls(Method::POST, &path, &message).await?,
            None => me.caller.calls_once(Method::POST, &path, &message).await?,
        };
        match outcome {
            Outcome::Answered(200 | 201, message) => {
                let seq = answered(room, me, Post { number, seq: None, floor }, text, &message)?;
                if attempt > 1 {
                    count(&tally.troubled);
                }
                return Ok(Posted::At(seq, number));
            }
            Outcome::Answered(404, _) if room.may_be_gone(me) => {
                given_up();
                return Ok(Posted::Refused);
            }
            Outcome::Answered(status, json) => {
                given_up();
                return Err(format!("a post by {}: {status} {json}", me.caller.id).into());
            }
            Outcome::Unknown => {
                count(&tally.unanswered);
                sleep(Duration::from_millis(fastrand::u64(5..100) * attempt.min(10) as u64)).await;
            }
        }
    }
    given_up();
    if tries == TRIES {
        return Err(format!("post {number} by {} was never answered", me.caller.id).into());
    }
    count(&tally.given_up);
    Ok(Posted::GivenUp)
}

fn answered(
    room: &Room,
    me: &Member,
    post: Post,
    text: &str,
    message: &Value,
) -> Result<u64, Failure> {
    let seq = number(message, "seq")?;
    if message["body"] != text {
        room.finds(Broken::Wrong, format!("{post:?} was answered with another text: {message}"));
    }
    room.answered.fetch_max(seq, Ordering::SeqCst);
    if let Some(slot) = Slot::of(message) {
        room.sees(&slot, &me.caller.id);
    }
    room.notes().posts.push(Post { seq: Some(seq), ..post });
    count(&room.world.tally.posts);
    Ok(seq)
}

/// I3: a post that comes again is the one that there is.
async fn repeat(room: &Room, me: &Member, post: &Value, seq: u64) -> Result<(), Failure> {
    let path = format!("{}/messages", room.path);
    if let Outcome::Answered(status, message) = me.caller.calls(Method::POST, &path, post).await?
        && !room.may_be_gone(me)
        && (!matches!(status, 200 | 201) || message["seq"] != seq)
    {
        room.finds(Broken::Doubled, format!("the repeat of {seq} was answered {status} {message}"));
    }
    Ok(())
}

/// F10: another text under the same client id is refused.
async fn contradict(room: &Room, me: &Member, post: &Value) -> Result<(), Failure> {
    let path = format!("{}/messages", room.path);
    if let Outcome::Answered(status, answer) = me.caller.calls(Method::POST, &path, post).await?
        && !room.may_be_gone(me)
        && status != 409
    {
        room.finds(Broken::Doubled, format!("another text under a client id: {status} {answer}"));
    }
    Ok(())
}

/// A post that is repeated until it is answered, past the way on which it could meet a fault: what arrives late of
/// this one would come after the end.
///
/// # Errors
/// When it never is.
pub(crate) async fn post_surely(room: &Room, me: &Member) -> Result<u64, Failure> {
    let me = Member { caller: me.caller.over(&room.world.direct), ..me.clone() };
    let number = room.next_post.fetch_add(1, Ordering::Relaxed);
    let id = client_id(room.world.seed, room.number, number);
    match post_as(room, &me, number, &format!("{number} the last"), Some(id), TRIES).await? {
        Posted::At(seq, _) => Ok(seq),
        _ => Err("the last post was refused".into()),
    }
}
