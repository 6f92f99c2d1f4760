//! What is told: a line now and then, and the verdict.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use tests::history::Broken;
use tokio::time::interval;

use crate::{run::Stage, tally::read, trouble};

/// How often the summary is told.
const TELLING: Duration = Duration::from_secs(5);

impl Stage {
    /// A line now and then, for ever.
    pub(crate) async fn tells(&self, began: Instant) {
        let (mut tick, mut before) = (interval(TELLING), 0);
        tick.tick().await;
        loop {
            tick.tick().await;
            let (tally, posts) = (self.tally, read(&self.tally.posts));
            let memory =
                [self.program.measure(), self.relay.measure(), trouble::own_memory(&self.own)];
            let memory = memory.map(|mb| mb.map_or_else(|| "-".into(), |mb| format!("{mb:.0}")));
            eprintln!(
                "soak: {:>4} s {posts:>8} posts, {:>5}/s, {} troubled, {} changes, {} rooms read; {} + {} faults, \
                 {} cuts, {} kills, {} outages; {} findings; MB: program {}, relay {}, own {}",
                began.elapsed().as_secs(),
                (posts - before) / TELLING.as_secs(),
                read(&tally.troubled),
                read(&tally.changes),
                read(&tally.rooms),
                read(&tally.request_faults),
                read(&tally.relay_faults),
                read(&tally.cuts),
                read(&tally.kills),
                read(&tally.outages),
                tally.found_at_all(),
                memory[0],
                memory[1],
                memory[2],
            );
            before = posts;
        }
    }

    /// Tells what came of it; whether everything was as promised.
    #[allow(clippy::print_stdout, reason = "the verdict is what it has to say")]
    pub(crate) fn verdict(&self, began: Instant, seed: u64) -> bool {
        let (tally, seconds) = (self.tally, began.elapsed().as_secs().max(1));
        let (posts, found) = (read(&tally.posts), |broken| tally.found(broken));
        let all = tally.found_at_all();
        println!(
            "soak: {posts} posts answered in {seconds} s ({}/s), {} of them after a try that failed; {} tries without an \
             answer, {} posts given up; {} other changes",
            posts / seconds,
            read(&tally.troubled),
            read(&tally.unanswered),
            read(&tally.given_up),
            read(&tally.changes)
        );
        println!(
            "soak: {} faults on the way to the program, {} on the way to the relay, {} sockets cut; the program killed {} \
             times, the relay killed or shut {} times",
            read(&tally.request_faults),
            read(&tally.relay_faults),
            read(&tally.cuts),
            read(&tally.kills),
            read(&tally.outages)
        );
        println!(
            "soak: {} rooms read: {} messages, {} closed slots; {} events heard, {} fetches, {} reconnects; once it \
             was quiet a room's listeners held all of it after {} s at most",
            read(&tally.rooms),
            read(&tally.messages),
            read(&tally.voids),
            read(&tally.events),
            read(&tally.fetches),
            read(&tally.reconnects),
            read(&tally.slowest)
        );
        for (name, samples) in [
            ("program", &self.program.memory),
            ("relay", &self.relay.memory),
            ("soak itself", &self.own),
        ] {
            let samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
            println!("soak: memory of the {name}: {}", samples.summary());
        }
        println!(
            "soak: {}: {} lost, {} doubled, {} out of order, {} undetected gaps, {} leaks, {} otherwise wrong; seed {seed}",
            if all == 0 { "PASSED" } else { "FAILED" },
            found(Broken::Lost),
            found(Broken::Doubled),
            found(Broken::OutOfOrder),
            found(Broken::Gap),
            found(Broken::Leak),
            found(Broken::Wrong)
        );
        all == 0
    }
}
