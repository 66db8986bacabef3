//! Notices when addresses stop working and when they work again, so that each change is reported once. Pure.

use std::time::Duration;

use tokio::time::Instant;

use super::timing::Trouble;
use crate::signal::Signal;

/// An address is reported after this many failures in a row,
const FAILURES: u32 = 2;
/// or this long after the first one.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be reported now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Addresses that do not work.
    pub down: Vec<Signal>,
    /// Addresses that work again, and the time since which they did not.
    pub up: Vec<(Signal, Instant)>,
}

/// What has been reported of the addresses; see the module.
#[derive(Debug, Default)]
pub struct Watch {
    /// The time since which each address does not work, if that has been reported; by [`Signal::index`].
    told: [Option<Instant>; Signal::ALL.len()],
}

impl Watch {
    /// What is to be reported at `now`. `trouble`: the failures of a signal's address. Addresses that fail together are
    /// reported together.
    pub fn look<'a>(&mut self, now: Instant, trouble: impl Fn(Signal) -> Option<&'a Trouble>) -> News {
        let mut news = News::default();
        for (signal, told) in Signal::ALL.into_iter().zip(&mut self.told) {
            if trouble(signal).is_none()
                && let Some(since) = told.take()
            {
                news.up.push((signal, since));
            }
        }
        let is_due = |trouble: &Trouble| trouble.failures >= FAILURES || now >= trouble.since + PATIENCE;
        let mut untold = Signal::ALL.into_iter().zip(&self.told).filter(|(_, told)| told.is_none());
        if untold.any(|(signal, _)| trouble(signal).is_some_and(is_due)) {
            for (signal, told) in Signal::ALL.into_iter().zip(&mut self.told) {
                if let (None, Some(trouble)) = (*told, trouble(signal)) {
                    *told = Some(trouble.since);
                    news.down.push(signal);
                }
            }
        }
        news
    }

    /// When a failing address that was not reported has to be reported.
    #[must_use]
    pub fn deadline<'a>(&self, trouble: impl Fn(Signal) -> Option<&'a Trouble>) -> Option<Instant> {
        let untold = Signal::ALL.into_iter().zip(&self.told).filter(|(_, told)| told.is_none());
        untold.filter_map(|(signal, _)| Some(trouble(signal)?.since + PATIENCE)).min()
    }
}
