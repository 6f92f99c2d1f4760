//! What many routes refuse, for their descriptions in the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{
        ContentBuilder, Header, HeaderBuilder, Object, Ref, RefOr, Response, ResponseBuilder, Type,
    },
};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $text:literal),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    [$(($status.to_owned(), problem($status, $text).into())),+].into()
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
    /// Of routes that Pusher's clients call, which send a form or JSON.
    BadForm {
        "400": "Not JSON, or no socket id",
        "413": "Too long",
        "415": "Neither JSON nor a form",
        "422": "A field is wrong",
    }
    /// Of routes that take parameters.
    BadQuery { "422": "A parameter is wrong" }
    /// Of routes that can be called too often.
    TooMany { "429": "Too often: try again after `Retry-After`" }
    /// Of routes that need the store.
    Unavailable { "503": "Try again" }
}

/// A response whose body is a problem (RFC 9457), with the headers that its status has.
fn problem(status: &str, description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new().description(description);
    let response = match status {
        "401" => response.header("WWW-Authenticate", header("`Bearer`")),
        "429" | "503" => response.header("Retry-After", header("In how many seconds to try again")),
        _ => response,
    };
    response.content("application/problem+json", content).build()
}

fn header(description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::String)))
        .description(Some(description))
        .build()
}
