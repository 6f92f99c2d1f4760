//! The dispatch function on AWS Lambda.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    dispatch::run_function().await
}
