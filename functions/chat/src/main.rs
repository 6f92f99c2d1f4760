//! The chat function on AWS Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    let app = shared::http::connect().await?;
    lambda_http::run(shared::http::serve(chat::routes(), app)).await
}
