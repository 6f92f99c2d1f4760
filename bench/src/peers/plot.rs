//! Plots as SVG: bars and lines on a logarithmic scale.

const FONT: &str = "font-family='system-ui, sans-serif' font-size='13'";
const INK: &str = "#808080";

/// Bars, one below the other.
pub(super) struct Bars {
    title: String,
    bars: Vec<Bar>,
}

struct Bar {
    label: String,
    value: f64,
    text: String,
    colour: &'static str,
}

impl Bars {
    const LABELS: f64 = 400.0;
    const LONGEST: f64 = 380.0;
    const HEIGHT: f64 = 22.0;

    pub(super) fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), bars: Vec::new() }
    }

    pub(super) fn add(&mut self, label: String, value: f64, text: String, colour: &'static str) {
        self.bars.push(Bar { label, value, text, colour });
    }

    pub(super) fn svg(&self) -> String {
        let positive = self.bars.iter().map(|bar| bar.value).filter(|value| *value > 0.0);
        let scale = Scale::over(positive, Self::LABELS, Self::LABELS + Self::LONGEST);
        let mut y = 34.0;
        let mut svg = String::new();
        for Bar { label, value, text, colour } in &self.bars {
            let (left, middle) = (Self::LABELS - 8.0, y + 15.0);
            let width = if *value > 0.0 { scale.at(*value) - Self::LABELS } else { 0.0 };
            svg += &words(left, middle, "end", label);
            svg += &format!(
                "<rect x='{}' y='{}' width='{width:.1}' height='{}' rx='2' fill='{colour}'/>\n",
                Self::LABELS,
                y + 3.0,
                Self::HEIGHT - 6.0,
            );
            svg += &words(Self::LABELS + width + 6.0, middle, "start", text);
            y += Self::HEIGHT;
        }
        let note = "logarithmic; shorter is better";
        svg += &words(Self::LABELS, y + 18.0, "start", note);
        page(&self.title, Self::LABELS + Self::LONGEST + 110.0, y + 30.0, &svg)
    }
}

/// Curves over a rate.
pub(super) struct Lines {
    title: String,
    limit: f64,
    curves: Vec<Curve>,
}

struct Curve {
    name: &'static str,
    colour: &'static str,
    points: Vec<(f64, f64)>,
}

impl Lines {
    const LEFT: f64 = 60.0;
    const RIGHT: f64 = 640.0;
    const TOP: f64 = 40.0;
    const BOTTOM: f64 = 360.0;

    /// With a line at a limit.
    pub(super) fn titled(title: &str, limit: f64) -> Self {
        Self { title: title.to_owned(), limit, curves: Vec::new() }
    }

    /// A curve, once for each name.
    pub(super) fn add(&mut self, name: &'static str, colour: &'static str, curve: Vec<(f64, f64)>) {
        if !self.curves.iter().any(|there| there.name == name) {
            self.curves.push(Curve { name, colour, points: curve });
        }
    }

    pub(super) fn svg(&self) -> String {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let across = Scale::over(points().map(|point| point.0), Self::LEFT, Self::RIGHT);
        let limit = std::iter::once(self.limit);
        let down = Scale::over(points().map(|point| point.1).chain(limit), Self::BOTTOM, Self::TOP);
        let mut svg = String::new();
        for tick in across.ticks() {
            let x = across.at(tick);
            svg += &line(x, Self::TOP, x, Self::BOTTOM, INK, "stroke-opacity='0.25'");
            svg += &words(x, Self::BOTTOM + 18.0, "middle", &format!("{tick}"));
        }
        for tick in down.ticks() {
            let y = down.at(tick);
            svg += &line(Self::LEFT, y, Self::RIGHT, y, INK, "stroke-opacity='0.25'");
            svg += &words(Self::LEFT - 6.0, y + 4.0, "end", &format!("{tick}"));
        }
        let y = down.at(self.limit);
        svg += &line(Self::LEFT, y, Self::RIGHT, y, "#d03030", "stroke-dasharray='6 4'");
        for (number, Curve { name, colour, points }) in self.curves.iter().enumerate() {
            let points: Vec<String> = points
                .iter()
                .map(|(rate, p99)| format!("{:.1},{:.1}", across.at(*rate), down.at(*p99)))
                .collect();
            let points = points.join(" ");
            svg += &format!(
                "<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2'/>\n"
            );
            let y = Self::TOP + 20.0 * number as f64;
            svg += &line(
                Self::RIGHT + 16.0,
                y + 6.0,
                Self::RIGHT + 40.0,
                y + 6.0,
                colour,
                "stroke-width='3'",
            );
            svg += &words(Self::RIGHT + 48.0, y + 10.0, "start", name);
        }
        page(&self.title, Self::RIGHT + 240.0, Self::BOTTOM + 34.0, &svg)
    }
}

/// From values to places, by their logarithms.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// So that all values have their place: from the power of ten below the least to the greatest.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = values
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        if !low.is_finite() || low <= 0.0 {
            return Self { low: 0.0, high: 1.0, from, to };
        }
        let low = low.log10().floor();
        Self { low, high: high.log10().max(low + 0.5), from, to }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.log10() - self.low) / (self.high - self.low);
        self.from + part * (self.to - self.from)
    }

    /// The powers of ten.
    #[allow(clippy::cast_possible_truncation, reason = "few powers")]
    fn ticks(&self) -> Vec<f64> {
        (self.low as i32..=self.high.floor() as i32).map(|power| 10_f64.powi(power)).collect()
    }
}

fn page(title: &str, width: f64, height: f64, content: &str) -> String {
    let title = words(10.0, 22.0, "start", title).replace("<text", "<text font-weight='bold'");
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' \
         height='{height}' {FONT}>\n<rect width='100%' height='100%' fill='#ffffff'/>\n{title}{content}</svg>\n"
    )
}

fn words(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<text x='{x:.1}' y='{y:.1}' text-anchor='{anchor}' fill='#303030'>{text}</text>\n")
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64, colour: &str, more: &str) -> String {
    format!(
        "<line x1='{x1:.1}' y1='{y1:.1}' x2='{x2:.1}' y2='{y2:.1}' stroke='{colour}' {more}/>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ten_times_as_large_is_as_much_further_each_time() {
        let scale = Scale::over([1.0, 100.0].into_iter(), 0.0, 200.0);
        assert_eq!([1.0, 10.0, 100.0].map(|value| scale.at(value).round()), [0.0, 100.0, 200.0]);
        assert_eq!(scale.ticks(), [1.0, 10.0, 100.0]);
    }

    #[test]
    fn what_is_written_in_a_plot_is_text() {
        let mut bars = Bars::titled("a < b & c");
        bars.add("one".into(), 0.0, "nothing".into(), "#000000");
        let svg = bars.svg();
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains("width='0.0'"));
    }
}
