//! The limit on requests in flight to one address: it shrinks on failure, and grows where requests are slow or hang.

use std::time::Duration;

use tokio::time::Instant;

use super::Haste;

/// The limit while jobs do not wait for it.
const USUAL: usize = 4;
/// The largest limit. Requests that hang, each for its body, and answers that take long need more than [`USUAL`].
const MOST: usize = 64;
/// A job that has waited for this long may be one more than [`USUAL`].
const PATIENCE: Duration = Duration::from_millis(1500);
/// The same after an outage: what has gathered in it goes out [`USUAL`] at a time if it is gone by then.
const RECOVERY: Duration = Duration::from_secs(10);
/// The largest number of requests for jobs that have failed while others were delivered.
const SUSPECTS: usize = 2;
/// The same where no address pauses ([`Haste`]).
const HASTY_SUSPECTS: usize = 8;

/// See the module.
#[derive(Debug)]
pub struct Limit {
    /// The number of requests that are allowed: one after a failure, doubled by each success up to [`USUAL`]. From
    /// there on each delivery sets it to twice the requests that are still in flight, and [`USUAL`] more: they may hang,
    /// and the address works.
    allowed: usize,
    in_flight: usize,
    last_sent: Option<Instant>,
    /// The requests in flight whose job has failed while others were delivered.
    suspects: usize,
    /// The last failure while nothing was delivered.
    failed_at: Option<Instant>,
}

impl Default for Limit {
    fn default() -> Self {
        Self { allowed: USUAL, in_flight: 0, last_sent: None, suspects: 0, failed_at: None }
    }
}

impl Limit {
    /// A request goes out. `is_suspect`: its job has failed while others were delivered.
    pub fn on_sent(&mut self, now: Instant, is_suspect: bool) {
        self.in_flight += 1;
        self.last_sent = Some(now);
        self.suspects += usize::from(is_suspect);
    }

    /// A request is over.
    pub fn on_returned(&mut self, is_suspect: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.suspects = self.suspects.saturating_sub(usize::from(is_suspect));
    }

    /// The address has answered, whatever it said.
    pub fn on_answer(&mut self) {
        if self.allowed < USUAL {
            self.allowed = (self.allowed * 2).min(USUAL);
        }
    }

    /// A body was accepted. Its request is no longer in flight.
    pub fn on_delivered(&mut self) {
        if self.allowed >= USUAL {
            self.allowed = (2 * self.in_flight + USUAL).min(MOST);
        }
    }

    /// A failure of the address. `is_single`: others were delivered lately, so that a body may be the cause.
    pub fn on_failure(&mut self, now: Instant, is_single: bool) {
        if is_single {
            self.allowed = (self.allowed / 2).max(USUAL / 2);
        } else {
            self.allowed = 1;
            self.failed_at = Some(now);
        }
    }

    /// Whether nothing is in flight.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0
    }

    /// Whether a job has to wait only because of requests in flight.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.in_flight >= self.allowed.min(USUAL)
    }

    /// When a job may go out that could go out at `at` without a limit; `None` while too many are in flight.
    /// `is_clocked`: it waits for a time of its own.
    #[must_use]
    pub fn defer(&self, at: Instant, is_clocked: bool, haste: Haste) -> Option<Instant> {
        let suspects =
            if haste.pauses() { (self.allowed / 2).clamp(1, SUSPECTS) } else { self.allowed.min(HASTY_SUSPECTS) };
        if self.in_flight >= MOST || is_clocked && self.suspects >= suspects {
            return None;
        }
        if self.in_flight < self.allowed.min(USUAL) {
            return Some(at);
        }
        let patient = self.failed_at.map(|failed_at| failed_at + RECOVERY).max(Some(at + PATIENCE));
        if self.in_flight < self.allowed {
            patient
        } else if self.allowed >= USUAL {
            // Nothing has failed, and nothing is answered: requests may hang for their bodies. Another body shows it.
            patient.max(self.last_sent.map(|sent| sent + PATIENCE))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const CALM: Haste = Haste { counted: false, ends_at: None };

    fn send(limit: &mut Limit, now: Instant, count: usize) {
        for _ in 0..count {
            assert!(limit.defer(now, false, CALM).is_some());
            limit.on_sent(now, false);
        }
    }

    fn deliver(limit: &mut Limit) {
        limit.on_returned(false);
        limit.on_delivered();
        limit.on_answer();
    }

    #[test]
    fn four_and_more_for_jobs_that_wait() {
        let (mut limit, now) = (Limit::default(), clock::now());
        for _ in 0..USUAL {
            assert_eq!(limit.defer(now, false, CALM), Some(now));
            assert!(!limit.is_reached());
            limit.on_sent(now, false);
        }
        assert!(limit.is_reached());
        deliver(&mut limit);
        assert_eq!(limit.defer(now, false, CALM), Some(now));
        limit.on_sent(now, false);
        while limit.in_flight < MOST {
            assert_eq!(limit.defer(now, false, CALM), Some(now + PATIENCE));
            deliver(&mut limit);
            send(&mut limit, now, 2);
        }
        assert_eq!((limit.allowed, limit.defer(now, false, CALM)), (MOST, None));
        limit.on_failure(now, true);
        assert_eq!(limit.allowed, MOST / 2);
        limit.on_failure(now, false);
        assert_eq!(limit.allowed, 1);
    }

    #[test]
    fn while_nothing_is_answered_a_job_goes_out_now_and_then() {
        let (mut limit, now) = (Limit::default(), clock::now());
        send(&mut limit, now, USUAL);
        for number in 1..=3 {
            let at = now + PATIENCE * number;
            assert_eq!(limit.defer(now, false, CALM), Some(at));
            limit.on_sent(at, false);
        }
        limit.on_failure(now, false);
        assert_eq!(limit.defer(now, false, CALM), None, "a failure says that they do not hang for their bodies");
    }

    #[test]
    fn requests_that_hang_leave_room_for_others() {
        for hanging in [3, 10, 20] {
            let (mut limit, now) = (Limit::default(), clock::now());
            limit.allowed = hanging + 1;
            send(&mut limit, now, hanging + 1);
            deliver(&mut limit);
            assert_eq!(limit.allowed, 2 * hanging + USUAL);
        }
    }

    #[test]
    fn it_falls_again_where_it_is_not_needed() {
        let mut limit = Limit { allowed: MOST, in_flight: 1, ..Limit::default() };
        deliver(&mut limit);
        assert_eq!(limit.allowed, USUAL);
    }

    #[test]
    fn single_failures_leave_two_at_a_time() {
        let (mut limit, now) = (Limit::default(), clock::now());
        for _ in 0..5 {
            limit.on_failure(now, true);
        }
        assert_eq!(limit.allowed, 2);
        limit.on_sent(now, true);
        // One of the two is for jobs that have not failed.
        assert_eq!((limit.defer(now, true, CALM), limit.defer(now, false, CALM)), (None, Some(now)));
    }

    #[test]
    fn what_has_gathered_in_an_outage_does_not_go_out_at_once() {
        let (mut limit, now) = (Limit { allowed: MOST, in_flight: USUAL, ..Limit::default() }, clock::now());
        limit.failed_at = Some(now);
        assert_eq!(limit.defer(now - PATIENCE, false, CALM), Some(now + RECOVERY));
    }

    #[test]
    fn suspects_leave_room_for_others() {
        let (mut limit, now) = (Limit { allowed: MOST, ..Limit::default() }, clock::now());
        for _ in 0..SUSPECTS {
            assert_eq!(limit.defer(now, true, CALM), Some(now));
            limit.on_sent(now, true);
        }
        assert_eq!((limit.defer(now, true, CALM), limit.defer(now, false, CALM)), (None, Some(now)));
    }
}
