//! When what may be sent: the one place for time. Pure.
//!
//! Each signal has an address of its own, with a limit of its own, so that an address that fails or hangs does not
//! delay the others. DESIGN has the tables of what an answer changes and what may be sent next ("When what is sent").

use std::time::Duration;

use tokio::time::Instant;

use super::job::{Job, Standing};

/// The limit on requests in flight to one address.
const MAX_IN_FLIGHT: usize = 4;
/// The number of jobs, never tried before, that an address still gets at once after its first failure: a bad body must
/// not look like a bad address.
const PASSES: u32 = 2;
/// A flush brings a try forward at most once in this time.
const FORWARD_INTERVAL: Duration = Duration::from_secs(1);
/// The number of single records refused as too large in a row after which the address pauses for [`REFUSAL_PAUSE`].
const MAX_SINGLE_REFUSALS: u32 = 16;
/// The pause after [`MAX_SINGLE_REFUSALS`].
const REFUSAL_PAUSE: Duration = Duration::from_secs(60);
/// The time after which a larger body is tried again, once larger bodies were refused.
const RAISE_AFTER: Duration = Duration::from_secs(10 * 60);

/// The wait before the second attempt.
const BACKOFF_BASE: Duration = Duration::from_secs(1);
/// The longest wait, before jitter.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// The largest share by which jitter shortens or lengthens a wait, so that many processes do not retry at the same
/// time.
const JITTER_RATIO: f64 = 0.2;

/// The wait after `failures` failures (1 or more): doubling from [`BACKOFF_BASE`] to [`BACKOFF_MAX`].
///
/// `jitter` is in `0.0..1.0`; 0.5 gives the wait unchanged.
#[must_use]
pub fn delay(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let wait = BACKOFF_BASE.saturating_mul(1 << doublings).min(BACKOFF_MAX);
    wait.mul_f64(1.0 + JITTER_RATIO * (2.0 * jitter - 1.0))
}

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

/// The present failures of an address.
#[derive(Debug)]
pub struct Trouble {
    /// When the first of them came.
    pub since: Instant,
    /// Failures in a row. Failures of requests that were in flight at the same time count once.
    pub failures: u32,
    /// The message of the last failure.
    pub cause: String,
    /// How often the pause has grown.
    level: u32,
    pause_until: Instant,
    /// Jobs never tried that need not wait for the pause.
    passes: u32,
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
#[derive(Debug)]
pub struct Address {
    /// The limit on requests in flight: one after a failure, doubled by each success.
    limit: usize,
    in_flight: usize,
    /// The requests in flight whose job has failed while others were delivered.
    suspects_in_flight: usize,
    /// The total number of failures counted.
    failures: u64,
    deliveries: u64,
    trouble: Option<Trouble>,
    hold_until: Option<Instant>,
    /// Whether the one try at the end of the exporter, in spite of a hold, has been made.
    last_try_made: bool,
    /// The latest time of a try that a flush has brought forward.
    forward_at: Option<Instant>,
    last_forward: Option<Instant>,
    single_refusals: u32,
    /// Bodies above this number of bytes were refused as too large.
    max_body: Option<usize>,
    max_body_since: Option<Instant>,
    /// The largest body delivered since the last refusal of one.
    largest_taken: usize,
}

impl Default for Address {
    fn default() -> Self {
        Self {
            limit: MAX_IN_FLIGHT,
            in_flight: 0,
            suspects_in_flight: 0,
            failures: 0,
            deliveries: 0,
            trouble: None,
            hold_until: None,
            last_try_made: false,
            forward_at: None,
            last_forward: None,
            single_refusals: 0,
            max_body: None,
            max_body_since: None,
            largest_taken: 0,
        }
    }
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
        self.in_flight += 1;
        self.suspects_in_flight += usize::from(job.suspicion > 0);
        self.last_try_made |= self.held_until(now).is_some();
        let paused = self.trouble.as_mut().filter(|trouble| haste.pauses() && now < trouble.pause_until);
        match (job.standing, paused) {
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
        self.in_flight = self.in_flight.saturating_sub(1);
        self.suspects_in_flight = self.suspects_in_flight.saturating_sub(usize::from(job.suspicion > 0));
    }

    /// The collector has accepted a body.
    pub fn on_delivered(&mut self, now: Instant, body_len: usize) {
        self.deliveries += 1;
        self.single_refusals = 0;
        self.largest_taken = self.largest_taken.max(body_len);
        if self.last_try_made {
            self.hold_until = None;
        }
        if let Some(max) = self.max_body
            && self.max_body_since.is_some_and(|since| now >= since + RAISE_AFTER)
        {
            self.max_body = Some(max + max / 8);
            self.max_body_since = Some(now);
        }
        self.on_answer();
    }

    /// The address works: the collector has answered, whatever it said.
    pub fn on_answer(&mut self) {
        self.trouble = None;
        self.limit = (self.limit * 2).min(MAX_IN_FLIGHT);
    }

    /// A body was too large. `part_len`: the length of the larger half; none for a single record.
    pub fn on_too_large(&mut self, now: Instant, body_len: usize, part_len: Option<usize>) {
        self.on_answer();
        match part_len {
            None => self.single_refusals = self.single_refusals.saturating_add(1),
            Some(part_len) => {
                let is_known = (part_len..body_len).contains(&self.largest_taken);
                let known = if is_known { self.largest_taken } else { part_len };
                self.max_body = Some(self.max_body.map_or(known, |max| max.min(known)));
                self.max_body_since = Some(now);
                self.largest_taken = 0;
            }
        }
        if self.single_refusals >= MAX_SINGLE_REFUSALS {
            self.limit = 1;
            self.trouble = Some(Trouble {
                since: now,
                failures: 1,
                cause: "the collector refuses every record as too large".to_owned(),
                level: 0,
                pause_until: now + REFUSAL_PAUSE,
                passes: 0,
            });
        }
    }

    /// The largest body to send, if the collector has refused larger ones.
    #[must_use]
    pub fn max_body(&self) -> Option<usize> {
        self.max_body
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
        self.limit = 1;
        let trouble = self.trouble.get_or_insert_with(|| Trouble {
            since: now,
            failures: 0,
            cause: String::new(),
            level: 0,
            pause_until: now,
            passes: PASSES,
        });
        trouble.failures = trouble.failures.saturating_add(1);
        cause.clone_into(&mut trouble.cause);
        if trouble.pause_until <= now {
            trouble.level = trouble.level.saturating_add(1);
            let pause_until = now + delay(trouble.level, jitter());
            // The last try of a job is made at the end of its window, but windows that end one after the other must not
            // become the rate of requests.
            let last_try = job.expires_at.filter(|&at| at > now).map(|at| at.max(now + FORWARD_INTERVAL));
            trouble.pause_until = last_try.map_or(pause_until, |at| at.min(pause_until));
        }
        true
    }

    /// The collector asks for a pause. `asked`: whether it did so in the answer to a request of this address.
    pub fn hold(&mut self, until: Instant, asked: bool, haste: Haste) {
        self.hold_until = self.hold_until.max(Some(until));
        self.last_try_made |= asked && haste.ends_at.is_some();
    }

    /// A flush waits: a try is due now, or a second after the last one that was brought forward.
    pub fn bring_forward(&mut self, now: Instant) {
        let at = self.last_forward.map_or(now, |last| now.max(last + FORWARD_INTERVAL));
        self.forward_at.get_or_insert(at);
    }

    /// When the exporter ends, one try may be made in spite of a hold.
    pub fn on_ending(&mut self) {
        self.last_try_made = false;
    }

    /// Whether nothing will be accepted before the exporter ends, and the one try has been made.
    #[must_use]
    pub fn is_hopeless(&self, now: Instant, haste: Haste) -> bool {
        let held = self.hold_until.is_some_and(|until| now < until && haste.ends_at.is_some_and(|end| until > end));
        held && self.last_try_made && self.in_flight == 0
    }

    /// The end of the pause for which the collector has asked, if it has.
    #[must_use]
    pub fn held_until(&self, now: Instant) -> Option<Instant> {
        self.hold_until.filter(|&until| now < until)
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
            Some(trouble) if trouble.passes > 0 => Health::Suspect,
            Some(_) => Health::Failing,
        }
    }

    /// When a job with this state may go out; `None` while too many are in flight. `since`: when the job was made.
    #[must_use]
    pub fn opens_at(&self, standing: Standing, since: Instant, haste: Haste) -> Option<Instant> {
        let suspects = if haste.pauses() { (self.limit / 2).max(1) } else { self.limit };
        let is_clocked = matches!(standing, Standing::Clocked { .. });
        if self.in_flight >= self.limit || is_clocked && self.suspects_in_flight >= suspects {
            return None;
        }
        let pause =
            self.trouble.as_ref().filter(|_| haste.pauses()).map(|trouble| (trouble.pause_until, trouble.passes));
        let at = match (standing, pause) {
            (Standing::Fresh | Standing::Retrying { .. }, None) | (Standing::Fresh, Some((_, 1..))) => since,
            (Standing::Fresh | Standing::Retrying { .. }, Some((pause, _))) => self.or_forward(pause),
            (Standing::Clocked { ready_at }, pause) => {
                self.or_forward(pause.map_or(ready_at, |(pause, _)| pause.max(ready_at)))
            }
        };
        let hold = self.hold_until.filter(|&until| {
            let hopeless = haste.ends_at.is_some_and(|end| until > end);
            !hopeless || self.last_try_made
        });
        Some(hold.map_or(at, |until| until.max(at)))
    }

    fn or_forward(&self, at: Instant) -> Instant {
        self.forward_at.map_or(at, |forward| forward.min(at))
    }
}

#[cfg(test)]
mod tests;
