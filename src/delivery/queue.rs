//! Jobs that wait, one queue for each signal, and the memory limit on them. Every operation takes O(log n).

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::{
    job::{Job, Standing},
    payload::Payload,
    timing::{Address, Haste, LONGEST_PAUSE},
};
use crate::signal::Signal;

/// The jobs of one signal, by age and by what they wait for, and the address to which they go.
#[derive(Debug, Default)]
struct Line {
    address: Address,
    /// By [`Job::age`]. Boxed, because the map moves its values when it grows or shrinks.
    jobs: BTreeMap<u64, Box<Job>>,
    fresh: BTreeSet<u64>,
    /// By turn, so that a job that fails each time goes behind the other jobs.
    retrying: BTreeSet<(u64, u64)>,
    clocked: BTreeSet<(Instant, u64)>,
    /// The number of jobs in flight.
    out: BTreeSet<u64>,
    /// The jobs, waiting or in flight, for which flushes wait.
    awaited: BTreeSet<u64>,
    next_turn: u64,
    /// The bytes of the bodies in flight.
    out_bytes: usize,
}

/// Jobs that wait; see the module.
#[derive(Debug)]
pub struct Queue {
    lines: [Line; Signal::ALL.len()],
    cost: usize,
    /// The limit on the bytes of bodies in flight to one address; one body alone may be larger.
    max_out_bytes: usize,
}

impl Queue {
    /// An empty queue. `max_out_bytes`: the limit on bytes of bodies in flight to one address; one body alone may be
    /// larger.
    #[must_use]
    pub fn new(max_out_bytes: usize) -> Self {
        Self { lines: Signal::ALL.map(|_| Line::default()), cost: 0, max_out_bytes }
    }

    /// Adds a job, new or back from an attempt.
    pub fn push(&mut self, job: Job) {
        self.cost += job.cost();
        self.line_mut(job.signal()).push(job);
    }

    /// Takes the oldest job that may be sent at `now`. The caller has to report the attempt by [`Queue::on_returned`].
    /// A job whose body is larger than the collector accepts is parted first.
    pub fn pop_ready(&mut self, now: Instant, haste: Haste, on_parted: impl FnMut(&Job, usize)) -> Option<Job> {
        let ready = Signal::ALL.into_iter().filter_map(|signal| {
            let line = self.line(signal);
            let (_, age) = line.next(now, haste, self.max_out_bytes).filter(|&(at, _)| at <= now)?;
            Some((line.jobs.get(&age)?.batch, signal, age))
        });
        let (_, signal, age) = ready.min_by_key(|&(batch, ..)| batch)?;
        let mut job = self.remove(signal, age)?;
        if let Some(max) = self.address(signal).max_body()
            && job.payload.body_len() > max
            && job.count() > 1
        {
            job = self.part(&job, job.payload.pieces(max), on_parted)?;
        }
        let line = self.line_mut(signal);
        line.address.on_sent(now, &mut job, haste);
        line.out.insert(age);
        if job.is_awaited() {
            line.awaited.insert(age);
        }
        line.out_bytes += job.payload.body_len();
        Some(job)
    }

    /// Puts the parts of a job into its place; takes out the first part and returns it.
    fn part(&mut self, job: &Job, parts: Vec<Payload>, mut on_parted: impl FnMut(&Job, usize)) -> Option<Job> {
        on_parted(job, parts.len());
        let mut parts = parts.into_iter().map(|payload| job.part(payload));
        let first = parts.next();
        parts.for_each(|part| self.push(part));
        first
    }

    /// An attempt is over; its outcome follows in another call.
    pub fn on_returned(&mut self, job: &Job) {
        let line = self.line_mut(job.signal());
        line.address.on_returned(job);
        line.out_bytes = line.out_bytes.saturating_sub(job.payload.body_len());
        line.out.remove(&job.age());
        line.awaited.remove(&job.age());
    }

    /// Takes the oldest job of all signals, whether it may be sent or not.
    pub fn pop_oldest(&mut self) -> Option<Job> {
        let oldest = self.lines.iter().filter_map(|line| line.jobs.values().next());
        let (signal, age) = oldest.min_by_key(|job| job.batch).map(|job| (job.signal(), job.age()))?;
        self.remove(signal, age)
    }

    /// Takes the oldest job of a signal.
    pub fn pop_oldest_of(&mut self, signal: Signal) -> Option<Job> {
        let (&age, _) = self.line(signal).jobs.first_key_value()?;
        self.remove(signal, age)
    }

    /// Takes the oldest job of a signal if its window is over.
    pub fn pop_expired(&mut self, now: Instant, signal: Signal) -> Option<Job> {
        // All windows are equally long and begin when a batch is closed, so the oldest one ends first.
        let (&age, _) = self.line(signal).jobs.first_key_value().filter(|(_, job)| job.is_expired(now))?;
        self.remove(signal, age)
    }

    /// Takes a job that waits for a time of its own if that is over, and its window is over for longer than the longest
    /// pause: others wait for the same.
    pub fn pop_overdue(&mut self, now: Instant, signal: Signal) -> Option<Job> {
        let line = self.line(signal);
        let &(_, age) = line.clocked.first()?;
        let is_overdue = |job: &Job| job.expires_at.is_some_and(|at| at + LONGEST_PAUSE <= now);
        line.jobs.get(&age).filter(|job| is_overdue(job))?;
        self.remove(signal, age)
    }

    /// The exporter ends: every waiting job may be sent now, and flushes wait for at least one attempt of it.
    pub fn hurry_all(&mut self) {
        for line in &mut self.lines {
            line.hurry_all();
        }
    }

    /// A flush brings forward one try of each signal that has to wait for its time.
    pub fn bring_forward(&mut self, now: Instant, haste: Haste) {
        for line in &mut self.lines {
            let waits = line.next(now, haste, self.max_out_bytes).is_some_and(|(at, _)| at > now);
            if waits && !line.address.is_busy() {
                line.address.bring_forward(now);
            }
        }
    }

    /// When the next job may be sent; `None` when nothing waits for time.
    #[must_use]
    pub fn deadline(&self, now: Instant, haste: Haste) -> Option<Instant> {
        self.lines.iter().filter_map(|line| line.next(now, haste, self.max_out_bytes)).map(|(at, _)| at).min()
    }

    /// Whether a flush waits for records of this signal before number `end`.
    #[must_use]
    pub fn is_awaited(&self, signal: Signal, end: u64) -> bool {
        self.line(signal).awaited.first().is_some_and(|&age| age < end)
    }

    /// Whether records of this signal before number `end` wait or are under way.
    #[must_use]
    pub fn holds_before(&self, signal: Signal, end: u64) -> bool {
        let line = self.line(signal);
        let oldest = line.jobs.keys().next().into_iter().chain(line.out.first()).min();
        oldest.is_some_and(|&age| age < end)
    }

    /// The address of a signal.
    #[must_use]
    pub fn address(&self, signal: Signal) -> &Address {
        &self.line(signal).address
    }

    /// The address of a signal, to change it.
    pub fn address_mut(&mut self, signal: Signal) -> &mut Address {
        &mut self.line_mut(signal).address
    }

    /// The memory of the jobs that wait, in bytes.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// The memory of the jobs in flight, in bytes: bodies without their slack, and as much for later ones, see
    /// `Batcher::recycle`.
    #[must_use]
    pub fn out_cost(&self) -> usize {
        self.lines.iter().map(|line| 2 * line.out_bytes).sum()
    }

    fn remove(&mut self, signal: Signal, age: u64) -> Option<Job> {
        let job = self.line_mut(signal).remove(age)?;
        self.cost = self.cost.saturating_sub(job.cost());
        Some(job)
    }

    fn line(&self, signal: Signal) -> &Line {
        let [traces, logs, metrics, scores, feedback] = &self.lines;
        match signal {
            Signal::Traces => traces,
            Signal::Logs => logs,
            Signal::Metrics => metrics,
            Signal::Scores => scores,
            Signal::Feedback => feedback,
        }
    }

    fn line_mut(&mut self, signal: Signal) -> &mut Line {
        let [traces, logs, metrics, scores, feedback] = &mut self.lines;
        match signal {
            Signal::Traces => traces,
            Signal::Logs => logs,
            Signal::Metrics => metrics,
            Signal::Scores => scores,
            Signal::Feedback => feedback,
        }
    }
}

impl Line {
    fn push(&mut self, mut job: Job) {
        let age = job.age();
        match &mut job.standing {
            Standing::Fresh => self.fresh.insert(age),
            Standing::Retrying { turn } => {
                self.next_turn += 1;
                *turn = self.next_turn;
                self.retrying.insert((*turn, age))
            }
            Standing::Clocked { ready_at } => self.clocked.insert((*ready_at, age)),
        };
        if job.is_awaited() {
            self.awaited.insert(age);
        }
        self.jobs.insert(age, Box::new(job));
    }

    /// Which job goes next, and when.
    fn next(&self, now: Instant, haste: Haste, max_out_bytes: usize) -> Option<(Instant, u64)> {
        let opens = |age: u64| {
            let job = self.jobs.get(&age)?;
            if self.out_bytes > 0 && self.out_bytes + job.payload.body_len() > max_out_bytes {
                return None;
            }
            Some((self.address.opens_at(job.standing, job.since, haste)?, age))
        };
        let fresh = self.fresh.first().and_then(|&age| opens(age));
        let retrying = self.retrying.first().and_then(|&(_, age)| opens(age));
        let clocked = self.clocked.first().and_then(|&(_, age)| opens(age));
        // While the address fails, a job that was never tried goes first: its result says most about the address. While
        // the address works, the job that has waited longest goes first.
        let candidates = [fresh, retrying, clocked].into_iter().flatten();
        let judge = candidates.clone().find(|&(at, _)| self.address.trouble().is_some() && at <= now);
        judge.or_else(|| candidates.min_by_key(|&(at, _)| at))
    }

    fn hurry_all(&mut self) {
        let jobs = std::mem::take(&mut self.jobs);
        self.fresh.clear();
        self.retrying.clear();
        self.clocked.clear();
        self.address.on_ending();
        for mut job in jobs.into_values() {
            if job.standing != Standing::Fresh {
                job.standing = Standing::Retrying { turn: 0 };
            }
            job.release_at = job.release_at.max(job.attempts + 1);
            self.push(*job);
        }
        self.awaited.extend(&self.out);
    }

    fn remove(&mut self, age: u64) -> Option<Job> {
        let job = self.jobs.remove(&age)?;
        self.awaited.remove(&age);
        match job.standing {
            Standing::Fresh => self.fresh.remove(&age),
            Standing::Retrying { turn } => self.retrying.remove(&(turn, age)),
            Standing::Clocked { ready_at } => self.clocked.remove(&(ready_at, age)),
        };
        Some(*job)
    }
}

#[cfg(test)]
mod tests;
