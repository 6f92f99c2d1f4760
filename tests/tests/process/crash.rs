//! The program is killed in the middle of its work, again and again, and started anew.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, PATIENCE, Room, User, quick};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use uuid::Uuid;

use crate::program::{Folder, Program, is_up};

/// How many clients post at the same time.
const WRITERS: usize = 8;
/// How many posts are answered, at least, between two kills.
const BETWEEN: usize = 100;

/// A post as its client saw it.
#[derive(Debug)]
struct Post {
    client_id: Uuid,
    body: String,
    seq: u64,
    /// Before its first try.
    started: Instant,
    /// After the answer.
    ended: Instant,
}

/// What the writers share.
#[derive(Clone)]
struct Load {
    room: Room,
    answered: Arc<AtomicUsize>,
    ending: watch::Receiver<bool>,
}

/// Posts until told to end. A post that was not answered is repeated until it is.
async fn write(user: User, writer: usize, load: Load) -> Vec<Post> {
    let mut posts = Vec::new();
    while !*load.ending.borrow() {
        let (client_id, body) = (Uuid::new_v4(), format!("{writer}/{}", posts.len()));
        let started = Instant::now();
        let seq = post_until_answered(&user, &load.room, &body, client_id).await;
        posts.push(Post { client_id, body, seq, started, ended: Instant::now() });
        load.answered.fetch_add(1, Ordering::Relaxed);
    }
    posts
}

async fn post_until_answered(user: &User, room: &Room, body: &str, client_id: Uuid) -> u64 {
    let mut retry = false;
    loop {
        let message = json!({ "body": body, "client_id": client_id, "retry": retry });
        let request = user.request(reqwest::Method::POST, &room.path("/messages"));
        let request = request.header("content-type", "application/json").body(message.to_string());
        match Answer::to(request).await {
            Ok(answer) if matches!(answer.status, 200 | 201) => {
                return answer.json["seq"].as_u64().expect("a seq");
            }
            Ok(answer) => assert_eq!(answer.status, 503, "{answer}"),
            Err(_) => is_up(user.site()).await,
        }
        // Half of the clients say that it is a repeat, the others just post again.
        retry = client_id.as_bytes()[0].is_multiple_of(2);
    }
}

/// Fault F8. Invariant I1. Invariant I2. Invariant I3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_when_the_program_is_killed() {
    let kills = if quick() { 3 } else { 8 };
    let folder = Folder::new();
    let mut program = Program::start(folder.path()).await;
    let (site, address) = (program.site.clone(), program.address.clone());
    let (alice, bob) = (site.user("alice").await, site.user("bob").await);
    let room = alice.opens_direct("bob").await;
    let (end, ending) = watch::channel(false);
    let load = Load { room: room.clone(), answered: Arc::default(), ending };
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let user = if writer % 2 == 0 { &alice } else { &bob };
            tokio::spawn(write(user.clone(), writer, load.clone()))
        })
        .collect();

    for kill in 1..=kills {
        // A few more each time, so that it is not always the same moment of the load.
        answered(&load, kill * BETWEEN + fastrand::usize(..WRITERS)).await;
        program.kill().await;
        program = Program::start_at(&address, folder.path()).await;
    }
    answered(&load, (kills + 1) * BETWEEN).await;
    end.send(true).expect("writers");
    let posts: Vec<Post> = join_all(writers)
        .await
        .into_iter()
        .flat_map(|writer| writer.expect("a writer that did not panic"))
        .collect();

    // What the dead left behind is older than two seconds then.
    site.advance_clock(Duration::from_secs(10)).await;
    let log = alice.whole_log(&room).await;
    check(&log, &posts);
    let slots = |log: &[Value]| log.iter().map(|slot| slot["id"].clone()).collect::<Vec<_>>();
    assert_eq!(slots(&bob.whole_log(&room).await), slots(&log));
    let shown = bob.sees(&room).await.json;
    assert_eq!(shown["message_count"], posts.len());
    let voids = log.len() - posts.len();
    eprintln!("{kills} kills amid {} posts left {voids} slots to close", posts.len());
    assert!(program.terminate().await.success());
}

/// Waits until so many posts were answered.
async fn answered(load: &Load, posts: usize) {
    let enough = async {
        while load.answered.load(Ordering::Relaxed) < posts {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, enough).await.expect("the load should go on");
}

/// Every post is in the log exactly once, where its answer said; whatever else is there is void; and
/// what was answered before another post began comes before that.
fn check(log: &[Value], posts: &[Post]) {
    let mut found: HashMap<String, Vec<&Value>> = HashMap::new();
    for slot in log.iter().filter(|slot| slot["void"] != true) {
        let client_id = slot["client_id"].as_str().unwrap_or_else(|| panic!("no message: {slot}"));
        found.entry(client_id.to_owned()).or_default().push(slot);
    }
    for post in posts {
        let messages = found.remove(&post.client_id.to_string()).unwrap_or_default();
        assert_eq!(messages.len(), 1, "{post:?}: {messages:#?}");
        assert_eq!(messages[0]["seq"], post.seq, "{post:?}");
        assert_eq!(messages[0]["body"], post.body.as_str(), "{post:?}");
    }
    assert!(found.is_empty(), "nobody posted these: {found:#?}");
    in_real_time_order(posts);
}

fn in_real_time_order(posts: &[Post]) {
    let mut by_start: Vec<&Post> = posts.iter().collect();
    let mut by_end = by_start.clone();
    by_start.sort_by_key(|post| post.started);
    by_end.sort_by_key(|post| post.ended);
    let (mut ended, mut highest) = (by_end.into_iter().peekable(), 0);
    for post in by_start {
        while let Some(before) = ended.next_if(|before| before.ended < post.started) {
            highest = highest.max(before.seq);
        }
        assert!(post.seq > highest, "{post:?} began after {highest} was answered");
    }
}
