//! Thousands of sockets that mostly say nothing.

use futures_util::future::join_all;

use super::{Client, TestHub};

const SOCKETS: usize = 2_000;
const AT_ONCE: usize = 50;
/// What other tests have open meanwhile.
const SPARE_FILES: usize = 1_000;

/// As many as there shall be, or as this system allows.
fn crowd_size() -> usize {
    let files = rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap();
    let pairs = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(SPARE_FILES) / 2;
    SOCKETS.min(pairs / AT_ONCE * AT_ONCE)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_idle_sockets_all_hear_the_one_event_there_is() {
    let hub = TestHub::start().await;
    let size = crowd_size();
    let mut crowd: Vec<Client> = Vec::with_capacity(size);
    while crowd.len() < size {
        let more = join_all((0..AT_ONCE).map(|_| async {
            let mut client = Client::connect(hub.address).await;
            client.subscribe("news", None).await;
            client
        }));
        crowd.extend(more.await);
    }
    assert_eq!(hub.hub.connected(), size);
    hub.trigger("news", "headline").await;
    for client in &mut crowd {
        assert_eq!(client.hear().await["event"], "headline");
    }
    hub.hub.disconnect_all();
    join_all(crowd.iter_mut().map(Client::hear_it_end)).await;
    assert_eq!(hub.hub.connected(), 0);
}
