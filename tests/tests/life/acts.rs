//! What members do.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Answer,
    history::{Change, Made, Post, Slot, client_id},
};

use crate::{Life, Own, cast::Kind};

/// How often a client repeats what was not answered.
const TRIES: usize = 8;
const GIFT: &str = "\u{1f381}";

/// One thing that somebody does.
#[derive(Debug)]
pub(crate) enum Act {
    /// Posts; gives up after so many tries.
    Post {
        tries: usize,
    },
    /// Posts something again that was answered.
    Repeat(u64),
    Edit(u64),
    Delete(u64),
    React(u64),
    MarkRead(u64),
    Page(u64),
    /// Puts the room away, or takes it back.
    File {
        away: bool,
    },
    Add,
    Remove,
}

/// What is done next, and by whom.
pub(crate) fn choose(life: &Life, chance: &mut fastrand::Rng) -> (usize, Act) {
    let who = chance.usize(..life.cast.members.len());
    let (floor, notes) = (life.floor(), life.notes());
    let own: Vec<u64> =
        notes.own.iter().filter(|(_, own)| own.who == who).map(|(seq, _)| *seq).collect();
    let one = (!own.is_empty()).then(|| own[chance.usize(..own.len())]);
    let any = chance.u64(..=floor);
    let act = match (chance.u8(..100), one) {
        (0..8, Some(seq)) => Act::Repeat(seq),
        (8..20, Some(seq)) => Act::Edit(seq),
        (20..27, Some(seq)) => Act::Delete(seq),
        (27..37, _) if any > 0 => Act::React(any),
        (37..47, _) => Act::MarkRead(any),
        (47..57, _) => Act::Page(any),
        (57..67, _) if life.cast.members[who].archives => Act::File { away: chance.bool() },
        (57..60, _) if who == 0 && life.kind == Kind::Group => Act::Add,
        (60..64, _) if who == 0 && life.kind == Kind::Group => Act::Remove,
        (64..70, _) => Act::Post { tries: 1 },
        _ => Act::Post { tries: TRIES },
    };
    (who, act)
}

/// Does it. What nobody answers, or with 503, is repeated, but for posts that are given up.
pub(crate) async fn act(life: &Life, who: usize, act: Act) {
    match act {
        Act::Post { tries } => post(life, who, tries).await,
        Act::Repeat(seq) => repeat(life, who, seq).await,
        Act::Edit(seq) => {
            let number = life.notes().own[&seq].number;
            let body = json!({ "body": format!("{number} in other words, of {}", life.floor()) });
            change(life, who, (Method::PATCH, seq, "", body), Made::Edit).await;
        }
        Act::Delete(seq) => {
            change(life, who, (Method::DELETE, seq, "", Value::Null), Made::Deletion).await;
        }
        Act::React(seq) => {
            let path = format!("/reactions/{}", tests::in_path(GIFT));
            let made = Made::Reaction(GIFT);
            change(life, who, (Method::PUT, seq, &path, Value::Null), made).await;
        }
        Act::MarkRead(seq) => mark_read(life, who, seq).await,
        Act::Page(after) => page(life, who, after).await,
        Act::File { away } => {
            let path = life.room.path(if away { "/archive" } else { "/unarchive" });
            insist(life, who, Method::POST, &path, json!({})).await;
        }
        Act::Add => {
            let eva = life.cast.comes.as_ref().expect("somebody comes");
            let members = json!({ "members": [eva.id] });
            insist(life, who, Method::POST, &life.room.path("/members"), members).await;
        }
        Act::Remove => remove(life, who).await,
    }
}

/// A call, and what may not be in its answer.
async fn call(life: &Life, who: usize, method: Method, path: &str, body: &Value) -> Answer {
    let me = &life.cast.members[who];
    let mut request = me.user.request(method, path);
    if !body.is_null() {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = me.user.send(request).await;
    me.may_see(&answer);
    answer
}

/// A call that is repeated until something else than 503 is answered, or a client would be tired of it.
async fn insist(
    life: &Life,
    who: usize,
    method: Method,
    path: &str,
    body: Value,
) -> Option<Answer> {
    for _ in 0..TRIES {
        let answer = call(life, who, method.clone(), path, &body).await;
        if answer.status != 503 {
            let is_gone = answer.status == 404 && is_leaving(life, who);
            assert!(answer.status < 400 || is_gone || answer.status == 409, "{answer}");
            return (answer.status < 400).then_some(answer);
        }
    }
    None
}

/// Whether this member may be removed by now.
fn is_leaving(life: &Life, who: usize) -> bool {
    life.cast.members[who].leaves
}

async fn post(life: &Life, who: usize, tries: usize) {
    let number = life.next_post.fetch_add(1, Ordering::Relaxed);
    let (floor, id) = (life.floor(), client_id(life.seed, 0, number));
    let was_out = is_leaving(life, who) && life.notes().removed.is_some();
    let body = format!(
        "{number} of {}",
        ["a few words", "\"\\ \u{1f600}", "a line\nand another"][number as usize % 3]
    );
    for attempt in 0..tries {
        let message = json!({ "body": body, "client_id": id, "retry": attempt % 2 == 1 });
        let answer = call(life, who, Method::POST, &life.room.path("/messages"), &message).await;
        match answer.status {
            200 | 201 => {
                assert!(!was_out, "I8: a removed member posts: {answer}");
                return answered(life, who, Post { number, seq: None, floor }, body, &answer.json);
            }
            404 if is_leaving(life, who) => break,
            status => assert_eq!(status, 503, "{answer}"),
        }
    }
    life.notes().posts.push(Post { number, seq: None, floor });
}

fn answered(life: &Life, who: usize, post: Post, body: String, message: &Value) {
    let seq = message["seq"].as_u64().expect("a seq");
    assert_eq!(message["body"], body.as_str(), "another text was answered: {message}");
    life.answered.fetch_max(seq, Ordering::SeqCst);
    life.sees(&Slot::of(message).expect("a message"), "the sender");
    let mut notes = life.notes();
    notes.own.insert(seq, Own { who, number: post.number, body });
    notes.posts.push(Post { seq: Some(seq), ..post });
}

/// I3: a post that comes again is the one that there is, and another text under its id is none.
async fn repeat(life: &Life, who: usize, seq: u64) {
    let Own { number, body, .. } = life.notes().own[&seq].clone();
    let is_other = number.is_multiple_of(4);
    let body = if is_other { "0 another text".into() } else { body };
    let id = client_id(life.seed, 0, number);
    let message = json!({ "body": body, "client_id": id, "retry": number.is_multiple_of(2) });
    let answer = call(life, who, Method::POST, &life.room.path("/messages"), &message).await;
    match answer.status {
        200 => {
            assert_eq!(answer.json["seq"], seq, "I3: {answer}");
            // What a deleted message was, nobody knows any more.
            assert!(!is_other || answer.json["deleted_at"].is_string(), "F10: {answer}");
        }
        409 => assert!(is_other, "I3: {answer}"),
        404 => assert!(is_leaving(life, who), "{answer}"),
        status => assert_eq!(status, 503, "I3: {answer}"),
    }
}

async fn change(
    life: &Life,
    who: usize,
    (method, seq, below, body): (Method, u64, &str, Value),
    made: Made,
) {
    let path = life.room.path(&format!("/messages/{seq}{below}"));
    for _ in 0..TRIES {
        let answer = call(life, who, method.clone(), &path, &body).await;
        match answer.status {
            200 => {
                let rev = answer.json["rev"].as_u64().expect("a revision");
                return life.notes().changes.push(Change { seq, rev, made });
            }
            // A void, or what was deleted meanwhile, or by whoever was removed.
            404 | 409 => return,
            status => assert_eq!(status, 503, "{answer}"),
        }
    }
}

async fn mark_read(life: &Life, who: usize, seq: u64) {
    let floor = life.floor();
    let path = life.room.path("/read");
    let Some(mark) = insist(life, who, Method::PUT, &path, json!({ "seq": seq })).await else {
        return;
    };
    let number = |name: &str| mark.json[name].as_u64().expect("a number");
    let (read, unread) = (number("read"), number("unread"));
    assert!(read >= seq && read + unread >= floor, "I6: {seq} of {floor}: {mark}");
    let id = life.cast.members[who].user.id.clone();
    let mut notes = life.notes();
    let highest = notes.marks.entry(id).or_default();
    *highest = read.max(*highest);
}

/// What was answered before a page was asked for is on it.
async fn page(life: &Life, who: usize, after: u64) {
    let floor = life.floor();
    let path = life.room.path(&format!("/messages?after={after}&limit=200"));
    let Some(page) = insist(life, who, Method::GET, &path, Value::Null).await else { return };
    let slots: Vec<Slot> =
        page.json["messages"].as_array().expect("messages").iter().filter_map(Slot::of).collect();
    assert!(slots.iter().zip(after + 1..).all(|(slot, seq)| slot.seq == seq), "I2: {page}");
    assert!(page.json["head"].as_u64() >= Some(floor), "I1: answered was {floor}: {page}");
    slots.iter().for_each(|slot| life.sees(slot, "a reader"));
}

/// Whoever is removed is out once that is answered.
async fn remove(life: &Life, who: usize) {
    let channel = life.cast.members[who].user.get(&life.room.path("")).await;
    let path = life.room.path("/members/dan");
    let mut removed = false;
    for _ in 0..TRIES {
        let answer = call(life, who, Method::DELETE, &path, &Value::Null).await;
        removed |= matches!(answer.status, 204 | 404);
        if removed {
            break;
        }
        assert_eq!(answer.status, 503, "{answer}");
    }
    if let (true, Some(channel)) = (removed, channel.json["channel"].as_str()) {
        life.notes().removed.get_or_insert(channel.to_owned());
    }
}
