//! Options become a resolved [`Config`] once, here. The facade reads environment and user input. This file holds the
//! one table of defaults and limits, and the facade validates against the same table.

use std::{fmt, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{protocol::request::Endpoints, signal::Signal};

/// A number that a user can set: its name, unit, default and limits.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OptionSpec {
    /// The option's name in TypeScript.
    pub name: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// The value when the option is not given. `None`: there is no such limit without the option.
    pub default: Option<u64>,
    /// Smallest value.
    pub min: u64,
    /// Largest value.
    pub max: u64,
    /// The peer has this option too and accepts any value, so a value out of range is brought into range instead of
    /// refused.
    pub lenient: bool,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
/// The longest wait of a JavaScript timer. Node sets longer ones to 1 ms; here a longer wait is brought down to this.
const MAX_TIMER_MS: u64 = i32::MAX as u64;
const DAY_MS: u64 = 86_400_000;

const fn peer(name: &'static str, unit: &'static str, default: Option<u64>, min: u64, max: u64) -> OptionSpec {
    OptionSpec { name, unit, default, min, max, lenient: true }
}

const fn own(name: &'static str, unit: &'static str, default: u64, min: u64, max: u64) -> OptionSpec {
    OptionSpec { name, unit, default: Some(default), min, max, lenient: false }
}

const MAX_BATCH_SIZE: OptionSpec = peer("maxBatchSize", "records", Some(1000), 1, u32::MAX as u64);
const MAX_BATCH_WAIT_MS: OptionSpec = peer("maxBatchWaitMs", "ms", Some(5000), 1, MAX_TIMER_MS);
const MAX_RETRIES: OptionSpec = peer("maxRetries", "attempts in all", None, 0, u32::MAX as u64);
const RETRY_WINDOW_MS: OptionSpec = own("retryWindowMs", "ms", 300_000, 0, DAY_MS);
const CONNECT_TIMEOUT_MS: OptionSpec = own("connectTimeoutMs", "ms", 10_000, 1, 600_000);
const REQUEST_TIMEOUT_MS: OptionSpec = own("requestTimeoutMs", "ms", 30_000, 1, 600_000);
// The facade sends the next two with each flush and shutdown, so the engine has no field for them.
const FLUSH_TIMEOUT_MS: OptionSpec = own("flushTimeoutMs", "ms", 30_000, 0, 600_000);
const SHUTDOWN_TIMEOUT_MS: OptionSpec = own("shutdownTimeoutMs", "ms", 8000, 0, 600_000);
const EXIT_TIMEOUT_MS: OptionSpec = own("exitTimeoutMs", "ms", 2000, 0, 600_000);
const MAX_BATCH_BYTES: OptionSpec = own("maxBatchBytes", "bytes", 4 * MIB, KIB, 256 * MIB);
const MAX_RECORD_BYTES: OptionSpec = own("maxRecordBytes", "bytes", 16 * MIB, KIB, 256 * MIB);
const MAX_QUEUE_BYTES: OptionSpec = own("maxQueueBytes", "bytes", 64 * MIB, MIB, 4096 * MIB);
const MAX_SPOOL_BYTES: OptionSpec = own("maxSpoolBytes", "bytes", 1024 * MIB, MIB, 1024 * 1024 * MIB);
const MAX_SPOOL_AGE_MS: OptionSpec = own("maxSpoolAgeMs", "ms", 7 * DAY_MS, 1000, 365 * DAY_MS);

/// Every number option.
pub const OPTIONS: [OptionSpec; 14] = [
    MAX_BATCH_SIZE,
    MAX_BATCH_WAIT_MS,
    MAX_RETRIES,
    RETRY_WINDOW_MS,
    REQUEST_TIMEOUT_MS,
    CONNECT_TIMEOUT_MS,
    FLUSH_TIMEOUT_MS,
    SHUTDOWN_TIMEOUT_MS,
    EXIT_TIMEOUT_MS,
    MAX_BATCH_BYTES,
    MAX_RECORD_BYTES,
    MAX_QUEUE_BYTES,
    MAX_SPOOL_BYTES,
    MAX_SPOOL_AGE_MS,
];

/// Whether bodies are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Bodies are sent as they are.
    #[default]
    None,
    /// `content-encoding: gzip`.
    Gzip,
}

/// When spooled records reach the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpoolSync {
    /// Within half a second.
    #[default]
    Interval,
    /// When the operating system writes them.
    None,
}

/// The options of a spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolConfig {
    /// The directory of the spool.
    pub directory: PathBuf,
    /// The limit on the bytes of all runs of the destination.
    pub max_bytes: u64,
    /// The age from which records are dropped.
    pub max_age: Duration,
    /// When records reach the disk.
    pub sync: SpoolSync,
}

/// The options as JSON from the facade. Numbers that the user did not set are absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawOptions {
    access_token: String,
    /// The URL of each signal, in the order of [`Signal::ALL`].
    endpoints: [String; Signal::ALL.len()],
    #[serde(default)]
    compression: Compression,
    /// The URL of each endpoint's proxy, if there is one. Such a URL often contains a password.
    #[serde(default)]
    proxies: [Option<String>; Signal::ALL.len()],
    /// The exporter takes part in the quota contract and says so in a header (peer: `MastraPlatformExporter`).
    #[serde(default)]
    quota_pause: bool,
    max_batch_size: Option<u64>,
    max_batch_wait_ms: Option<u64>,
    max_retries: Option<u64>,
    retry_window_ms: Option<u64>,
    request_timeout_ms: Option<u64>,
    connect_timeout_ms: Option<u64>,
    exit_timeout_ms: Option<u64>,
    max_batch_bytes: Option<u64>,
    max_record_bytes: Option<u64>,
    max_queue_bytes: Option<u64>,
    /// An absolute path; without it nothing is spooled.
    spool_directory: Option<PathBuf>,
    #[serde(default)]
    spool_sync: SpoolSync,
    max_spool_bytes: Option<u64>,
    max_spool_age_ms: Option<u64>,
}

/// Why options were refused. The facade has validated user input before, so this is a fault between facade and engine.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The text is not the JSON that [`RawOptions`] describes.
    #[error("options are malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A number is beyond its limits.
    #[error("{name} must be an integer from {min} to {max} ({unit}), got {value}")]
    OutOfRange {
        /// The option.
        name: &'static str,
        /// The value that was given.
        value: u64,
        /// Smallest value.
        min: u64,
        /// Largest value.
        max: u64,
        /// The unit.
        unit: &'static str,
    },
}

/// A text that never shows in `Debug`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the transport.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// The resolved options of an exporter; every field is valid.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bearer token.
    pub access_token: Secret,
    /// The URL of each signal.
    pub endpoints: Endpoints,
    /// Whether bodies are compressed.
    pub compression: Compression,
    /// The proxy of each endpoint, by [`Signal::index`].
    pub proxies: [Option<Secret>; Signal::ALL.len()],
    /// Whether answers may pause the exporter for lack of quota.
    pub quota_pause: bool,
    /// The number of records, all signals together, that closes a batch.
    pub max_batch_size: usize,
    /// The longest time that the first record of a batch waits.
    pub max_batch_wait: Duration,
    /// The number of attempts, the first one included. `None`: as many as fit into `retry_window`.
    pub max_attempts: Option<u32>,
    /// The time for which a batch is retried when there is no `max_attempts`.
    pub retry_window: Duration,
    /// The time limit of one attempt, from connecting to the end of the answer.
    pub request_timeout: Duration,
    /// The time limit of connecting, all addresses of a host name together.
    pub connect_timeout: Duration,
    /// The longest time that the end of the process is delayed.
    pub exit_timeout: Duration,
    /// The limit on the body of one signal. A batch is closed before one of its bodies exceeds this.
    pub max_batch_bytes: usize,
    /// The limit on the JSON of one record. A larger record is dropped.
    pub max_record_bytes: usize,
    /// The limit on the memory of waiting records and bodies in flight together.
    pub max_queue_bytes: usize,
    /// Where records survive the process, if anywhere.
    pub spool: Option<SpoolConfig>,
}

impl Config {
    /// Reads the JSON of [`RawOptions`], fills in defaults and checks limits.
    ///
    /// # Errors
    /// [`ConfigError`] when the text is not such JSON or a number is beyond its limits.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        let raw: RawOptions = serde_json::from_str(json)?;
        let max_spool_bytes = checked(&MAX_SPOOL_BYTES, raw.max_spool_bytes)?.unwrap_or(MAX_SPOOL_BYTES.max);
        let max_spool_age = duration(&MAX_SPOOL_AGE_MS, raw.max_spool_age_ms)?;
        Ok(Self {
            max_batch_size: count(&MAX_BATCH_SIZE, raw.max_batch_size)?,
            max_batch_wait: duration(&MAX_BATCH_WAIT_MS, raw.max_batch_wait_ms)?,
            max_attempts: checked(&MAX_RETRIES, raw.max_retries)?.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
            retry_window: duration(&RETRY_WINDOW_MS, raw.retry_window_ms)?,
            request_timeout: duration(&REQUEST_TIMEOUT_MS, raw.request_timeout_ms)?,
            connect_timeout: duration(&CONNECT_TIMEOUT_MS, raw.connect_timeout_ms)?,
            exit_timeout: duration(&EXIT_TIMEOUT_MS, raw.exit_timeout_ms)?,
            max_batch_bytes: count(&MAX_BATCH_BYTES, raw.max_batch_bytes)?,
            max_record_bytes: count(&MAX_RECORD_BYTES, raw.max_record_bytes)?,
            max_queue_bytes: count(&MAX_QUEUE_BYTES, raw.max_queue_bytes)?,
            access_token: Secret(raw.access_token),
            endpoints: Endpoints::new(raw.endpoints),
            compression: raw.compression,
            proxies: raw.proxies.map(|url| url.map(Secret)),
            quota_pause: raw.quota_pause,
            spool: raw.spool_directory.map(|directory| SpoolConfig {
                directory,
                max_bytes: max_spool_bytes,
                max_age: max_spool_age,
                sync: raw.spool_sync,
            }),
        })
    }
}

/// The number given or the default, within the limits.
fn checked(spec: &OptionSpec, given: Option<u64>) -> Result<Option<u64>, ConfigError> {
    let &OptionSpec { name, unit, default, min, max, .. } = spec;
    match given.or(default) {
        Some(value) if !(min..=max).contains(&value) => Err(ConfigError::OutOfRange { name, value, min, max, unit }),
        value => Ok(value),
    }
}

fn duration(spec: &OptionSpec, given: Option<u64>) -> Result<Duration, ConfigError> {
    Ok(Duration::from_millis(checked(spec, given)?.unwrap_or(spec.max)))
}

fn count(spec: &OptionSpec, given: Option<u64>) -> Result<usize, ConfigError> {
    Ok(usize::try_from(checked(spec, given)?.unwrap_or(spec.max)).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(extra: &str) -> String {
        format!(r#"{{"accessToken":"s3cret","endpoints":["a","b","c","d","e"]{extra}}}"#)
    }

    #[test]
    fn defaults_are_the_table() {
        let config = Config::from_json(&options("")).unwrap();
        assert_eq!(config.max_batch_size, 1000);
        assert_eq!(config.max_batch_wait, Duration::from_secs(5));
        assert_eq!(config.max_attempts, None);
        assert_eq!(config.request_timeout, Duration::from_secs(30));
        assert_eq!(config.max_queue_bytes, 64 * 1024 * 1024);
        for spec in OPTIONS {
            assert!(spec.default.is_none_or(|value| (spec.min..=spec.max).contains(&value)), "{}", spec.name);
        }
    }

    #[test]
    fn errors_name_option_value_and_limits() {
        let error = Config::from_json(&options(r#","requestTimeoutMs":0"#)).unwrap_err();
        assert_eq!(error.to_string(), "requestTimeoutMs must be an integer from 1 to 600000 (ms), got 0");
        let error = Config::from_json(&options(r#","maxBatchWait":1"#)).unwrap_err();
        assert!(error.to_string().contains("unknown field `maxBatchWait`"), "{error}");
    }

    #[test]
    fn debug_hides_the_token() {
        let shown = format!("{:?}", Config::from_json(&options("")).unwrap());
        assert!(shown.contains("[redacted]") && !shown.contains("s3cret"), "{shown}");
    }
}
