//! What people, blocks and registries may cost.

use reqwest::Method;
use serde_json::{Map, Value, json};
use tests::{Bill, Meter, TestApp};

use super::{Budget, Scene};

/// Whatever a bill says of a person's own item.
fn about_profiles(bill: Bill) -> Bill {
    Bill(bill.0.into_iter().filter(|call| call.request["Key"]["sk"]["S"] == "P").collect())
}

#[tokio::test]
async fn a_process_that_has_just_seen_a_token_does_not_write_it_down_again() {
    let scene = Scene::set().await;

    let bill = about_profiles(scene.cost(scene.alice.me()).await);

    Budget { calls: 0, rounds: 0, reads: 0.0, writes: 0.0 }.holds("a known token", &bill);
}

#[tokio::test]
async fn somebody_new_is_written_down_together_with_what_finds_the_name() {
    let scene = Scene::set().await;
    let carol = scene.app.user_with(json!({ "sub": "carol", "name": "Carol Clark" })).await;

    let bill = scene.cost(carol.looks_up("carol")).await;

    Budget { calls: 4, rounds: 3, reads: 2.5, writes: 6.0 }.holds("somebody new", &bill);
}

#[tokio::test]
async fn looking_somebody_up_takes_one_round_trip_and_one_and_a_half_read_units() {
    let scene = Scene::set().await;

    let bill = scene.cost(scene.alice.looks_up("bob")).await;

    // The half is for whether the person is online.
    Budget { calls: 2, rounds: 1, reads: 1.5, writes: 0.0 }.holds("a person", &bill);
}

/// Mission B5.
#[tokio::test]
async fn a_search_that_finds_twenty_people_takes_two_calls_and_12_read_units() {
    let scene = Scene::set().await;
    let service = scene.app.service().await;
    for number in 0..40 {
        let person = json!({ "name": format!("Anna {number}"), "email": "a@mail.example" });
        service.describes(&format!("anna-{number}"), person).await.expect(200);
    }

    let bill = scene
        .cost(async {
            let found = scene.alice.get("/v1/users?q=anna&limit=20").await.expect(200);
            assert_eq!(found["users"].as_array().map(Vec::len), Some(20));
        })
        .await;

    Budget { calls: 2, rounds: 2, reads: 12.0, writes: 0.0 }.holds("a search", &bill);
}

#[tokio::test]
async fn describing_a_person_costs_what_changes() {
    let scene = Scene::set().await;
    let service = scene.app.service().await;
    service.describes("dora", json!({ "name": "Dora Doe", "karma": 1 })).await.expect(200);
    let cost = async |person: Value| scene.cost(service.describes("dora", person)).await;

    let bill = cost(json!({ "name": "Dora Doe", "karma": 1 })).await;
    Budget { calls: 1, rounds: 1, reads: 1.0, writes: 0.0 }.holds("nothing new", &bill);
    let bill = cost(json!({ "karma": 2 })).await;
    Budget { calls: 2, rounds: 2, reads: 1.0, writes: 1.0 }.holds("karma", &bill);
    let bill = cost(json!({ "name": "Dorothy Dow" })).await;
    Budget { calls: 2, rounds: 2, reads: 1.0, writes: 10.0 }.holds("another name", &bill);
}

#[tokio::test]
async fn blocking_takes_three_write_units_and_so_does_taking_it_back() {
    let scene = Scene::set().await;

    let bill = scene.cost(scene.alice.blocks("bob")).await;
    Budget { calls: 2, rounds: 2, reads: 0.0, writes: 3.0 }.holds("a block", &bill);
    let bill = scene.cost(scene.alice.unblocks("bob")).await;
    Budget { calls: 2, rounds: 2, reads: 0.0, writes: 3.0 }.holds("taking it back", &bill);
}

#[tokio::test]
async fn a_list_of_twenty_blocks_takes_two_calls_and_12_read_units() {
    let scene = Scene::set().await;
    for number in 0..25 {
        let id = format!("friend-{number}");
        scene.app.user(&id).await.me().await;
        scene.alice.blocks(&id).await;
    }

    let bill = scene
        .cost(async {
            let page = scene.alice.get("/v1/blocks?limit=20").await.expect(200);
            assert_eq!(page["users"].as_array().map(Vec::len), Some(20));
        })
        .await;

    Budget { calls: 2, rounds: 2, reads: 12.0, writes: 0.0 }.holds("20 blocks", &bill);
}

/// Until the guest does something, it is a token and nothing else.
#[tokio::test]
async fn a_guest_costs_nothing() {
    let scene = Scene::set().await;

    let bill = scene.cost(scene.app.anonymous().post("/v1/guests", json!({}))).await;

    Budget { calls: 0, rounds: 0, reads: 0.0, writes: 0.0 }.holds("a guest", &bill);
}

#[tokio::test]
async fn a_listing_takes_one_write_unit_and_a_raffle_one_for_each_giver() {
    let scene = Scene::set().await;
    let service = scene.app.service().await;
    let matches: Map<String, Value> =
        (0..20).map(|giver| (format!("giver-{giver}"), json!("bob"))).collect();
    let mut group = json!({ "name": "The family", "reveal_at": "2031-12-24T18:00:00Z" });

    let bike = json!({ "title": "A bike", "merchant_id": "wheels" });
    let bill = scene.cost(service.put("/v1/listings/7", bike)).await;
    Budget { calls: 1, rounds: 1, reads: 0.0, writes: 1.0 }.holds("a listing", &bill);
    let bill = scene.cost(service.put("/v1/groups/family", group.clone())).await;
    Budget { calls: 1, rounds: 1, reads: 0.0, writes: 1.0 }.holds("a group", &bill);
    group["matches"] = matches.into();
    let bill = scene.cost(service.put("/v1/groups/family", group)).await;
    Budget { calls: 22, rounds: 3, reads: 20.0, writes: 21.0 }.holds("20 matches", &bill);
}

/// Ids in keys are hashes: an operator who sees keys learns nobody's id.
/// Mission B5: and what reads, reads by a key.
#[tokio::test]
async fn keys_hold_no_ids_and_every_query_is_about_one_key() {
    let meter = Meter::new();
    let app = TestApp::on(meter.clone()).await;
    let alice = app.user_with(json!({ "sub": "id-of-alice", "name": "Alice Smith" })).await;
    let service = app.service().await;
    let name = json!({ "name": "Bob Brown" });
    service.describes("id-of-bob", name).await.expect(200);
    alice.looks_up("id-of-bob").await.expect(200);
    alice.finds("br").await;
    alice.blocks("id-of-bob").await;
    alice.get("/v1/blocks").await.expect(200);
    alice.unblocks("id-of-bob").await;
    let bike = json!({ "title": "A bike", "merchant_id": "id-of-wheels" });
    service.put("/v1/listings/id-of-bike", bike).await.expect(200);
    let matches = json!({ "id-of-alice": "id-of-bob" });
    let group = json!({ "name": "F", "reveal_at": "2031-12-24T18:00:00Z", "matches": matches });
    service.put("/v1/groups/id-of-family", group).await.expect(200);
    alice.send(alice.request(Method::GET, "/v1/users/id-of-alice")).await.expect(200);

    let bill = meter.take();

    assert_eq!(bill.count("Scan"), 0, "{bill}");
    let mut keys = Vec::new();
    for call in &bill.0 {
        keys_in(&call.request, &mut keys);
        if call.operation == "Query" {
            let condition = call.request["KeyConditionExpression"].as_str().unwrap_or_default();
            assert!(condition.contains("pk = "), "a query of no one key: {}", call.request);
            assert_eq!(call.request.get("FilterExpression"), None, "{}", call.request);
        }
    }
    assert!(keys.len() > 10 && keys.iter().any(|key| key.starts_with("B#")), "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains("id-of")), "{keys:?}");
}

/// All values of `pk` and `sk`, wherever they stand in a request.
fn keys_in(request: &Value, keys: &mut Vec<String>) {
    match request {
        Value::Object(entries) => {
            for (name, value) in entries {
                if let ("pk" | "sk", Some(key)) = (name.as_str(), value["S"].as_str()) {
                    keys.push(key.to_owned());
                }
                keys_in(value, keys);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| keys_in(value, keys)),
        _ => {}
    }
}
