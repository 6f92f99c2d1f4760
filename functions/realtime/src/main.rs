//! The realtime function on AWS Lambda.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda_http::tracing::init_default_subscriber();
    let app = match shared::http::connect().await {
        Ok(app) => app,
        Err(error) => {
            eprintln!("realtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match lambda_http::run(shared::http::serve(realtime::routes(), app)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("realtime stopped: {error}");
            ExitCode::FAILURE
        }
    }
}
