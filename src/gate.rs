//! Whether the collector is being talked to at all. Pure: given `now` and the jitter.
//!
//! ```text
//!            401/403                       deadline passes
//!   Open ───────────────▶ AuthCooldown ───────────────────▶ Open (failures kept: the next wait is longer)
//!    ▲                                                        │
//!    └──────────────────── a delivered batch ─────────────────┘ (failures forgotten)
//! ```

use std::time::Duration;

use tokio::time::Instant;

/// First cooldown; also the shortest, jitter included (peer: `AuthFailureCooldown`).
const COOLDOWN_BASE: Duration = Duration::from_secs(60);
/// The cooldown stops doubling here.
const COOLDOWN_MAX: Duration = Duration::from_secs(15 * 60);
/// Spread to both sides.
const JITTER_RATIO: f64 = 0.1;

/// Numbers for the peer's one warning about an authentication failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CooldownStarted {
    /// How long nothing is sent.
    pub cooldown: Duration,
    /// Failures since the last delivery, this one included.
    pub failure_count: u32,
    /// Records dropped since the previous warning.
    pub dropped_before: u64,
}

/// Closed for a while after the collector has rejected the credentials.
#[derive(Debug, Default)]
pub struct Gate {
    failure_count: u32,
    closed_until: Option<Instant>,
    dropped: u64,
}

impl Gate {
    /// Whether records pass. If not, `count` of them are counted as dropped.
    pub fn admit(&mut self, now: Instant, count: u64) -> bool {
        let open = self.closed_until.is_none_or(|until| now >= until);
        if !open {
            self.dropped += count;
        }
        open
    }

    /// The collector took a whole batch: forget all failures. Returns how many records the cooldown had cost.
    pub fn on_delivered(&mut self) -> u64 {
        self.failure_count = 0;
        self.closed_until = None;
        std::mem::take(&mut self.dropped)
    }

    /// The collector rejected the credentials. `None` while a cooldown runs already: one warning for each.
    pub fn on_auth_rejected(&mut self, now: Instant, jitter: f64, batch_size: u64) -> Option<CooldownStarted> {
        if !self.admit(now, batch_size) {
            return None;
        }
        self.failure_count += 1;
        let doublings = (self.failure_count - 1).min(16);
        let target = COOLDOWN_BASE.saturating_mul(1 << doublings).min(COOLDOWN_MAX);
        let cooldown = target
            .mul_f64(1.0 + JITTER_RATIO * (2.0 * jitter - 1.0))
            .max(COOLDOWN_BASE);
        self.closed_until = Some(now + cooldown);
        Some(CooldownStarted {
            cooldown,
            failure_count: self.failure_count,
            dropped_before: std::mem::take(&mut self.dropped),
        })
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
            assert!(!gate.admit(now, 3));
            now += started.cooldown;
            assert!(gate.admit(now, 3));
        }
        assert!(gate.on_auth_rejected(now, 0.5, 10).is_some());
        assert!(!gate.admit(now, 7));
        assert_eq!(gate.on_delivered(), 7);
        assert!(gate.admit(now, 1));
        assert_eq!(gate.on_auth_rejected(now, 0.5, 1).unwrap().cooldown.as_secs(), 60);
    }

    #[test]
    fn jitter_is_a_tenth_and_never_below_the_base() {
        let now = clock::now();
        assert_eq!(
            Gate::default()
                .on_auth_rejected(now, 0.0, 1)
                .unwrap()
                .cooldown
                .as_secs(),
            60
        );
        assert_eq!(
            Gate::default()
                .on_auth_rejected(now, 1.0, 1)
                .unwrap()
                .cooldown
                .as_secs(),
            66
        );
    }

    #[test]
    fn a_second_rejection_in_a_cooldown_is_counted_not_announced() {
        let (mut gate, now) = (Gate::default(), clock::now());
        assert!(gate.on_auth_rejected(now, 0.5, 10).is_some());
        assert_eq!(gate.on_auth_rejected(now, 0.5, 10), None);
        assert_eq!(gate.on_delivered(), 10);
    }
}
