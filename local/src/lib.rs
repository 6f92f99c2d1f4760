//! All of Parlour as one program: the functions' routers, the embedded store, the hub.

pub mod embedded;
mod guard;
