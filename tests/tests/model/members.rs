//! Reading marks, rooms that are put away, and members who are removed.

use shared::{
    domain::{message::Slot, time::Clock},
    store::Membership,
};

use crate::{
    lab::{Lab, Place},
    live::{Seen, message},
};

/// I6: a mark is never lost, one's own message counts as read, and what is unread is what lies between mark and head.
pub(crate) async fn check_marks(lab: &Lab, place: &Place, clock: &Clock, seen: &Seen) {
    for (&user, asker) in &place.askers {
        let room = lab.store.membership(place.room, asker).await.expect("the store answers");
        // Carol is in groups alone, and may have been removed.
        let Some(room) = room else {
            assert_eq!(user, "carol", "{user} is no member any more");
            continue;
        };
        let (read, head) = (room.mark.read, room.head.seq);
        assert!(read <= head, "I6: a mark beyond the head");
        let marked = seen.marks.iter().filter(|(who, _)| *who == user).map(|(_, read)| *read);
        let posted = seen.posts.iter().filter(|post| post.user == user).map(|post| post.seq);
        // A repeat that finds its message marks nothing, and the run that posted it may have died before it did.
        let posted = if room.part.is_some() { None } else { posted.max() };
        let known = marked.max().max(posted);
        assert!(Some(read) >= known, "I6: {user} had read up to {known:?}, and now {read}");
        assert_eq!(room.unread(), head - read, "I6");
        let all = lab.store.mark_read(place.room, asker, u64::MAX, clock.now()).await;
        let all = all.expect("the store answers").expect("a member");
        assert_eq!(all.room.unread(), 0, "I6: unread after reading to the head");
    }
}

/// A user's message takes the room back, whoever put it away before; and what was put away after everything else stays so.
pub(crate) fn check_filing(seen: &Seen, room: &Membership) {
    let is_away = room.head.archived_at().is_some();
    let by_user = || seen.posts.iter().filter(|post| post.user == "alice");
    assert!(!is_away || seen.begun_to_file > 0, "nobody put the room away");
    // What was not answered may have been done, and late.
    let all_answered = seen.filed.iter().filter(|filing| filing.away).count() == seen.begun_to_file;
    for post in by_user() {
        let all_before =
            seen.filed.iter().all(|filing| !filing.away || filing.answered < post.begun);
        let once = seen.begun.iter().filter(|message| **message == post.message).count() == 1;
        assert!(
            !(is_away && all_answered && all_before && once),
            "a user's message did not take the room back"
        );
    }
    for filing in seen.filed.iter().filter(|filing| filing.away && seen.failures.is_empty()) {
        let posts_before = seen.posts.len() == seen.begun.len()
            && by_user().all(|post| post.answered < filing.begun);
        let last = seen.filed.iter().all(|other| other.away || other.answered < filing.begun);
        assert!(is_away || !posts_before || !last, "what was put away came back by itself");
    }
}

/// F25: whoever is answered to be removed posts nothing more, and nothing of it comes behind what began after that.
pub(crate) fn check_removal(seen: &Seen, slots: &[Slot]) {
    let Some(removed) = seen.removed else { return };
    for post in seen.posts.iter().filter(|post| post.user == "carol") {
        assert!(post.begun < removed, "I8: carol posted after she was removed");
    }
    let hers = |slot: &&Slot| message(slot).is_some_and(|message| message.sender_id == "carol");
    let last = slots.iter().filter(hers).map(Slot::seq).max().unwrap_or_default();
    for post in seen.posts.iter().filter(|post| post.user != "carol" && post.begun > removed) {
        let once = seen.begun.iter().filter(|message| **message == post.message).count() == 1;
        assert!(!once || last < post.seq, "I8: carol's message stands behind one that began later");
    }
}
