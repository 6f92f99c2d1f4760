//! What was found out, by workload and peer.

use super::stack::Peer;
use crate::{
    report::{Goal, Report, Unit},
    stats::Figure,
};

/// One figure.
pub(super) struct Finding {
    pub(super) workload: &'static Workload,
    pub(super) peer: Peer,
    pub(super) measure: String,
    pub(super) unit: Unit,
    pub(super) figure: Option<Figure>,
    pub(super) goal: Option<Goal>,
}

/// What is done to all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Workload {
    /// `W1`.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
}

/// All figures, and the latencies of W2 by rate.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) all: Vec<Finding>,
    /// Peer, rate, p99 in ms, of the last run.
    pub(super) curves: Vec<(Peer, f64, f64)>,
}

impl Findings {
    /// A figure without a goal.
    pub(super) fn add(
        &mut self,
        workload: &'static Workload,
        peer: Peer,
        measure: impl Into<String>,
        unit: Unit,
        figure: Option<Figure>,
    ) {
        let measure = measure.into();
        self.all.push(Finding { workload, peer, measure, unit, figure, goal: None });
    }

    /// The last figure has this goal.
    pub(super) fn with_goal(&mut self, goal: Goal) {
        if let Some(last) = self.all.last_mut() {
            last.goal = Some(goal);
        }
    }

    /// The workloads, as they came.
    pub(super) fn workloads(&self) -> Vec<&'static Workload> {
        let mut workloads: Vec<&'static Workload> = Vec::new();
        for finding in &self.all {
            if !workloads.contains(&finding.workload) {
                workloads.push(finding.workload);
            }
        }
        workloads
    }

    /// Those of a workload.
    pub(super) fn of<'a>(&'a self, workload: &'a Workload) -> impl Iterator<Item = &'a Finding> {
        self.all.iter().filter(move |finding| finding.workload == workload)
    }

    /// All of it, for the terminal.
    pub(super) fn report(&self, report: &mut Report) {
        for workload in self.workloads() {
            report.group(&format!("{}: {}", workload.id, workload.title));
            for Finding { peer, measure, unit, figure, goal, .. } in self.of(workload) {
                let measure = format!("{}: {measure}", peer.name());
                report.add_any(measure, *unit, *figure, *goal);
            }
        }
    }
}
