//! The local program as a process: started, killed, started again, and given bad input.

mod crash;
mod lifecycle;
mod program;
