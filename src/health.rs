//! The health of an exporter: the first thing that a person asks for when telemetry is missing. The engine writes it,
//! the JS thread reads it.

use std::{
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tokio::time::Instant;

use crate::{clock::whole_ms, lock::lock};

/// What an exporter does with new records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// The records are sent.
    #[default]
    Healthy,
    /// At least one address fails or is held; its records wait.
    Retrying,
    /// The collector rejects the token: records are dropped until the cooldown is over.
    AuthCooldown,
    /// The quota is used up: records are dropped until there is quota again.
    QuotaPaused,
    /// The engine has failed: records are dropped.
    Disabled,
}

/// The failure of a request, as TypeScript sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LastError {
    /// The time in milliseconds since 1970.
    at_ms: u64,
    /// The URL without credentials and query.
    endpoint: String,
    cause: String,
}

#[derive(Debug)]
struct Failure {
    at: Instant,
    endpoint: String,
    cause: String,
}

#[derive(Debug, Default)]
struct Inner {
    state: State,
    failure: Option<Failure>,
    delivered_at: Option<Instant>,
    /// When the oldest record that is neither delivered nor dropped was exported.
    oldest_since: Option<Instant>,
    unanswered: Option<String>,
}

/// The health of an exporter; see the module.
#[derive(Debug, Default)]
pub struct Health(Mutex<Inner>);

/// The health as TypeScript sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthSnapshot {
    state: State,
    last_error: Option<LastError>,
    last_delivered_at_ms: Option<u64>,
    oldest_queued_ms: u64,
    /// The URL of a request in flight without credentials and query.
    unanswered: Option<String>,
}

impl Health {
    /// Sets the state, the time since which the oldest record has waited, and the URL of a request in flight without
    /// credentials and query.
    pub fn set(&self, state: State, oldest_since: Option<Instant>, unanswered: Option<&str>) {
        let mut inner = lock(&self.0);
        inner.state = state;
        inner.oldest_since = oldest_since;
        if inner.unanswered.as_deref() != unanswered {
            inner.unanswered = unanswered.map(ToOwned::to_owned);
        }
    }

    /// A request failed. `endpoint`: its URL without credentials and query.
    pub fn failed(&self, at: Instant, endpoint: &str, cause: String) {
        lock(&self.0).failure = Some(Failure { at, endpoint: endpoint.to_owned(), cause });
    }

    /// The collector has accepted records.
    pub fn delivered(&self, at: Instant) {
        lock(&self.0).delivered_at = Some(at);
    }

    /// All fields at one moment. That moment is `now` on the monotonic clock and `wall_now` as the time of day.
    #[must_use]
    pub fn snapshot(&self, now: Instant, wall_now: SystemTime) -> HealthSnapshot {
        let inner = lock(&self.0);
        let date = |at: Instant| millis(wall_now.checked_sub(now.saturating_duration_since(at)).unwrap_or(UNIX_EPOCH));
        let last_error = inner.failure.as_ref().map(|failure| LastError {
            at_ms: date(failure.at),
            endpoint: failure.endpoint.clone(),
            cause: failure.cause.clone(),
        });
        let oldest_queued_ms = inner.oldest_since.map_or(0, |since| whole_ms(now.saturating_duration_since(since)));
        HealthSnapshot {
            state: inner.state,
            last_error,
            last_delivered_at_ms: inner.delivered_at.map(date),
            oldest_queued_ms,
            unanswered: inner.unanswered.clone(),
        }
    }
}

fn millis(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, whole_ms)
}
