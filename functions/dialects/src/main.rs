//! The dialects function on AWS Lambda.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::http::run_function(env!("CARGO_PKG_NAME"), dialects::routes()).await
}
