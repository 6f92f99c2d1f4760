//! What was found out, written into docs/benchmarks.md between its marks, and as plots beside it.

use std::{fs, path::Path};

use super::{
    Peer, closed, costs, crowd,
    findings::{Finding, Findings, Workload},
    lists, open,
    plot::{Bars, Lines},
};
use crate::{
    Failure, page,
    report::{Goal, Unit},
    stats::Figure,
};

const PLOTS: &str = "docs/benchmarks";

/// Writes tables and plots.
///
/// # Errors
/// When a file cannot be written, or the page has lost its marks.
pub(super) fn write(findings: &Findings, environment: &[String]) -> Result<(), Failure> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let plots = root.join(PLOTS);
    fs::create_dir_all(&plots)?;
    for (name, svg) in draw(findings) {
        fs::write(plots.join(name), svg)?;
    }
    page::write("peers", &tables(findings, environment))
}

fn tables(findings: &Findings, environment: &[String]) -> String {
    let mut text = String::new();
    for workload in findings.workloads() {
        let Workload { id, title } = workload;
        text += &format!("### {id}: {title}\n\n{}\n", table(findings, workload));
        if let Some(plot) = plot_of(id) {
            text += &format!("![{title}](benchmarks/{plot})\n\n");
        }
    }
    text += "Measured on: ";
    text += &environment.join("; ");
    text += ".\n";
    text
}

/// A line for each measure, a column for each peer.
fn table(findings: &Findings, workload: &Workload) -> String {
    let mut measures: Vec<&Finding> = Vec::new();
    let mut peers: Vec<Peer> = Vec::new();
    for finding in findings.of(workload) {
        if !measures.iter().any(|one| one.measure == finding.measure) {
            measures.push(finding);
        }
        if !peers.contains(&finding.peer) {
            peers.push(finding.peer);
        }
    }
    let mut text = String::from("| |");
    peers.iter().for_each(|peer| text += &format!(" {} |", peer.name()));
    text += &format!(" goal |\n|---|{}---|\n", "--:|".repeat(peers.len()));
    for measure in measures {
        let unit = match measure.unit.name() {
            "" | "×" => String::new(),
            unit => format!(", {unit}"),
        };
        text += &format!("| {}{unit} |", measure.measure);
        let mut goal = String::new();
        for peer in &peers {
            let found = findings
                .of(workload)
                .find(|one| one.peer == *peer && one.measure == measure.measure);
            text += &format!(" {} |", found.map(cell).unwrap_or_default());
            if let Some(stated) = found.and_then(|found| found.goal) {
                goal += &format!("{} {} ", peer.name(), stated_goal(stated, measure.unit));
            }
        }
        text += &format!(" {} |\n", goal.trim());
    }
    text
}

fn cell(finding: &Finding) -> String {
    let number = |value| finding.unit.number(value);
    match finding.figure {
        None => "–".into(),
        Some(Figure { median, low, high }) if low < high => {
            format!("**{}** ({} to {})", number(median), number(low), number(high))
        }
        Some(Figure { median, .. }) => format!("**{}**", number(median)),
    }
}

fn stated_goal(goal: Goal, unit: Unit) -> String {
    match goal {
        Goal::AtMost(most) => format!("≤ {most} {}", unit.name()).trim().to_owned(),
        Goal::AtLeast(least) => format!("≥ {least} {}", unit.name()).trim().to_owned(),
    }
}

fn plot_of(workload: &str) -> Option<&'static str> {
    Some(match workload {
        "W1" => "received.svg",
        "W2" => "rates.svg",
        "W3" => "crowd.svg",
        "W4" => "lists.svg",
        "W6" => "units.svg",
        _ => return None,
    })
}

fn draw(findings: &Findings) -> Vec<(&'static str, String)> {
    let bars = |title: &str, workload: &Workload, wanted: fn(&Finding) -> bool| {
        let mut bars = Bars::titled(title);
        for finding in findings.of(workload).filter(|finding| wanted(finding)) {
            if let Some(figure) = finding.figure {
                let label = format!("{}: {}", finding.peer.name(), finding.measure);
                let value =
                    format!("{} {}", finding.unit.number(figure.median), finding.unit.name());
                bars.add(label, figure.median, value, finding.peer.colour());
            }
        }
        bars.svg()
    };
    let mut lines = Lines::titled("W2: p99 in ms, at posts a second", open::SLOWEST_P99_MS);
    for peer in findings.curves.iter().map(|(peer, ..)| *peer).collect::<Vec<_>>() {
        let mut curve: Vec<(f64, f64)> =
            findings.curves.iter().filter(|one| one.0 == peer).map(|one| (one.1, one.2)).collect();
        curve.sort_by(|one, other| one.0.total_cmp(&other.0));
        lines.add(peer.name(), peer.colour(), curve);
    }
    let in_ms = |finding: &Finding| matches!(finding.unit, Unit::Ms);
    vec![
        ("received.svg", bars("W1: post to received, ms", &closed::W1, in_ms)),
        ("rates.svg", lines.svg()),
        (
            "crowd.svg",
            bars("W3: 100 posts at once, p99, ms", &crowd::W3, |finding| {
                finding.measure.starts_with("p99")
            }),
        ),
        ("lists.svg", bars("W4: pages, ms", &lists::W4, in_ms)),
        (
            "units.svg",
            bars("W6: dollars of a million posts", &costs::W6, |finding| {
                matches!(finding.unit, Unit::Dollars)
            }),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_line_for_each_measure_and_a_column_for_each_peer() {
        let mut findings = Findings::default();
        let figure = |value| Figure::of(&[value]);
        findings.add(&closed::W1, Peer::Parlour, "p50", Unit::Ms, figure(1.0));
        findings.with_goal(Goal::AtMost(2.0));
        findings.add(&closed::W1, Peer::SocketIo, "p50", Unit::Ms, Figure::of(&[2.0, 3.0, 4.0]));
        let table = table(&findings, &closed::W1);
        let expected = "| | Parlour | socket.io + PostgreSQL | goal |\n|---|--:|--:|---|\n\
             | p50, ms | **1.00** | **3.00** (2.00 to 4.00) | Parlour ≤ 2 ms |\n";
        assert_eq!(table, expected);
    }
}
