//! The state that the JS threads and the engine's thread share.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::Sender;

use crate::{
    clock::whole_ms,
    command::{Command, ExporterId},
    event::Sink,
    lock::lock,
    stats::Stats,
    wake::Wake,
};

/// The part of an exporter that is needed when the engine has failed.
pub struct Member {
    /// The receiver of its events.
    pub sink: Arc<dyn Sink>,
    /// Its counters.
    pub stats: Arc<Stats>,
}

impl Member {
    /// Counts all remaining records as dropped, and reports that the engine cannot go on.
    pub fn fail(&self, message: &str) {
        self.sink.emit_failed(&self.stats, message);
    }
}

/// The state that all threads share.
pub struct Shared {
    commands: Sender<Command>,
    wake: Arc<Wake>,
    failed: AtomicBool,
    last_id: AtomicU64,
    members: Mutex<Vec<Weak<Member>>>,
    /// All exporters, with those that the application no longer refers to.
    stats: Mutex<Vec<Weak<Stats>>>,
    /// The longest `exit_timeout` of all exporters.
    exit_timeout_ms: AtomicU64,
    /// Whether the end of the process has been waited for.
    waited: AtomicBool,
}

impl Shared {
    /// The state for a new engine that reads its commands from the other end of `commands` and is woken by `wake`.
    #[must_use]
    pub fn new(commands: Sender<Command>, wake: Arc<Wake>) -> Self {
        Self {
            commands,
            wake,
            failed: AtomicBool::new(false),
            last_id: AtomicU64::new(0),
            members: Mutex::default(),
            stats: Mutex::default(),
            waited: AtomicBool::new(false),
            exit_timeout_ms: AtomicU64::new(0),
        }
    }

    /// Sends a command, and wakes the engine; returns false when the engine is gone.
    pub fn send(&self, command: Command) -> bool {
        let sent = self.send_quietly(command);
        self.wake.notify_one();
        sent
    }

    /// Sends a command that an engine at rest may read later; returns false when the engine is gone.
    pub fn send_later(&self, command: Command) -> bool {
        let sent = self.send_quietly(command);
        self.wake.notify_unless_resting();
        sent
    }

    fn send_quietly(&self, command: Command) -> bool {
        !self.failed.load(Ordering::Acquire) && self.commands.send(command).is_ok()
    }

    /// The engine has failed: every exporter is told, and nobody waits for the engine any more.
    pub fn fail(&self, message: &str) {
        self.failed.store(true, Ordering::Release);
        for member in lock(&self.members).drain(..).filter_map(|member| member.upgrade()) {
            // The panic may have come from one receiver of events; the others are told all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| member.fail(message)));
        }
    }

    /// Adds an exporter; returns its id.
    pub fn join(&self, member: &Arc<Member>, exit_timeout: Duration) -> ExporterId {
        self.exit_timeout_ms.fetch_max(whole_ms(exit_timeout), Ordering::Relaxed);
        let mut stats = lock(&self.stats);
        stats.retain(|known| known.strong_count() > 0);
        stats.push(Arc::downgrade(&member.stats));
        let mut members = lock(&self.members);
        members.retain(|known| known.strong_count() > 0);
        members.push(Arc::downgrade(member));
        self.last_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The longest `exitTimeoutMs` of all exporters.
    pub fn exit_timeout(&self) -> Duration {
        Duration::from_millis(self.exit_timeout_ms.load(Ordering::Relaxed))
    }

    /// The longest `exitTimeoutMs` of all exporters; `None` once [`Shared::end_waiting`] was called.
    pub fn time_to_wait(&self) -> Duration {
        if self.waited.load(Ordering::Relaxed) { Duration::ZERO } else { self.exit_timeout() }
    }

    /// The end of the process has been waited for, and is not waited for again.
    pub fn end_waiting(&self) {
        self.waited.store(true, Ordering::Relaxed);
    }

    /// The number of records of all exporters that are neither delivered nor dropped.
    pub fn undelivered(&self) -> u64 {
        lock(&self.stats).iter().filter_map(Weak::upgrade).map(|stats| stats.undelivered()).sum()
    }
}
