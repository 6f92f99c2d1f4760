//! The store of a laptop: DynamoDB's operations on a file or in memory, inside this process.
//!
//! The functions use the same AWS SDK and build the same requests as on AWS; only the last step,
//! the HTTP connection, ends here instead of there.

mod client;
mod disk;
mod engine;
mod server;

pub use self::{
    client::{Ahead, Lost, Wire, client},
    engine::{Answer, Durability, Engine, EngineError, Request},
    server::router,
};
