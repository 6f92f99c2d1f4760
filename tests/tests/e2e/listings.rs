//! Rooms of a user and a merchant about a listing.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::json;
use tests::{Distant, Room, TestApp, User};

/// The application has told of two listings of one merchant.
async fn with_listings(app: &TestApp) -> User {
    let service = app.service().await;
    for (id, title) in [("bike", "A red bike"), ("lamp", "A lamp")] {
        let listing = json!({ "title": title, "merchant_id": "wheels" });
        service.put(&format!("/v1/listings/{id}"), listing).await.expect(200);
    }
    service
}

/// A user, a merchant, and their room about a bike.
struct Scene {
    app: TestApp,
    user: User,
    merchant: User,
    room: Room,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start().await;
        app.fix_clock().await;
        with_listings(&app).await;
        let claims = json!({ "sub": "1", "name": "Una", "email": "una@mail.example" });
        let user = app.user_with(claims).await;
        let merchant = app.merchant("wheels").await;
        merchant.me().await;
        let room = user.opens_listing("bike").await;
        Self { app, user, merchant, room }
    }
}

/// Mission A1.
#[tokio::test]
async fn the_room_names_its_user_and_its_listing() {
    let Scene { app: _app, user, merchant, room } = Scene::set().await;
    for caller in [&user, &merchant] {
        let shown = caller.sees(&room).await.json;
        assert_eq!(shown["listing"], json!({ "id": "bike", "title": "A red bike" }));
        let ids: HashSet<&str> =
            shown["members"].as_array().unwrap().iter().filter_map(|m| m["id"].as_str()).collect();
        assert_eq!(ids, HashSet::from(["1", "merchant:wheels"]));
        let names: HashSet<&str> = shown["members"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|m| m["name"].as_str())
            .collect();
        assert_eq!(names, HashSet::from(["Una", "wheels"]));
    }
}

/// Mission A2.
#[tokio::test]
async fn of_fifty_who_open_the_room_of_a_user_and_a_listing_at_once_all_get_the_same() {
    let app = TestApp::on(Distant::new()).await;
    with_listings(&app).await;
    let user = app.user("una").await;

    let rooms = join_all((0..50).map(|_| user.opens_listing("bike"))).await;

    let ids: HashSet<String> = rooms.into_iter().map(|room| room.id).collect();
    assert_eq!(ids.len(), 1);
}

/// Mission A3.
#[tokio::test]
async fn another_listing_or_another_user_is_another_room() {
    let Scene { app, user, room, .. } = Scene::set().await;
    let other_listing = user.opens_listing("lamp").await;
    let other_user = app.user("2").await.opens_listing("bike").await;

    let ids = HashSet::from([room.id, other_listing.id, other_user.id]);

    assert_eq!(ids.len(), 3);
}

/// Mission A5. Mission A6: who wrote and to whom is a type and an id each, and those of one id and
/// two types stay two.
#[tokio::test]
async fn user_1_and_merchant_1_are_two_in_one_room() {
    let app = TestApp::start().await;
    let listing = json!({ "title": "A boat", "merchant_id": "1" });
    app.service().await.put("/v1/listings/boat", listing).await.expect(200);
    let (user, merchant) = (app.user("1").await, app.merchant("1").await);
    let room = user.opens_listing("boat").await;

    let asked = user.posts(&room, "Does it float?").await;
    let answered = merchant.posts(&room, "It does").await;

    let parts = ["sender_id", "sender_type", "receiver_id", "receiver_type"];
    assert_eq!(parts.map(|key| &asked[key]), ["1", "user", "merchant:1", "merchant"]);
    assert_eq!(parts.map(|key| &answered[key]), ["merchant:1", "merchant", "1", "user"]);
    assert_eq!(user.sees(&room).await.json["you"]["member_id"], "1");
    assert_eq!(merchant.sees(&room).await.json["you"]["member_id"], "merchant:1");
    for (reader, unread) in [(&user, 0), (&merchant, 0)] {
        let page = reader.history(&room).await;
        assert_eq!(parts.map(|key| &page.messages[0][key]), parts.map(|key| &asked[key]));
        reader.marks_read(&room, 2).await;
        assert_eq!(reader.sees(&room).await.json["you"]["unread"], unread);
    }
}

/// Mission A7. Mission A14. Mission A16.
#[tokio::test]
async fn both_write_and_both_hear_it_and_nobody_else_does() {
    let Scene { app, user, merchant, room } = Scene::set().await;
    let other_room = app.user("2").await.opens_listing("bike").await;
    let mut elsewhere = app.user("2").await.listens_to(&other_room).await;
    let mut listeners = [user.listens_to(&room).await, merchant.listens_to(&room).await];

    user.posts(&room, "Is it still there?").await;
    merchant.posts(&room, "Yes").await;

    for listener in &mut listeners {
        let heard = listener.hears_only(&["new_message", "new_message"]).await;
        assert_eq!(heard[1].data["sender_type"], "merchant");
    }
    elsewhere.saw_nothing().await;
    for stranger in [app.user("2").await, app.merchant("spokes").await, app.admin("agnes").await] {
        stranger.asks_to_hear("1.1", &room.channel).await.problem(403);
        stranger.get(&room.path("")).await.problem(404);
        let post = stranger.post(&room.path("/messages"), json!({ "body": "x" })).await;
        post.problem(404);
    }
}

#[tokio::test]
async fn there_is_no_room_about_what_nobody_offers_and_merchants_open_none() {
    let Scene { app: _app, user, merchant, .. } = Scene::set().await;
    let wanted = |id: &str| json!({ "kind": "listing", "listing_id": id });

    user.post("/v1/rooms", wanted("car")).await.problem(404);
    assert_eq!(
        user.post("/v1/rooms", json!({ "kind": "listing" })).await.wrong_fields(),
        ["listing_id"]
    );
    assert_eq!(merchant.post("/v1/rooms", wanted("bike")).await.problem(403), "users_only");
    let direct = merchant.post("/v1/rooms", json!({ "kind": "direct", "with": "1" })).await;
    assert_eq!(direct.problem(403), "users_only");
}

/// A merchant's queue is its own desk's: what users wrote about its listings, and nothing of others.
#[tokio::test]
async fn a_merchants_queue_holds_the_rooms_about_its_own_listings() {
    let Scene { app, user, merchant, room } = Scene::set().await;
    user.posts(&room, "Hello?").await;
    let others = app.merchant("spokes").await;

    let row = merchant.desk("").await.rooms.remove(0).json;

    assert_eq!(row["id"], json!(room.id));
    // A merchant is told the name, and not the e-mail address.
    assert_eq!(row["user"], json!({ "id": "1", "type": "user", "name": "Una", "picture": null }));
    assert_eq!((&row["message_count"], &row["unread"]), (&json!(1), &json!(1)));
    assert!(others.desk("").await.ids().is_empty());
    assert!(app.admin("agnes").await.desk("").await.ids().is_empty());
    assert_eq!(merchant.inbox("").await.ids(), [&room.id]);
    assert_eq!(user.inbox("?kind=listing").await.ids(), [&room.id]);
    assert_eq!(merchant.me().await["desk_waiting"], 1);
    merchant.marks_read(&room, 1).await;
    assert_eq!(merchant.me().await["desk_waiting"], 0);
}

/// Mission B9. Mission B10. For merchants.
#[tokio::test]
async fn a_merchant_puts_a_room_away_until_its_user_writes() {
    let Scene { app, user, merchant, room } = Scene::set().await;
    for stranger in [app.merchant("spokes").await, app.admin("agnes").await] {
        stranger.post(&room.path("/archive"), json!({})).await.problem(404);
    }
    assert_eq!(user.post(&room.path("/archive"), json!({})).await.problem(403), "desk_only");

    let shown = merchant.post(&room.path("/archive"), json!({})).await.expect(200);
    assert_eq!(shown["state"], "archived");
    merchant.posts(&room, "By the way").await;
    assert_eq!(merchant.desk("?state=archived").await.ids(), [&room.id]);
    assert!(merchant.desk("").await.ids().is_empty());
    assert_eq!(user.inbox("").await.ids(), [&room.id]);
    user.posts(&room, "Thanks").await;
    assert_eq!(merchant.desk("").await.ids(), [&room.id]);
    assert!(merchant.desk("?state=archived").await.ids().is_empty());
}

/// Events: the merchant hears on its desk's channel and on its own, the user on the own one.
#[tokio::test]
async fn each_side_is_told_on_its_own_channels() {
    let Scene { app: _app, user, merchant, room } = Scene::set().await;
    let mut of_user = user.listens_to_own_channel().await;
    let mut of_merchant = merchant.listens_to_own_channel().await;
    let mut of_desk = merchant.listens_to_desk().await;

    user.posts(&room, "Hello?").await;
    of_user.saw_nothing().await;
    of_merchant.hears_only(&["chat_list_update"]).await;
    let heard = of_desk.hears_only(&["new_user_message"]).await;
    assert_eq!(
        heard[0].data["user"],
        json!({ "id": "1", "type": "user", "name": "Una", "picture": null })
    );

    merchant.posts(&room, "Hello!").await;
    of_user.hears_only(&["chat_list_update"]).await;
    of_merchant.saw_nothing().await;
    of_desk.saw_nothing().await;
}

/// Whoever is a merchant and an agent is the merchant in its own rooms, and an agent at the support desk.
#[tokio::test]
async fn a_merchant_who_is_an_agent_too_keeps_its_own_desk() {
    let Scene { app, user, room, .. } = Scene::set().await;
    let claims = json!({ "sub": "wheels", "type": "merchant", "roles": ["admin"] });
    let both = app.user_with(claims).await;
    user.posts(&room, "Hello?").await;
    let merchant = app.merchant("wheels").await;
    assert_eq!(merchant.me().await["desk_waiting"], 1);

    both.marks_read(&room, 1).await;
    assert_eq!(merchant.me().await["desk_waiting"], 0);
    user.posts(&room, "Still there?").await;
    assert_eq!(both.posts(&room, "Yes").await["sender_type"], "merchant");
    assert_eq!(merchant.me().await["desk_waiting"], 0);
    let shown = both.post(&room.path("/archive"), json!({})).await.expect(200);
    assert_eq!(shown["state"], "archived");
}
