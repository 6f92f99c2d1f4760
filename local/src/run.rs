//! The program's life: open the data, listen, say so, wait to be told to stop.

use std::{
    error::Error,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    args::Args,
    data::Data,
    embedded::{self, Durability, Engine},
    hub::{self, BadUrl, WebhookSettings},
    pages,
    program::{ALL_FEATURES, Local, LocalOptions, demo_hub_app, demo_mail, demo_tokens, from_here},
};
use shared::{
    auth::TokenSettings,
    config::{
        ConfigError, Features, Limits, ProgramRelay, app_webhooks_from_env, mail_from_env,
        relay_encryption_from_env, relay_from_env, retention_from_env, smtp_from_env,
    },
    domain::time::Clock,
    realtime::relay::Relay,
};

/// DynamoDB deletes what has expired within a day or two; a laptop does so this long after its start and after each
/// time, at least.
const EXPIRY_PAUSE: Duration = Duration::from_secs(600);
/// How many times as long as it took the pause after it is, at least.
const EXPIRY_SHARE: u32 = 100;

/// The function that does what is due later runs this often.
const DISPATCH_INTERVAL: Duration = Duration::from_secs(10);

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// When the program cannot start; the message is one line for the terminal.
pub async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    // Each client's socket is an open file, of which systems allow some hundreds unless a program asks for more. One
    // that gets no more serves fewer clients.
    let _ = rlimit::increase_nofile_limit(rlimit::INFINITY);
    let durability = if args.power_safe { Durability::Power } else { Durability::Process };
    let data = Data::open(&args.data, durability)?;
    if let Some(address) = args.dynamodb {
        serve_store(data.engine.clone(), address).await?;
    }
    let mut limits = Limits::from_env(Limits::NONE)?;
    limits.posts = args.post_rate.or(limits.posts);
    let (relay, hub_app) = relay(args.listen)?;
    let options = LocalOptions {
        wire: Arc::new(data.engine.clone()),
        listen: args.listen,
        relay,
        hub_app,
        hub_api: None,
        relay_encryption: relay_encryption_from_env()?,
        hub: hub::Settings {
            webhooks: webhooks(args.webhooks.as_deref(), args.listen)?,
            subscription_counts: args.subscription_counts,
            ..hub::Settings::default()
        },
        features: Features::from_env(ALL_FEATURES)?,
        limits,
        retention: retention_from_env()?,
        mail: mail_from_env(demo_mail())?,
        smtp: smtp_from_env(),
        pages: pages::folder(args.pages),
        outbox: data.folder.as_ref().map(|folder| folder.join("mail")),
        app_webhooks: app_webhooks_from_env()?,
        tokens: TokenSettings::from_env(demo_tokens())?,
        token_clock: Clock::system(),
    };
    let mut terminated = signal(SignalKind::terminate())?;
    let known_to_all = options.known_to_all();
    let has_pages = options.pages.is_some();
    let program = Local::start(options).await?;
    if !known_to_all.is_empty() && !program.address().ip().is_loopback() {
        let (address, names) = (program.address(), known_to_all.join(" and "));
        eprintln!(
            "parlour: warning: others can reach {address}, and everybody knows the demo secrets: set {names}"
        );
    }
    announce(program.address(), has_pages);
    tokio::spawn(delete_expired(data.engine.clone()));
    let dispatching = tokio::spawn(program.dispatching(DISPATCH_INTERVAL));
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    dispatching.abort();
    program.stop().await;
    Ok(())
}

/// Another relay than the program's own hub, if one is named; and the app of its own.
fn relay(listens: SocketAddr) -> Result<(Option<Relay>, hub::App), ConfigError> {
    let demo = demo_hub_app();
    Ok(match relay_from_env(listens)? {
        ProgramRelay::Other(relay) => (Some(*relay), demo),
        ProgramRelay::Own { app_id, key, secret } => {
            let app = hub::App {
                id: app_id.unwrap_or(demo.id),
                key: key.unwrap_or(demo.key),
                secret: secret.unwrap_or(demo.secret),
            };
            (None, app)
        }
    })
}

/// Who is told what happens at the hub: who was named, or else this program itself, which so learns who
/// is online. It cannot name itself where it takes any free port.
fn webhooks(url: Option<&str>, own: SocketAddr) -> Result<Option<WebhookSettings>, BadUrl> {
    let url = url.map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned);
    let own = from_here(own);
    let itself = || (own.port() != 0).then(|| format!("http://{own}/v1/realtime/webhook"));
    Ok(url.or_else(itself).map(|url| url.parse()).transpose()?.map(WebhookSettings::to))
}

#[allow(clippy::print_stdout, reason = "this is what the program has to say")]
fn announce(address: SocketAddr, has_pages: bool) {
    let here = from_here(address);
    let pages = if has_pages {
        format!("\n\nOpen http://{here} in a browser: it says what there is to try.")
    } else {
        String::new()
    };
    println!(
        "Parlour is listening on http://{address}{pages}

To see a message posted, copy this into another terminal:

  url=http://{here}
  alice=$(curl -s $url/dev/tokens --json '{{\"sub\":\"alice\",\"name\":\"Alice\"}}' | cut -d'\"' -f4)
  room=$(curl -s $url/v1/rooms -H \"Authorization: Bearer $alice\" --json '{{\"kind\":\"direct\",\"with\":\"bob\"}}' | cut -d'\"' -f4)
  curl -s $url/v1/rooms/$room/messages -H \"Authorization: Bearer $alice\" --json '{{\"body\":\"Hello, Bob\"}}'

Ctrl-C stops it."
    );
}

async fn serve_store(engine: Engine, address: SocketAddr) -> Result<(), Box<dyn Error>> {
    if !address.ip().is_loopback() {
        return Err(format!(
            "--dynamodb {address} is not a loopback address; the store asks nobody who they are"
        )
        .into());
    }
    let listener = TcpListener::bind(address)
        .await
        .map_err(|cause| format!("cannot serve the store on {address}: {cause}"))?;
    tokio::spawn(async move { axum::serve(listener, embedded::router(engine)).await });
    Ok(())
}

/// Deletes what has expired, now and then. That reads the whole table, so the larger it is, the more seldom.
async fn delete_expired(engine: Engine) {
    let mut pause = EXPIRY_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        let (engine, began) = (engine.clone(), Instant::now());
        let swept = tokio::task::spawn_blocking(move || engine.delete_expired()).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(%error, "expired items could not be deleted");
        }
        pause = EXPIRY_PAUSE.max(began.elapsed() * EXPIRY_SHARE);
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::time::system_now;

    use super::*;
    use crate::embedded::Request;

    fn ask(engine: &Engine, operation: &str, body: &str) -> String {
        let answer =
            engine.answer(&Request { operation: operation.into(), body: body.as_bytes().to_vec() });
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// To look for it the whole store is read, which a large one has no time for when it starts.
    #[tokio::test(start_paused = true)]
    async fn what_has_expired_is_deleted_but_not_at_the_start() {
        let engine = Engine::memory().expect("an empty store");
        let key = r#"{"pk":{"S":"a"}}"#;
        ask(
            &engine,
            "CreateTable",
            r#"{"TableName":"table","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}"#,
        );
        ask(
            &engine,
            "UpdateTimeToLive",
            r#"{"TableName":"table","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"ttl"}}"#,
        );
        let ttl = system_now().seconds() - 3600;
        let item = format!(r#"{{"pk":{{"S":"a"}},"ttl":{{"N":"{ttl}"}}}}"#);
        ask(&engine, "PutItem", &format!(r#"{{"TableName":"table","Item":{item}}}"#));
        let is_there = || {
            let got = ask(&engine, "GetItem", &format!(r#"{{"TableName":"table","Key":{key}}}"#));
            got.contains("Item")
        };

        let deleting = tokio::spawn(delete_expired(engine.clone()));
        tokio::time::sleep(EXPIRY_PAUSE - Duration::from_secs(1)).await;
        assert!(is_there());
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!is_there());
        deleting.abort();
    }
}
