//! Thousands of sockets that mostly say nothing.

use futures_util::future::join_all;

use super::{Client, TestHub};

const SOCKETS: usize = 2_000;
const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_idle_sockets_all_hear_the_one_event_there_is() {
    let hub = TestHub::start().await;
    let mut crowd: Vec<Client> = Vec::with_capacity(SOCKETS);
    while crowd.len() < SOCKETS {
        let more = join_all((0..AT_ONCE).map(|_| async {
            let mut client = Client::connect(hub.address).await;
            client.subscribe("news", None).await;
            client
        }));
        crowd.extend(more.await);
    }
    assert_eq!(hub.hub.connected(), SOCKETS);
    hub.trigger("news", "headline").await;
    for client in &mut crowd {
        assert_eq!(client.hear().await["event"], "headline");
    }
    hub.hub.disconnect_all();
    join_all(crowd.iter_mut().map(Client::hear_it_end)).await;
    assert_eq!(hub.hub.connected(), 0);
}
