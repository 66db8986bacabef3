//! The engine's thread: one for all exporters of the process, started with the first and joined with the last JS
//! environment, and the handle through which an exporter talks to it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use tokio::sync::Notify;

use crate::{
    clock,
    command::{Command, ExporterId, Unread},
    config::Config,
    engine::Engine,
    event::{Event, Sink},
    transport::HttpTransport,
};

const THREAD_NAME: &str = "mastra-exporter";
/// How long the last JS environment waits for records still under way when it is torn down.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the exporter thread could not be started: {0}")]
pub struct StartError(#[from] std::io::Error);

/// What both threads see.
struct Shared {
    commands: Sender<Command>,
    wake: Arc<Notify>,
    failed: AtomicBool,
    last_id: AtomicU64,
    sinks: Mutex<Vec<Weak<dyn Sink>>>,
}

impl Shared {
    fn send(&self, command: Command) -> bool {
        let sent = !self.failed.load(Ordering::Acquire) && self.commands.send(command).is_ok();
        self.wake.notify_one();
        sent
    }

    /// A panic got out of the engine: everyone is told, nobody waits for it any more.
    fn fail(&self, message: &str) {
        self.failed.store(true, Ordering::Release);
        let event = Event::EngineFailed {
            message: message.to_owned(),
        };
        for sink in lock(&self.sinks).drain(..).filter_map(|sink| sink.upgrade()) {
            sink.emit(&event);
        }
    }
}

struct Runtime {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    /// Disconnected when the thread is about to end: a join with a deadline.
    ended: Receiver<()>,
    environments: usize,
}

static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Counts a JS environment (main thread or worker) in. Each call needs one [`leave_environment`].
///
/// # Errors
/// [`StartError`] when the system gives no thread.
pub fn enter_environment() -> Result<(), StartError> {
    let mut guard = lock(&RUNTIME);
    if let Some(runtime) = guard.as_mut() {
        runtime.environments += 1;
    } else {
        *guard = Some(start()?);
    }
    Ok(())
}

/// Counts a JS environment out. The last one stops the engine: it delivers what is left, for [`STOP_TIMEOUT`] at most.
pub fn leave_environment() {
    let mut guard = lock(&RUNTIME);
    let Some(runtime) = guard.as_mut() else { return };
    runtime.environments -= 1;
    if runtime.environments > 0 {
        return;
    }
    let stopped = guard.take();
    drop(guard);
    if let Some(Runtime {
        shared, thread, ended, ..
    }) = stopped
    {
        shared.send(Command::Stop {
            deadline: clock::now() + STOP_TIMEOUT,
        });
        // Half a second more for a thread that the system has not scheduled. One that is still not gone is left behind:
        // Node must end.
        let joinable = ended.recv_timeout(STOP_TIMEOUT + Duration::from_millis(500));
        if joinable == Err(crossbeam_channel::RecvTimeoutError::Disconnected) {
            // It contained its panics; there is nothing to learn from the result.
            let _ = thread.join();
        }
    }
}

fn start() -> Result<Runtime, StartError> {
    let (sender, commands) = unbounded();
    let (ending, ended) = bounded::<()>(0);
    let shared = Arc::new(Shared {
        commands: sender,
        wake: Arc::default(),
        failed: AtomicBool::new(false),
        last_id: AtomicU64::new(0),
        sinks: Mutex::default(),
    });
    let seen_by_engine = Arc::clone(&shared);
    let thread = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || {
        let wake = Arc::clone(&seen_by_engine.wake);
        // Unwind safe: the engine's state is not used after a panic.
        match catch_unwind(AssertUnwindSafe(|| run(&commands, wake))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => seen_by_engine.fail(&error.to_string()),
            Err(_) => seen_by_engine.fail("the exporter thread panicked"),
        }
        drop(ending);
    })?;
    Ok(Runtime {
        shared,
        thread,
        ended,
        environments: 1,
    })
}

fn run(commands: &Receiver<Command>, wake: Arc<Notify>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let engine = Engine::new(|config: &Config| HttpTransport::new(config).map_err(|error| error.to_string()));
    runtime.block_on(engine.run(commands.clone(), wake));
    // Name look-ups run on threads of their own and may hang; nothing waits for them.
    runtime.shutdown_background();
    Ok(())
}

/// One exporter as the JS thread holds it. Dropping it closes the exporter; what it was given is still delivered.
pub struct Handle {
    id: ExporterId,
    shared: Arc<Shared>,
    /// Kept alive for the weak reference in `Shared::sinks`.
    _sink: Arc<dyn Sink>,
    undelivered: Arc<AtomicU64>,
    /// Bytes sent to the engine that it has not taken yet.
    unread_bytes: Arc<AtomicUsize>,
    max_queue_bytes: usize,
}

impl Handle {
    /// Opens an exporter. `None` before [`enter_environment`] or after [`leave_environment`].
    #[must_use]
    pub fn open(config: Config, sink: Arc<dyn Sink>) -> Option<Self> {
        let shared = Arc::clone(&lock(&RUNTIME).as_ref()?.shared);
        let handle = Self {
            id: shared.last_id.fetch_add(1, Ordering::Relaxed),
            undelivered: Arc::default(),
            unread_bytes: Arc::default(),
            max_queue_bytes: config.max_queue_bytes,
            _sink: Arc::clone(&sink),
            shared,
        };
        let mut sinks = lock(&handle.shared.sinks);
        sinks.retain(|known| known.strong_count() > 0);
        sinks.push(Arc::downgrade(&sink));
        drop(sinks);
        handle.shared.send(Command::Open {
            id: handle.id,
            config: Box::new(config),
            sink,
            undelivered: Arc::clone(&handle.undelivered),
        });
        Some(handle)
    }

    /// Hands `count` records over: one a line, each a signal digit followed by JSON text. Never blocks. False when the
    /// engine is gone.
    #[must_use]
    pub fn submit(&self, text: String, count: u64) -> bool {
        self.undelivered.fetch_add(count, Ordering::Relaxed);
        let unread = Unread::new(&self.unread_bytes, text.len());
        // Only an engine that does not get to run at all falls this far behind.
        let command = if unread.total() > self.max_queue_bytes {
            Command::Refused { id: self.id, count }
        } else {
            Command::Records {
                id: self.id,
                text,
                unread,
            }
        };
        let sent = self.shared.send(command);
        if !sent {
            self.undelivered.fetch_sub(count, Ordering::Relaxed);
        }
        sent
    }

    /// Asks for [`Event::Flushed`] with `ticket`. False when the engine is gone and no answer will come.
    #[must_use]
    pub fn flush(&self, ticket: u32) -> bool {
        self.shared.send(Command::Flush { id: self.id, ticket })
    }

    /// Records handed over and not yet delivered or dropped.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        self.undelivered.load(Ordering::Relaxed)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.send(Command::Close { id: self.id });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock was held leaves the list of sinks or the runtime as it was: both are still usable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
