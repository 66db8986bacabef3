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
