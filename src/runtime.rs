//! The engine's thread. The process has one for all exporters; the first JS environment starts it, the last one joins
//! it. A panic of the thread ends in [`Shared::fail`]: every exporter reports it, nobody waits, Node lives.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock},
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded, unbounded};

use crate::{
    buffers, clock,
    command::Command,
    config::Config,
    engine::Engine,
    event::Sink,
    handle::Handle,
    lock::lock,
    panic::text_of,
    shared::{Member, Shared},
    spool,
    stats::Stats,
    transport::{HttpTransport, Transport, tls::Trust},
    wake::Wake,
};

const THREAD_NAME: &str = "mastra-exporter";
/// Threads for compression and for name look-ups, which may hang.
const MAX_BLOCKING_THREADS: usize = 8;
/// Added to a deadline that the engine keeps itself: its thread may be scheduled late.
const GRACE: Duration = Duration::from_millis(250);

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the exporter thread could not be started: {0}")]
pub struct StartError(#[from] std::io::Error);

/// A running engine.
pub struct Runtime {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    /// Disconnected when the thread is about to end: with this a join can have a deadline.
    ended: Receiver<()>,
}

impl Runtime {
    /// Starts the thread. `connect` makes the transport of an exporter, or says why it cannot.
    ///
    /// # Errors
    /// [`StartError`] when the system gives no thread.
    pub fn start<T, C>(connect: C) -> Result<Self, StartError>
    where
        T: Transport,
        C: FnMut(&Config) -> Result<T, String> + Send + 'static,
    {
        let (sender, commands) = unbounded();
        let (ending, ended) = bounded::<()>(0);
        let wake = Arc::new(Wake::default());
        let shared = Arc::new(Shared::new(sender, Arc::clone(&wake)));
        let engine_side = Arc::clone(&shared);
        let thread = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || {
            // Unwind safe, because the engine's state is not used after a panic.
            match catch_unwind(AssertUnwindSafe(|| run(connect, commands, wake))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => engine_side.fail(&error.to_string()),
                Err(panic) => engine_side.fail(&format!("the exporter thread panicked: {}", text_of(&*panic))),
            }
            drop(ending);
        })?;
        Ok(Self { shared, thread, ended })
    }

    /// Opens an exporter.
    #[must_use]
    pub fn open(&self, config: Config, sink: Arc<dyn Sink>) -> Handle {
        let shared = Arc::clone(&self.shared);
        let member = Arc::new(Member { sink, stats: Arc::default() });
        let id = shared.join(&member, config.exit_timeout);
        let max_queue_bytes = config.max_queue_bytes;
        let opened = shared.send(Command::Open {
            id,
            config: Box::new(config),
            sink: Arc::clone(&member.sink),
            stats: Arc::clone(&member.stats),
        });
        if !opened {
            member.fail("the exporter thread has ended");
        }
        Handle::new(id, shared, member, max_queue_bytes)
    }

    /// Ends the thread. It first delivers the remaining records, for the longest `exitTimeoutMs` of all exporters at
    /// most.
    pub fn stop(self) {
        let Self { shared, thread, ended } = self;
        let within = shared.time_to_wait();
        shared.send(Command::Stop { deadline: clock::now() + within });
        // A thread that has not ended by then is left behind, because Node must end.
        if ended.recv_timeout(within + GRACE) == Err(RecvTimeoutError::Disconnected) {
            // The thread has caught its panics, so the result says nothing.
            let _ = thread.join();
        }
    }
}

/// The engine of this process and the number of JS environments that use it.
static RUNTIME: Mutex<Option<(Runtime, usize)>> = Mutex::new(None);

/// The certificates that all exporters of this process trust.
static TRUST: OnceLock<Trust> = OnceLock::new();

/// Sets the trusted certificates: PEM, any number in one text. Each JS environment calls this with the same text; only
/// the first call has an effect.
pub fn trust_certificates(pem: String) {
    TRUST.get_or_init(|| Trust::new(pem));
}

/// Counts a JS environment (main thread or worker) in. Each call needs one [`leave_environment`].
///
/// # Errors
/// [`StartError`] when the system gives no thread.
pub fn enter_environment() -> Result<(), StartError> {
    let mut running = lock(&RUNTIME);
    if let Some((_, environments)) = running.as_mut() {
        *environments += 1;
    } else {
        let connect = |config: &Config| {
            // The certificates are set before the first exporter that needs them is opened. The others use no TLS.
            let trust = TRUST.get().cloned().unwrap_or_default();
            HttpTransport::new(config, &trust).map_err(|error| error.to_string())
        };
        *running = Some((Runtime::start(connect)?, 1));
    }
    Ok(())
}

/// Counts a JS environment out. The last one stops the engine.
pub fn leave_environment() {
    let mut running = lock(&RUNTIME);
    let Some((_, environments)) = running.as_mut() else { return };
    *environments -= 1;
    if *environments == 0
        && let Some((runtime, _)) = running.take()
    {
        drop(running);
        runtime.stop();
        buffers::clear();
    }
}

/// Calls a function with the running engine; `None` outside [`enter_environment`] and [`leave_environment`].
pub fn with_running<R>(act: impl FnOnce(&Runtime) -> R) -> Option<R> {
    lock(&RUNTIME).as_ref().map(|(runtime, _)| act(runtime))
}

/// The longest `exitTimeoutMs` of all exporters of the process.
#[must_use]
pub fn exit_timeout() -> Duration {
    with_running(|runtime| runtime.shared.exit_timeout()).unwrap_or_default()
}

/// Blocks until all exporters have delivered or dropped everything, for `within` at most; returns the number of records
/// that are left.
#[must_use]
pub fn drain(within: Duration) -> u64 {
    // The lock is not held while waiting, because a worker may start or end meanwhile.
    let Some(shared) = with_running(|runtime| Arc::clone(&runtime.shared)) else { return 0 };
    shared.end_waiting();
    let (done, wait) = bounded(0);
    if shared.send(Command::Drain { deadline: clock::now() + within, done }) {
        // Nothing is ever sent on this channel: the wait ends when the other side is dropped, or with the time.
        let _ = wait.recv_timeout(within);
    }
    shared.undelivered()
}

fn run<T, C>(connect: C, commands: Receiver<Command>, wake: Arc<Wake>) -> std::io::Result<()>
where
    T: Transport,
    C: FnMut(&Config) -> Result<T, String>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .build()?;
    let spools = Arc::<Mutex<Vec<JoinHandle<()>>>>::default();
    let opened = Arc::clone(&spools);
    let open_spool = move |config: &Config, stats: &Arc<Stats>, wake: &Arc<Wake>| {
        let Some(wanted) = &config.spool else { return Ok(None) };
        let (spool, thread) = spool::open(wanted, &config.endpoints, Arc::clone(stats), Arc::clone(wake))?;
        let mut opened = lock(&opened);
        opened.retain(|thread| !thread.is_finished());
        opened.push(thread);
        Ok(Some(spool))
    };
    runtime.block_on(Engine::new(connect, Box::new(open_spool)).run(commands, wake));
    // Their exporters are gone: they write what is left and end. The addon must not be unloaded under them.
    for thread in lock(&spools).drain(..) {
        // It has no result; a panic in it has been its end.
        let _ = thread.join();
    }
    // Name look-ups run on threads of their own and may hang, so the end does not wait for them.
    runtime.shutdown_background();
    Ok(())
}
