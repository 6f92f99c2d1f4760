//! The harness of the end-to-end tests: Parlour as its clients meet it, over real sockets.
//!
//! Only what is outside the product is replaced: the store's wire (to count and to break it) and
//! the relay. Everything a test says about rooms and messages it says through HTTP or a WebSocket.
//!
//! | file | what |
//! |---|---|
//! | `app` | Parlour running inside the test |
//! | `site` | an address where it is served, its clock and its tokens |
//! | `user` | somebody who calls the API |
//! | `answer` | what came back |
//! | `receiver` | the application's own server, which takes webhooks |
//! | `room` | rooms and pages of their logs, as they came back |
//! | `listener` | somebody who listens, as a Pusher client does |
//! | `identity` | an identity provider that publishes its keys, fails or hangs |
//! | `documents` | what Parlour says of itself, as a judge of what it does |
//! | `tap` | what Parlour publishes, judged on its way to the relay |
//! | `relay` | a relay that records, refuses or hangs |
//! | `distant` | the store, each call taking its time |
//! | `meter` | the store, counting calls and units |
//! | `history` | what clients know of a room, against its log |
//! | `faulty` | the store over a network that misbehaves |
//! | `traces` | what would give an identity away, however it is written |
//! | `lagging` | the store, and a copy of it that lags behind |
//! | `token` | tokens that nobody would give out |

use std::time::Duration;

mod answer;
mod app;
mod distant;
mod documents;
mod faulty;
pub mod history;
pub mod identity;
pub mod lagging;
mod listener;
mod meter;
mod receiver;
mod relay;
mod room;
mod site;
mod tap;
pub mod token;
mod traces;
mod user;

pub use self::{
    answer::Answer,
    app::TestApp,
    distant::Distant,
    documents::{Answered, answer_fault, event_fault, event_names, example_faults},
    faulty::{Call, Fault, Faulty},
    identity::{IdentityProvider, Serving, SigningKey},
    lagging::Lagging,
    listener::{Heard, Listener},
    meter::{Bill, Meter, Metered},
    receiver::{Hook, Receiver, Reply},
    relay::{FakeRelay, Mood},
    room::{Inbox, Page, Room},
    site::Site,
    traces::Traces,
    user::{User, in_path},
};

/// Longer than anything takes: only a test that fails waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The id of the local relay's app.
pub const RELAY_APP: &str = "parlour";
/// The local relay's public key.
pub const RELAY_KEY: &str = "parlour-key";
/// The local relay's secret.
pub const RELAY_SECRET: &str = "parlour-secret";

/// Whether only a taste of the work is wanted (`PARLOUR_TEST=quick`).
pub fn quick() -> bool {
    std::env::var("PARLOUR_TEST").is_ok_and(|mode| mode == "quick")
}
