//! Reads that lag behind: an index, or a read that does not ask to be consistent, answers with what
//! was so some time ago.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Lagging, Page, Room, TestApp, User};
use uuid::Uuid;

/// Alice and bob in a room with three messages, over a store whose copy keeps up until told
/// otherwise.
struct Scene {
    store: Lagging,
    app: TestApp,
    alice: User,
    bob: User,
    room: Room,
}

impl Scene {
    async fn set() -> Self {
        let store = Lagging::new();
        let app = TestApp::on(store.clone()).await;
        app.fix_clock().await;
        let (alice, bob) = (app.user("alice").await, app.user("bob").await);
        let room = alice.opens_direct("bob").await;
        alice.posts_all(&room, ["1", "2", "3"]).await;
        bob.marks_read(&room, 3).await;
        Self { store, app, alice, bob, room }
    }

    /// Five more messages, with a client id and without, from both sides.
    async fn five_more(&self) {
        self.bob.posts(&self.room, "4").await;
        for body in ["5", "6", "7", "8"] {
            self.alice.tries_to_post(&self.room, body, Uuid::new_v4()).await.expect(201);
        }
    }

    /// Every way to ask for a page shows the messages that it must, and nothing in place of one.
    async fn misses_nothing(&self, while_behind: usize) {
        for (query, first, last) in [
            ("", 1, 8),
            ("?limit=2", 7, 8),
            ("?before=8&limit=3", 5, 7),
            ("?before=100", 1, 8),
            ("?after=0", 1, 8),
            ("?after=3", 4, 8),
            ("?after=3&limit=2", 4, 5),
            ("?after=7", 8, 8),
            ("?around=5&limit=4", 3, 6),
            ("?around=8&limit=5", 6, 8),
        ] {
            for reader in [&self.alice, &self.bob] {
                let page: Page = reader.page(&self.room, query).await;
                let expected: Vec<String> = (first..=last).map(|i: u64| i.to_string()).collect();
                assert_eq!(page.bodies(), expected, "{query}, {while_behind} writes behind");
                assert_eq!(page.seqs(), (first..=last).collect::<Vec<_>>(), "{query}");
                assert_eq!(page.head, 8, "{query}");
            }
        }
    }

    async fn shown(&self, user: &User) -> Value {
        user.sees(&self.room).await.json
    }
}

/// Whatever was answered is on every page from then on, also while the copy gets the writes one by
/// one: the messages of a page come from the copy as far as it has them.
/// Fault F26. Invariant I1. Invariant I2.
#[tokio::test]
async fn no_answered_message_is_missing_from_a_page_while_reads_lag() {
    let scene = Scene::set().await;
    scene.store.freeze();
    scene.five_more().await;

    while scene.store.behind() > 0 {
        scene.misses_nothing(scene.store.behind()).await;
        scene.store.catch_up(1);
    }
    scene.misses_nothing(0).await;
}

/// A client that hears of a message, or meets a gap, asks for what is behind the last one that it
/// has. It gets that at the first try, and then knows that there is no more.
/// Fault F26.
#[tokio::test]
async fn a_gap_is_filled_at_the_first_try_while_reads_lag() {
    let scene = Scene::set().await;
    let mut listener = scene.bob.listens_to(&scene.room).await;
    scene.store.freeze();
    for seq in 4..=8 {
        scene.alice.posts(&scene.room, &seq.to_string()).await;
        assert_eq!(listener.next().await.data["seq"], seq);

        let page = scene.bob.page(&scene.room, &format!("?after={}", seq - 1)).await;

        assert_eq!((page.seqs(), page.has_more), (vec![seq], false));
        let page = scene.bob.page(&scene.room, &format!("?after={seq}")).await;
        assert!(page.messages.is_empty() && !page.has_more, "{page:?}");
    }
}

/// A slot is closed when it is empty for long, and not when the copy only says so.
/// Fault F26. Invariant I1.
#[tokio::test]
async fn no_message_is_taken_for_abandoned_while_reads_lag() {
    let scene = Scene::set().await;
    scene.store.freeze();
    scene.five_more().await;
    // Long enough for an empty slot to be closed.
    scene.app.advance_clock(Duration::from_secs(3_600)).await;

    scene.misses_nothing(scene.store.behind()).await;

    assert_eq!(scene.alice.whole_log(&scene.room).await.len(), 8);
    scene.store.thaw();
    scene.misses_nothing(0).await;
    assert_eq!(scene.shown(&scene.alice).await["message_count"], 8, "nothing was made void");
}

/// Fault F26. Invariant I3.
#[tokio::test]
async fn a_repeat_is_one_message_while_reads_lag() {
    let scene = Scene::set().await;
    scene.store.freeze();
    let client_id = Uuid::new_v4();
    let first = scene.alice.tries_to_post(&scene.room, "once", client_id).await.expect(201);

    let again = scene.alice.tries_to_post(&scene.room, "once", client_id).await.expect(200);
    let retry = scene.alice.retries(&scene.room, "once", client_id).await.expect(200);

    assert_eq!((&again["id"], &retry["id"]), (&first["id"], &first["id"]));
    let log = scene.bob.whole_log(&scene.room).await;
    assert_eq!(log.iter().filter(|message| message["body"] == "once").count(), 1);
}

async fn syncs(user: &User, cursor: Option<&Value>, held: &[(&Room, u64)]) -> Value {
    let rooms: serde_json::Map<String, Value> =
        held.iter().map(|(room, head)| (room.id.clone(), json!([head, 0]))).collect();
    let mut body = json!({ "rooms": rooms });
    if let Some(cursor) = cursor {
        body["cursor"] = cursor.clone();
    }
    user.post("/v1/sync", body).await.expect(200)
}

fn ids(synced: &Value) -> Vec<&str> {
    let rooms = synced["rooms"].as_array().expect("rooms").iter();
    rooms.map(|room| room["id"].as_str().expect("an id")).collect()
}

/// Fault F26. Invariant I6.
#[tokio::test]
async fn a_sync_tells_of_held_rooms_exactly_while_reads_lag() {
    let scene = Scene::set().await;
    let still = scene.alice.opens_direct("carol").await;
    scene.store.freeze();
    scene.five_more().await;

    let synced = syncs(&scene.bob, None, &[(&scene.room, 3)]).await;
    let again = syncs(&scene.bob, Some(&synced["cursor"]), &[(&scene.room, 8)]).await;

    assert_eq!(ids(&synced), [&scene.room.id]);
    let news = &synced["rooms"][0];
    assert_eq!((&news["head"], &news["unread"]), (&json!(8), &json!(4)), "{news}");
    assert_eq!(news["last_message"]["preview"], "8");
    assert_eq!((ids(&again), &again["gone"]), (vec![], &json!([])));
    let both = syncs(&scene.alice, None, &[(&scene.room, 8), (&still, 0)]).await;
    assert_eq!((ids(&both), &both["gone"]), (vec![], &json!([])), "nobody is told of old news");
}

/// A list may lack the newest room for a moment, and then shows it.
/// Fault F26.
#[tokio::test]
async fn lists_show_a_room_once_their_index_knows_it() {
    let scene = Scene::set().await;
    let agent = scene.app.admin("agnes").await;
    scene.store.freeze_indexes();
    scene.app.advance_clock(Duration::from_secs(600)).await;
    let asked = scene.bob.opens_support().await;
    scene.bob.posts(&asked, "Hello?").await;
    let met = scene.app.user("carol").await.opens_direct("bob").await;

    // Both are there for whoever knows them, and what was listed before is listed still.
    assert_eq!(agent.sees(&asked).await.json["unread"], 1);
    assert_eq!(scene.bob.sees(&met).await.json["head"], 0);
    let inbox = scene.bob.inbox("").await;
    assert!(inbox.ids().contains(&scene.room.id.as_str()), "{inbox:?}");
    agent.desk("").await;

    scene.store.thaw();
    assert_eq!(scene.bob.inbox("").await.ids(), [&met.id, &asked.id, &scene.room.id]);
    assert_eq!(agent.desk("").await.ids(), [&asked.id]);
    assert_eq!(agent.me().await["desk_waiting"], 1);
}

/// While the index still has a room where it was, the room is listed once, at one place or the
/// other, and with the newest of its messages.
/// Fault F26. Invariant I7.
#[tokio::test]
async fn a_room_that_moves_up_is_listed_once_while_the_index_lags() {
    let scene = Scene::set().await;
    scene.app.advance_clock(Duration::from_secs(600)).await;
    let newer = scene.bob.opens_direct("dora").await;
    scene.store.freeze_indexes();
    scene.app.advance_clock(Duration::from_secs(600)).await;
    scene.alice.posts(&scene.room, "news").await;

    while scene.store.behind() > 0 {
        let inbox = scene.bob.inbox("").await;
        let mut listed = inbox.ids();
        listed.sort_unstable();
        let mut both = [scene.room.id.as_str(), &newer.id];
        both.sort_unstable();
        assert_eq!(listed, both);
        let row = inbox.rooms.iter().find(|room| room.id == scene.room.id).unwrap();
        assert_eq!(row.json["last_message"]["preview"], "news");
        assert_eq!(row.json["you"]["unread"], 1);
        scene.store.catch_up(1);
    }
    assert_eq!(scene.bob.inbox("").await.ids(), [&scene.room.id, &newer.id]);
}

/// A sync that misses a room because its index lags gives out a cursor with which the next one
/// tells it.
/// Fault F26.
#[tokio::test]
async fn the_sync_after_a_lag_tells_what_the_one_during_it_missed() {
    let scene = Scene::set().await;
    let held = [(&scene.room, 3)];
    let before = syncs(&scene.bob, None, &held).await;
    scene.app.advance_clock(Duration::from_secs(600)).await;
    let before = syncs(&scene.bob, Some(&before["cursor"]), &held).await;
    scene.store.freeze();
    let met = scene.app.user("carol").await.opens_direct("bob").await;
    scene.app.user("carol").await.posts(&met, "hello").await;

    let during = syncs(&scene.bob, Some(&before["cursor"]), &held).await;
    assert!(ids(&during).is_empty(), "the index lags, or this tests nothing: {during}");
    scene.store.thaw();
    scene.app.advance_clock(Duration::from_secs(10)).await;
    let after = syncs(&scene.bob, Some(&during["cursor"]), &held).await;

    assert_eq!(ids(&after), [&met.id]);
    assert_eq!(after["rooms"][0]["last_message"]["preview"], "hello");
}

/// Fault F26. Mission B9. Mission B10.
#[tokio::test]
async fn a_room_is_shown_as_it_was_put_away_or_taken_back_while_reads_lag() {
    let scene = Scene::set().await;
    let agent = scene.app.admin("agnes").await;
    let asked = scene.bob.opens_support().await;
    scene.bob.posts(&asked, "Hello?").await;
    scene.store.freeze();

    for (path, state) in [("/archive", "archived"), ("/unarchive", "active")] {
        for _ in 0..2 {
            let answer = agent.post(&asked.path(path), json!({})).await.expect(200);
            assert_eq!(answer["state"], state);
            for viewer in [&agent, &scene.bob] {
                assert_eq!(viewer.sees(&asked).await.json["state"], state, "{path}");
            }
        }
    }
    agent.post(&asked.path("/archive"), json!({})).await.expect(200);
    scene.bob.posts(&asked, "One more thing").await;
    assert_eq!(agent.sees(&asked).await.json["state"], "active");
    agent.post(&asked.path("/archive"), json!({ "seq": 1 })).await.problem(409);

    agent.post(&asked.path("/archive"), json!({ "seq": 2 })).await.expect(200);
    scene.store.thaw();
    assert!(agent.desk("").await.ids().is_empty());
    assert_eq!(agent.desk("?state=archived").await.ids(), [&asked.id]);
}

/// The queue does not show as waiting what its index alone has not moved yet.
/// Fault F26. Mission B13.
#[tokio::test]
async fn a_room_that_was_put_away_leaves_the_queue_before_its_index_does() {
    let scene = Scene::set().await;
    let agent = scene.app.admin("agnes").await;
    let asked = scene.bob.opens_support().await;
    scene.bob.posts(&asked, "Hello?").await;
    scene.store.freeze_indexes();

    agent.post(&asked.path("/archive"), json!({})).await.expect(200);

    assert!(agent.desk("").await.ids().is_empty());
    scene.store.thaw();
    assert_eq!(agent.desk("?state=archived").await.ids(), [&asked.id]);
}

/// Fault F26. Invariant I6.
#[tokio::test]
async fn a_reader_sees_its_own_mark_at_once_while_reads_lag() {
    let scene = Scene::set().await;
    scene.store.freeze();
    scene.alice.posts_all(&scene.room, ["4", "5"]).await;
    assert_eq!(scene.shown(&scene.bob).await["you"]["unread"], 2);

    for (seq, unread) in [(4, 1), (5, 0)] {
        let answer = scene.bob.marks_read(&scene.room, seq).await;
        assert_eq!(answer, json!({ "read": seq, "unread": unread }));
        let you = scene.shown(&scene.bob).await["you"].clone();
        assert_eq!((&you["read"], &you["unread"]), (&json!(seq), &json!(unread)));
    }
    scene.store.thaw();
    assert_eq!(scene.bob.me().await["unread_rooms"], 0);
}

/// Who is in a group is never taken from a copy.
/// Fault F26. Fault F25. Invariant I8.
#[tokio::test]
async fn who_joins_is_in_and_who_was_removed_is_out_while_reads_lag() {
    let scene = Scene::set().await;
    let group = scene.alice.opens_group(&["bob", "erin"]).await;
    let (carol, erin) = (scene.app.user("carol").await, scene.app.user("erin").await);
    erin.posts(&group, "I am here").await;
    scene.store.freeze();

    scene.alice.adds(&group, &["carol"]).await.expect(200);
    let removed = scene.alice.removes(&group, "erin").await;
    assert_eq!(removed.status, 204, "{removed}");
    scene.alice.posts(&group, "without erin").await;

    assert_eq!(carol.history(&group).await.bodies(), ["I am here", "without erin"]);
    assert_eq!(carol.sees(&group).await.json["member_count"], 3);
    carol.posts(&group, "with carol").await;
    let hello = json!({ "body": "hello" });
    for answer in [
        erin.get(&group.path("")).await,
        erin.get(&group.path("/messages")).await,
        erin.get(&group.path("/members")).await,
        erin.post(&group.path("/messages"), hello).await,
        erin.put(&group.path("/read"), json!({ "seq": 1 })).await,
    ] {
        assert_eq!(answer.problem(404), "not_found");
    }
    let channel = scene.alice.sees(&group).await.channel;
    for channel in [&group.channel, &channel] {
        erin.asks_to_hear("1.1", channel).await.problem(403);
    }
    let inbox = erin.get("/v1/rooms").await;
    assert!(!inbox.text.contains("without erin"), "{inbox}");
    let synced = erin.post("/v1/sync", json!({ "rooms": { group.id.as_str(): [1, 0] } })).await;
    assert_eq!(synced.json["gone"], json!([group.id]), "{synced}");
    assert!(!synced.text.contains("without erin"), "{synced}");
}

/// What is gone is gone at once, whatever a copy still holds.
/// Fault F26. Mission A4.
#[tokio::test]
async fn a_deleted_room_is_gone_at_once_while_reads_lag() {
    let scene = Scene::set().await;
    let service = scene.app.service().await;
    scene.store.freeze();

    service.delete(&scene.room.path("")).await.expect(204);

    for user in [&scene.alice, &scene.bob] {
        user.get(&scene.room.path("")).await.problem(404);
        user.get(&scene.room.path("/messages")).await.problem(404);
        user.post(&scene.room.path("/messages"), json!({ "body": "x" })).await.problem(404);
        user.asks_to_hear("1.1", &scene.room.channel).await.problem(403);
    }
    let again = scene.alice.opens_direct("bob").await;
    assert_ne!(again.id, scene.room.id);
    assert_eq!(scene.alice.history(&again).await.head, 0);
    scene.store.thaw();
    assert_eq!(scene.bob.inbox("").await.ids(), [&again.id]);
}

/// Fault F26.
#[tokio::test]
async fn a_block_holds_at_once_while_reads_lag() {
    let scene = Scene::set().await;
    scene.store.freeze();

    scene.bob.blocks("alice").await;
    scene.bob.blocks("carol").await;

    let post = scene.alice.post(&scene.room.path("/messages"), json!({ "body": "x" })).await;
    assert_eq!(post.problem(403), "blocked");
    let carol = scene.app.user("carol").await;
    let open = carol.post("/v1/rooms", json!({ "kind": "direct", "with": "bob" })).await;
    assert_eq!(open.problem(403), "blocked");
    scene.bob.unblocks("alice").await;
    scene.alice.posts(&scene.room, "thank you").await;
}

/// Opening a room that somebody has just opened finds that one.
/// Fault F26. Mission C2.
#[tokio::test]
async fn both_sides_open_the_same_room_while_reads_lag() {
    let scene = Scene::set().await;
    scene.store.freeze();

    let opened = scene.alice.opens_direct("dora").await;
    let dora = scene.app.user("dora").await;
    let found = dora.post("/v1/rooms", json!({ "kind": "direct", "with": "alice" })).await;

    assert_eq!(found.expect(200)["id"], json!(opened.id));
}
