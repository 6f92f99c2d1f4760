//! A history that cannot be is told, and one that can is not.

use serde_json::json;

use super::*;

fn slot(seq: u64, number: u32) -> Slot {
    let message = json!({
        "seq": seq, "id": format!("m{seq}"), "rev": 0, "reactions": [], "body": format!("{number} words"),
        "client_id": client_id(7, 3, number),
    });
    Slot::of(&message).expect("a message")
}

fn post(number: u32, seq: u64, floor: u64) -> Post {
    Post { number, seq: Some(seq), floor }
}

fn broken(posts: &[Post], log: &[Slot]) -> Vec<Broken> {
    check(posts, &[], log).iter().map(|finding| finding.broken).collect()
}

#[test]
fn a_log_that_holds_every_post_once_and_in_order_is_good() {
    let given_up = Post { number: 9, seq: None, floor: 1 };
    let void = Slot { seq: 3, is: Is::Void };
    let posts = [post(1, 1, 0), post(2, 2, 1), given_up];
    assert_eq!(broken(&posts, &[slot(1, 1), slot(2, 2), void.clone()]), []);
    // Whoever gave up may have been heard all the same.
    assert_eq!(broken(&posts, &[slot(1, 1), slot(2, 2), void, slot(4, 9)]), []);
}

#[test]
fn what_is_lost_doubled_moved_or_nobodys_is_told() {
    let posts = [post(1, 1, 0), post(2, 2, 0)];
    let void = Slot { seq: 2, is: Is::Void };
    assert_eq!(broken(&posts, &[slot(1, 1), void.clone()]), [Broken::Lost]);
    assert_eq!(broken(&posts, &[slot(1, 1)]), [Broken::Lost]);
    assert_eq!(broken(&posts, &[slot(1, 1), slot(2, 2), slot(3, 2)]), [Broken::Doubled]);
    assert_eq!(broken(&posts, &[slot(1, 2), slot(2, 1)]), [Broken::Lost, Broken::Lost]);
    assert_eq!(broken(&posts, &[slot(1, 1), slot(2, 2), slot(3, 8)]), [Broken::Wrong]);
    assert_eq!(broken(&[post(1, 1, 1)], &[slot(1, 1)]), [Broken::OutOfOrder]);
    assert_eq!(
        broken(&[post(1, 1, 0)], &[slot(1, 1), slot(3, 1)]).first(),
        Some(&Broken::OutOfOrder)
    );
    let open = Slot { seq: 1, is: Is::Pending };
    assert_eq!(broken(&[], &[open]), [Broken::Lost]);
}

#[test]
fn a_change_that_is_not_there_is_told() {
    let mut deleted = slot(1, 1);
    let made = [Made::Edit, Made::Deletion, Made::Reaction("\u{1f381}")];
    let changes = made.map(|made| Change { seq: 1, rev: 1, made });
    assert_eq!(check(&[post(1, 1, 0)], &changes, &[deleted.clone()]).len(), 3);
    if let Is::Message(message) = &mut deleted.is {
        (message.rev, message.deleted, message.body) = (3, true, None);
    }
    assert_eq!(check(&[post(1, 1, 0)], &changes, &[deleted]).len(), 0);
}

#[test]
fn whoever_holds_another_text_holds_another_digest() {
    assert_eq!(slot(1, 1).digest(), slot(1, 1).digest());
    assert_ne!(slot(1, 1).digest(), slot(1, 2).digest());
}
