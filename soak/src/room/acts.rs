//! What a client does between its posts: it edits, deletes, reacts, reads, and puts rooms away.

use reqwest::Method;
use serde_json::{Value, json};
use tests::history::{Broken, Change, Made, Slot};

use super::{
    Room,
    cast::{Member, number},
    members::once,
};
use crate::{Failure, tally::count};

const EMOJI: [&str; 3] = ["\u{1f381}", "\u{1f44d}", "\u{2764}\u{fe0f}"];

/// Something else than a post; whether this client is a member still.
pub(super) async fn act(
    room: &Room,
    me: &Member,
    own: &mut Vec<(u64, u32)>,
    chance: &mut fastrand::Rng,
) -> Result<bool, Failure> {
    let floor = room.floor();
    let at = |seq: u64| format!("{}/messages/{seq}", room.path);
    let one = chance.usize(..own.len().max(1));
    match (chance.u8(..100), own.get(one).copied()) {
        (0..30, Some((seq, number))) => {
            let text = json!({ "body": format!("{number} edited {}", chance.u32(..)) });
            change(room, me, (Method::PATCH, &at(seq), &text), (seq, Made::Edit)).await
        }
        (30..45, Some((seq, _))) => {
            own.swap_remove(one);
            let call = (Method::DELETE, at(seq));
            change(room, me, (call.0, &call.1, &Value::Null), (seq, Made::Deletion)).await
        }
        (45..65, _) if floor > 0 => {
            let (seq, emoji) = (chance.u64(1..=floor), EMOJI[chance.usize(..3)]);
            let path = format!("{}/reactions/{emoji}", at(seq));
            let made = (seq, Made::Reaction(emoji));
            change(room, me, (Method::PUT, &path, &Value::Null), made).await
        }
        (65..80, _) => mark_read(room, me, floor).await,
        (80..97, _) => page(room, me, floor, chance).await,
        (97.., _) if me.archives => {
            let path = format!("{}/archive", room.path);
            once(&me.caller, Method::POST, &path, &json!({}), &[200]).await?;
            count(&room.world.tally.changes);
            Ok(true)
        }
        _ => Ok(true),
    }
}

async fn change(
    room: &Room,
    me: &Member,
    (method, path, body): (Method, &str, &Value),
    (seq, made): (u64, Made),
) -> Result<bool, Failure> {
    // 404 is a reaction to a place where no message is, 409 one to a deleted message.
    let statuses = [200, 404, 409];
    let (status, answer) = me.caller.insists(method, path, body, &statuses).await?;
    match status {
        200 => {
            count(&room.world.tally.changes);
            let rev = number(&answer, "rev")?;
            room.notes().changes.push(Change { seq, rev, made });
        }
        _ if room.may_be_gone(me) => return Ok(false),
        _ if matches!(made, Made::Reaction(_)) => {}
        _ => {
            room.finds(Broken::Wrong, format!("{made:?} of {seq} by its sender: {status} {answer}"))
        }
    }
    Ok(true)
}

/// I6, as far as it can be told while others write.
async fn mark_read(room: &Room, me: &Member, floor: u64) -> Result<bool, Failure> {
    let (path, mark) = (format!("{}/read", room.path), json!({ "seq": floor }));
    let (status, answer) = me.caller.insists(Method::PUT, &path, &mark, &[200, 404]).await?;
    if status == 404 && room.may_be_gone(me) {
        return Ok(false);
    }
    let (read, unread) = (number(&answer, "read")?, number(&answer, "unread")?);
    count(&room.world.tally.changes);
    if read < floor || read + unread < floor {
        room.finds(Broken::Wrong, format!("{floor} marked as read: {answer}"));
    }
    Ok(true)
}

/// What was answered before a page was asked for is on it.
async fn page(
    room: &Room,
    me: &Member,
    floor: u64,
    chance: &mut fastrand::Rng,
) -> Result<bool, Failure> {
    let after = chance.bool().then(|| chance.u64(..=floor));
    let query = after.map_or_else(|| "limit=50".into(), |after| format!("after={after}&limit=50"));
    let path = format!("{}/messages?{query}", room.path);
    let (status, page) = me.caller.insists(Method::GET, &path, &Value::Null, &[200, 404]).await?;
    if status == 404 && room.may_be_gone(me) {
        return Ok(false);
    }
    let slots: Vec<Slot> =
        page["messages"].as_array().ok_or("no messages")?.iter().filter_map(Slot::of).collect();
    slots.iter().for_each(|slot| room.sees(slot, &me.caller.id));
    let is_dense = slots.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq);
    let begins = after.is_none_or(|after| slots.first().is_none_or(|slot| slot.seq == after + 1));
    let head = number(&page, "head")?;
    let ends = after.is_some() || slots.last().is_none_or(|slot| slot.seq == head);
    if !is_dense || !begins || !ends || head < floor {
        let seqs: Vec<u64> = slots.iter().map(|slot| slot.seq).collect();
        room.finds(
            Broken::OutOfOrder,
            format!("a page {query} when {floor} was answered: head {head}, {seqs:?}"),
        );
    }
    Ok(true)
}
