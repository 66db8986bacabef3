//! What an answer means, and how long to wait before the next attempt. Pure: given the jitter, never reads a clock.

use std::time::Duration;

/// Wait before the second attempt.
const BACKOFF_BASE: Duration = Duration::from_secs(1);
/// No wait is longer than this, jitter aside.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Each wait is spread by up to this share to both sides, so that many processes do not come back at once.
const JITTER_RATIO: f64 = 0.2;

/// What becomes of a request. Once the engine runs there are no errors, only these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The collector has it.
    Delivered,
    /// Not delivered; another attempt may help. Says why.
    Retry(String),
    /// The collector rejects the credentials (401 or 403).
    AuthRejected(u16),
}

/// Judges a complete status line.
///
/// As the peer does: 2xx is delivered, 401 and 403 end the attempts at once, all else is tried again.
#[must_use]
pub fn classify(status: u16, reason: &str) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        401 | 403 => Outcome::AuthRejected(status),
        // The peer's words, which users match on.
        _ => Outcome::Retry(format!("Request failed with status: {status} {reason}")),
    }
}

/// The wait after `attempts` failed attempts (1 or more): doubling from [`BACKOFF_BASE`] to [`BACKOFF_MAX`].
///
/// `jitter` is in `0.0..1.0`; 0.5 gives the wait unchanged.
#[must_use]
pub fn delay(attempts: u32, jitter: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = BACKOFF_BASE.saturating_mul(1 << doublings).min(BACKOFF_MAX);
    wait.mul_f64(1.0 + JITTER_RATIO * (2.0 * jitter - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(classify(status, ""), Outcome::Delivered);
        }
        for status in [401, 403] {
            assert_eq!(classify(status, ""), Outcome::AuthRejected(status));
        }
        for status in [302, 400, 404, 408, 413, 429, 500, 503] {
            let text = format!("Request failed with status: {status} Reason");
            assert_eq!(classify(status, "Reason"), Outcome::Retry(text));
        }
    }

    #[test]
    fn doubles_to_the_cap() {
        let waits: Vec<u64> = (1..=8).map(|attempts| delay(attempts, 0.5).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(delay(u32::MAX, 0.5).as_secs(), 30);
        assert_eq!(delay(0, 0.5).as_secs(), 1);
    }

    #[test]
    fn jitter_spreads_to_both_sides() {
        assert_eq!(delay(1, 0.0), Duration::from_millis(800));
        assert_eq!(delay(1, 1.0), Duration::from_millis(1200));
    }
}
