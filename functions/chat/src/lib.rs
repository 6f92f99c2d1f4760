//! The canonical chat API: rooms, messages, people.

mod router;
mod routes;

pub use router::{openapi, routes};
