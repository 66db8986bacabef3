//! The wait between two tries.

use std::time::Duration;

/// The wait before the second attempt.
const BASE: Duration = Duration::from_secs(1);
/// The longest wait, before jitter.
pub const LONGEST: Duration = Duration::from_secs(30);
/// The largest share by which jitter shortens or lengthens a wait, so that many processes do not retry at the same
/// time.
const JITTER_RATIO: f64 = 0.2;

/// The wait after `failures` failures (1 or more): doubling from [`BASE`] to [`LONGEST`].
///
/// `jitter` is in `0.0..1.0`; 0.5 gives the wait unchanged.
#[must_use]
pub fn delay(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let wait = BASE.saturating_mul(1 << doublings).min(LONGEST);
    wait.mul_f64(1.0 + JITTER_RATIO * (2.0 * jitter - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_the_cap() {
        let waits: Vec<u64> = (1..=8).map(|failures| delay(failures, 0.5).as_secs()).collect();
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
