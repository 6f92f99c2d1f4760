//! All of Parlour as one program: the functions' routers, the embedded store, the hub.

pub mod args;
pub mod data;
mod dev;
mod due;
pub mod embedded;
mod guard;
pub mod hub;
mod in_process;
mod kept;
mod live;
mod outbox;
mod pages;
mod program;
mod run;

pub use self::{
    program::{ALL_FEATURES, Local, LocalOptions, StartError, TABLE, demo_hub_app, demo_tokens},
    run::run,
};
