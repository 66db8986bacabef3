//! Options become a resolved [`Config`] once, here. The facade reads environment and user input; this file holds the
//! one table of defaults and limits, which the facade also validates against.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::signal::Signal;

/// A number that a user can set: its name, unit, default and limits.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OptionSpec {
    /// The option's name in TypeScript.
    pub name: &'static str,
    /// What the number counts.
    pub unit: &'static str,
    /// Used when the option is not given.
    pub default: u64,
    /// Smallest value.
    pub min: u64,
    /// Largest value.
    pub max: u64,
    /// The peer has this option too and accepts any value: out of range is brought into range instead of refused.
    pub lenient: bool,
}

const MIB: u64 = 1024 * 1024;
/// What a JavaScript timer can wait at most (Node: larger delays are set to 1 ms; here they are clamped).
const MAX_TIMER_MS: u64 = i32::MAX as u64;

const MAX_BATCH_SIZE: OptionSpec = OptionSpec {
    name: "maxBatchSize",
    unit: "records",
    default: 1000,
    min: 1,
    max: u32::MAX as u64,
    lenient: true,
};
const MAX_BATCH_WAIT_MS: OptionSpec = OptionSpec {
    name: "maxBatchWaitMs",
    unit: "ms",
    default: 5000,
    min: 1,
    max: MAX_TIMER_MS,
    lenient: true,
};
const MAX_RETRIES: OptionSpec = OptionSpec {
    name: "maxRetries",
    unit: "attempts in all",
    default: 3,
    min: 0,
    max: u32::MAX as u64,
    lenient: true,
};
const REQUEST_TIMEOUT_MS: OptionSpec = OptionSpec {
    name: "requestTimeoutMs",
    unit: "ms",
    default: 30_000,
    min: 1,
    max: 600_000,
    lenient: false,
};
const MAX_QUEUE_BYTES: OptionSpec = OptionSpec {
    name: "maxQueueBytes",
    unit: "bytes",
    default: 64 * MIB,
    min: MIB,
    max: 4096 * MIB,
    lenient: false,
};

/// Every number option.
pub const OPTIONS: [OptionSpec; 5] = [
    MAX_BATCH_SIZE,
    MAX_BATCH_WAIT_MS,
    MAX_RETRIES,
    REQUEST_TIMEOUT_MS,
    MAX_QUEUE_BYTES,
];

/// What the facade hands over, as JSON. Numbers that the user did not set are absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawOptions {
    access_token: String,
    /// One URL a signal, in the order of [`Signal::ALL`].
    endpoints: [String; Signal::ALL.len()],
    /// Root certificates, PEM, any number in one text; empty when no endpoint is `https`.
    #[serde(default)]
    trusted_pem: String,
    max_batch_size: Option<u64>,
    max_batch_wait_ms: Option<u64>,
    max_retries: Option<u64>,
    request_timeout_ms: Option<u64>,
    max_queue_bytes: Option<u64>,
}

/// Why options were not taken. The facade has validated user input, so this is a fault between the two halves.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not the JSON that [`RawOptions`] describes.
    #[error("options are malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A number beyond its limits.
    #[error("{name} must be an integer from {min} to {max} ({unit}), got {value}")]
    OutOfRange {
        /// The option.
        name: &'static str,
        /// What was given.
        value: u64,
        /// Smallest value.
        min: u64,
        /// Largest value.
        max: u64,
        /// What the number counts.
        unit: &'static str,
    },
}

/// A text that never shows in `Debug`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one header that needs it.
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

/// What an exporter works with; every field is valid.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bearer token.
    pub access_token: Secret,
    /// Publish URL of each signal, by [`Signal::index`].
    pub endpoints: [String; Signal::ALL.len()],
    /// Root certificates, PEM.
    pub trusted_pem: String,
    /// Records of all signals together that complete a batch.
    pub max_batch_size: usize,
    /// How long the first record of a batch waits at most.
    pub max_batch_wait: Duration,
    /// Attempts in all, the first one included.
    pub max_attempts: u32,
    /// One attempt, from connecting to the end of the answer.
    pub request_timeout: Duration,
    /// Records waiting and bodies in flight together.
    pub max_queue_bytes: usize,
}

impl Config {
    /// Reads the JSON of [`RawOptions`], fills in defaults and checks limits.
    ///
    /// # Errors
    /// [`ConfigError`] when the text is not such JSON or a number is beyond its limits.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        let raw: RawOptions = serde_json::from_str(json)?;
        Ok(Self {
            max_batch_size: to_usize(resolve(&MAX_BATCH_SIZE, raw.max_batch_size)?),
            max_batch_wait: Duration::from_millis(resolve(&MAX_BATCH_WAIT_MS, raw.max_batch_wait_ms)?),
            max_attempts: u32::try_from(resolve(&MAX_RETRIES, raw.max_retries)?).unwrap_or(u32::MAX),
            request_timeout: Duration::from_millis(resolve(&REQUEST_TIMEOUT_MS, raw.request_timeout_ms)?),
            max_queue_bytes: to_usize(resolve(&MAX_QUEUE_BYTES, raw.max_queue_bytes)?),
            access_token: Secret(raw.access_token),
            endpoints: raw.endpoints,
            trusted_pem: raw.trusted_pem,
        })
    }
}

fn resolve(spec: &OptionSpec, given: Option<u64>) -> Result<u64, ConfigError> {
    let &OptionSpec {
        name,
        unit,
        default,
        min,
        max,
        ..
    } = spec;
    let value = given.unwrap_or(default);
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(ConfigError::OutOfRange {
            name,
            value,
            min,
            max,
            unit,
        })
    }
}

fn to_usize(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
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
        assert_eq!(config.max_attempts, 3);
        assert_eq!(config.request_timeout, Duration::from_secs(30));
        assert_eq!(config.max_queue_bytes, 64 * 1024 * 1024);
        for spec in OPTIONS {
            assert!((spec.min..=spec.max).contains(&spec.default), "{}", spec.name);
        }
    }

    #[test]
    fn errors_name_option_value_and_limits() {
        let error = Config::from_json(&options(r#","requestTimeoutMs":0"#)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "requestTimeoutMs must be an integer from 1 to 600000 (ms), got 0"
        );
        let error = Config::from_json(&options(r#","maxBatchWait":1"#)).unwrap_err();
        assert!(error.to_string().contains("unknown field `maxBatchWait`"), "{error}");
    }

    #[test]
    fn debug_hides_the_token() {
        let shown = format!("{:?}", Config::from_json(&options("")).unwrap());
        assert!(shown.contains("[redacted]") && !shown.contains("s3cret"), "{shown}");
    }
}
