//! Five other chat systems' contracts, translated onto Parlour's rooms: an app that was written for one of
//! them keeps its calls. `docs/dialects.md` tells them; nothing is decided here.

mod direct;
mod exchange;
mod marketplace;
mod request;
mod router;
mod socket;
mod support;
mod threads;
mod transcript;

pub use router::routes;
