//! From configuration and routes to a service.

use std::{process::ExitCode, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::{
    App, IDEMPOTENCY_KEY, NEXT_CURSOR, Problem, Shared, extract::MAX_BODY, observe::observe,
};
use crate::{
    actions::{Services, SetupError},
    auth::{self, TokenRules},
    config::{
        Config, ConfigError, LogSettings, Origins, ServiceSettings, StoreSettings,
        TelemetrySettings,
    },
    domain::time::Clock,
    error::Error,
    store::{self, Store},
    telemetry::{Telemetry, xray::Daemon},
};

/// Browsers ask again after this long whether they may call (the longest that all of them keep).
const MAX_AGE: Duration = Duration::from_secs(7200);

/// The crates whose own words a log may hold.
const OWN_CRATES: [&str; 5] = ["shared", "chat", "dialects", "realtime", "dispatch"];

/// A function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The client of the store cannot be made.
    #[error("the store's HTTP client cannot be made: {0}")]
    Store(#[from] reqwest::Error),
    /// The client that fetches the key set cannot be made.
    #[error(transparent)]
    Keys(#[from] auth::SetupError),
    /// A client of what actions work with cannot be made.
    #[error(transparent)]
    Services(#[from] SetupError),
    /// There is no socket for X-Ray's daemon.
    #[error("X-Ray's daemon cannot be told: {0}")]
    Xray(#[source] std::io::Error),
}

/// Logs on standard output, from where Lambda takes them, in the format and from the level on that the
/// function's logging configuration says. Lambda adds the time. Libraries tell of requests in full, with
/// tokens and texts, below the level of a warning: those are never for a log, whatever it says.
pub fn init_logs(settings: &LogSettings) {
    let levels = Targets::new()
        .with_default(settings.level.min(LevelFilter::WARN))
        .with_targets(OWN_CRATES.map(|name| (name, settings.level)));
    let logs = tracing_subscriber::fmt::layer().with_target(false).without_time().with_ansi(false);
    let registry = tracing_subscriber::registry().with(levels);
    if settings.json {
        registry.with(logs.json().with_span_list(false)).init()
    } else {
        registry.with(logs).init()
    }
}

/// A deployed function's whole life: its environment read, its connections opened, and then one request
/// after the other. What keeps it from starting is one line on standard error. Its name is for its log.
pub async fn run_function(name: &'static str, routes: Router<Shared>) -> ExitCode {
    let logs = LogSettings::from_env();
    init_logs(&logs);
    let app = match connect(name, &logs).await {
        Ok(app) => app,
        Err(error) => return failed(&error),
    };
    match lambda_http::run(serve(routes, app)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("cannot run: {error}");
    ExitCode::FAILURE
}

/// Everything a deployed function needs, from its environment, its connections opened.
///
/// # Errors
/// When a setting is missing or wrong. That nothing answers yet is no error.
async fn connect(name: &'static str, logs: &LogSettings) -> Result<Shared, StartError> {
    let Config { store, services, tokens, origins, public_url, telemetry } = Config::from_env()?;
    let app = App {
        services: services_of(&store, services)?,
        tokens: TokenRules::new(tokens, Clock::system())?,
        origins,
        public_url,
        telemetry: telemetry_of(name, logs, telemetry)?,
    };
    app.connect().await;
    Ok(Shared::new(app))
}

fn telemetry_of(
    function: &'static str,
    logs: &LogSettings,
    settings: TelemetrySettings,
) -> Result<Telemetry, StartError> {
    let TelemetrySettings { namespace, xray } = settings;
    Ok(Telemetry {
        function,
        logs_requests: logs.level >= LevelFilter::INFO,
        namespace,
        xray: xray.map(Daemon::at).transpose().map_err(StartError::Xray)?,
    })
}

/// What a deployed function's actions work with. Nothing is sent yet.
///
/// # Errors
/// When a client of the store or of the relay cannot be made.
pub fn services_of(
    store: &StoreSettings,
    services: ServiceSettings,
) -> Result<Services, StartError> {
    let store = Store::new(store::connect(&store.dynamodb)?, &store.table);
    Ok(Services::new(store, services, Clock::system())?)
}

/// Routes with all that surrounds them: answers to unknown paths and methods, the limit on bodies, CORS,
/// headers that keep answers private, and a clear answer even to a panic.
pub fn serve(routes: Router<Shared>, app: Shared) -> Router {
    let cors = cors(&app.origins);
    routes
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This path has other methods.",
            )
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(middleware::map_response(keep_private))
        .layer(cors)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}

/// Answers are for whoever asked, and never for a cache on the way; and what somebody wrote is never to be
/// taken for a page, whatever it looks like (Fetch standard, `nosniff`).
async fn keep_private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn cors(origins: &Origins) -> CorsLayer {
    let allowed = match origins {
        Origins::All => AllowOrigin::any(),
        Origins::Only(list) => {
            AllowOrigin::list(list.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
        }
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, IDEMPOTENCY_KEY])
        .expose_headers([header::RETRY_AFTER, NEXT_CURSOR])
        .max_age(MAX_AGE)
}

fn after_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic itself has been written to the log by then.
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something is wrong on our side.")
        .into_response()
}
