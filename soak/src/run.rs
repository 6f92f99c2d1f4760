//! One run: the programs, the ways between them, rooms one after another, and the verdict.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    Failure,
    api::Api,
    args::Args,
    memory::Samples,
    program::{Recipe, free_port, parlour_in},
    room::{World, live},
    sockets,
    tally::Tally,
    trouble::{self, Kept},
    way::Way,
};

/// How long a listener's socket lives, in the middle.
const SOCKET_LIVES: Duration = Duration::from_secs(20);
/// How many rooms may be on their way to their end, for each that is talked in.
const ENDING: usize = 12;

/// Runs it. Whether everything was as promised.
///
/// # Errors
/// When it cannot run.
pub(crate) async fn run(args: &Args) -> Result<bool, Failure> {
    let seed = args.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    let programs = args.programs()?;
    let scratch = Scratch::new(&programs)?;
    let tally: &'static Tally = Box::leak(Box::default());
    let stage = Stage::set(args, seed, &programs, &scratch.0, tally).await?;
    eprintln!(
        "soak: seed {seed}; {} rooms at a time, {} clients in each",
        args.rooms, args.clients
    );
    let began = Instant::now();
    let chance = |of: u64| fastrand::Rng::with_seed(seed ^ of << 48);
    let outcome = tokio::select! {
        outcome = stage.rooms(args, chance(1)) => outcome,
        outcome = trouble::of_the_program(&stage.program, args, tally, chance(2)) => outcome,
        outcome = trouble::of_the_relay(&stage.relay, &stage.relay_way, args, tally, chance(3)) => outcome,
        () = stage.tells(began) => Ok(()),
    };
    outcome?;
    let passed = stage.verdict(began, seed);
    if !passed {
        let (program, relay) = (&stage.program, &stage.relay);
        tokio::try_join!(program.stop(), relay.stop())?;
        eprintln!("soak: the program's data is kept in {}", scratch.keep().display());
    }
    Ok(passed)
}

/// Everything that a run needs.
pub(crate) struct Stage {
    world: World,
    pub(crate) tally: &'static Tally,
    pub(crate) program: Arc<Kept>,
    pub(crate) relay: Arc<Kept>,
    relay_way: Arc<Way>,
    /// The memory of this process.
    pub(crate) own: Mutex<Samples>,
    writing: Arc<Semaphore>,
    ending: Arc<Semaphore>,
}

impl Stage {
    async fn set(
        args: &Args,
        seed: u64,
        programs: &Path,
        scratch: &Path,
        tally: &'static Tally,
    ) -> Result<Self, Failure> {
        let parlour = parlour_in(programs)?;
        let chance = |of: u64| fastrand::Rng::with_seed(seed ^ of << 40);
        let ports = [free_port()?, free_port()?];
        let relay = Recipe {
            program: parlour.clone(),
            port: ports[0],
            data: ":memory:".into(),
            // The relay's webhooks go to the program, as those of any relay would.
            arguments: vec![
                "--webhooks".into(),
                format!("http://127.0.0.1:{}/v1/realtime/webhook", ports[1]),
            ],
            settings: Vec::new(),
        };
        let relay_address = relay.address();
        let relay = Kept::start(relay).await?;
        let relay_way =
            Way::open(relay_address, args.faults, chance(1), &tally.relay_faults).await?;
        let lives = if args.faults == 0 { Duration::ZERO } else { SOCKET_LIVES };
        let sockets = sockets::open(relay_address, lives, chance(2), tally).await?;
        let program = Recipe {
            program: parlour,
            port: ports[1],
            data: scratch.join("data"),
            arguments: Vec::new(),
            settings: vec![
                ("PARLOUR_RELAY_APP_ID", "parlour".into()),
                ("PARLOUR_RELAY_KEY", crate::room::RELAY_KEY.into()),
                ("PARLOUR_RELAY_SECRET", "parlour-secret".into()),
                ("PARLOUR_RELAY_HOST", relay_way.address().ip().to_string()),
                ("PARLOUR_RELAY_PORT", relay_way.address().port().to_string()),
                ("PARLOUR_RELAY_TLS", "false".into()),
            ],
        };
        let address = program.address();
        let program = Kept::start(program).await?;
        let api_way = Way::open(address, args.faults, chance(3), &tally.request_faults).await?;
        let api = Api::at(api_way.address())?;
        let direct = Api::at(address)?;
        let world = World { api, direct, sockets, tally, seed, clients: args.clients.max(1) };
        let writing = Arc::new(Semaphore::new(args.rooms.max(1)));
        let ending = Arc::new(Semaphore::new(args.rooms.max(1) * (ENDING + 1)));
        let own = Mutex::new(Samples::new());
        Ok(Self { world, tally, program, relay, relay_way, own, writing, ending })
    }

    /// Rooms one after another, until it is enough; returns once all are read.
    async fn rooms(&self, args: &Args, mut chance: fastrand::Rng) -> Result<(), Failure> {
        let (began, number, mut planned) = (Instant::now(), AtomicU32::new(0), 0);
        let mut rooms = JoinSet::new();
        loop {
            let writing = Arc::clone(&self.writing).acquire_owned().await?;
            let ending = Arc::clone(&self.ending).acquire_owned().await?;
            let enough = match args.posts {
                Some(posts) => planned >= posts,
                None => began.elapsed() >= args.time,
            };
            if enough {
                break;
            }
            let long = if chance.u8(..20) == 0 { 10 } else { 1 };
            let length = (args.length / 2 + chance.u64(..=args.length)).max(1) * long;
            let length = args.posts.map_or(length, |posts| length.min(posts - planned));
            planned += length;
            let (world, number) = (self.world.clone(), number.fetch_add(1, Ordering::Relaxed));
            rooms.spawn(async move {
                live(world, number, length, writing).await;
                drop(ending);
            });
            while let Some(done) = rooms.try_join_next() {
                done?;
            }
        }
        while let Some(done) = rooms.join_next().await {
            done?;
        }
        Ok(())
    }
}

/// A folder for the program's data, gone at the end. It lies beside what is built, so on the disk
/// that the project is on; a system's temporary folder may be in memory.
struct Scratch(PathBuf);

impl Scratch {
    fn new(programs: &Path) -> Result<Self, Failure> {
        let folder = programs.join(format!("soak-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|cause| format!("cannot write to {}: {cause}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Scratch {
    /// It stays, for whoever wants to know what went wrong.
    fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
