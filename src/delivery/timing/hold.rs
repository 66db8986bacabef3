//! A pause for which the collector has asked (`Retry-After`), and the one try at the end of an exporter in spite of it.

use tokio::time::Instant;

use super::Haste;

/// See the module.
#[derive(Debug, Default)]
pub struct Hold {
    until: Option<Instant>,
    /// Whether the one try at the end of the exporter has been made.
    last_try_made: bool,
}

impl Hold {
    /// The collector asks for a pause. `asked`: whether it did so in the answer to a request of this address.
    pub fn extend(&mut self, until: Instant, asked: bool, haste: Haste) {
        self.until = self.until.max(Some(until));
        self.last_try_made |= asked && haste.ends_at.is_some();
    }

    /// A request goes out.
    pub fn on_sent(&mut self, now: Instant) {
        self.last_try_made |= self.until(now).is_some();
    }

    /// The collector has accepted a body. The last try has shown that the pause is over.
    pub fn on_delivered(&mut self) {
        if self.last_try_made {
            self.until = None;
        }
    }

    /// The exporter ends: one try may be made in spite of a pause.
    pub fn on_ending(&mut self) {
        self.last_try_made = false;
    }

    /// The end of the pause, if there is one.
    #[must_use]
    pub fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|&until| now < until)
    }

    /// The earliest time at which a job may go out that could otherwise go out at `at`.
    #[must_use]
    pub fn defer(&self, at: Instant, haste: Haste) -> Instant {
        let counts = |until: &Instant| haste.ends_at.is_none_or(|end| *until <= end) || self.last_try_made;
        self.until.filter(counts).map_or(at, |until| until.max(at))
    }

    /// Whether nothing will be accepted before the exporter ends, and the one try has been made.
    #[must_use]
    pub fn is_hopeless(&self, now: Instant, haste: Haste) -> bool {
        let outlasts = |until: Instant| haste.ends_at.is_some_and(|end| until > end);
        self.until(now).is_some_and(outlasts) && self.last_try_made
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    const CALM: Haste = Haste { counted: false, ends_at: None };
    const PAUSE: Duration = Duration::from_secs(300);

    /// A pause that outlasts an exporter that ends.
    fn held() -> (Hold, Instant, Haste) {
        let (mut hold, now) = (Hold::default(), clock::now());
        hold.extend(now + PAUSE, true, CALM);
        assert_eq!(hold.defer(now, CALM), now + PAUSE);
        (hold, now, Haste { ends_at: Some(now + PAUSE / 100), ..CALM })
    }

    #[test]
    fn each_end_makes_one_try_in_spite_of_a_pause() {
        let (mut hold, now, ending) = held();
        for _ in 0..2 {
            hold.on_ending();
            assert!(!hold.is_hopeless(now, ending));
            assert_eq!(hold.defer(now, ending), now);
            hold.on_sent(now);
            assert!(hold.is_hopeless(now, ending));
            assert_eq!(hold.defer(now, ending), now + PAUSE);
        }
    }

    #[test]
    fn a_pause_that_begins_at_the_end_leaves_a_try_to_the_addresses_that_did_not_ask() {
        for asked in [false, true] {
            let (mut hold, now) = (Hold::default(), clock::now());
            let ending = Haste { ends_at: Some(now + PAUSE / 100), ..CALM };
            hold.extend(now + PAUSE, asked, ending);
            assert_eq!((hold.is_hopeless(now, ending), hold.defer(now, ending) > now), (asked, asked));
        }
    }

    #[test]
    fn a_pause_ends_with_its_time_or_with_a_try_that_succeeds() {
        let (mut hold, now, _) = held();
        assert_eq!((hold.until(now), hold.until(now + PAUSE)), (Some(now + PAUSE), None));
        hold.on_delivered();
        assert_eq!(hold.until(now), Some(now + PAUSE), "a request that went out before the pause");
        hold.on_sent(now);
        hold.on_delivered();
        assert_eq!(hold.until(now), None);
    }

    #[test]
    fn a_pause_that_ends_with_the_exporter_is_waited_for() {
        let (mut hold, now) = (Hold::default(), clock::now());
        let ending = Haste { ends_at: Some(now + PAUSE), ..CALM };
        hold.extend(now + PAUSE, true, ending);
        assert_eq!((hold.is_hopeless(now, ending), hold.defer(now, ending)), (false, now + PAUSE));
    }

    #[test]
    fn a_shorter_pause_does_not_shorten_one() {
        let (mut hold, now, _) = held();
        hold.extend(now + PAUSE / 2, true, CALM);
        assert_eq!(hold.until(now), Some(now + PAUSE));
    }
}
