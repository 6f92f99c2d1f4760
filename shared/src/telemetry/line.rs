//! A request as a line of the log, from which CloudWatch reads figures by itself: its "embedded metric format"
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::{Journal, Remote, Total, millis};

/// What is told of a request. No text of anybody and no token is among it: of the path only what the URL table says,
/// and the room's id.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The function that answered.
    pub function: &'a str,
    /// AWS's id of the run.
    pub request_id: &'a str,
    /// X-Ray's id of the trace that the run belongs to, if it does.
    pub trace: Option<&'a str>,
    /// The method.
    pub method: &'a str,
    /// The line of the URL table: `/v1/rooms/{id}/messages`; none for a path that is not in it.
    pub route: Option<&'a str>,
    /// The room that it was about.
    pub room: Option<&'a str>,
    /// The HTTP status.
    pub status: u16,
    /// Whether it was the first of its process.
    pub is_first: bool,
    /// How long it took.
    pub took: Duration,
}

#[derive(Serialize)]
struct Members<'a> {
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    aws: Option<Aws<'a>>,
    level: &'static str,
    message: &'static str,
    function: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
    method: &'a str,
    route: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    status: u16,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    first: bool,
    #[serde(rename = "Latency")]
    latency: f64,
    #[serde(rename = "StoreCalls")]
    store_calls: u64,
    #[serde(rename = "StoreLatency")]
    store_latency: f64,
    #[serde(rename = "RelayLatency", skip_serializing_if = "Option::is_none")]
    relay_latency: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_ms: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Aws<'a> {
    timestamp: u64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [[&'static str; 1]; 1],
    metrics: &'static [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

/// The figures. CloudWatch bills each by the function and the hour in which there was one, so there are few; all else
/// can be asked of the lines.
const LATENCY: Metric = Metric { name: "Latency", unit: "Milliseconds" };
const STORE: Metric = Metric { name: "StoreLatency", unit: "Milliseconds" };
const RELAY: Metric = Metric { name: "RelayLatency", unit: "Milliseconds" };
const WITHOUT_RELAY: &[Metric] = &[LATENCY, STORE];
const WITH_RELAY: &[Metric] = &[LATENCY, STORE, RELAY];

/// The line, without an end; with figures if there is a `namespace` for them.
///
/// # Panics
/// Never: it is plain text and numbers.
pub fn log_line(
    line: &Line<'_>,
    journal: &Journal,
    namespace: Option<&str>,
    now: SystemTime,
) -> String {
    let used = |remote| Some(journal.total(remote)).filter(|total| total.calls > 0);
    let took = |total: Total| millis(total.took);
    let store = journal.total(Remote::Store);
    let relay = used(Remote::Relay).map(took);
    let timestamp = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let aws = namespace.map(|namespace| Aws {
        timestamp: u64::try_from(timestamp).unwrap_or(u64::MAX),
        cloud_watch_metrics: [Directive {
            namespace,
            dimensions: [["function"]],
            metrics: if relay.is_some() { WITH_RELAY } else { WITHOUT_RELAY },
        }],
    });
    let members = Members {
        aws,
        level: "INFO",
        message: "a request was answered",
        function: line.function,
        request_id: line.request_id,
        trace: line.trace,
        method: line.method,
        route: line.route.unwrap_or("none"),
        room: line.room,
        status: line.status,
        first: line.is_first,
        latency: millis(line.took),
        store_calls: store.calls,
        store_latency: took(store),
        relay_latency: relay,
        webhook_ms: used(Remote::Webhook).map(took),
    };
    serde_json::to_string(&members).expect("plain text and numbers")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::telemetry::Pages;

    const LINE: Line<'_> = Line {
        function: "chat",
        request_id: "8f5f",
        trace: None,
        method: "POST",
        route: Some("/v1/rooms/{id}/messages"),
        room: Some("e8985bd3-7211-818c-86db-f0a91bf7d9be"),
        status: 201,
        is_first: false,
        took: Duration::from_micros(6_250),
    };

    fn journal() -> Journal {
        let totals = [(3, 4_000), (1, 900), (0, 0)];
        let totals =
            totals.map(|(calls, micros)| Total { calls, took: Duration::from_micros(micros) });
        Journal(Pages { totals, ..Pages::default() }.into())
    }

    fn read(line: &str) -> Value {
        serde_json::from_str(line).expect("JSON")
    }

    #[test]
    fn cloudwatch_finds_each_figure_that_a_line_names() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        let line = read(&log_line(&LINE, &journal(), Some("Parlour/shop"), now));
        assert_eq!(line["_aws"]["Timestamp"], 1_700_000_000_123_u64);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Parlour/shop");
        let dimensions = directive["Dimensions"][0].as_array().expect("names");
        assert!(dimensions.iter().all(|name| line[name.as_str().expect("a name")].is_string()));
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert_eq!(metrics.len(), 3);
        for metric in metrics {
            assert!(line[metric["Name"].as_str().expect("a name")].is_f64(), "{metric}");
            assert_eq!(metric["Unit"], "Milliseconds");
        }
    }

    #[test]
    fn a_line_without_figures_is_the_same_line() {
        let now = SystemTime::UNIX_EPOCH;
        let line = read(&log_line(&LINE, &journal(), None, now));
        assert_eq!(
            line,
            json!({
                "level": "INFO", "message": "a request was answered", "function": "chat",
                "request_id": "8f5f", "method": "POST", "route": "/v1/rooms/{id}/messages",
                "room": "e8985bd3-7211-818c-86db-f0a91bf7d9be", "status": 201, "Latency": 6.25,
                "StoreCalls": 3, "StoreLatency": 4.0, "RelayLatency": 0.9,
            })
        );
    }

    #[test]
    fn a_relay_that_was_not_called_has_no_figure() {
        let line = log_line(&LINE, &Journal::default(), Some("P"), SystemTime::UNIX_EPOCH);
        assert!(!line.contains("RelayLatency"), "{line}");
    }
}
