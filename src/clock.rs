//! The only reader of the clock and of randomness, so that everything else can be given both.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The current time of the monotonic clock. Follows tokio's paused time in tests.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day, to compare with dates from the collector.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn wall_now() -> SystemTime {
    SystemTime::now()
}

/// A random number in `0.0..1.0`, for jitter.
#[must_use]
pub fn jitter() -> f64 {
    fastrand::f64()
}

/// An instant that never comes (in about 30 years; tokio's own choice for "no deadline").
#[must_use]
pub fn far_future(now: Instant) -> Instant {
    now + Duration::from_secs(86_400 * 365 * 30)
}

/// A duration in whole milliseconds, as it crosses to TypeScript.
#[must_use]
pub fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
