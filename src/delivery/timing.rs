//! When what may be sent: the one place for time. Pure.
//!
//! Each signal has an address of its own, with a limit of its own, so that an address that fails or hangs does not
//! delay the others. DESIGN has the tables of what an answer changes and what may be sent next ("When what is sent").
//!
//! | module | what it decides |
//! |---|---|
//! | `trouble`, `backoff` | how long an address that fails pauses |
//! | `limit` | how many requests are in flight |
//! | `hold` | how long the collector has asked to be left alone |
//! | `size` | how large a body may be |

use std::time::Duration;

use tokio::time::Instant;

pub use self::{backoff::LONGEST as LONGEST_PAUSE, trouble::Trouble};
use self::{backoff::delay, hold::Hold, limit::Limit, size::SizeLimit};
use super::job::{Job, Standing};

mod backoff;
mod hold;
mod limit;
mod size;
mod trouble;

/// The credit of an address after a delivery. A failure takes one: an address that fails at random keeps it, one that
/// is gone loses it.
const CREDIT: u32 = 8;
/// A flush brings a try forward at most once in this time.
const FORWARD_INTERVAL: Duration = Duration::from_secs(1);
/// The number of single records refused as too large in a row after which the address pauses for [`REFUSAL_PAUSE`].
const MAX_SINGLE_REFUSALS: u32 = 16;
/// The pause after [`MAX_SINGLE_REFUSALS`].
const REFUSAL_PAUSE: Duration = Duration::from_secs(60);

/// The state of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The last answer was no temporary failure.
    Healthy,
    /// Has just failed; jobs that were never tried still go out.
    Suspect,
    /// Failed again; one request at a time, after a pause.
    Failing,
    /// The collector has asked for a pause.
    Held,
}

/// Lets jobs go out earlier than they otherwise would.
#[derive(Clone, Copy, Debug, Default)]
pub struct Haste {
    /// Attempts are counted (`maxRetries`): every job waits for a time of its own, and an address makes no pause.
    pub counted: bool,
    /// The exporter ends: an address makes no pause. A hold that lasts longer than this is replaced by one try.
    pub ends_at: Option<Instant>,
}

impl Haste {
    fn pauses(self) -> bool {
        !self.counted && self.ends_at.is_none()
    }
}

/// The address of one signal.
#[derive(Debug, Default)]
pub struct Address {
    limit: Limit,
    /// The total number of failures counted.
    failures: u64,
    deliveries: u64,
    trouble: Option<Trouble>,
    /// While it lasts, jobs never tried do not wait for the pause: others were delivered lately. See [`CREDIT`].
    credit: u32,
    hold: Hold,
    /// The latest time of a try that a flush has brought forward.
    forward_at: Option<Instant>,
    last_forward: Option<Instant>,
    single_refusals: u32,
    size: SizeLimit,
}

impl Address {
    /// A request goes out.
    pub fn on_sent(&mut self, now: Instant, job: &mut Job, haste: Haste) {
        // A part keeps the numbers of the job that it was part of: a delivery of the other part says something about
        // this one.
        if job.attempts == 0 && !job.is_part {
            job.deliveries_seen = self.deliveries;
        }
        job.failures_seen = self.failures;
        self.limit.on_sent(now, job.suspicion > 0);
        self.size.on_sent(job.payload.body_len());
        self.hold.on_sent(now);
        let paused = self.trouble.as_mut().filter(|trouble| haste.pauses() && now < trouble.pause_until);
        match (job.standing, paused) {
            (Standing::Fresh, Some(_)) if self.credit > 0 => {}
            (Standing::Fresh, Some(trouble)) if trouble.passes > 0 => trouble.passes -= 1,
            (Standing::Clocked { ready_at }, None) if now < ready_at => self.on_forward(now),
            (_, Some(_)) => self.on_forward(now),
            (_, None) => {}
        }
    }

    fn on_forward(&mut self, now: Instant) {
        self.forward_at = None;
        self.last_forward = Some(now);
    }

    /// A request is over, with any outcome.
    pub fn on_returned(&mut self, job: &Job) {
        self.limit.on_returned(job.suspicion > 0);
        self.size.on_returned(job.payload.body_len());
    }

    /// The collector has accepted a body.
    pub fn on_delivered(&mut self, now: Instant, body_len: usize) {
        self.deliveries += 1;
        self.credit = CREDIT;
        self.single_refusals = 0;
        self.size.on_delivered(now, body_len);
        self.hold.on_delivered();
        self.limit.on_delivered();
        self.on_answer();
    }

    /// The address works: the collector has answered, whatever it said.
    pub fn on_answer(&mut self) {
        self.trouble = None;
        self.limit.on_answer();
    }

    /// A body was too large. `part_len`: the length of the larger half; none for a single record.
    pub fn on_too_large(&mut self, now: Instant, body_len: usize, part_len: Option<usize>) {
        self.on_answer();
        match part_len {
            None => self.single_refusals = self.single_refusals.saturating_add(1),
            Some(part_len) => self.size.on_refused(now, body_len, part_len),
        }
        if self.single_refusals >= MAX_SINGLE_REFUSALS {
            self.limit.on_failure(now, false);
            self.credit = 0;
            let cause = "the collector refuses every record as too large";
            self.trouble = Some(Trouble::pause(now, REFUSAL_PAUSE, cause));
        }
    }

    /// The largest body to send, if the collector has refused larger ones.
    #[must_use]
    pub fn max_body(&self) -> Option<usize> {
        self.size.max()
    }

    /// A try failed, and another may help: decides what the job waits for now. Returns whether this counts as a failure
    /// of the address. It does not when only the job fails, or when the failure is counted already.
    pub fn on_failure(&mut self, now: Instant, job: &mut Job, cause: &str, haste: Haste, jitter: fn() -> f64) -> bool {
        let others_got_through = self.deliveries > job.deliveries_seen;
        job.deliveries_seen = self.deliveries;
        // A job that others have overtaken once stays suspected: an application that has gone quiet sends nothing that could
        // overtake it again.
        let was_overtaken = others_got_through || job.suspicion > 0;
        if was_overtaken {
            job.suspicion = job.suspicion.saturating_add(1);
        }
        let is_its_own = others_got_through || was_overtaken && self.trouble.is_none();
        job.standing = if is_its_own || !haste.pauses() {
            let again = now + delay(job.attempts, jitter());
            // The last try is made at the end of the window.
            let ready_at = job.expires_at.filter(|&at| at > now).map_or(again, |at| at.min(again));
            Standing::Clocked { ready_at }
        } else {
            Standing::Retrying { turn: 0 }
        };
        if is_its_own || job.failures_seen != self.failures {
            return false;
        }
        self.failures += 1;
        self.limit.on_failure(now, self.credit > 0);
        // A body that others have overtaken says nothing about the address.
        self.credit = self.credit.saturating_sub(u32::from(job.suspicion == 0));
        self.trouble.get_or_insert_with(|| Trouble::new(now)).count(now, cause, job.expires_at, jitter);
        true
    }

    /// The collector asks for a pause. `asked`: whether it did so in the answer to a request of this address.
    pub fn hold(&mut self, until: Instant, asked: bool, haste: Haste) {
        self.hold.extend(until, asked, haste);
    }

    /// A flush waits: a try is due now, or a second after the last one that was brought forward.
    pub fn bring_forward(&mut self, now: Instant) {
        let at = self.last_forward.map_or(now, |last| now.max(last + FORWARD_INTERVAL));
        self.forward_at.get_or_insert(at);
    }

    /// When the exporter ends, one try may be made in spite of a hold.
    pub fn on_ending(&mut self) {
        self.hold.on_ending();
    }

    /// Whether as many requests are in flight as usual: a job has to wait for one of them.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.limit.is_reached()
    }

    /// Whether a request is in flight.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        !self.limit.is_idle()
    }

    /// Whether nothing will be accepted before the exporter ends, and the one try has been made.
    #[must_use]
    pub fn is_hopeless(&self, now: Instant, haste: Haste) -> bool {
        self.hold.is_hopeless(now, haste) && self.limit.is_idle()
    }

    /// The end of the pause for which the collector has asked, if it has.
    #[must_use]
    pub fn held_until(&self, now: Instant) -> Option<Instant> {
        self.hold.until(now)
    }

    /// The total number of failures at which a flush that begins now is answered: three in a row, and at least one.
    #[must_use]
    pub fn failures_to_wait_for(&self) -> u64 {
        let before = self.trouble.as_ref().map_or(0, |trouble| trouble.failures);
        self.failures + u64::from(3_u32.saturating_sub(before).max(1))
    }

    /// The total number of failures counted.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// The failures in a row, if there are any.
    #[must_use]
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// The state of the address.
    #[must_use]
    pub fn health(&self, now: Instant) -> Health {
        match &self.trouble {
            _ if self.held_until(now).is_some() => Health::Held,
            None => Health::Healthy,
            Some(trouble) if trouble.passes + self.credit > 0 => Health::Suspect,
            Some(_) => Health::Failing,
        }
    }

    /// When a job with this state may go out; `None` while too many are in flight. `since`: when the job was made.
    #[must_use]
    pub fn opens_at(&self, standing: Standing, since: Instant, haste: Haste) -> Option<Instant> {
        let pause = self
            .trouble
            .as_ref()
            .filter(|_| haste.pauses())
            .map(|trouble| (trouble.pause_until, trouble.passes + self.credit));
        let at = match (standing, pause) {
            (Standing::Fresh | Standing::Retrying { .. }, None) | (Standing::Fresh, Some((_, 1..))) => since,
            (Standing::Fresh | Standing::Retrying { .. }, Some((pause, _))) => self.or_forward(pause),
            (Standing::Clocked { ready_at }, pause) => {
                self.or_forward(pause.map_or(ready_at, |(pause, _)| pause.max(ready_at)))
            }
        };
        let is_clocked = matches!(standing, Standing::Clocked { .. });
        self.limit.defer(self.hold.defer(at, haste), is_clocked, haste)
    }

    fn or_forward(&self, at: Instant) -> Instant {
        self.forward_at.map_or(at, |forward| forward.min(at))
    }
}

#[cfg(test)]
mod tests;
