//! The limit on requests in flight to one address: it shrinks on failure, and grows while that helps.

use std::time::Duration;

use tokio::time::Instant;

use super::Haste;

/// The limit while jobs do not wait for it.
const USUAL: usize = 4;
/// The largest limit. Requests that hang, each for its body, and answers that take long need more than [`USUAL`].
const MOST: usize = 32;
/// A job that has waited for this long may be one more than [`USUAL`].
const PATIENCE: Duration = Duration::from_millis(1500);
/// The largest number of requests for jobs that have failed while others were delivered.
const SUSPECTS: usize = 2;
/// The same where no address pauses ([`Haste`]).
const HASTY_SUSPECTS: usize = 8;

/// See the module.
#[derive(Debug)]
pub struct Limit {
    /// The number of requests that are allowed: one after a failure, doubled by each success up to [`USUAL`]. From
    /// there on each success that comes while all of them are in flight adds half.
    allowed: usize,
    in_flight: usize,
    /// The requests in flight whose job has failed while others were delivered.
    suspects: usize,
    /// The last failure: what has gathered until then is no reason for more than [`USUAL`] at once.
    failed_at: Option<Instant>,
}

impl Default for Limit {
    fn default() -> Self {
        Self { allowed: USUAL, in_flight: 0, suspects: 0, failed_at: None }
    }
}

impl Limit {
    /// A request goes out. `is_suspect`: its job has failed while others were delivered.
    pub fn on_sent(&mut self, is_suspect: bool) {
        self.in_flight += 1;
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
        let were_in_flight = self.in_flight + 1;
        if self.allowed >= USUAL && were_in_flight >= self.allowed {
            self.allowed = (self.allowed + self.allowed / 2).min(MOST);
        } else if self.allowed > USUAL && were_in_flight < self.allowed / 2 {
            self.allowed -= 1;
        }
    }

    /// A failure of the address. `is_single`: others were delivered lately.
    pub fn on_failure(&mut self, now: Instant, is_single: bool) {
        self.allowed = if is_single { (self.allowed / 2).max(1) } else { 1 };
        self.failed_at = Some(now);
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
        if self.in_flight >= self.allowed || is_clocked && self.suspects >= suspects {
            None
        } else if self.in_flight >= USUAL {
            Some(self.failed_at.map_or(at, |failed_at| failed_at.max(at)) + PATIENCE)
        } else {
            Some(at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const CALM: Haste = Haste { counted: false, ends_at: None };

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
            limit.on_sent(false);
        }
        assert_eq!(limit.defer(now, false, CALM), None, "nothing says that more would help");
        deliver(&mut limit);
        limit.on_sent(false);
        assert_eq!(limit.defer(now, false, CALM), Some(now + PATIENCE));
        for _ in 0..2 * MOST {
            deliver(&mut limit);
            limit.on_sent(false);
            limit.on_sent(false);
        }
        assert_eq!((limit.allowed, limit.defer(now, false, CALM)), (MOST, None));
        limit.on_failure(now, true);
        assert_eq!(limit.allowed, MOST / 2);
        limit.on_failure(now, false);
        assert_eq!(limit.allowed, 1);
    }

    #[test]
    fn it_falls_again_where_it_is_not_needed() {
        let mut limit = Limit { allowed: MOST, in_flight: 1, ..Limit::default() };
        for _ in 0..2 * MOST {
            deliver(&mut limit);
            limit.on_sent(false);
        }
        assert_eq!(limit.allowed, USUAL);
    }

    #[test]
    fn what_has_gathered_in_an_outage_does_not_go_out_at_once() {
        let (mut limit, now) = (Limit { allowed: MOST, in_flight: USUAL, ..Limit::default() }, clock::now());
        limit.failed_at = Some(now);
        assert_eq!(limit.defer(now - PATIENCE, false, CALM), Some(now + PATIENCE));
    }

    #[test]
    fn suspects_leave_room_for_others() {
        let (mut limit, now) = (Limit { allowed: MOST, ..Limit::default() }, clock::now());
        for _ in 0..SUSPECTS {
            assert_eq!(limit.defer(now, true, CALM), Some(now));
            limit.on_sent(true);
        }
        assert_eq!((limit.defer(now, true, CALM), limit.defer(now, false, CALM)), (None, Some(now)));
    }
}
