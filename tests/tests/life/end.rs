//! The end of a life: everything is well again, and what was told is held against what is there.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{
    Heard, Mood,
    history::{self, Message, Slot},
};

use crate::{
    Life,
    cast::{Kind, Who, tells_giver},
};

/// Checks I1 to I9 but I8's parts that others check.
pub(crate) async fn check(life: &Life) {
    life.store.heal();
    life.relay.becomes(Mood::Answers(200));
    let gone = leave_quiet(life).await;
    let opener = &life.cast.members[0].user;
    let log = opener.whole_log(&life.room).await;
    let log: Vec<Slot> = log.iter().filter_map(Slot::of).collect();
    log.iter().for_each(|slot| life.sees(slot, "who reads it all at the end"));
    {
        let notes = life.notes();
        let findings = history::check(&notes.posts, &notes.changes, &log);
        assert!(findings.is_empty(), "I1, I2, I3, I5: {findings:#?}");
    }
    check_told(life, &log);
    check_removed(life, gone);
    for member in life.cast.members.iter().filter(|member| !member.leaves) {
        let theirs = member.user.whole_log(&life.room).await;
        let theirs = theirs.iter().filter_map(Slot::of);
        assert!(theirs.map(|slot| slot.digest()).eq(log.iter().map(Slot::digest)), "I2");
        check_summary(life, member, &log).await;
    }
}

/// Dispatch sends what the relay did not take, and whoever reads closes what is open. How much the relay had been
/// told before.
async fn leave_quiet(life: &Life) -> usize {
    life.app.advance_clock(Duration::from_secs(3_600)).await;
    life.cast.members[0].user.whole_log(&life.room).await;
    let told = life.relay.triggers().len();
    // A room that could not be told again waits for a while; what was taken by a run that died, for two minutes.
    for _ in 0..4 {
        life.app.dispatches().await;
        life.app.advance_clock(Duration::from_secs(600)).await;
    }
    let news = life.relay.triggers_since(told);
    life.notes().taken.extend(news);
    told
}

fn is_of_room(life: &Life, event: &Heard) -> bool {
    event.channel.starts_with("private-room-") && event.data["room_id"] == life.room.id.as_str()
}

/// I4: what was pushed is stored. I5: what was answered has been pushed. I9: nothing tells who gives.
fn check_told(life: &Life, log: &[Slot]) {
    let at = |seq: u64| log.get(usize::try_from(seq).ok()?.checked_sub(1)?)?.message();
    let seq = |event: &Heard| event.data["seq"].as_u64();
    for event in life.relay.triggers() {
        let text = format!("{} {} {}", event.channel, event.name, event.data);
        assert!(life.kind != Kind::Match || !tells_giver(&text), "I9: {text}");
        if event.name == "new_message" {
            let pushed = Slot::of(&event.data).expect("a message");
            let stored = at(pushed.seq).map(|message| message.number);
            let number = pushed.message().and_then(|message| message.number);
            assert_eq!(stored, Some(number), "I4: {text}");
        }
    }
    let notes = life.notes();
    let taken: Vec<&Heard> = notes.taken.iter().filter(|event| is_of_room(life, event)).collect();
    for post in notes.posts.iter().filter_map(|post| post.seq) {
        let told =
            taken.iter().any(|event| event.name == "new_message" && seq(event) == Some(post));
        assert!(told, "I5: nobody was told of {post}");
    }
    for change in &notes.changes {
        let rev = at(change.seq).expect("what was changed is there").rev;
        let is_it = |event: &&&Heard| {
            seq(event) == Some(change.seq)
                && event.data["rev"].as_u64() >= Some(change.rev.min(rev))
        };
        assert!(taken.iter().find(is_it).is_some(), "I5: nobody was told of {change:?}");
    }
}

/// F25: the channel of before a removal is silent in the end.
fn check_removed(life: &Life, from: usize) {
    let Some(channel) = life.notes().removed.clone() else { return };
    let told = life.relay.triggers_since(from);
    let heard: Vec<&Heard> = told.iter().filter(|event| event.channel == channel).collect();
    assert!(heard.is_empty(), "I8: {heard:#?}");
}

/// I6 and I7, and I9 wherever members are shown.
async fn check_summary(life: &Life, who: &Who, log: &[Slot]) {
    let me = &who.user;
    for path in ["/v1/rooms", "/v1/me", &life.room.path("/members")] {
        who.may_see(&me.get(path).await);
    }
    let room = me.get(&life.room.path("")).await;
    who.may_see(&room);
    let room = room.expect(200);
    let messages: Vec<(u64, &Message)> =
        log.iter().filter_map(|slot| Some((slot.seq, slot.message()?))).collect();
    assert_eq!(room["message_count"], messages.len(), "{room}");
    let (head, you) = (log.len() as u64, &room["you"]);
    assert_eq!(room["head"], head);
    let read = you["read"].as_u64().expect("a mark");
    assert_eq!(you["unread"], head - read, "I6: {room}");
    let marked = life.notes().marks.get(&me.id).copied().unwrap_or_default();
    assert!(read >= marked, "I6: {} had read {marked}: {room}", me.id);

    let last = room["last_message"].clone();
    match messages.last() {
        None => assert_eq!(last, Value::Null, "I7"),
        Some((seq, message)) => {
            let body = message.body.clone().unwrap_or_default();
            let told = json!([last["seq"], last["deleted"], last["preview"]]);
            assert_eq!(told, json!([seq, message.deleted, body]), "I7: {room}");
        }
    }
    assert_eq!(me.marks_read(&life.room, head).await, json!({ "read": head, "unread": 0 }), "I6");
}
