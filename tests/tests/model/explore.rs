//! Trying every order, or many random ones.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::Instant,
};

use tests::quick;

use crate::{history::check_run, lab::Lab, scenario::Scenario};

/// Whoever decides what happens next.
pub(crate) trait Choose {
    /// One of so many things.
    fn pick(&mut self, options: usize) -> usize;

    /// One of so many things, where trying each would be too much: an exhaustive search takes the
    /// first.
    fn pick_any(&mut self, options: usize) -> usize;
}

/// Runs a path through the tree of choices: as told at first, then always the first branch.
#[derive(Default)]
struct Path {
    /// Each choice taken, and of how many.
    taken: Vec<(usize, usize)>,
    depth: usize,
}

impl Choose for Path {
    fn pick(&mut self, options: usize) -> usize {
        if self.depth == self.taken.len() {
            self.taken.push((0, options));
        }
        let (choice, expected) = self.taken[self.depth];
        assert_eq!(options, expected, "the run is not repeatable");
        self.depth += 1;
        choice
    }

    fn pick_any(&mut self, _: usize) -> usize {
        0
    }
}

impl Path {
    /// Goes to the next path; `false` when all were tried.
    fn advance(&mut self) -> bool {
        self.depth = 0;
        while let Some((choice, options)) = self.taken.pop() {
            if choice + 1 < options {
                self.taken.push((choice + 1, options));
                return true;
            }
        }
        false
    }
}

struct Random(fastrand::Rng);

impl Choose for Random {
    fn pick(&mut self, options: usize) -> usize {
        self.0.usize(..options)
    }

    fn pick_any(&mut self, options: usize) -> usize {
        self.pick(options)
    }
}

/// Tries every order of a scenario; with `PARLOUR_TEST=quick`, 200 random ones.
pub(crate) fn exhaust(name: &str, scenario: &Scenario) {
    if quick() {
        return sample(name, 200, |_| scenario.clone());
    }
    let lab = Lab::new(scenario.stale_reads);
    let started = Instant::now();
    let mut path = Path::default();
    let mut runs = 0_u64;
    loop {
        runs += 1;
        let outcome = catch_unwind(AssertUnwindSafe(|| check_run(&lab, scenario, &mut path)));
        if let Err(panic) = outcome {
            eprintln!("{name}: run {runs} broke; its choices: {:?}", path.taken);
            resume_unwind(panic);
        }
        if !path.advance() {
            eprintln!("{name}: all {runs} orders in {:.1?}", started.elapsed());
            return;
        }
    }
}

/// Tries random scenarios in random orders: so many, or as many as `PARLOUR_MODEL_RUNS` says.
pub(crate) fn sample(name: &str, runs: u64, scenario: impl Fn(&mut fastrand::Rng) -> Scenario) {
    let started = Instant::now();
    let mut labs = [false, true].map(Lab::new);
    let seeds = match number("PARLOUR_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PARLOUR_MODEL_RUNS").unwrap_or(runs),
    };
    for seed in seeds.clone() {
        let mut rng = fastrand::Rng::with_seed(seed);
        let scenario = scenario(&mut rng);
        let lab = &mut labs[usize::from(scenario.stale_reads)];
        let outcome =
            catch_unwind(AssertUnwindSafe(|| check_run(lab, &scenario, &mut Random(rng))));
        if let Err(panic) = outcome {
            eprintln!("{name}: PARLOUR_SEED={seed} broke: {scenario:?}");
            resume_unwind(panic);
        }
    }
    eprintln!("{name}: {} random runs in {:.1?}", seeds.end - seeds.start, started.elapsed());
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
