//! `bench serve`: stacks that no program of its own serves, over an embedded store some way off. The
//! benchmark starts it itself.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use clap::{Parser, ValueEnum};
use local::{
    ALL_FEATURES, Local, LocalOptions,
    data::Data,
    demo_hub_app, demo_tokens,
    embedded::{Durability, Wire},
    hub,
};
use shared::{config::Limits, domain::time::Clock};
use tokio::net::TcpListener;

use super::{distant::Distant, textbook::server};
use crate::Failure;

/// As the local program does.
const DISPATCH_INTERVAL: Duration = Duration::from_secs(10);

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "bench serve")]
pub(crate) struct Serve {
    /// Whose design
    #[arg(value_enum)]
    design: Design,
    /// Where to answer
    #[arg(long)]
    listen: SocketAddr,
    /// Where to say how many calls the store refused
    #[arg(long)]
    counts: SocketAddr,
    /// The folder of the store; `:memory:` is none
    #[arg(long)]
    data: PathBuf,
    /// Whether each write waits for the disk
    #[arg(long)]
    power_safe: bool,
    /// How far the store is, there and back
    #[arg(long, default_value_t = 0)]
    store_ms: u64,
    /// The port of the hub, for the textbook's design
    #[arg(long, default_value_t = 0)]
    hub: u16,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Design {
    Parlour,
    Textbook,
}

impl Serve {
    /// Serves until it is ended.
    ///
    /// # Errors
    /// When it cannot.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let durability = if self.power_safe { Durability::Power } else { Durability::Process };
        let data = Data::open(&self.data, durability)?;
        let store = Distant::new(data.engine.clone(), Duration::from_millis(self.store_ms));
        let counted = store.clone();
        let counts =
            Router::new().route("/", get(move || async move { counted.refused().to_string() }));
        let counts = axum::serve(TcpListener::bind(self.counts).await?, counts);
        match self.design {
            Design::Textbook => {
                let routes = server::routes(Arc::new(store), self.hub)?
                    .merge(local::embedded::router(data.engine.clone()));
                let served = axum::serve(server::listen(self.listen).await?, routes);
                tokio::select! {
                    ended = served => ended?,
                    ended = counts => ended?,
                }
            }
            Design::Parlour => {
                let program = Local::start(options(Arc::new(store), self.listen)).await?;
                let dispatching = program.dispatching(DISPATCH_INTERVAL);
                tokio::select! {
                    ended = counts => ended?,
                    () = dispatching => {}
                }
            }
        }
        Ok(())
    }
}

/// The local program as it comes, over a store of one's own.
pub(crate) fn options(wire: Arc<dyn Wire>, listen: SocketAddr) -> LocalOptions {
    LocalOptions {
        wire,
        listen,
        relay: None,
        hub_app: demo_hub_app(),
        hub_api: None,
        relay_encryption: None,
        hub: hub::Settings::default(),
        features: ALL_FEATURES,
        limits: Limits::NONE,
        retention: Default::default(),
        mail: None,
        smtp: None,
        outbox: None,
        pages: None,
        app_webhooks: None,
        tokens: demo_tokens(),
        token_clock: Clock::system(),
    }
}
