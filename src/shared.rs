//! What the JS threads and the engine's thread both see.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::Sender;
use tokio::sync::Notify;

use crate::{
    command::{Command, ExporterId},
    event::Sink,
    lock::lock,
    stats::Stats,
};

/// What of an exporter is needed when the engine has failed.
pub struct Member {
    /// Where its events go.
    pub sink: Arc<dyn Sink>,
    /// What becomes of its records.
    pub stats: Arc<Stats>,
}

impl Member {
    /// Counts all that is left as dropped, and says that the engine cannot go on.
    pub fn fail(&self, message: &str) {
        self.sink.emit_failed(&self.stats, message);
    }
}

/// What both threads see.
pub struct Shared {
    commands: Sender<Command>,
    wake: Arc<Notify>,
    failed: AtomicBool,
    last_id: AtomicU64,
    members: Mutex<Vec<Weak<Member>>>,
    /// Of all exporters, also of those that the application has forgotten.
    stats: Mutex<Vec<Weak<Stats>>>,
    /// The longest `exit_timeout` of all exporters.
    exit_timeout_ms: AtomicU64,
    /// The end of the process has been waited for.
    waited: AtomicBool,
}

impl Shared {
    /// For a new engine that takes its commands from the other end of `commands` and is woken by `wake`.
    #[must_use]
    pub fn new(commands: Sender<Command>, wake: Arc<Notify>) -> Self {
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

    /// Sends a command; false when the engine is gone.
    pub fn send(&self, command: Command) -> bool {
        let sent = !self.failed.load(Ordering::Acquire) && self.commands.send(command).is_ok();
        self.wake.notify_one();
        sent
    }

    /// The engine has failed: everyone is told, and nobody waits for it any more.
    pub fn fail(&self, message: &str) {
        self.failed.store(true, Ordering::Release);
        for member in lock(&self.members).drain(..).filter_map(|member| member.upgrade()) {
            // The panic may have been a sink's; the others are told all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| member.fail(message)));
        }
    }

    /// Counts an exporter in; answers its id.
    pub fn join(&self, member: &Arc<Member>, exit_timeout: Duration) -> ExporterId {
        let exit_timeout_ms = u64::try_from(exit_timeout.as_millis()).unwrap_or(u64::MAX);
        self.exit_timeout_ms.fetch_max(exit_timeout_ms, Ordering::Relaxed);
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

    /// The same; nothing once [`Shared::end_waiting`] was called.
    pub fn time_to_wait(&self) -> Duration {
        if self.waited.load(Ordering::Relaxed) { Duration::ZERO } else { self.exit_timeout() }
    }

    /// The process ends now and has been waited for: not a second time.
    pub fn end_waiting(&self) {
        self.waited.store(true, Ordering::Relaxed);
    }

    /// Records of all exporters that are neither delivered nor dropped.
    pub fn undelivered(&self) -> u64 {
        lock(&self.stats).iter().filter_map(Weak::upgrade).map(|stats| stats.undelivered()).sum()
    }
}
