//! Whether an exporter sends at all. Pure: `now` and the jitter are passed in.
//!
//! | state | left when | meanwhile |
//! |---|---|---|
//! | open | 401 or 403: to cooldown; quota used up: to paused | records pass |
//! | cooldown | its time is over: to open, the next one is longer; a batch is delivered: to open, rejections forgotten | dropped, counted |
//! | paused | a probe is delivered: to open | dropped; probes are sent at intervals |

use std::time::Duration;

use tokio::time::Instant;

use crate::{health, stats::DropReason};

/// The first cooldown, and the shortest one with jitter (peer: `AuthFailureCooldown`).
const COOLDOWN_BASE: Duration = Duration::from_secs(60);
/// The longest cooldown; doubling stops here.
const COOLDOWN_MAX: Duration = Duration::from_secs(15 * 60);
/// The largest share by which jitter shortens or lengthens a cooldown.
const JITTER_RATIO: f64 = 0.1;

/// The numbers in the warning about rejected credentials (peer: one such warning).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CooldownStarted {
    /// The time for which nothing is sent.
    pub cooldown: Duration,
    /// Rejections since the last delivery, this one included.
    pub failure_count: u32,
    /// Records dropped since the previous warning.
    pub dropped_before: u64,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Open,
    Cooldown {
        until: Instant,
    },
    Paused {
        interval: Duration,
        /// `None` while a probe is under way.
        probe_at: Option<Instant>,
    },
}

/// The gate of one exporter; see the module.
#[derive(Debug, Default)]
pub struct Gate {
    state: State,
    auth_failures: u32,
    dropped_in_cooldown: u64,
}

impl Gate {
    /// Whether records pass.
    ///
    /// # Errors
    /// The reason for which the `count` records have to be dropped.
    pub fn admit(&mut self, now: Instant, count: u64) -> Result<(), DropReason> {
        match self.state {
            State::Cooldown { until } if now < until => {
                self.dropped_in_cooldown += count;
                Err(DropReason::AuthRejected)
            }
            State::Paused { .. } => Err(DropReason::QuotaPaused),
            _ => Ok(()),
        }
    }

    /// Whether records pass, when there is none to admit.
    #[must_use]
    pub fn is_open(&self, now: Instant) -> bool {
        !matches!(self.state, State::Paused { .. }) && self.reopens_at(now).is_none()
    }

    /// When a cooldown ends.
    #[must_use]
    pub fn reopens_at(&self, now: Instant) -> Option<Instant> {
        if let State::Cooldown { until } = self.state { Some(until).filter(|until| now < *until) } else { None }
    }

    /// The effect of the gate on new records.
    #[must_use]
    pub fn health(&self, now: Instant) -> health::State {
        match self.state {
            State::Cooldown { until } if now < until => health::State::AuthCooldown,
            State::Paused { .. } => health::State::QuotaPaused,
            _ => health::State::Healthy,
        }
    }

    /// A batch was delivered: forgets all rejections. Returns the number of records that the cooldown has cost.
    pub fn on_delivered(&mut self) -> u64 {
        self.auth_failures = 0;
        if matches!(self.state, State::Cooldown { .. }) {
            self.state = State::Open;
        }
        std::mem::take(&mut self.dropped_in_cooldown)
    }

    /// The collector rejected the credentials. Returns `None` while the gate is closed already: one warning for each
    /// cooldown.
    pub fn on_auth_rejected(&mut self, now: Instant, jitter: f64, batch_size: u64) -> Option<CooldownStarted> {
        self.admit(now, batch_size).ok()?;
        self.auth_failures += 1;
        let doublings = (self.auth_failures - 1).min(16);
        let target = COOLDOWN_BASE.saturating_mul(1 << doublings).min(COOLDOWN_MAX);
        let cooldown = target.mul_f64(1.0 + JITTER_RATIO * (2.0 * jitter - 1.0)).max(COOLDOWN_BASE);
        self.state = State::Cooldown { until: now + cooldown };
        Some(CooldownStarted {
            cooldown,
            failure_count: self.auth_failures,
            dropped_before: std::mem::take(&mut self.dropped_in_cooldown),
        })
    }

    /// The quota is used up. Returns true when the gate was not paused before: one warning for each pause.
    pub fn on_quota_exhausted(&mut self, now: Instant, probe_after: Duration) -> bool {
        if let State::Paused { interval, .. } = &mut self.state {
            *interval = probe_after;
            return false;
        }
        self.state = State::Paused { interval: probe_after, probe_at: Some(now + probe_after) };
        true
    }

    /// Whether to send a probe now. The caller has to report each probe by [`Gate::on_probe_failed`] or
    /// [`Gate::on_probe_delivered`].
    pub fn take_probe(&mut self, now: Instant) -> bool {
        match &mut self.state {
            State::Paused { probe_at, .. } if probe_at.is_some_and(|at| at <= now) => {
                *probe_at = None;
                true
            }
            _ => false,
        }
    }

    /// The quota is still used up, or the probe was lost: schedules another probe.
    pub fn on_probe_failed(&mut self, now: Instant, probe_after: Option<Duration>) {
        if let State::Paused { interval, probe_at } = &mut self.state {
            *interval = probe_after.unwrap_or(*interval);
            *probe_at = Some(now + *interval);
        }
    }

    /// There is quota again.
    pub fn on_probe_delivered(&mut self) {
        if matches!(self.state, State::Paused { .. }) {
            self.state = State::Open;
        }
    }

    /// When the next probe is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Paused { probe_at, .. } => probe_at,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn doubles_to_fifteen_minutes_and_counts() {
        let (mut gate, mut now) = (Gate::default(), clock::now());
        for (failures, seconds) in [60, 120, 240, 480, 900, 900].into_iter().enumerate() {
            let started = gate.on_auth_rejected(now, 0.5, 10).unwrap();
            assert_eq!(started.cooldown.as_secs(), seconds);
            assert_eq!(started.failure_count as usize, failures + 1);
            assert_eq!(started.dropped_before, if failures == 0 { 0 } else { 3 });
            assert_eq!(gate.admit(now, 3), Err(DropReason::AuthRejected));
            now += started.cooldown;
            assert_eq!(gate.admit(now, 3), Ok(()));
        }
        assert!(gate.on_auth_rejected(now, 0.5, 10).is_some());
        assert!(gate.admit(now, 7).is_err());
        assert_eq!(gate.on_delivered(), 7);
        assert_eq!(gate.admit(now, 1), Ok(()));
        assert_eq!(gate.on_auth_rejected(now, 0.5, 1).unwrap().cooldown.as_secs(), 60);
    }

    #[test]
    fn it_is_open_when_records_pass() {
        let (mut gate, now) = (Gate::default(), clock::now());
        assert!(gate.is_open(now));
        let cooldown = gate.on_auth_rejected(now, 0.5, 1).unwrap().cooldown;
        assert_eq!((gate.is_open(now), gate.reopens_at(now)), (false, Some(now + cooldown)));
        assert_eq!((gate.is_open(now + cooldown), gate.reopens_at(now + cooldown)), (true, None));
        let (mut gate, pause) = (Gate::default(), Duration::from_secs(300));
        gate.on_quota_exhausted(now, pause);
        assert_eq!((gate.is_open(now), gate.is_open(now + pause)), (false, false), "until a probe is delivered");
        gate.on_probe_delivered();
        assert!(gate.is_open(now));
    }

    #[test]
    fn jitter_is_a_tenth_and_never_below_the_base() {
        let now = clock::now();
        assert_eq!(Gate::default().on_auth_rejected(now, 0.0, 1).unwrap().cooldown.as_secs(), 60);
        assert_eq!(Gate::default().on_auth_rejected(now, 1.0, 1).unwrap().cooldown.as_secs(), 66);
    }

    #[test]
    fn a_second_rejection_in_a_cooldown_is_counted_not_announced() {
        let (mut gate, now) = (Gate::default(), clock::now());
        assert!(gate.on_auth_rejected(now, 0.5, 10).is_some());
        assert_eq!(gate.on_auth_rejected(now, 0.5, 10), None);
        assert_eq!(gate.on_delivered(), 10);
    }

    #[test]
    fn a_pause_is_announced_once_and_ends_with_a_delivered_probe() {
        let (mut gate, now) = (Gate::default(), clock::now());
        let (minute, five) = (Duration::from_secs(60), Duration::from_secs(300));
        assert!(gate.on_quota_exhausted(now, five) && !gate.on_quota_exhausted(now, minute));
        assert_eq!(gate.admit(now, 1), Err(DropReason::QuotaPaused));
        assert!(!gate.take_probe(now + minute));
        assert!(gate.take_probe(now + five) && !gate.take_probe(now + five));
        assert_eq!(gate.deadline(), None);
        gate.on_probe_failed(now + five, None);
        assert_eq!(gate.deadline(), Some(now + five + minute));
        gate.on_probe_failed(now, Some(five));
        assert_eq!(gate.deadline(), Some(now + five));
        // A batch that was in flight when the pause began and is delivered does not end the pause.
        gate.on_delivered();
        assert!(gate.admit(now, 1).is_err());
        gate.on_probe_delivered();
        assert_eq!((gate.admit(now, 1), gate.deadline()), (Ok(()), None));
    }
}
