//! How fast the collector is talked to: not before it wants to, and gently while it fails. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::retry;

/// Requests under way at the same time, at most.
const MAX_IN_FLIGHT: usize = 4;

/// The last answer was a failure that may pass.
#[derive(Clone, Copy, Debug)]
struct Outage {
    /// Such answers in a row.
    failures: u32,
    /// No request before this: however many batches wait, an outage costs the collector few requests.
    pause_until: Instant,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pace {
    outage: Option<Outage>,
    /// The collector asked to be left alone until then.
    hold_until: Option<Instant>,
}

impl Pace {
    /// A try failed, and another may help. `after`: how long the collector wants to be left alone. `expires_at`: end of
    /// the job's window, at which it gets its last try.
    pub fn on_failure(&mut self, now: Instant, jitter: f64, after: Option<Duration>, expires_at: Option<Instant>) {
        if let Some(after) = after {
            self.hold_until = self.hold_until.max(Some(now + after));
        }
        let failures = self.outage.as_ref().map_or(0, |outage| outage.failures).saturating_add(1);
        let pause_until = now + retry::delay(failures, jitter);
        let pause_until = expires_at.filter(|&at| at > now).map_or(pause_until, |at| at.min(pause_until));
        self.outage = Some(Outage { failures, pause_until });
    }

    /// Any other answer: the collector works.
    pub fn on_answer(&mut self) {
        self.outage = None;
    }

    /// Somebody waits for what is queued: the next try is due now.
    pub fn hurry(&mut self, now: Instant) {
        if let Some(outage) = &mut self.outage {
            outage.pause_until = now;
        }
    }

    /// Nothing is sent before this. `impatient`: only what the collector asked for counts.
    #[must_use]
    pub fn silent_until(&self, impatient: bool) -> Option<Instant> {
        let pause = self.outage.as_ref().filter(|_| !impatient).map(|outage| outage.pause_until);
        self.hold_until.max(pause)
    }

    /// How many requests may be under way: one while the collector fails.
    #[must_use]
    pub fn max_in_flight(&self) -> usize {
        if self.outage.is_some() { 1 } else { MAX_IN_FLIGHT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn failures_in_a_row_lengthen_the_pause_and_an_answer_ends_it() {
        let (mut pace, now) = (Pace::default(), clock::now());
        for seconds in [1, 2, 4] {
            pace.on_failure(now, 0.5, None, None);
            assert_eq!(pace.silent_until(false), Some(now + SECOND * seconds));
            assert_eq!((pace.silent_until(true), pace.max_in_flight()), (None, 1));
        }
        pace.hurry(now);
        assert_eq!(pace.silent_until(false), Some(now));
        pace.on_answer();
        assert_eq!((pace.silent_until(false), pace.max_in_flight()), (None, 4));
    }

    #[test]
    fn what_the_collector_asks_for_holds_for_everyone() {
        let (mut pace, now) = (Pace::default(), clock::now());
        pace.on_failure(now, 0.5, Some(SECOND * 60), None);
        pace.on_failure(now, 0.5, Some(SECOND * 5), None);
        pace.hurry(now);
        pace.on_answer();
        assert_eq!(pace.silent_until(true), Some(now + SECOND * 60));
    }

    #[test]
    fn a_job_gets_its_last_try_at_the_end_of_its_window() {
        let (mut pace, now) = (Pace::default(), clock::now());
        for _ in 0..6 {
            pace.on_failure(now, 0.5, None, Some(now + SECOND * 3));
        }
        assert_eq!(pace.silent_until(false), Some(now + SECOND * 3));
        pace.on_failure(now, 0.5, None, Some(now));
        assert_eq!(pace.silent_until(false), Some(now + SECOND * 30));
    }
}
