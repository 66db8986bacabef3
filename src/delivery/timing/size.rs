//! The size of body that a collector accepts, once it has refused a larger one as too large.

use std::time::Duration;

use tokio::time::Instant;

/// The first wait before a larger body is tried again. It doubles with each refusal.
const FIRST_RAISE: Duration = Duration::from_secs(2 * 60);
/// The longest such wait.
const LONGEST_RAISE: Duration = Duration::from_secs(16 * 60);
/// The wait after a larger body was accepted: the limit may be gone.
const NEXT_RAISE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub struct SizeLimit {
    /// The largest body to send, if a larger one was refused.
    max: Option<usize>,
    /// The largest body delivered since the last refusal.
    largest_taken: usize,
    /// When `max` is raised.
    raise_at: Option<Instant>,
    /// The wait for that after the next refusal.
    wait: Duration,
    /// `max` before it was raised, until a body above it is answered.
    raised_from: Option<usize>,
    /// Such a body is in flight: one finds out what passes, and the others stay below.
    is_tried: bool,
    /// Whether the last raise was accepted: the next one is larger.
    rises: bool,
}

impl Default for SizeLimit {
    fn default() -> Self {
        Self {
            max: None,
            largest_taken: 0,
            raise_at: None,
            wait: FIRST_RAISE,
            raised_from: None,
            is_tried: false,
            rises: false,
        }
    }
}

impl SizeLimit {
    /// The largest body to send, if the collector has refused larger ones.
    #[must_use]
    pub fn max(&self) -> Option<usize> {
        self.raised_from.filter(|_| self.is_tried).or(self.max)
    }

    /// A body goes out.
    pub fn on_sent(&mut self, body_len: usize) {
        self.is_tried |= self.is_above(body_len);
    }

    /// A request is over, with any outcome.
    pub fn on_returned(&mut self, body_len: usize) {
        self.is_tried &= !self.is_above(body_len);
    }

    fn is_above(&self, body_len: usize) -> bool {
        self.raised_from.is_some_and(|from| body_len > from)
    }

    /// A body was accepted. The limit is raised by an eighth after its wait, and doubled from then on until a body is
    /// refused.
    pub fn on_delivered(&mut self, now: Instant, body_len: usize) {
        self.largest_taken = self.largest_taken.max(body_len);
        if self.raised_from.take_if(|from| body_len > *from).is_some() {
            if self.rises {
                self.wait = FIRST_RAISE;
            }
            self.rises = true;
            self.raise_at = Some(now + NEXT_RAISE);
        }
        if let Some(max) = self.max
            && self.raised_from.is_none()
            && self.raise_at.is_some_and(|at| now >= at)
        {
            self.raised_from = Some(max);
            self.max = Some(if self.rises { max.saturating_mul(2) } else { max.saturating_add(max / 8) });
        }
    }

    /// A body was too large. `part_len`: the length of the larger half.
    pub fn on_refused(&mut self, now: Instant, body_len: usize, part_len: usize) {
        let is_known = (part_len..body_len).contains(&self.largest_taken);
        let known = if is_known { self.largest_taken } else { part_len };
        self.max = Some(self.max.map_or(known, |max| max.min(known)));
        self.largest_taken = 0;
        self.is_tried = false;
        self.rises = false;
        if self.raised_from.take().is_some() {
            self.wait = self.wait.saturating_mul(2).min(LONGEST_RAISE);
        }
        self.raise_at = Some(now + self.wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn the_size_that_passed_is_remembered_and_raised() {
        let (mut limit, now) = (SizeLimit::default(), clock::now());
        limit.on_refused(now, 4000, 2000);
        assert_eq!(limit.max(), Some(2000));
        limit.on_delivered(now, 1900);
        limit.on_delivered(now + FIRST_RAISE, 1900);
        assert_eq!(limit.max(), Some(2250));
        limit.on_refused(now + FIRST_RAISE, 2200, 1100);
        assert_eq!(limit.max(), Some(1900), "known to pass");
    }

    #[test]
    fn one_body_finds_out_what_passes_and_the_next_raise_waits() {
        let (mut limit, now) = (SizeLimit::default(), clock::now());
        limit.on_refused(now, 4000, 2000);
        let now = now + FIRST_RAISE;
        limit.on_delivered(now, 1900);
        limit.on_sent(2000);
        assert_eq!(limit.max(), Some(2250), "a body of the old size finds out nothing");
        limit.on_sent(2100);
        assert_eq!(limit.max(), Some(2000), "the others stay below");
        limit.on_returned(1500);
        assert_eq!(limit.max(), Some(2000), "it is still in flight");
        limit.on_returned(2100);
        limit.on_delivered(now, 2100);
        assert_eq!(limit.max(), Some(2250));
        limit.on_delivered(now + NEXT_RAISE, 2100);
        assert_eq!(limit.max(), Some(4500));
    }

    /// The times at which bodies are refused, for bodies that are as large as they may be.
    fn refusals(limit: impl Fn(Duration) -> usize, first_len: usize, lasts: Duration) -> (Vec<u64>, Option<usize>) {
        let (mut size, start, mut refused) = (SizeLimit::default(), clock::now(), Vec::new());
        for second in 0..lasts.as_secs() {
            let (at, now) = (Duration::from_secs(second), start + Duration::from_secs(second));
            let len = size.max().unwrap_or(first_len).min(first_len);
            size.on_sent(len);
            assert!(
                len == first_len || size.max().is_none_or(|max| max <= len),
                "one body at a time is larger than what passed"
            );
            size.on_returned(len);
            if len <= limit(at) {
                size.on_delivered(now, len);
            } else {
                refused.push(second);
                size.on_refused(now, len, len / 2);
            }
        }
        (refused, size.max())
    }

    #[test]
    fn a_limit_that_stays_is_tried_less_and_less_often() {
        let (refused, max) = refusals(|_| 30_000, 100_000, Duration::from_secs(3600));
        assert!(refused.len() <= 8, "{refused:?}");
        assert!(max.is_some_and(|max| (20_000..=60_000).contains(&max)), "{max:?}");
    }

    #[test]
    fn a_smaller_body_that_is_refused_meanwhile_does_not_end_the_raising() {
        let (mut limit, now) = (SizeLimit::default(), clock::now());
        limit.on_refused(now, 4000, 2000);
        limit.on_delivered(now + FIRST_RAISE, 2000);
        limit.on_sent(2200);
        assert_eq!(limit.max(), Some(2000), "one is tried");
        limit.on_returned(1900);
        limit.on_refused(now + FIRST_RAISE, 1900, 950);
        limit.on_returned(2200);
        limit.on_refused(now + FIRST_RAISE, 2200, 1100);
        limit.on_delivered(now + 10 * FIRST_RAISE, 950);
        assert_eq!(limit.max(), Some(950 + 950 / 8));
    }

    #[test]
    fn a_limit_that_is_gone_costs_minutes() {
        let minute = Duration::from_secs(60);
        let (_, max) = refusals(|at| if at < minute { 100 } else { 1_000_000 }, 1_000_000, 6 * minute);
        assert!(max.is_some_and(|max| max >= 1_000_000), "{max:?}");
    }
}
