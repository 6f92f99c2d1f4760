//! Traces for X-Ray, by the daemon that Lambda runs beside a function: no library and no agent.
//!
//! The document: <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>. Lambda itself
//! makes the segment; a function adds what it did, as a subsegment with one of its own for each call.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, SystemTime},
};

use serde::Serialize;

use super::{Call, Journal, Line, Remote};

/// What stands before each document that the daemon takes.
const HEADER: &str = "{\"format\":\"json\",\"version\":1}\n";

/// X-Ray's daemon.
#[derive(Debug)]
pub struct Daemon(UdpSocket);

impl Daemon {
    /// The daemon at an address.
    ///
    /// # Errors
    /// When this machine gives no socket.
    pub fn at(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Hands over a document. A trace is no promise: what cannot be sent at once is left out.
    pub fn send(&self, document: &str) {
        let _ = self.0.send(format!("{HEADER}{document}").as_bytes());
    }
}

/// To what a run belongs, as Lambda tells: `Root=1-…;Parent=…;Sampled=1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext<'a> {
    /// The trace's id.
    pub root: &'a str,
    /// The id of the segment that Lambda made.
    pub parent: &'a str,
}

impl<'a> TraceContext<'a> {
    /// Reads Lambda's words; none where this run is not one of those that are traced.
    pub fn parse(header: &'a str) -> Option<Self> {
        let field = |name: &str| {
            let parts = header.split(';').filter_map(|part| part.trim().split_once('='));
            parts.into_iter().find_map(|(key, value)| (key == name).then_some(value))
        };
        let sampled = field("Sampled") == Some("1");
        let (root, parent) = (field("Root")?, field("Parent")?);
        sampled.then_some(Self { root, parent })
    }
}

#[derive(Serialize)]
struct Subsegment<'a> {
    id: String,
    name: &'a str,
    start_time: f64,
    end_time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fault: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws: Option<Aws<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subsegments: Vec<Subsegment<'a>>,
}

#[derive(Serialize)]
struct Aws<'a> {
    operation: &'a str,
}

/// By what traces can be searched for.
#[derive(Serialize)]
struct Annotations<'a> {
    route: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
}

/// What a run did, as X-Ray's daemon takes it. `ids` gives a new number each time.
///
/// # Panics
/// Never: it is plain text and numbers.
pub fn subsegment(
    context: TraceContext<'_>,
    line: &Line<'_>,
    journal: &Journal,
    began: SystemTime,
    mut ids: impl FnMut() -> u64,
) -> String {
    let calls = journal.calls();
    let mut id = || format!("{:016x}", ids());
    let whole = Subsegment {
        id: id(),
        name: line.function,
        start_time: seconds(began),
        end_time: seconds(began + line.took),
        trace_id: Some(context.root),
        parent_id: Some(context.parent),
        kind: Some("subsegment"),
        namespace: None,
        fault: line.status >= 500,
        aws: None,
        annotations: Some(Annotations {
            route: line.route.unwrap_or("none"),
            status: line.status,
            room: line.room,
        }),
        subsegments: calls.iter().map(|call| of_call(call, id())).collect(),
    };
    serde_json::to_string(&whole).expect("plain text and numbers")
}

fn of_call(call: &Call, id: String) -> Subsegment<'_> {
    let is_store = call.remote == Remote::Store;
    Subsegment {
        id,
        name: if is_store { "DynamoDB" } else { call.remote.as_str() },
        start_time: seconds(call.began),
        end_time: seconds(call.began + call.took),
        trace_id: None,
        parent_id: None,
        kind: None,
        namespace: Some(if is_store { "aws" } else { "remote" }),
        fault: call.failed,
        aws: is_store.then_some(Aws { operation: &call.operation }),
        annotations: None,
        subsegments: Vec::new(),
    }
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_runs_that_are_sampled_are_traced() {
        let sampled = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let context = TraceContext {
            root: "1-5759e988-bd862e3fe1be46a994272793",
            parent: "53995c3f42cd8ad8",
        };
        assert_eq!(TraceContext::parse(sampled), Some(context));
        assert_eq!(TraceContext::parse(&format!("{sampled};Lineage=a:1|b:2")), Some(context));
        for not in ["", "Root=1-5759e988;Parent=5399;Sampled=0", "Root=1-5759e988;Sampled=1", "x"] {
            assert_eq!(TraceContext::parse(not), None, "{not}");
        }
    }

    #[tokio::test]
    async fn the_daemon_is_told_of_a_run_and_of_each_call_in_it() {
        let daemon = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        daemon.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let journal = Journal::default();
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (remote, operation, failed) in
            [(Remote::Store, "UpdateItem", false), (Remote::Relay, "events", true)]
        {
            let took = Duration::from_millis(250);
            journal.note(Call { remote, operation: operation.into(), began, took, failed });
        }
        let line = Line {
            function: "chat",
            request_id: "8f5f",
            trace: None,
            method: "POST",
            route: Some("/v1/rooms"),
            room: None,
            status: 503,
            is_first: true,
            took: Duration::from_millis(500),
        };
        let context = TraceContext { root: "1-5759e988", parent: "5399" };
        let mut number = 0;
        let document = subsegment(context, &line, &journal, began, || {
            number += 1;
            number
        });
        let to = daemon.local_addr().expect("an address");
        Daemon::at(to).expect("a socket").send(&document);

        let mut packet = [0; 4096];
        let length = daemon.recv(&mut packet).expect("a packet");
        let packet = std::str::from_utf8(&packet[..length]).expect("UTF-8");
        let (header, document) = packet.split_once('\n').expect("two lines");
        let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(read(header), json!({ "format": "json", "version": 1 }));
        assert_eq!(
            read(document),
            json!({
                "id": "0000000000000001", "name": "chat", "trace_id": "1-5759e988", "parent_id": "5399",
                "type": "subsegment", "start_time": 1.7e9, "end_time": 1_700_000_000.5, "fault": true,
                "annotations": { "route": "/v1/rooms", "status": 503 },
                "subsegments": [
                    { "id": "0000000000000002", "name": "DynamoDB", "namespace": "aws", "start_time": 1.7e9,
                      "end_time": 1_700_000_000.25, "aws": { "operation": "UpdateItem" } },
                    { "id": "0000000000000003", "name": "relay", "namespace": "remote", "start_time": 1.7e9,
                      "end_time": 1_700_000_000.25, "fault": true },
                ],
            })
        );
    }
}
