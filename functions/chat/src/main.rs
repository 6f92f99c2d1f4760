//! The chat function on AWS Lambda.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda_http::tracing::init_default_subscriber();
    let app = match shared::http::connect().await {
        Ok(app) => app,
        Err(error) => {
            eprintln!("chat cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match lambda_http::run(shared::http::serve(chat::routes(), app)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat stopped: {error}");
            ExitCode::FAILURE
        }
    }
}
