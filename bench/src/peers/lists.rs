//! W4: an inbox of 20 rooms and one of very many, and the history of a long room: the first page, and one far
//! behind it.

use serde_json::json;
use shared::domain::time::{Timestamp, system_now};

use super::{
    findings::{Findings, Workload},
    ground::Ground,
    stack::{Peer, Stack, token},
    textbook,
};
use crate::{
    Failure,
    args::Budget,
    inbox::{List, seed::Seeder, times},
    report::Unit,
    site::text,
    stats::{Figure, millis},
};

pub(super) const W4: Workload =
    Workload { id: "W4", title: "pages of an inbox (20 rooms) and of a history (50 messages)" };

const MANY: &str = "pat";
const FEW: &str = "fay";
const PAGE: usize = 20;
const MESSAGES: usize = 50;
const DEEP: usize = 1_000;

/// A stack with all of it, and the paths of pages.
struct Library {
    stack: Stack,
    pages: Vec<Page>,
}

struct Page {
    title: String,
    path: String,
    token: String,
    times: Vec<Vec<f64>>,
}

/// Measures those whose lists can be filled.
///
/// # Errors
/// When a list cannot be filled or read.
pub(super) async fn measure(
    ground: &Ground,
    peers: &[Peer],
    budget: &Budget,
    findings: &mut Findings,
) -> Result<(), Failure> {
    eprintln!("bench: {}: {}", W4.id, W4.title);
    let mut libraries = Vec::new();
    for peer in [Peer::Parlour, Peer::SocketIo, Peer::TextbookRust] {
        if peers.contains(&peer) {
            ground.cores.take_all();
            eprintln!(
                "bench: {}: {} rooms, and as many messages in one",
                peer.name(),
                budget.rooms
            );
            libraries.push(library(peer, ground, budget.rooms).await?);
        }
    }
    ground.cores.take_own();
    for round in 0..=budget.rounds {
        for library in &mut libraries {
            for page in &mut library.pages {
                let mut times = Vec::with_capacity(budget.pages);
                for _ in 0..budget.pages {
                    times.push(millis(library.stack.times(&page.path, &page.token).await?));
                }
                if round > 0 {
                    page.times.push(times);
                }
            }
        }
    }
    for library in &libraries {
        for page in &library.pages {
            let figure = Figure::of_percentile(&page.times, 50.0);
            findings.add(&W4, library.stack.peer, format!("{}, p50", page.title), Unit::Ms, figure);
        }
    }
    Ok(())
}

async fn library(peer: Peer, ground: &Ground, rooms: usize) -> Result<Library, Failure> {
    let times = times::over_months(rooms, system_now().millis());
    let (stack, long) = match peer {
        Peer::Parlour => parlour(ground, &times).await?,
        Peer::SocketIo => socket_io(ground, rooms).await?,
        _ => textbook(ground, &times).await?,
    };
    let deep = DEEP.min(rooms / PAGE - 1);
    let far = match peer {
        Peer::SocketIo => format!("&offset={}", (deep - 1) * PAGE),
        _ => format!("&cursor={}", cursor(&stack, (deep - 1) * PAGE).await?),
    };
    let inbox = |rest: &str| format!("/v1/rooms?limit={PAGE}{rest}");
    let history = |rest: &str| format!("/v1/rooms/{long}/messages?limit={MESSAGES}{rest}");
    let deep_messages = DEEP.min(rooms / MESSAGES);
    let before = format!("&before={}", rooms - (deep_messages - 1) * MESSAGES + 1);
    let page = |title: String, path: String, who: &str| Page {
        title,
        path,
        token: token(who),
        times: Vec::new(),
    };
    let pages = vec![
        page(format!("inbox of {PAGE} rooms"), inbox(""), FEW),
        page(format!("inbox of {rooms}, page 1"), inbox(""), MANY),
        page(format!("page {deep}"), inbox(&far), MANY),
        page(format!("history of {rooms}, page 1"), history(""), MANY),
        page(format!("its page {deep_messages}"), history(&before), MANY),
    ];
    for page in &pages {
        let answer = stack.get(&page.path, &page.token).await?;
        let (name, full) = match answer["rooms"].as_array() {
            Some(rooms) => (rooms.len(), PAGE),
            None => (answer["messages"].as_array().map_or(0, Vec::len), MESSAGES),
        };
        if name != full {
            return Err(format!("{}: {} has {name}, not {full}", peer.name(), page.title).into());
        }
    }
    Ok(Library { stack, pages })
}

/// Where the inbox goes on behind so many rooms.
async fn cursor(stack: &Stack, rooms: usize) -> Result<String, Failure> {
    let (mut passed, mut query, token) = (0, String::new(), token(MANY));
    loop {
        let step = (rooms - passed).min(100);
        let page = stack.get(&format!("/v1/rooms?limit={step}{query}"), &token).await?;
        passed += page["rooms"].as_array().map_or(0, Vec::len);
        let next = text(&page, "next")?.replace('#', "%23");
        if passed >= rooms {
            return Ok(next);
        }
        query = format!("&cursor={next}");
    }
}

async fn parlour(ground: &Ground, times: &[i64]) -> Result<(Stack, String), Failure> {
    let folder = ground.folder("parlour-lists")?;
    let seeder = Seeder::open(&folder).await?;
    seeder.fill_for(MANY, List::Inbox, 0, times).await?;
    seeder.fill_for(FEW, List::Inbox, times.len(), &times[..PAGE]).await?;
    let room = seeder.write(MANY, times.len() + PAGE, times).await?.to_string();
    drop(seeder);
    let prepared = Ground { prepared: Some(folder), ..ground.clone() };
    Ok((Stack::start(Peer::Parlour, &prepared).await?, room))
}

async fn socket_io(ground: &Ground, rooms: usize) -> Result<(Stack, String), Failure> {
    let stack = Stack::start(Peer::SocketIo, ground).await?;
    for (person, rooms) in [(MANY, rooms), (FEW, PAGE)] {
        stack.prepare("/bench/seed", &json!({ "person": person, "rooms": rooms })).await?;
    }
    let long = "long";
    stack.prepare("/bench/rooms", &json!({ "id": long, "members": [MANY, "bob"] })).await?;
    stack.prepare("/bench/seed", &json!({ "room": long, "messages": rooms })).await?;
    Ok((stack, long.into()))
}

async fn textbook(ground: &Ground, times: &[i64]) -> Result<(Stack, String), Failure> {
    let stack = Stack::start(Peer::TextbookRust, ground).await?;
    let dynamo = stack.dynamo()?;
    let at = |millis: i64| Timestamp::from_millis(millis).to_string();
    let inbox = |person: &'static str, times: &[i64]| {
        let rows = times.iter().enumerate().flat_map(move |(number, millis)| {
            textbook::rows(&format!("{person}-{number}"), &[person], 1, &at(*millis))
        });
        rows.collect::<Vec<_>>()
    };
    textbook::put_all(dynamo, inbox(MANY, times).into_iter()).await?;
    textbook::put_all(dynamo, inbox(FEW, &times[..PAGE]).into_iter()).await?;
    textbook::open_room(dynamo, "long", &[MANY, "bob"]).await?;
    let messages = (1..=times.len()).map(|seq| textbook::message_row("long", seq));
    textbook::put_all(dynamo, messages).await?;
    Ok((stack, "long".into()))
}
