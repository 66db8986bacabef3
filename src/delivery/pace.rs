//! How fast the collector is talked to: not before it wants to, and gently while it fails. Each signal has an address of
//! its own, so one that fails does not hold up the others. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::signal::Signal;

/// Wait before the second attempt.
const BACKOFF_BASE: Duration = Duration::from_secs(1);
/// No wait is longer than this, jitter aside.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Each wait is spread by up to this share to both sides, so that many processes do not come back at once.
const JITTER_RATIO: f64 = 0.2;

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

/// One signal's address.
#[derive(Debug, Default)]
struct Address {
    outage: Option<Outage>,
    in_flight: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pace {
    addresses: [Address; Signal::ALL.len()],
    /// The collector asked to be left alone until then.
    hold_until: Option<Instant>,
}

impl Pace {
    /// A request goes out.
    pub fn on_sent(&mut self, signal: Signal) {
        if let Some(address) = self.addresses.get_mut(signal.index()) {
            address.in_flight += 1;
        }
    }

    /// A request is over; [`Pace::on_failure`] or [`Pace::on_answer`] follows.
    pub fn on_returned(&mut self, signal: Signal) {
        if let Some(address) = self.addresses.get_mut(signal.index()) {
            address.in_flight -= 1;
        }
    }

    /// A try failed, and another may help. `after`: how long the collector wants to be left alone. `expires_at`: end of
    /// the job's window, at which it gets its last try.
    pub fn on_failure(
        &mut self,
        now: Instant,
        signal: Signal,
        jitter: f64,
        after: Option<Duration>,
        expires_at: Option<Instant>,
    ) {
        if let Some(after) = after {
            self.hold_until = self.hold_until.max(Some(now + after));
        }
        if let Some(address) = self.addresses.get_mut(signal.index()) {
            let failures = address.outage.as_ref().map_or(0, |outage| outage.failures).saturating_add(1);
            let pause_until = now + delay(failures, jitter);
            let pause_until = expires_at.filter(|&at| at > now).map_or(pause_until, |at| at.min(pause_until));
            address.outage = Some(Outage { failures, pause_until });
        }
    }

    /// Any other answer: the address works.
    pub fn on_answer(&mut self, signal: Signal) {
        if let Some(address) = self.addresses.get_mut(signal.index()) {
            address.outage = None;
        }
    }

    /// Somebody waits for what is queued: the next try is due now.
    pub fn hurry(&mut self, now: Instant) {
        for outage in self.addresses.iter_mut().filter_map(|address| address.outage.as_mut()) {
            outage.pause_until = now;
        }
    }

    /// When a request that is ready at `ready_at` may go out; `None` while too many are under way: one of a signal whose
    /// address fails, four in all. `impatient`: an outage makes no pause, only what the collector asked for counts.
    #[must_use]
    pub fn earliest(&self, signal: Signal, ready_at: Instant, impatient: bool) -> Option<Instant> {
        let Address { outage, in_flight } = self.addresses.get(signal.index())?;
        let all: usize = self.addresses.iter().map(|address| address.in_flight).sum();
        if all >= MAX_IN_FLIGHT || outage.is_some() && *in_flight > 0 {
            return None;
        }
        let pause = outage.filter(|_| !impatient).map(|outage| outage.pause_until);
        Some(ready_at).max(self.hold_until).max(pause)
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
    use crate::clock;

    const SECOND: Duration = Duration::from_secs(1);
    const LOGS: Signal = Signal::Logs;

    #[test]
    fn failures_in_a_row_lengthen_the_pause_and_an_answer_ends_it() {
        let (mut pace, now) = (Pace::default(), clock::now());
        for seconds in [1, 2, 4] {
            pace.on_failure(now, LOGS, 0.5, None, None);
            assert_eq!(pace.earliest(LOGS, now, false), Some(now + SECOND * seconds));
            assert_eq!(pace.earliest(LOGS, now, true), Some(now));
        }
        assert_eq!(pace.earliest(Signal::Traces, now, false), Some(now), "another address");
        pace.hurry(now);
        assert_eq!(pace.earliest(LOGS, now, false), Some(now));
        pace.on_failure(now, LOGS, 0.5, None, None);
        pace.on_answer(LOGS);
        assert_eq!(pace.earliest(LOGS, now, false), Some(now));
    }

    #[test]
    fn one_request_while_its_address_fails_and_four_in_all() {
        let (mut pace, now) = (Pace::default(), clock::now());
        pace.on_failure(now, LOGS, 0.5, None, None);
        pace.on_sent(LOGS);
        assert_eq!(pace.earliest(LOGS, now, true), None);
        for _ in 0..3 {
            assert!(pace.earliest(Signal::Traces, now, false).is_some());
            pace.on_sent(Signal::Traces);
        }
        assert_eq!(pace.earliest(Signal::Traces, now, false), None);
        pace.on_returned(LOGS);
        assert!(pace.earliest(Signal::Traces, now, false).is_some());
    }

    #[test]
    fn what_the_collector_asks_for_holds_for_everyone() {
        let (mut pace, now) = (Pace::default(), clock::now());
        pace.on_failure(now, LOGS, 0.5, Some(SECOND * 60), None);
        pace.on_failure(now, LOGS, 0.5, Some(SECOND * 5), None);
        pace.hurry(now);
        pace.on_answer(LOGS);
        for signal in Signal::ALL {
            assert_eq!(pace.earliest(signal, now, true), Some(now + SECOND * 60));
        }
    }

    #[test]
    fn a_job_gets_its_last_try_at_the_end_of_its_window() {
        let (mut pace, now) = (Pace::default(), clock::now());
        for _ in 0..6 {
            pace.on_failure(now, LOGS, 0.5, None, Some(now + SECOND * 3));
        }
        assert_eq!(pace.earliest(LOGS, now, false), Some(now + SECOND * 3));
        pace.on_failure(now, LOGS, 0.5, None, Some(now));
        assert_eq!(pace.earliest(LOGS, now, false), Some(now + SECOND * 30));
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
