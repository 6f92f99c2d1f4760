//! The function's whole life on Lambda: a schedule calls it.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lambda_http::{Context, LambdaEvent, lambda_runtime, service_fn};
use serde::de::IgnoredAny;
use shared::{
    config::{DispatchConfig, LogSettings},
    http::{init_logs, services_of},
};

use crate::{
    mail::{PostOffice, Smtp},
    run::{Dispatch, Summary},
};

/// How long a run may take where the caller does not say: the local tools tell a time that has passed.
const USUAL_TIME: Duration = Duration::from_secs(55);

/// Its environment is read, its connections are opened, and then one run comes after the other. What keeps
/// it from starting is one line on standard error.
pub async fn run_function() -> ExitCode {
    init_logs(&LogSettings::from_env());
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot run: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let DispatchConfig { store, services, smtp } = DispatchConfig::from_env()?;
    let services = services_of(&store, services)?;
    let post_office = smtp.as_ref().map(Smtp::at).transpose()?;
    services.connect().await;
    let dispatch = &Dispatch { services: &services, post_office: &post_office };
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<IgnoredAny>| {
        run(dispatch, &event.context).await
    }))
    .await
}

async fn run<P: PostOffice>(
    dispatch: &Dispatch<'_, P>,
    context: &Context,
) -> Result<Summary, lambda_runtime::Error> {
    let end = UNIX_EPOCH + Duration::from_millis(context.deadline);
    let time = end.duration_since(SystemTime::now()).unwrap_or(USUAL_TIME);
    let summary = dispatch.run(time).await?;
    if summary != Summary::default() {
        tracing::info!(summary = %serde_json::to_string(&summary)?, "worked off what was due");
    }
    Ok(summary)
}
