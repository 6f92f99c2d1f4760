//! What became of messages.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::{domain::message::Slot, store::Membership};

use crate::{
    lab::{Lab, Place, TABLE},
    live::{EDITED, Seen, message},
};

/// I5: whoever asks for changes learns of all; no page told a revision that its messages were behind.
/// F23: the text of a message that somebody was told is deleted is in no item.
pub(crate) async fn check_changes(
    lab: &Lab,
    place: &Place,
    slots: &[Slot],
    room: &Membership,
    seen: &Seen,
) {
    let me = &place.askers["alice"];
    let changes = lab.store.changes(place.room, me, 0, 200).await.expect("the store answers");
    let changes = changes.expect("alice is in the room");
    assert_eq!(changes.rev, room.head.rev, "I5: changes tell less than the room");
    let end = |seq: u64| slots.iter().filter_map(message).find(|message| message.seq == seq);
    for changed in &changes.messages {
        assert_eq!(Some(changed), end(changed.seq), "I5: a change tells another message");
    }
    for answered in &seen.changes {
        let end = end(answered.seq).expect("what was changed is there");
        assert!(end.rev >= answered.rev, "an answered change is lost: {answered:?} {end:?}");
        assert!(
            answered.deleted_at.is_none() || end.deleted_at.is_some() && end.body.is_none(),
            "F23: a deleted message came back: {end:?}"
        );
    }
    for (shown, rev) in &seen.shown {
        let end = end(shown.seq).expect("what was shown is there");
        let told_all = shown.rev == end.rev || end.rev > *rev;
        // Of several changes only the last one is known; those before it were told if it was.
        assert!(told_all, "a page told revision {rev} with a message behind it: {shown:?} {end:?}");
    }
    let items = lab
        .direct
        .query()
        .table_name(TABLE)
        .key_condition_expression("pk = :room")
        .expression_attribute_values(":room", AttributeValue::S(format!("R#{}", place.room)))
        .consistent_read(true)
        .send()
        .await
        .expect("the store answers")
        .items
        .unwrap_or_default();
    for gone in slots.iter().filter_map(message).filter(|message| message.deleted_at.is_some()) {
        let slot = format!("M{:012}", gone.seq);
        for item in &items {
            let is_its = item["sk"] == AttributeValue::S(slot.clone());
            let text = format!("{item:?}");
            assert!(!is_its || !text.contains(EDITED) && !text.contains("message "), "F23: {text}");
        }
        let others = slots.iter().filter_map(message).filter_map(|m| m.body.as_ref());
        let texts: Vec<&String> = others.collect();
        let preview = room.head.preview.text.as_ref().filter(|text| !text.is_empty());
        assert!(
            preview.is_none_or(|text| texts.contains(&text)),
            "F23: in the preview: {preview:?}"
        );
    }
}
