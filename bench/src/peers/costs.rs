//! W6: what a message costs at DynamoDB, counted by the meter of the tests on the wire.

use std::{net::SocketAddr, sync::Arc};

use local::Local;
use serde_json::{Value, json};
use tests::Meter;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    findings::{Findings, Workload},
    local_options,
    stack::{Peer, token},
    textbook::{self, server},
    wire::Dynamo,
};
use crate::{
    Failure,
    functions::free_address,
    report::{Goal, Unit},
    stats::Figure,
};

pub(super) const W6: Workload = Workload {
    id: "W6",
    title: "request units and dollars of a post, and of an inbox of 20 rooms",
};

/// us-east-1, on demand, per million units. List price as of July 2025; check before you rely on it.
const WRITE_DOLLARS: f64 = 0.625;
const READ_DOLLARS: f64 = 0.125;

/// How many posts are counted; the first of a room is not.
const POSTS: usize = 20;

/// How many members rooms have, and which part of the textbook's units a post shall cost at most.
const SIZES: [(usize, f64); 2] = [(2, 1.0 / 4.0), (20, 1.0 / 20.0)];

/// Counts both designs.
///
/// # Errors
/// When one does not work.
pub(super) async fn measure(findings: &mut Findings) -> Result<(), Failure> {
    eprintln!("bench: {}: {}", W6.id, W6.title);
    let meter = Meter::new();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let program = Local::start(local_options(Arc::new(meter.clone()), listen)).await?;
    let parlour = Counted { meter, address: program.address() };
    let (textbook, _server) = textbook(program.address().port()).await?;
    for (members, share) in SIZES {
        let names: Vec<String> = (0..members).map(|member| format!("member-{member}")).collect();
        let ours = parlour.post(&parlour.opens_here(&names).await?).await?;
        let room = Uuid::new_v4().to_string();
        let members: Vec<&str> = names.iter().map(String::as_str).collect();
        textbook::open_room(&Dynamo::at(textbook.address)?, &room, &members).await?;
        let theirs = textbook.post(&room).await?;
        for (peer, [reads, writes]) in [(Peer::Parlour, ours), (Peer::TextbookRust, theirs)] {
            let count = names.len();
            let one = |value: f64| Figure::of(&[value]);
            findings.add(&W6, peer, format!("writes, N={count}"), Unit::Units, one(writes));
            findings.add(&W6, peer, format!("reads, N={count}"), Unit::Units, one(reads));
            let dollars = writes * WRITE_DOLLARS + reads * READ_DOLLARS;
            findings.add(
                &W6,
                peer,
                format!("a million posts, N={count}"),
                Unit::Dollars,
                one(dollars),
            );
            if peer == Peer::Parlour {
                let part = (reads + writes) / (theirs[0] + theirs[1]);
                let title = format!("units, of the textbook's, N={count}");
                findings.add(&W6, peer, title, Unit::Times, one(part));
                findings.with_goal(Goal::AtMost(share));
            }
        }
    }
    for (peer, counted) in [(Peer::Parlour, &parlour), (Peer::TextbookRust, &textbook)] {
        let reads = Figure::of(&[counted.inbox(peer).await?]);
        findings.add(&W6, peer, "reads of an inbox of 20 rooms", Unit::ReadUnits, reads);
    }
    program.stop().await;
    Ok(())
}

/// The textbook's design over a meter, and the task that serves it.
async fn textbook(hub: u16) -> Result<(Counted, JoinSet<()>), Failure> {
    let meter = Meter::new();
    let address = free_address()?;
    let routes = server::routes(Arc::new(meter.clone()), hub)?.merge(server::wire(meter.clone()));
    let listener = server::listen(address).await?;
    let mut server = JoinSet::new();
    server.spawn(async move {
        let _ = axum::serve(listener, routes).await;
    });
    textbook::create_table(&Dynamo::at(address)?).await?;
    Ok((Counted { meter, address }, server))
}

/// A design, its store counting.
struct Counted {
    meter: Meter,
    address: SocketAddr,
}

impl Counted {
    /// A room of Parlour's with these members, the first of whom opens it.
    async fn opens_here(&self, members: &[String]) -> Result<String, Failure> {
        let (first, others) = members.split_first().ok_or("nobody")?;
        let asked = match others {
            [other] => json!({ "kind": "direct", "with": other }),
            others => json!({ "kind": "group", "title": "All", "members": others }),
        };
        let room = self.calls("/v1/rooms", first, Some(&asked)).await?;
        Ok(crate::site::text(&room, "id")?.to_owned())
    }

    /// Read and write units of a post by the first member: the median of some.
    async fn post(&self, room: &str) -> Result<[f64; 2], Failure> {
        let path = format!("/v1/rooms/{room}/messages");
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for post in 0..=POSTS {
            let body = json!({ "body": "Hello, how are you today?", "client_id": Uuid::new_v4() });
            self.meter.take();
            self.calls(&path, "member-0", Some(&body)).await?;
            let bill = self.meter.take();
            if post > 0 {
                reads.push(bill.reads());
                writes.push(bill.writes());
            }
        }
        let median = |of: &[f64]| Figure::of(of).map_or(f64::NAN, |figure| figure.median);
        Ok([median(&reads), median(&writes)])
    }

    /// Read units of a page of 20 rooms of two.
    async fn inbox(&self, peer: Peer) -> Result<f64, Failure> {
        let dynamo = Dynamo::at(self.address)?;
        for number in 0..20 {
            let names = ["reader".to_owned(), format!("writer-{number}")];
            let room = match peer {
                Peer::Parlour => self.opens_here(&names).await?,
                _ => {
                    let room = Uuid::new_v4().to_string();
                    textbook::open_room(&dynamo, &room, &[&names[0], &names[1]]).await?;
                    room
                }
            };
            let body = json!({ "body": "Hello, how are you today?", "client_id": Uuid::new_v4() });
            self.calls(&format!("/v1/rooms/{room}/messages"), &names[1], Some(&body)).await?;
        }
        self.meter.take();
        let page = self.calls("/v1/rooms?limit=20", "reader", None).await?;
        let bill = self.meter.take();
        match page["rooms"].as_array().map(Vec::len) {
            Some(20) => Ok(bill.reads()),
            _ => Err(format!("not 20 rooms: {page}").into()),
        }
    }

    async fn calls(&self, path: &str, who: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("http://{}{path}", self.address);
        let request = match body {
            Some(body) => http.post(url).body(body.to_string()),
            None => http.get(url),
        };
        let request = request.bearer_auth(token(who)).header("content-type", "application/json");
        let answer = request.send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}
