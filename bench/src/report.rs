//! The table.

use crate::stats::Figure;

/// What a figure counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Thousandths of a second.
    Ms,
    /// Millions of bytes.
    Mb,
    /// Thousands of bytes.
    Kb,
    /// Something in each second.
    PerSecond,
    /// Seconds of one core.
    CpuSeconds,
    /// How many times as much as something else.
    Times,
    /// Calls of the store.
    Calls,
    /// DynamoDB's read units.
    ReadUnits,
    /// DynamoDB's units, of reads and writes.
    Units,
    /// Millions of anything.
    Millions,
    /// How often something happened.
    Count,
    /// US dollars.
    Dollars,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::Mb => "MB",
            Self::Kb => "KB",
            Self::PerSecond => "/s",
            Self::CpuSeconds => "s",
            Self::Times => "×",
            Self::Calls => "calls",
            Self::ReadUnits => "RRU",
            Self::Units => "units",
            Self::Millions => "million",
            Self::Count => "",
            Self::Dollars => "$",
        }
    }

    pub(crate) fn number(self, value: f64) -> String {
        match self {
            Self::PerSecond | Self::Calls | Self::Count => format!("{value:.0}"),
            Self::Mb | Self::Kb | Self::ReadUnits | Self::Units => format!("{value:.1}"),
            Self::Ms if value >= 100.0 => format!("{value:.0}"),
            Self::Times if value >= 10.0 => format!("{value:.1}"),
            Self::Ms | Self::CpuSeconds | Self::Times | Self::Millions | Self::Dollars => {
                format!("{value:.2}")
            }
        }
    }
}

/// A line of the table.
struct Row {
    measure: String,
    unit: Unit,
    /// None where this system does not tell.
    figure: Option<Figure>,
    goal: Option<Goal>,
}

/// What a figure shall be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

impl Goal {
    fn is_met(self, figure: Figure) -> bool {
        match self {
            Self::AtMost(most) => figure.median <= most,
            Self::AtLeast(least) => figure.median >= least,
        }
    }
}

/// What was measured so far.
#[derive(Default)]
pub(crate) struct Report {
    groups: Vec<(String, Vec<Row>)>,
    late: usize,
}

impl Report {
    /// The rows that follow belong together.
    pub(crate) fn group(&mut self, title: &str) {
        self.groups.push((title.to_owned(), Vec::new()));
    }

    /// A figure without a goal.
    pub(crate) fn add(&mut self, measure: impl Into<String>, unit: Unit, figure: Option<Figure>) {
        self.row(Row { measure: measure.into(), unit, figure, goal: None });
    }

    /// A figure that shall be at most `goal`.
    pub(crate) fn add_with_goal(
        &mut self,
        measure: impl Into<String>,
        unit: Unit,
        figure: Option<Figure>,
        goal: f64,
    ) {
        self.row(Row { measure: measure.into(), unit, figure, goal: Some(Goal::AtMost(goal)) });
    }

    /// A figure that shall be at least `goal`.
    pub(crate) fn add_with_floor(
        &mut self,
        measure: impl Into<String>,
        unit: Unit,
        figure: Option<Figure>,
        goal: f64,
    ) {
        self.row(Row { measure: measure.into(), unit, figure, goal: Some(Goal::AtLeast(goal)) });
    }

    /// A figure with any goal, or none.
    pub(crate) fn add_any(
        &mut self,
        measure: String,
        unit: Unit,
        figure: Option<Figure>,
        goal: Option<Goal>,
    ) {
        self.row(Row { measure, unit, figure, goal });
    }

    /// How many posts were stored, but their events not taken by the relay in time.
    pub(crate) fn note_late(&mut self, posts: usize) {
        self.late += posts;
    }

    fn row(&mut self, row: Row) {
        if self.groups.is_empty() {
            self.group("");
        }
        if let Some((_, rows)) = self.groups.last_mut() {
            rows.push(row);
        }
    }

    /// Writes all of it to the terminal.
    #[allow(clippy::print_stdout, reason = "the table is what this program is for")]
    pub(crate) fn print(&self, environment: &[String]) {
        let lines: Vec<Line> = self.lines();
        let widths: [usize; 4] = std::array::from_fn(|column| {
            lines.iter().map(|line| line.0[column].chars().count()).max().unwrap_or_default()
        });
        for Line([measure, value, spread, goal, verdict]) in &lines {
            let line = format!(
                "{measure:<0$}  {value:>1$}  {spread:<2$}  {goal:<3$}  {verdict}",
                widths[0], widths[1], widths[2], widths[3],
            );
            println!("{}", line.trim_end());
        }
        println!();
        if self.late > 0 {
            println!("The relay did not take the events of {} posts in time.", self.late);
        }
        println!("{}.", environment.join("; "));
    }

    /// All of it as a table of Markdown.
    pub(crate) fn markdown(&self, environment: &[String]) -> String {
        let mut text =
            String::from("| measure | median | spread | goal | |\n|---|--:|---|---|---|\n");
        for (title, rows) in &self.groups {
            text += &format!("| **{title}** | | | | |\n");
            for Line([measure, value, spread, goal, verdict]) in rows.iter().map(Row::line) {
                let measure = measure.trim();
                text += &format!("| {measure} | {value} | {spread} | {goal} | {verdict} |\n");
            }
        }
        format!("{text}\nMeasured on: {}.\n", environment.join("; "))
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines =
            vec![Line(["measure", "median", "spread", "goal", ""].map(ToOwned::to_owned))];
        for (title, rows) in &self.groups {
            lines.push(Line::default());
            lines.push(Line([
                title.clone(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ]));
            lines.extend(rows.iter().map(Row::line));
        }
        lines
    }
}

/// The cells of a line.
#[derive(Default)]
struct Line([String; 5]);

impl Row {
    fn line(&self) -> Line {
        let (number, unit) = (|value| self.unit.number(value), self.unit.name());
        let value =
            self.figure.map_or_else(|| "-".into(), |f| format!("{} {unit}", number(f.median)));
        let spread = match self.figure {
            Some(f) if f.low < f.high => format!("{} to {}", number(f.low), number(f.high)),
            _ => String::new(),
        };
        let goal = match self.goal {
            Some(Goal::AtMost(most)) => format!("≤ {most} {unit}"),
            Some(Goal::AtLeast(least)) => format!("≥ {least} {unit}"),
            None => String::new(),
        };
        let verdict = match (self.figure, self.goal) {
            (Some(figure), Some(goal)) if goal.is_met(figure) => "ok",
            (Some(_), Some(Goal::AtMost(_))) => "over",
            (Some(_), Some(Goal::AtLeast(_))) => "under",
            _ => "",
        };
        Line([format!("  {}", self.measure), value, spread, goal, verdict.to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(median: f64, goal: Option<Goal>) -> String {
        let figure = Some(Figure { median, low: median, high: median });
        let Line([.., verdict]) = Row { measure: "m".into(), unit: Unit::Ms, figure, goal }.line();
        verdict
    }

    #[test]
    fn a_figure_may_be_as_high_as_its_goal() {
        assert_eq!(verdict(8.0, Some(Goal::AtMost(8.0))), "ok");
        assert_eq!(verdict(8.1, Some(Goal::AtMost(8.0))), "over");
        assert_eq!(verdict(8.1, None), "");
        assert_eq!(verdict(8.0, Some(Goal::AtLeast(8.0))), "ok");
        assert_eq!(verdict(7.9, Some(Goal::AtLeast(8.0))), "under");
    }
}
