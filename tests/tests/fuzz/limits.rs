//! What is too long is refused, cut or sent without its text, to the character and to the byte.

use bolero::{TypeGenerator, check};
use serde_json::Value;
use shared::{
    domain::{
        event::Event,
        message::{Draft, MessageType, MessageView, PREVIEW_CHARS, SenderType},
        room::RoomKind,
        time::Timestamp,
    },
    realtime::publisher::MAX_EVENT_DATA,
};
use uuid::Uuid;

/// A text of one sort of letters, of which JSON makes different lengths.
#[derive(Clone, Debug, TypeGenerator)]
struct Text {
    letters: Letters,
    length: u16,
    tail: String,
}

#[derive(Clone, Copy, Debug, TypeGenerator)]
enum Letters {
    /// A byte each.
    Plain,
    /// A byte, and two in JSON.
    Quotes,
    /// A byte, and six in JSON.
    Controls,
    /// Two bytes.
    Accents,
    /// Four bytes.
    Pictures,
}

impl Text {
    /// At most so many characters.
    fn of(&self, most: usize) -> String {
        let letter = match self.letters {
            Letters::Plain => 'a',
            Letters::Quotes => '"',
            Letters::Controls => '\u{1}',
            Letters::Accents => 'é',
            Letters::Pictures => '🎁',
        };
        let length = usize::from(self.length) % (most + 2);
        std::iter::repeat_n(letter, length).chain(self.tail.chars()).take(most).collect()
    }
}

fn draft(kind: RoomKind, body: &str) -> Option<Draft> {
    Draft::new(kind, MessageType::Text, body.to_owned(), None, None).ok()
}

/// Mission D17. Mission E8.
#[test]
fn a_text_has_as_many_characters_as_its_kind_of_room_allows() {
    check!().with_type::<(Text, u8)>().for_each(|(text, kind)| {
        let kind = RoomKind::ALL[usize::from(*kind) % RoomKind::ALL.len()];
        let limit = kind.rules().max_body;
        let body = text.of(limit + 1);
        let fits = body.chars().count() <= limit;
        let is_text = !body.trim().is_empty() && !body.contains('\0');
        assert_eq!(draft(kind, &body).is_some(), fits && is_text);
    });
}

/// Mission B13.
#[test]
fn a_preview_is_the_text_or_its_beginning_and_dots() {
    check!().with_type::<Text>().for_each(|text: &Text| {
        let body = text.of(300);
        let Some(draft) = draft(RoomKind::Direct, &body) else { return };
        let preview = draft.preview();
        if body.chars().count() <= PREVIEW_CHARS {
            assert_eq!(preview, body);
        } else {
            assert_eq!(preview.chars().count(), PREVIEW_CHARS);
            let beginning = preview.strip_suffix("...").expect("dots");
            assert!(body.starts_with(beginning));
        }
    });
}

/// Fault F2: an event is never longer than the relay takes, never broken, and says when it goes without its text.
#[test]
fn an_event_fits_whatever_its_text_is() {
    check!().with_type::<(Text, Text, u64)>().for_each(|(body, sender, seq)| {
        let body = body.of(10_000);
        let view = MessageView {
            id: Uuid::nil(),
            room_id: Uuid::nil().to_string(),
            seq: *seq,
            kind: MessageType::Text,
            client_id: Some(Uuid::nil()),
            // An id has 128 bytes at most, which six in JSON are each.
            sender_id: sender.of(32),
            sender_type: SenderType::User,
            receiver_id: Some("bob".into()),
            receiver_type: Some(SenderType::User),
            body: Some(body.clone()),
            reply_to: None,
            created_at: Timestamp::from_millis(0),
            edited_at: None,
            deleted_at: None,
            read_at: None,
            reactions: Vec::new(),
            rev: 7,
            truncated: false,
        };
        let whole = serde_json::to_string(&view).expect("JSON");
        for event in [
            Event::NewMessage(Box::new(view.clone())),
            Event::MessageUpdated(Box::new(view.clone())),
        ] {
            let data = event.data(MAX_EVENT_DATA);
            assert!(data.len() <= MAX_EVENT_DATA, "{} bytes", data.len());
            let told: Value = serde_json::from_str(&data).expect("JSON");
            assert_eq!((&told["seq"], &told["rev"]), (&Value::from(*seq), &Value::from(7)));
            let goes_whole = whole.len() <= MAX_EVENT_DATA;
            assert_eq!(told["body"].as_str(), goes_whole.then_some(body.as_str()));
            assert_eq!(told["truncated"] == true, !goes_whole);
        }
    });
}
