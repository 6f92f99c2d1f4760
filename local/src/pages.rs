//! The pages for people, as `web/` builds them, served beside the API.

use std::path::{Path, PathBuf};

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use serde_json::{Value, json};
use tower_http::services::{ServeDir, ServeFile};

/// What the pages may load and do (CSP level 3): what is here, and this program's API and relay.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; \
connect-src 'self' http://127.0.0.1:* http://localhost:* ws://127.0.0.1:* ws://localhost:*; font-src 'self'; \
media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The pages, each with the paths that lead to it.
const PAGES: [(&str, &[&str]); 5] = [
    ("index.html", &["/"]),
    ("inbox/index.html", &["/inbox", "/inbox/", "/inbox/{*id}"]),
    ("desk/index.html", &["/desk", "/desk/", "/desk/{*id}"]),
    ("shop/index.html", &["/shop", "/shop/"]),
    ("live/index.html", &["/live", "/live/"]),
];

/// Where `web/` puts what it builds, seen from the top of the project.
const BUILT: &str = "web/dist";

/// The folder of the pages: this one, or where they are built, if they are and the program holds none itself.
pub(crate) fn folder(given: Option<PathBuf>) -> Option<PathBuf> {
    let built = || Some(PathBuf::from(BUILT)).filter(|built| built.join("index.html").is_file());
    given.or_else(|| if cfg!(feature = "pages") { None } else { built() })
}

/// The pages of a folder; without one, those that the program holds, or a word on where they are.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(folder: Option<&Path>) -> Router<S> {
    let Some(folder) = folder else { return without_folder() };
    let mut pages = Router::new();
    for (file, paths) in PAGES {
        for path in paths {
            pages = pages.route_service(path, ServeFile::new(folder.join(file)));
        }
    }
    let pages = pages
        .route_service("/favicon.svg", ServeFile::new(folder.join("favicon.svg")))
        .nest_service("/assets", ServeDir::new(folder.join("assets")))
        .nest_service("/widget", ServeDir::new(folder.join("widget")));
    with_config(pages)
}

fn with_config<S: Clone + Send + Sync + 'static>(pages: Router<S>) -> Router<S> {
    pages.route("/config.json", get(config)).layer(middleware::from_fn(guarded))
}

#[cfg(not(feature = "pages"))]
fn without_folder<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/", get(not_built))
}

#[cfg(feature = "pages")]
fn without_folder<S: Clone + Send + Sync + 'static>() -> Router<S> {
    with_config(held::router())
}

/// The pages inside the program.
#[cfg(feature = "pages")]
mod held {
    use axum::{
        Router,
        extract::Request,
        http::{StatusCode, header},
        response::{IntoResponse as _, Response},
        routing::get,
    };
    use rust_embed::Embed;

    use super::PAGES;

    #[derive(Embed)]
    #[folder = "../web/dist"]
    struct Built;

    pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
        let mut pages = Router::new();
        for (name, paths) in PAGES {
            for path in paths {
                pages = pages.route(path, get(async move || file(name)));
            }
        }
        let named =
            get(async |request: Request| file(request.uri().path().trim_start_matches('/')));
        ["/favicon.svg", "/assets/{*name}", "/widget/{*name}"]
            .into_iter()
            .fold(pages, |pages, path| pages.route(path, named.clone()))
    }

    fn file(name: &str) -> Response {
        match Built::get(name) {
            Some(file) => {
                let kind = file.metadata.mimetype().to_owned();
                ([(header::CONTENT_TYPE, kind)], file.data.into_owned()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

async fn guarded(request: Request, next: Next) -> Response {
    // Names under /assets change with what they hold.
    let is_asset = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let cache = if is_asset { "public, max-age=31536000, immutable" } else { "no-cache" };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, cache),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What the pages are told of where they are: on a laptop, everybody may be anybody.
async fn config() -> Json<Value> {
    Json(json!({ "api": "", "demo": true, "title": "Parlour" }))
}

#[cfg(not(feature = "pages"))]
async fn not_built() -> Response {
    use axum::response::IntoResponse as _;

    let text = "Parlour is here: its API at /v1, described at /openapi.json and /asyncapi.json.\n\
                The pages are not built: with Node 20.19 or newer, bin/dev builds them.\n";
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
