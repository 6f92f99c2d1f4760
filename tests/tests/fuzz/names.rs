//! Names and places that clients hand back: channels, sockets, cursors, emoji, rooms.

use bolero::check;
use serde_json::json;
use shared::{
    domain::{
        ids::{RoomId, SideKey},
        message::Emoji,
    },
    realtime::{
        channel::Naming,
        sign::{ChannelName, SocketId},
    },
    store::Cursor,
};

const NAMINGS: [Naming; 2] = [Naming { encrypts_rooms: false }, Naming { encrypts_rooms: true }];

/// Fault F19.
#[test]
fn a_channel_is_one_that_we_would_build_or_none() {
    check!().with_type::<String>().for_each(|name: &String| {
        for naming in NAMINGS {
            if let Some(channel) = naming.parse(name) {
                assert_eq!(naming.name(&channel), *name);
                assert!(ChannelName::parse(name).is_ok(), "it could not be signed");
            }
        }
    });
}

/// Fault F19: names that are nearly ours, which random texts never are.
#[test]
fn a_channel_with_a_letter_changed_is_another_or_none() {
    let own = [
        "private-room-e8985bd3-7211-818c-86db-f0a91bf7d9be",
        "private-room-e8985bd3-7211-858c-86db-f0a91bf7d9be-17",
        "private-encrypted-room-e8985bd3-7211-818c-86db-f0a91bf7d9be",
        "private-user-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "private-desk-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ];
    check!().with_type::<(u8, u8, char, bool)>().for_each(|&(which, at, new, insert)| {
        let name = own[usize::from(which) % own.len()];
        let at = usize::from(at) % name.len();
        let rest = &name[at + usize::from(!insert)..];
        let changed = format!("{}{new}{rest}", &name[..at]);
        for naming in NAMINGS {
            let (before, after) = (naming.parse(name), naming.parse(&changed));
            assert!(changed == name || after.is_none() || after != before, "{changed} is {name}");
        }
    });
}

/// Fault F19: what is signed cannot hold the sign between its parts.
#[test]
fn what_is_signed_holds_nothing_but_the_protocols_letters() {
    let of_names = |c: char| c.is_ascii_alphanumeric() || "_-=@,.;".contains(c);
    check!().with_type::<String>().for_each(|text: &String| {
        let is_name = (1..=164).contains(&text.len()) && text.chars().all(of_names);
        assert_eq!(ChannelName::parse(text).is_ok(), is_name, "{text:?}");
        if let Ok(socket) = SocketId::parse(text) {
            assert_eq!(socket.as_str(), text);
            let parts: Vec<&str> = text.split('.').collect();
            let digits = |part: &&str| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty();
            assert!(parts.len() == 2 && parts.iter().all(digits), "{text:?}");
        }
    });
}

#[test]
fn a_cursor_leads_to_where_it_says() {
    check!().with_type::<Vec<u8>>().for_each(|bytes: &Vec<u8>| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let encoded = URL_SAFE_NO_PAD.encode(bytes);
        for text in [encoded.as_str(), &String::from_utf8_lossy(bytes)] {
            if let Ok(cursor) = text.parse::<Cursor>() {
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
    });
}

#[test]
fn an_emoji_is_short_and_beyond_ascii() {
    check!().with_type::<String>().for_each(|text: &String| {
        if let Some(emoji) = Emoji::parse(text) {
            assert_eq!(emoji.as_str(), text);
            assert!(text.chars().count() <= 16 && !text.is_ascii());
            assert!(!text.chars().any(|c| c.is_control() || c.is_whitespace()));
        }
    });
}

#[test]
fn a_rooms_id_is_read_as_it_is_written() {
    check!().with_type::<[u8; 16]>().for_each(|bytes: &[u8; 16]| {
        let text = uuid::Uuid::from_bytes(*bytes).to_string();
        if let Ok(room) = text.parse::<RoomId>() {
            assert_eq!(room.to_string(), text);
            assert_eq!(text.to_uppercase().parse(), Ok(room), "also in other letters");
        }
    });
    check!().with_type::<String>().for_each(|text: &String| {
        let _ = text.parse::<RoomId>();
        let _ = SideKey::parse(text);
    });
}

/// Fault F17: a webhook tells of accounts' own channels alone, whatever it holds.
#[test]
fn a_webhook_that_can_be_read_tells_of_accounts_alone() {
    use shared::realtime::{relay::Relay, webhook::Webhook};
    let relay: Relay = super::json::relay();
    check!().with_type::<Vec<u8>>().for_each(|body: &Vec<u8>| {
        if let Ok(webhook) = serde_json::from_slice::<Webhook>(body) {
            webhook.listening(&relay);
        }
    });
    check!().with_type::<(i64, Vec<(u8, String)>)>().for_each(|(time, events)| {
        let names = ["channel_occupied", "channel_vacated", "member_added"];
        let events: Vec<_> = events
            .iter()
            .map(|(name, channel)| json!({ "name": names[usize::from(*name) % 3], "channel": channel }))
            .collect();
        let body = json!({ "time_ms": time, "events": events });
        let webhook: Webhook = serde_json::from_value(body).expect("a webhook");
        for account in webhook.listening(&relay).keys() {
            assert!(SideKey::parse(account.as_str()).is_some());
        }
    });
}
