//! Runs a world: does what its applications do at their times, and watches.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    fmt::Write,
    hash::{DefaultHasher, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use mastra_native_exporter::{command::FlushKind, event::Event, signal::Signal, stats::DropReason};
use tokio::{
    runtime::Builder,
    time::{sleep, timeout},
};

use super::{
    end,
    far::{Far, millis},
    invariants::{Breach, Invariant},
    world::{Deed, End, Member, World},
};
use crate::support::{Counts, Exporter, FOR_EVER, Rig, lock, ms};

/// Returns the first invariant that did not hold, if any.
pub fn play(world: &World) -> Result<(), Breach> {
    trace(world).map(drop)
}

/// Runs a world. Returns the first invariant that did not hold, or a number that is computed from all events.
pub fn trace(world: &World) -> Result<u64, Breach> {
    let run = || {
        fastrand::seed(world.seed);
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(world))
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
        Err(Breach { invariant: Invariant::Alive, at: 0, text })
    })
}

/// An exporter while its world runs.
pub struct Running {
    pub exporter: Exporter,
    pub far: Arc<Mutex<Far>>,
    pub dropped: BTreeMap<&'static str, u64>,
    /// The times at which the queue dropped records.
    pub overflows: Vec<u64>,
    deeds: Vec<Deed>,
    /// The flushes without an answer, and their deadlines.
    flushes: BTreeMap<u32, u64>,
    counts: Counts,
    last_ticket: u32,
    max_queue_bytes: u64,
    pub shut_down_at: Option<u64>,
    pub closed: bool,
}

async fn run(world: &World) -> Result<u64, Breach> {
    let rig = Rig::start();
    let mut members: Vec<Running> = Vec::new();
    let mut agenda = BinaryHeap::new();
    for (index, member) in world.exporters.iter().enumerate() {
        members.push(Running::open(&rig, member, world.seed.wrapping_add(index as u64), world.lasts));
        for (deed, clause) in member.application.iter().enumerate() {
            agenda.push(Reverse((clause.from, index, deed)));
        }
    }
    while let Some(Reverse((at, index, deed))) = agenda.pop() {
        if at >= world.lasts {
            break;
        }
        sleep_until(&rig, at).await;
        let member = &mut members[index];
        member.watch(at)?;
        member.act(at, deed);
        let clause = &world.exporters[index].application[deed];
        if let Some(next) = clause.holds_next(at + clause.what.period()) {
            agenda.push(Reverse((next, index, deed)));
        }
    }
    sleep_until(&rig, world.lasts).await;
    finish(world, rig, members).await
}

async fn sleep_until(rig: &Rig, at: u64) {
    sleep(ms(at).saturating_sub(rig.now())).await;
}

async fn finish(world: &World, rig: Rig, mut members: Vec<Running>) -> Result<u64, Breach> {
    for member in &mut members {
        member.watch(world.lasts)?;
        let mut far = lock(&member.far);
        far.settling = world.end == End::Settle;
        far.ending = !far.settling;
    }
    let mut over = world.lasts;
    match world.end {
        End::Settle => {
            for member in members.iter_mut().filter(|member| member.takes_commands()) {
                member.flush(world.lasts, FlushKind::Exit, millis(FOR_EVER));
            }
        }
        End::Shutdown(within) => {
            for member in members.iter_mut().filter(|member| member.takes_commands()) {
                member.shut_down_at = Some(world.lasts + within);
                member.flush(world.lasts, FlushKind::Shutdown, within);
            }
            over += within;
        }
        End::Stop(within) => {
            over += within;
            rig.stop(ms(within));
        }
        End::Drain(within) => {
            over += within;
            let drain = rig.drain_within(ms(within));
            for _ in 0..within / 10 {
                if drain.is_over() {
                    break;
                }
                sleep(ms(10)).await;
            }
        }
    }
    // Nobody listens to the engine's last events when the engine is stopped.
    let listening = members.iter_mut().filter(|_| !matches!(world.end, End::Stop(_)));
    for member in listening {
        while let Some(deadline) = member.flushes.values().max().copied() {
            let next = timeout(ms(deadline + 1).saturating_sub(rig.now()), member.exporter.until(|_| true));
            if let Ok(heard) = next.await {
                member.hear(heard)?;
            }
            member.watch(millis(rig.now()))?;
        }
    }
    if let End::Stop(_) = world.end {
        let ended = millis(rig.ended().await);
        if ended > over {
            let text = format!("the engine runs until {ended} ms");
            return Err(Breach { invariant: Invariant::Ends, at: over, text });
        }
        for deadline in members.iter_mut().flat_map(|member| member.flushes.values_mut()) {
            *deadline = u64::MAX;
        }
    } else {
        sleep_until(&rig, over).await;
    }
    let mut trace = DefaultHasher::new();
    for member in &mut members {
        member.watch(over)?;
        end::judge(member, world, over)?;
        trace.write_u64(lock(&member.far).trace.finish());
    }
    Ok(trace.finish())
}

impl Running {
    fn open(rig: &Rig, member: &Member, seed: u64, end: u64) -> Self {
        let far = Arc::new(Mutex::new(Far::new(member, seed, end)));
        let answers = Arc::clone(&far);
        let options = serde_json::to_string(&member.options).unwrap();
        let options = options.trim_start_matches('{').trim_end_matches('}');
        Self {
            exporter: rig.open_forgetful(options, move |call| lock(&answers).answer(call)),
            far,
            dropped: BTreeMap::new(),
            overflows: Vec::new(),
            deeds: member.application.iter().map(|clause| clause.what.clone()).collect(),
            flushes: BTreeMap::new(),
            counts: Counts::default(),
            last_ticket: 0,
            max_queue_bytes: member.number("maxQueueBytes"),
            shut_down_at: None,
            closed: false,
        }
    }

    fn takes_commands(&self) -> bool {
        !self.closed && self.shut_down_at.is_none()
    }

    fn act(&mut self, at: u64, deed: usize) {
        if !self.takes_commands() {
            return;
        }
        match self.deeds[deed] {
            Deed::Export { count, bytes, signal, .. } => self.export(at, count, bytes, signal),
            Deed::Request { signal, .. } => {
                self.export(at, 1, 30, signal);
                self.flush(at, FlushKind::Flush, 30_000);
            }
            Deed::Flush { within, .. } => self.flush(at, FlushKind::Flush, within),
            Deed::Shutdown { within } => {
                lock(&self.far).ending = true;
                self.shut_down_at = Some(at + within);
                self.flush(at, FlushKind::Shutdown, within);
            }
            Deed::Close => {
                self.closed = true;
                self.exporter.close();
            }
        }
    }

    fn export(&self, at: u64, count: usize, bytes: usize, signal: Option<usize>) {
        let mut far = lock(&self.far);
        let mut lines = String::new();
        for index in 0..count {
            let signal = signal.unwrap_or(index % Signal::ALL.len());
            let number = far.accept(signal, bytes + 20, at);
            let separator = if index == 0 { "" } else { "\n" };
            write!(lines, "{separator}{signal}{{\"i\":{number},\"x\":\"{:x<bytes$}\"}}", "").unwrap();
        }
        drop(far);
        self.exporter.hand_over(&lines);
    }

    fn flush(&mut self, at: u64, kind: FlushKind, within: u64) {
        self.last_ticket += 1;
        self.flushes.insert(self.last_ticket, at + within);
        self.exporter.flush_as(self.last_ticket, kind, ms(within));
    }

    /// Examines what has happened up to `now`.
    fn watch(&mut self, now: u64) -> Result<(), Breach> {
        let heard = self.exporter.heard();
        self.hear(heard)?;
        // The engine has not yet done what is due at this moment.
        if let Some((ticket, deadline)) = self.flushes.iter().find(|&(_, &deadline)| deadline < now) {
            let text = format!("flush {ticket} should have been answered at {deadline} ms");
            return Err(Breach { invariant: Invariant::Ends, at: now, text });
        }
        let mut breaches = std::mem::take(&mut lock(&self.far).breaches).into_iter();
        breaches.next().map_or(Ok(()), Err)
    }

    fn hear(&mut self, heard: Vec<crate::support::Heard>) -> Result<(), Breach> {
        for heard in heard {
            let at = millis(heard.at);
            let breach = |invariant, text| Err(Breach { invariant, at, text });
            if !heard.counts.is_sound(&self.counts) {
                return breach(Invariant::Accounting, format!("{:?} became {:?}", self.counts, heard.counts));
            }
            if heard.counts.queued_bytes > self.max_queue_bytes {
                return breach(Invariant::Memory, format!("{} bytes are queued", heard.counts.queued_bytes));
            }
            match heard.event {
                Event::Flushed { ticket } => {
                    let deadline = self.flushes.remove(&ticket);
                    if deadline.is_none_or(|deadline| at > deadline) {
                        return breach(Invariant::Ends, format!("flush {ticket} is answered; due: {deadline:?}"));
                    }
                }
                Event::Dropped { reason, count, .. } => {
                    *self.dropped.entry(name(reason)).or_default() += count;
                    if reason == DropReason::QueueFull {
                        self.overflows.push(at);
                        self.judge_overflow(at, &heard.counts)?;
                    }
                }
                _ => {}
            }
            self.counts = heard.counts;
        }
        Ok(())
    }

    /// Records may be dropped for lack of room only when room is lacking: half of the queue is in use, with 600 bytes
    /// for the cost of a record beside its JSON when it is a job of its own.
    fn judge_overflow(&self, at: u64, counts: &Counts) -> Result<(), Breach> {
        let far = lock(&self.far);
        let largest = far.largest as u64;
        let used = counts.queued_bytes + counts.in_flight * largest + (counts.queued + counts.in_flight) * 600;
        if used + largest < self.max_queue_bytes / 2 {
            let text = format!("records are dropped for lack of room while {used} bytes are in use");
            return Err(Breach { invariant: Invariant::Loss, at, text });
        }
        Ok(())
    }
}

/// A reason as a key.
pub fn name(reason: DropReason) -> &'static str {
    match reason {
        DropReason::QueueFull => "queueFull",
        DropReason::RetriesExhausted => "retriesExhausted",
        DropReason::AuthRejected => "authRejected",
        DropReason::QuotaPaused => "quotaPaused",
        DropReason::Shutdown => "shutdown",
        _ => "other",
    }
}
