//! What clients need in order to listen: where the relay is, and a signature for each channel.

mod router;
mod routes;

pub use router::{openapi, routes};
