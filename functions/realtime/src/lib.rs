//! What clients need in order to listen: where the relay is, and a signature for each channel and user.
//! And what the relay tells of who listens.

mod router;
mod routes;

pub use router::{openapi, routes};
