//! What befalls the programs as a whole: kills, and outages of the relay.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::sleep;

use crate::{
    Failure,
    args::Args,
    memory::{Samples, resident},
    program::{Program, Recipe},
    tally::{Tally, count, read},
    way::{Outage, Way},
};

/// A process that is killed and started again, and the memory that it had.
pub(crate) struct Kept {
    recipe: Recipe,
    program: Mutex<Option<Program>>,
    pub(crate) memory: Mutex<Samples>,
}

impl Kept {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn start(recipe: Recipe) -> Result<Arc<Self>, Failure> {
        let program = Mutex::new(Some(recipe.start().await?));
        Ok(Arc::new(Self { recipe, program, memory: Mutex::new(Samples::new()) }))
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it has ended by itself.
    pub(crate) async fn stop(&self) -> Result<(), Failure> {
        let program = self.program.lock().unwrap_or_else(PoisonError::into_inner).take();
        program.ok_or("it does not run")?.kill().await
    }

    /// The same, and a start on the same data.
    async fn kill(&self, down: Duration) -> Result<(), Failure> {
        self.stop().await?;
        sleep(down).await;
        let program = self.recipe.start().await?;
        *self.program.lock().unwrap_or_else(PoisonError::into_inner) = Some(program);
        Ok(())
    }

    /// Notes the memory that it has now, and tells it in MB.
    pub(crate) fn measure(&self) -> Option<f64> {
        let program = self.program.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = program.as_ref()?.pid()?;
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).take(pid)
    }
}

/// The memory of this process.
pub(crate) fn own_memory(samples: &Mutex<Samples>) -> Option<f64> {
    let pid = std::process::id();
    samples.lock().unwrap_or_else(PoisonError::into_inner).take(pid).or_else(|| resident(pid))
}

/// Kills the program again and again, after so many posts each time.
///
/// # Errors
/// When it ends by itself, or does not start again.
pub(crate) async fn of_the_program(
    program: &Kept,
    args: &Args,
    tally: &Tally,
    mut chance: fastrand::Rng,
) -> Result<(), Failure> {
    loop {
        after(args.kill_every, tally, &mut chance).await;
        program.kill(Duration::from_millis(chance.u64(..500))).await?;
        count(&tally.kills);
    }
}

/// Kills the relay, or lets its way be shut for a while, after so many posts each time.
///
/// # Errors
/// When it ends by itself, or does not start again.
pub(crate) async fn of_the_relay(
    relay: &Kept,
    way: &Way,
    args: &Args,
    tally: &Tally,
    mut chance: fastrand::Rng,
) -> Result<(), Failure> {
    loop {
        after(args.relay_every, tally, &mut chance).await;
        let outage = match chance.u8(..5) {
            0 | 1 => {
                relay.kill(Duration::from_millis(chance.u64(..1_000))).await?;
                Outage::None
            }
            2 => Outage::Refusing,
            3 => Outage::Hanging,
            _ => Outage::Mute,
        };
        way.becomes(outage);
        if outage != Outage::None {
            sleep(Duration::from_millis(chance.u64(500..3_000))).await;
            way.becomes(Outage::None);
        }
        count(&tally.outages);
    }
}

/// Waits until about so many posts more were answered; for ever if none.
async fn after(posts: u64, tally: &Tally, chance: &mut fastrand::Rng) {
    let then = read(&tally.posts) + posts / 2 + chance.u64(..=posts);
    while posts == 0 || read(&tally.posts) < then {
        sleep(Duration::from_millis(20)).await;
    }
}
