//! What must still happen once a request was answered: events that the relay did not take, mail, webhooks.
//!
//! One query finds what is due. Each of it is taken by one run alone, for a while, and is due again if that
//! run dies: so two may run at once, and any may be killed.

mod function;
pub mod mail;
mod run;

pub use function::run_function;
pub use run::{Counts, Dispatch, Summary};
