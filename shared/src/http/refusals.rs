//! What many routes refuse, for their descriptions in the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $text:literal),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    [$(($status.to_owned(), problem($text).into())),+].into()
                }
            }
        )+
    };
}

refusals! {
    /// Of routes that take a token.
    NoToken { "401": "No good token" }
    /// Of routes about something of the caller's.
    NotYours { "404": "Absent, or not yours" }
    /// Of routes for the application's own server.
    NotTheServer { "403": "Not the application's own server" }
    /// Of routes that take a JSON body.
    BadJson {
        "400": "Not JSON",
        "413": "Too long",
        "415": "Not JSON by its type",
        "422": "A field is wrong",
    }
    /// Of routes that take parameters.
    BadQuery { "422": "A parameter is wrong" }
    /// Of routes that can be called too often.
    TooMany { "429": "Too often: try again after `Retry-After`" }
    /// Of routes that need the store.
    Unavailable { "503": "Try again" }
}

/// A response whose body is a problem (RFC 9457).
fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new().description(description);
    response.content("application/problem+json", content).build()
}
