//! What a function tells of itself: its log, figures, traces.

use std::net::SocketAddr;

use tracing::level_filters::LevelFilter;

use super::{ConfigError, Settings, environment, wrong};

/// What a function logs, as Lambda's logging configuration says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// From this level on (`AWS_LAMBDA_LOG_LEVEL`); `INFO` where none is set.
    pub level: LevelFilter,
    /// One JSON object a line instead of text (`AWS_LAMBDA_LOG_FORMAT`).
    pub json: bool,
}

impl LogSettings {
    /// Reads the process's environment. What is not understood is as if it were not set: a function
    /// must not fail for its logs.
    pub fn from_env() -> Self {
        Self::read(&Settings { get: &environment })
    }

    pub(super) fn read(settings: &Settings<'_>) -> Self {
        let level = match settings.optional("AWS_LAMBDA_LOG_LEVEL") {
            // Lambda's own word for what is worse than an error.
            Some(level) if level.eq_ignore_ascii_case("fatal") => Some(LevelFilter::ERROR),
            level => level.and_then(|level| level.parse().ok()),
        };
        let format = settings.optional("AWS_LAMBDA_LOG_FORMAT").unwrap_or_default();
        Self {
            level: level.unwrap_or(LevelFilter::INFO),
            json: format.eq_ignore_ascii_case("json"),
        }
    }
}

/// What is told of requests, beyond the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// CloudWatch's namespace for figures, if there shall be any.
    pub namespace: Option<String>,
    /// Where X-Ray's daemon listens, if requests are traced.
    pub xray: Option<SocketAddr>,
}

impl Settings<'_> {
    pub(super) fn telemetry(&self) -> Result<TelemetrySettings, ConfigError> {
        let namespace = self.optional("PARLOUR_METRICS_NAMESPACE");
        // Lambda sets it for all functions, whether or not they are traced.
        let name = "AWS_XRAY_DAEMON_ADDRESS";
        let xray = match self.switch("PARLOUR_TRACING")? {
            Some(true) => {
                let address = self.parsed(name, "an address and a port")?;
                Some(address.ok_or_else(|| wrong(name, "is not set, but PARLOUR_TRACING is on"))?)
            }
            Some(false) | None => None,
        };
        Ok(TelemetrySettings { namespace, xray })
    }
}
