//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use shared::domain::rate::Rate;

/// Parlour on one machine: the chat API, a Pusher-compatible hub and an embedded store, on one port.
#[derive(Debug, Parser)]
#[command(name = "parlour", version, about)]
pub struct Args {
    /// Where to listen: the API, the WebSocket /app/{key} and the trigger API /apps/{id}/…; port 0
    /// takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// The folder for rooms and messages; `:memory:` keeps none
    #[arg(long, value_name = "DIR", default_value = ".parlour")]
    pub data: PathBuf,

    /// Answer only what is on the disk, so that a power cut loses nothing either. Without it, answered
    /// messages survive a crash or kill -9 of this program, and a post takes about two thirds of the time
    #[arg(long)]
    pub power_safe: bool,

    /// How fast one sender may post in one room: so many a second for as long as it likes, and so many
    /// at once, as 5/30. Without it, as PARLOUR_POST_RATE says, or as fast as it can
    #[arg(long, value_name = "N/BURST")]
    pub post_rate: Option<Rate>,

    /// Also serve the store's wire protocol (DynamoDB's) here, for functions under cargo-lambda
    #[arg(long, value_name = "ADDR:PORT")]
    pub dynamodb: Option<SocketAddr>,

    /// Where the hub posts webhooks: who comes to a channel, who leaves it, what clients send.
    /// Without it this program hears them itself, and so who is online. With another relay there is
    /// no hub
    #[arg(long, value_name = "URL", env = "PARLOUR_WEBHOOK_URL")]
    pub webhooks: Option<String>,

    /// The folder of the pages for people, as web/ builds them; without it those that the program was installed
    /// with, or web/dist where that is there
    #[arg(long, value_name = "DIR")]
    pub pages: Option<PathBuf>,

    /// Let the hub tell subscribers how many they are
    #[arg(long)]
    pub subscription_counts: bool,
}
