//! Whatever comes from outside, read by whatever reads it: nothing panics, nothing is taken for what it is not, and what
//! is taken is taken as it was written.
//!
//! `cargo test` tries some thousand random inputs of each (bin/test always the same; `BOLERO_RANDOM_SEED` chooses). `bin/fuzz` looks for new ones for as long as one likes, by the
//! code that they reach.

mod json;
mod limits;
mod names;
mod tokens;

use std::sync::LazyLock;

use tokio::runtime::Runtime;

/// For what asks asynchronously. It has one thread: a fuzzer wants the same input to do the same.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime")
    });
    RUNTIME.block_on(future)
}
