//! How each stack is started.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::Peer;
use crate::{
    Failure,
    functions::free_address,
    peers::{
        app::{App, Launch},
        folder,
        ground::Ground,
        postgres, synapse, textbook,
        wire::Dynamo,
    },
};

/// What was started, and where it is.
pub(super) struct Launched {
    pub(super) app: App,
    pub(super) support: Vec<App>,
    pub(super) address: SocketAddr,
    pub(super) ear_port: u16,
    pub(super) dynamo: Option<Dynamo>,
    pub(super) counts: Option<SocketAddr>,
}

/// Starts the programs of a stack.
///
/// # Errors
/// When one does not start.
pub(super) async fn launch(peer: Peer, ground: &Ground) -> Result<Launched, Failure> {
    match peer {
        Peer::Parlour => parlour(ground).await,
        Peer::SocketIo => socket_io(ground).await,
        Peer::TextbookRust => textbook_in_rust(ground).await,
        Peer::TextbookNode => textbook_in_node(ground).await,
        Peer::Synapse => synapse(ground).await,
    }
}

async fn parlour(ground: &Ground) -> Result<Launched, Failure> {
    let address = free_address()?;
    let data = ground.data("parlour")?;
    if let Some(store_ms) = ground.store_ms {
        let counts = free_address()?;
        let served = Served { design: "parlour", address, counts, data, store_ms, hub: 0 };
        let app = App::start(served.launch(ground), ground.cores).await?;
        let (ear_port, counts) = (address.port(), Some(counts));
        return Ok(Launched { app, support: vec![], address, ear_port, dynamo: None, counts });
    }
    let mut launch = program(ground, address, &data);
    let mut support = Vec::new();
    let mut ear_port = address.port();
    // Another relay than its own, where something stands before it.
    if let Some(relay) = ground.relay {
        let hub = hub(ground, relay.hub).await?;
        ear_port = relay.hub.port();
        support.push(hub);
        let own = [
            ("PARLOUR_RELAY_APP_ID", "parlour".to_owned()),
            ("PARLOUR_RELAY_KEY", tests::RELAY_KEY.to_owned()),
            ("PARLOUR_RELAY_SECRET", tests::RELAY_SECRET.to_owned()),
            ("PARLOUR_RELAY_HOST", "127.0.0.1".to_owned()),
            ("PARLOUR_RELAY_PORT", relay.gate.port().to_string()),
            ("PARLOUR_RELAY_TLS", "false".to_owned()),
        ];
        launch.environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
    }
    let app = App::start(launch, ground.cores).await?;
    Ok(Launched { app, support, address, ear_port, dynamo: None, counts: None })
}

async fn socket_io(ground: &Ground) -> Result<Launched, Failure> {
    let programs = ground.postgres.as_ref().ok_or("no PostgreSQL")?;
    let (database, address) = (free_address()?, free_address()?);
    let launch = postgres::prepare(programs, &ground.folder("postgres")?, database)?;
    let database_app = App::start(launch, ground.cores).await?;
    let mut environment = textbook::token_environment();
    environment.insert("DATABASE_HOST".into(), "127.0.0.1".into());
    environment.insert("DATABASE_PORT".into(), database.port().to_string());
    environment.insert("PORT".into(), address.port().to_string());
    environment.insert("NODE_ENV".into(), "production".into());
    let launch = Launch {
        name: "the socket.io server".into(),
        command: vec!["node".into(), folder("socketio").join("server.mjs").into()],
        environment,
        address: Some(address),
        log: Some(ground.scratch.join("socketio.log")),
    };
    let app = App::start(launch, ground.cores).await?;
    let ear_port = address.port();
    Ok(Launched { app, support: vec![database_app], address, ear_port, dynamo: None, counts: None })
}

async fn textbook_in_rust(ground: &Ground) -> Result<Launched, Failure> {
    let (address, counts) = (free_address()?, free_address()?);
    let (hub, hub_address, trigger) = hub_or_gate(ground).await?;
    let data = ground.data("textbook-rust")?;
    let store_ms = ground.store_ms.unwrap_or_default();
    let hub_port = trigger.port();
    let served = Served { design: "textbook", address, counts, data, store_ms, hub: hub_port };
    let app = App::start(served.launch(ground), ground.cores).await?;
    let dynamo = Dynamo::at(address)?;
    textbook::create_table(&dynamo).await?;
    let (ear_port, counts) = (hub_address.port(), Some(counts));
    Ok(Launched { app, support: vec![hub], address, ear_port, dynamo: Some(dynamo), counts })
}

async fn textbook_in_node(ground: &Ground) -> Result<Launched, Failure> {
    let (address, store, store_api) = (free_address()?, free_address()?, free_address()?);
    let mut launch = program(ground, store_api, &ground.folder("textbook-node")?);
    launch.command.extend(["--dynamodb".into(), store.to_string().into()]);
    let store_app = App::start(launch, ground.cores).await?;
    let (hub, hub_address, trigger) = hub_or_gate(ground).await?;
    let dynamo = Dynamo::at(store)?;
    textbook::create_table(&dynamo).await?;
    let mut environment = textbook::environment(store, trigger.port());
    environment.insert("PORT".into(), address.port().to_string());
    environment.insert("NODE_ENV".into(), "production".into());
    let launch = Launch {
        name: "the Node handler".into(),
        command: vec!["node".into(), folder("node").join("front.mjs").into()],
        environment,
        address: Some(address),
        log: Some(ground.scratch.join("node.log")),
    };
    let app = App::start(launch, ground.cores).await?;
    let ear_port = hub_address.port();
    let support = vec![store_app, hub];
    Ok(Launched { app, support, address, ear_port, dynamo: Some(dynamo), counts: None })
}

async fn synapse(ground: &Ground) -> Result<Launched, Failure> {
    let address = free_address()?;
    let python = ground.synapse.as_ref().ok_or("no synapse")?;
    let launch = synapse::prepare(python, &ground.folder("synapse")?, address)?;
    let app = App::start(launch, ground.cores).await?;
    let ear_port = address.port();
    Ok(Launched { app, support: vec![], address, ear_port, dynamo: None, counts: None })
}

/// A hub for those who have none: where clients listen, and where events are triggered.
async fn hub_or_gate(ground: &Ground) -> Result<(App, SocketAddr, SocketAddr), Failure> {
    let (hub_address, trigger) = match ground.relay {
        Some(relay) => (relay.hub, relay.gate),
        None => {
            let address = free_address()?;
            (address, address)
        }
    };
    Ok((hub(ground, hub_address).await?, hub_address, trigger))
}

async fn hub(ground: &Ground, address: SocketAddr) -> Result<App, Failure> {
    App::start(program(ground, address, Path::new(":memory:")), ground.cores).await
}

/// The local program.
fn program(ground: &Ground, address: SocketAddr, data: &Path) -> Launch {
    let mut command: Vec<OsString> = vec![ground.programs.join("parlour").into()];
    command.extend(["--listen".into(), address.to_string().into(), "--data".into(), data.into()]);
    if data != Path::new(":memory:") {
        command.push("--power-safe".into());
    }
    Launch {
        name: "parlour".into(),
        command,
        address: Some(address),
        log: Some(ground.scratch.join("parlour.log")),
        ..Launch::default()
    }
}

/// A stack that `bench serve` has.
struct Served {
    design: &'static str,
    address: SocketAddr,
    counts: SocketAddr,
    data: PathBuf,
    store_ms: u64,
    hub: u16,
}

impl Served {
    fn launch(&self, ground: &Ground) -> Launch {
        let mut command: Vec<OsString> =
            vec![ground.programs.join("bench").into(), "serve".into(), self.design.into()];
        for (name, value) in [
            ("--listen", self.address.to_string()),
            ("--counts", self.counts.to_string()),
            ("--data", self.data.display().to_string()),
            ("--store-ms", self.store_ms.to_string()),
            ("--hub", self.hub.to_string()),
        ] {
            command.extend([name.into(), value.into()]);
        }
        if self.data != Path::new(":memory:") {
            command.push("--power-safe".into());
        }
        Launch {
            name: format!("bench serve {}", self.design),
            command,
            address: Some(self.address),
            log: Some(ground.scratch.join("serve.log")),
            ..Launch::default()
        }
    }
}
