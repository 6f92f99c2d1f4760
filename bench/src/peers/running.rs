//! A stack with rooms in it, to which somebody listens.

use std::time::Instant;

use tokio::time::timeout;
use uuid::Uuid;

use super::{
    feed::{Feed, What},
    ground::Ground,
    stack::{Peer, Place, Stack},
};
use crate::{Failure, PATIENCE};

/// The stack.
pub(super) struct Running {
    pub(super) stack: Stack,
    pub(super) places: Vec<Place>,
    pub(super) feed: Feed,
}

impl Running {
    /// Starts it, opens so many rooms and listens to all.
    ///
    /// # Errors
    /// When something does not work.
    pub(super) async fn start(peer: Peer, ground: &Ground, rooms: usize) -> Result<Self, Failure> {
        eprintln!("bench: starting {}", peer.name());
        let stack = Stack::start(peer, ground).await?;
        let mut places = Vec::new();
        for number in 0..rooms {
            places.push(stack.open(number).await?);
        }
        let feed = Feed::to(places.iter().map(|place| stack.ear(place)).collect()).await?;
        Ok(Self { stack, places, feed })
    }

    /// When the message with this client id came to a room; waits for it.
    ///
    /// # Errors
    /// When it does not come.
    pub(super) async fn heard(&mut self, client_id: Uuid) -> Result<Instant, Failure> {
        let wanted = client_id.to_string();
        loop {
            let heard = timeout(PATIENCE, self.feed.heard.recv()).await;
            let heard = heard.map_err(|_| "an event did not come")?.ok_or("nobody listens")?;
            if matches!(&heard.what, What::Message { client_id, .. } if *client_id == wanted) {
                return Ok(heard.at);
            }
        }
    }
}
