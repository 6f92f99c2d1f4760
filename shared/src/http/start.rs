//! From configuration and routes to a service.

use std::{process::ExitCode, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};

use super::{App, Problem, Shared, extract::MAX_BODY};
use crate::{
    actions::Services,
    auth::{self, TokenRules},
    config::{Config, ConfigError, LogSettings, Origins},
    domain::time::Clock,
    error::Error,
    realtime::publisher::{Deadlines, Publisher, SetupError},
    store::{self, Store},
};

/// Browsers ask again after this long whether they may call (the longest that all of them keep).
const MAX_AGE: Duration = Duration::from_secs(7200);

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
    /// The client of the relay cannot be made.
    #[error(transparent)]
    Publisher(#[from] SetupError),
}

/// Logs on standard output, from where Lambda takes them, in the format and from the level on that the
/// function's logging configuration says. Lambda adds the time.
fn init_logs(settings: &LogSettings) {
    let logs = tracing_subscriber::fmt()
        .with_target(false)
        .without_time()
        .with_max_level(settings.level)
        .with_ansi(false);
    if settings.json { logs.json().init() } else { logs.init() }
}

/// A deployed function's whole life: its environment read, its connections opened, and then one request
/// after the other. What keeps it from starting is one line on standard error.
pub async fn run_function(routes: Router<Shared>) -> ExitCode {
    init_logs(&LogSettings::from_env());
    let app = match connect().await {
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
async fn connect() -> Result<Shared, StartError> {
    let config = Config::from_env()?;
    let store = Store::new(store::connect(&config.dynamodb)?, &config.table)
        .with_retention(config.retention.clone(), Clock::system());
    let publisher = Publisher::new(config.relay.clone(), Deadlines::default())?;
    let services = Services {
        store,
        publisher,
        relay: config.relay.clone(),
        clock: Clock::system(),
        features: config.features,
        limits: config.limits,
    };
    let tokens = TokenRules::new(config.tokens.clone(), Clock::system())?;
    let app = App::new(config, tokens, services);
    app.connect().await;
    Ok(Shared::new(app))
}

/// Routes with all that surrounds them: answers to unknown paths and methods, the limit on bodies,
/// CORS, and a clear answer even to a panic.
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
        .layer(cors)
        .with_state(app)
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
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER])
        .max_age(MAX_AGE)
}

fn after_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic itself has been written to the log by then.
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something is wrong on our side.")
        .into_response()
}
