//! The present failures of an address, and its pause.

use std::time::Duration;

use tokio::time::Instant;

use super::{FORWARD_INTERVAL, backoff::delay};

/// The number of jobs, never tried before, that an address still gets at once after its first failure: a bad body must
/// not look like a bad address.
const PASSES: u32 = 2;

/// See the module.
#[derive(Debug)]
pub struct Trouble {
    /// When the first of them came.
    pub since: Instant,
    /// Failures in a row. Failures of requests that were in flight at the same time count once.
    pub failures: u32,
    /// The message of the last failure.
    pub cause: String,
    /// How often the pause has grown.
    level: u32,
    pub(super) pause_until: Instant,
    /// Jobs never tried that need not wait for the pause.
    pub(super) passes: u32,
}

impl Trouble {
    /// No failure yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, failures: 0, cause: String::new(), level: 0, pause_until: now, passes: PASSES }
    }

    /// The collector refuses whatever it gets: nothing is sent for this time.
    pub(super) fn pause(now: Instant, pause: Duration, cause: &str) -> Self {
        Self { failures: 1, cause: cause.to_owned(), pause_until: now + pause, passes: 0, ..Self::new(now) }
    }

    /// A failure is counted. The pause grows if the request was sent after it. `expires_at`: the end of the window of
    /// the request's job.
    pub(super) fn count(&mut self, now: Instant, cause: &str, expires_at: Option<Instant>, jitter: fn() -> f64) {
        self.failures = self.failures.saturating_add(1);
        cause.clone_into(&mut self.cause);
        if self.pause_until <= now {
            self.level = self.level.saturating_add(1);
            let pause_until = now + delay(self.level, jitter());
            // The last try of a job is made at the end of its window, but windows that end one after the other must not
            // become the rate of requests.
            let last_try = expires_at.filter(|&at| at > now).map(|at| at.max(now + FORWARD_INTERVAL));
            self.pause_until = last_try.map_or(pause_until, |at| at.min(pause_until));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// The milliseconds of the pause after the fifth failure in a row, of a job whose window ends `ends_in_ms` after it.
    fn pause_ms(ends_in_ms: Option<i64>) -> u128 {
        let now = clock::now() + Duration::from_secs(3600);
        let window_end = ends_in_ms.map(|ms| {
            let by = Duration::from_millis(ms.unsigned_abs());
            if ms < 0 { now - by } else { now + by }
        });
        let mut trouble = Trouble { level: 4, ..Trouble::new(now) };
        trouble.count(now, "down", window_end, || 0.5);
        (trouble.pause_until - now).as_millis()
    }

    #[test]
    fn a_pause_ends_for_the_last_try_of_a_job() {
        let pauses =
            [None, Some(-500), Some(0), Some(1), Some(999), Some(1001), Some(15_999), Some(16_001)].map(pause_ms);
        assert_eq!(pauses, [16_000, 16_000, 16_000, 1000, 1000, 1001, 15_999, 16_000]);
    }
}
