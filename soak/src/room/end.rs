//! The end of a room: it is quiet, and everything that anybody was told is held against what is there.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use tests::history::{self, Broken, Finding, Is, Message, Slot};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    Kind, Room, Seen,
    cast::{Cast, Member, number},
    held::Held,
    listener::{Until, listen},
    writer::post_surely,
};
use crate::{Failure, tally::add};

/// A slot whose post never came may be closed after two seconds, and a request that arrives again does so within two,
/// and is answered before long, also by a machine that does much else.
const QUIET: Duration = Duration::from_secs(10);
/// How long events of answered messages may take after that: what the relay did not take is sent again within ten
/// seconds, but a relay that was down then is tried after 1, 2 and 4 minutes, and kills go on.
const EVENTUALLY: Duration = Duration::from_secs(600);
/// How long a slot may stay open.
const OPEN: Duration = Duration::from_secs(60);

/// Who listens to a room.
pub(crate) struct Listeners {
    until: watch::Sender<Until>,
    tasks: Vec<(Member, JoinHandle<Result<Held, Failure>>)>,
}

impl Listeners {
    /// The first two members listen, and who is removed.
    pub(crate) fn start(room: &Arc<Room>, cast: &Cast) -> Self {
        let (until, told) = watch::channel(Until::Ever);
        let goes = cast.changing.as_ref().map(|changing| &changing.goes);
        let tasks = cast.members[..2].iter().chain(goes).map(|member| {
            let (room, me, told) = (Arc::clone(room), member.clone(), told.clone());
            let task = tokio::spawn(async move { listen(&room, &me, told).await });
            (member.clone(), task)
        });
        Self { tasks: tasks.collect(), until }
    }

    /// What each holds once it holds everything up to there, or after long.
    async fn end(self, head: u64, rev: u64) -> Result<Vec<(Member, Held)>, Failure> {
        self.until.send_replace(Until::Holds { head, rev });
        let (mut ends, by) = (Vec::new(), Instant::now() + EVENTUALLY);
        for (member, mut task) in self.tasks {
            let patience = if member.leaves { Duration::ZERO } else { by - Instant::now() };
            let held = match timeout(patience, &mut task).await {
                Ok(held) => held,
                Err(_) => {
                    self.until.send_replace(Until::Now);
                    task.await
                }
            };
            ends.push((member, held??));
        }
        Ok(ends)
    }
}

/// Checks everything.
///
/// # Errors
/// When what is answered cannot be.
pub(crate) async fn check(room: &Room, cast: &Cast, listeners: Listeners) -> Result<(), Failure> {
    sleep(QUIET).await;
    let opener = &cast.members[0];
    // Whoever reads closes what is open.
    whole_log(room, opener).await?;
    post_surely(room, opener).await?;
    let then = opener.caller.gets(&room.path).await?;
    let (head, rev) = (number(&then, "head")?, number(&then, "rev")?);
    let quiet = Instant::now();
    let held = listeners.end(head, rev).await?;
    room.world.tally.slowest.fetch_max(quiet.elapsed().as_secs(), Ordering::Relaxed);

    let log = whole_log(room, opener).await?;
    check_told(room, &log);
    check_listeners(room, &held, &log, (head, rev));
    let mut readers: Vec<&Member> = cast.members.iter().filter(|member| !member.leaves).collect();
    readers.extend(cast.changing.as_ref().map(|changing| &changing.comes));
    for reader in readers {
        if reader.caller.id != opener.caller.id {
            let theirs = whole_log(room, reader).await?;
            let digests = |log: &[Slot]| log.iter().map(Slot::digest).collect::<Vec<_>>();
            if digests(&theirs) != digests(&log) {
                room.finds(Broken::OutOfOrder, format!("{} reads another log", reader.caller.id));
            }
        }
        check_summary(room, reader, &log).await?;
    }
    check_changes(room, opener, &log, rev).await
}

/// The whole log as a client reads it, once nothing in it is open.
async fn whole_log(room: &Room, me: &Member) -> Result<Vec<Slot>, Failure> {
    let began = Instant::now();
    let mut log: Vec<Slot> = Vec::new();
    loop {
        let path = format!("{}/messages?after={}&limit=200", room.path, log.len());
        let page = me.caller.gets(&path).await?;
        let slots = page["messages"].as_array().ok_or("no messages")?.iter().filter_map(Slot::of);
        let before = log.len();
        log.extend(slots);
        let is_open = log.iter().skip(before).any(|slot| matches!(slot.is, Is::Pending));
        if number(&page, "head")? == log.len() as u64 && !is_open {
            return Ok(log);
        }
        if log.len() == before {
            if began.elapsed() > OPEN {
                room.finds(Broken::Lost, format!("slot {} stays open", before + 1));
                return Ok(log);
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}

fn check_told(room: &Room, log: &[Slot]) {
    let tally = room.world.tally;
    add(&tally.messages, log.iter().filter(|slot| slot.message().is_some()).count() as u64);
    add(&tally.voids, log.iter().filter(|slot| matches!(slot.is, Is::Void)).count() as u64);
    for slot in log {
        room.sees(slot, "who reads it all at the end");
    }
    let mut notes = room.notes();
    let mut found = history::check(&notes.posts, &notes.changes, log);
    for at in (log.len() + 1)..notes.seen.len() {
        if let Some(Seen::Post(number)) = notes.seen[at] {
            let what = format!("post {number} was seen at {at}, where nothing is");
            found.push(Finding::new(Broken::Lost, what));
        }
    }
    notes.findings.extend(found);
}

/// I5: each holds what is there, edits included, without having been told to look. F25: who is out heard nothing
/// from after it.
fn check_listeners(room: &Room, held: &[(Member, Held)], log: &[Slot], (head, rev): (u64, u64)) {
    let gone = room.notes().gone;
    for (member, held) in held {
        let id = &member.caller.id;
        if member.leaves {
            let heard = held.heard;
            if gone.is_none_or(|gone| heard.0 > gone.head || heard.1 > gone.rev) {
                room.finds(
                    Broken::Leak,
                    format!("{id} was removed at {gone:?} and heard {heard:?}"),
                );
            }
            continue;
        }
        let (holds, there) = (held.digests.len() as u64, log.len() as u64);
        if holds < head || held.rev < rev {
            let what = format!("{id} holds {holds} slots, revision {} of {head}, {rev}", held.rev);
            room.finds(Broken::Gap, what);
        } else if holds != there {
            room.finds(Broken::Gap, format!("{id} holds {holds} slots of {there}"));
        }
        let differ = held.digests.iter().zip(log).find(|(held, slot)| **held != slot.digest());
        if let Some((_, slot)) = differ {
            room.finds(Broken::Gap, format!("{id} holds something else than {slot:?}"));
        }
    }
}

/// I6 and I7: counts, preview and marks.
async fn check_summary(room: &Room, me: &Member, log: &[Slot]) -> Result<(), Failure> {
    let shown = me.caller.gets(&room.path).await?;
    let messages: Vec<(&Slot, &Message)> =
        log.iter().filter_map(|slot| Some((slot, slot.message()?))).collect();
    let (head, you) = (log.len() as u64, &shown["you"]);
    let (read, unread) = (number(you, "read")?, number(you, "unread")?);
    let last = &shown["last_message"];
    let preview = messages.last().is_some_and(|(slot, message)| {
        let text: String = message.body.iter().flat_map(|body| body.chars()).take(100).collect();
        last["seq"] == slot.seq && last["deleted"] == message.deleted && last["preview"] == text
    });
    let is_back = room.kind == Kind::Group || shown["state"] == "active";
    if shown["head"] != head
        || shown["message_count"] != messages.len()
        || read + unread != head
        || !preview
        || !is_back
    {
        let last = messages.last();
        let what = format!(
            "{} sees {shown} of {head} slots, {} messages, {last:?}",
            me.caller.id,
            messages.len()
        );
        room.finds(Broken::Wrong, what);
    }
    let path = format!("{}/read", room.path);
    let all = json!({ "seq": head });
    let (_, mark) = me.caller.insists(Method::PUT, &path, &all, &[200]).await?;
    if mark != json!({ "read": head, "unread": 0 }) {
        room.finds(Broken::Wrong, format!("{} has read all {head}: {mark}", me.caller.id));
    }
    Ok(())
}

/// I5: whoever asks for changes learns of all.
async fn check_changes(room: &Room, me: &Member, log: &[Slot], rev: u64) -> Result<(), Failure> {
    let (mut known, mut changed) = (0, Vec::new());
    loop {
        let path = format!("{}/changes?after_rev={known}&limit=100", room.path);
        let page: Value = me.caller.gets(&path).await?;
        changed
            .extend(page["messages"].as_array().ok_or("no messages")?.iter().filter_map(Slot::of));
        known = number(&page, "rev")?;
        if page["has_more"] != true {
            break;
        }
    }
    let is_there = |slot: &&Slot| {
        log.get(usize::try_from(slot.seq).unwrap_or(0).wrapping_sub(1)).map(Slot::digest)
            == Some(slot.digest())
    };
    let seqs: BTreeSet<u64> = changed.iter().map(|slot| slot.seq).collect();
    let notes = room.notes();
    let missing = notes.changes.iter().filter(|change| !seqs.contains(&change.seq)).count();
    drop(notes);
    if known != rev || missing > 0 || !changed.iter().all(|slot| is_there(&slot)) {
        room.finds(
            Broken::Lost,
            format!("changes tell of revision {known} of {rev}, {missing} are missing"),
        );
    }
    Ok(())
}
