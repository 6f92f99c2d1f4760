//! A client that does not read costs neither memory nor anybody else's time.

use serde_json::json;

use super::{Settings, TestHub};

#[tokio::test]
async fn a_slow_reader_is_cut_off_while_a_fast_one_gets_everything() {
    let hub = TestHub::start_with(Settings { queue: 32, ..Settings::default() }).await;
    let mut slow = hub.client(&["news"]).await;
    let mut fast = hub.client(&["news"]).await;
    let data = "x".repeat(10_000);
    // The system buffers some megabytes before the hub can notice anything.
    let mut published = 0;
    while hub.hub.connected() == 2 {
        assert!(published < 10_000, "the slow reader is still connected");
        let batch: Vec<_> = (published..published + 10)
            .map(|number| json!({ "name": format!("event-{number}"), "channel": "news", "data": data }))
            .collect();
        assert_eq!(hub.post("/apps/app/batch_events", &json!({ "batch": batch })).await, 200);
        for number in published..published + 10 {
            assert_eq!(fast.hear().await["event"], format!("event-{number}"));
        }
        published += 10;
    }
    let (_, code) = slow.hear_the_end().await;
    assert_eq!(code, 4100);
    hub.assert_silent(&mut fast).await;
}
