//! The engine on virtual time: a collector that answers by script, a sink that records, and the part of the JS thread.
//!
//! Waiting for an event lets tokio's paused clock run to the next timer, so no test sleeps and all times are exact.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use mastra_native_exporter::{
    clock,
    command::Command,
    config::Config,
    engine::{Engine, OpenSpool},
    event::{Event, Sink},
    signal::Signal,
    stats::{DropReason, Stats},
    wake::Wake,
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};

mod collector;
pub use collector::*;
mod counts;
pub use counts::Counts;
mod exporter;
pub use exporter::Exporter;
mod wire;
pub use wire::records;

/// The name of the scripted collector in reports. It is no address.
pub const NO_URL: &str = "an address that is no URL";

/// Longer than anything an exporter waits for; virtual, so it costs nothing.
pub const FOR_EVER: Duration = Duration::from_secs(86_400);

/// How long a JS thread waits in [`Rig::drain`]: longer than any `Retry-After` that is kept.
const DRAIN_WITHIN: Duration = Duration::from_secs(3600);

/// An event with the state at the time of the event.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The time since the engine was started.
    pub at: Duration,
    pub event: Event,
    /// Records that were neither delivered nor dropped.
    pub undelivered: u64,
    /// The counters of all signals together.
    pub counts: Counts,
}

/// Whether the event is a report for a person about the collector, and not about records.
fn is_news(event: &Event) -> bool {
    matches!(
        event,
        Event::Unreachable { .. } | Event::Reachable { .. } | Event::TryFailed { .. } | Event::PartlyRefused { .. }
    )
}

struct Recorder {
    start: Instant,
    /// Whether reports about the collector are kept.
    keeps_news: bool,
    news: Arc<Mutex<Vec<Heard>>>,
    stats: Arc<Stats>,
    heard: mpsc::UnboundedSender<Heard>,
}

impl Sink for Recorder {
    fn emit(&self, event: &Event) {
        let is_news = is_news(event);
        if is_news && !self.keeps_news {
            return;
        }
        let heard = Heard {
            at: clock::now() - self.start,
            event: event.clone(),
            undelivered: self.stats.undelivered(),
            counts: Counts::total(&self.stats),
        };
        if is_news {
            lock(&self.news).push(heard);
        } else {
            // Nobody listens once a test has ended.
            let _ = self.heard.send(heard);
        }
    }
}

/// Fails when `run` spins: paused time stands still while a task works, so the test would never end.
async fn watched(run: impl Future<Output = ()>) {
    let (mut run, mut last, mut polls) = (pin!(run), clock::now(), 0);
    poll_fn(|context| {
        let now = clock::now();
        polls = if now == last { polls + 1 } else { 0 };
        last = now;
        assert!(polls < 10_000, "the engine spins");
        run.as_mut().poll(context)
    })
    .await;
}

/// A running engine.
pub struct Rig {
    start: Instant,
    commands: Sender<Command>,
    wake: Arc<Wake>,
    collectors: Arc<Mutex<HashMap<String, Arc<Collector>>>>,
    opened: AtomicU64,
    engine: JoinHandle<()>,
}

impl Rig {
    pub fn start() -> Self {
        Self::start_with(Box::new(|_, _, _| Ok(None)))
    }

    /// `open_spool` makes the spools of exporters that want one.
    pub fn start_with(open_spool: OpenSpool) -> Self {
        let (commands, receiver) = unbounded();
        let wake = Arc::new(Wake::default());
        let collectors: Arc<Mutex<HashMap<String, Arc<Collector>>>> = Arc::default();
        let known = Arc::clone(&collectors);
        let engine = Engine::new(
            move |config: &Config| {
                let collector = lock(&known).get(config.endpoints.url(Signal::Traces)).cloned();
                collector.map(ScriptedTransport).ok_or_else(|| "no such collector".to_owned())
            },
            open_spool,
        );
        Self {
            start: clock::now(),
            engine: tokio::spawn(watched(engine.run(receiver, Arc::clone(&wake)))),
            commands,
            wake,
            collectors,
            opened: AtomicU64::new(0),
        }
    }

    /// Opens an exporter. `options`: JSON members besides token and endpoints; `script` decides each attempt.
    pub fn open(&self, options: &str, script: impl FnMut(&Call) -> Answer + Send + 'static) -> Exporter {
        let collector = Arc::new(Collector::new(self.start, script));
        let id = self.opened.fetch_add(1, Ordering::Relaxed);
        lock(&self.collectors).insert(id.to_string(), Arc::clone(&collector));
        self.open_as(id, options, collector)
    }

    /// The same for runs of hours: neither requests nor reports about the collector are kept.
    pub fn open_forgetful(&self, options: &str, script: impl FnMut(&Call) -> Answer + Send + 'static) -> Exporter {
        let collector = Arc::new(Collector::forgetful(self.start, script));
        let id = self.opened.fetch_add(1, Ordering::Relaxed);
        lock(&self.collectors).insert(id.to_string(), Arc::clone(&collector));
        self.open_as(id, options, collector)
    }

    /// Opens an exporter for which no connection can be made.
    pub fn open_unconnectable(&self) -> Exporter {
        let exporter = self.open("", |_| Answer::Never);
        lock(&self.collectors).clear();
        exporter
    }

    fn open_as(&self, id: u64, options: &str, collector: Arc<Collector>) -> Exporter {
        let (heard, events) = mpsc::unbounded_channel();
        let (stats, news) = (Arc::<Stats>::default(), Arc::default());
        let keeps_news = collector.keeps_calls();
        let exporter = Exporter {
            id,
            commands: self.commands.clone(),
            wake: Arc::clone(&self.wake),
            collector,
            events,
            news: Arc::clone(&news),
            stats: Arc::clone(&stats),
            unread_bytes: Arc::default(),
        };
        exporter.command(Command::Open {
            id,
            config: Box::new(config(&id.to_string(), options)),
            sink: Arc::new(Recorder { start: self.start, keeps_news, news, stats: Arc::clone(&stats), heard }),
            stats,
        });
        exporter
    }

    pub fn now(&self) -> Duration {
        clock::now() - self.start
    }

    /// Tells the engine to end within this time.
    pub fn stop(&self, within: Duration) {
        let deadline = clock::now() + within;
        self.commands.send(Command::Stop { deadline }).unwrap();
        self.wake.notify_one();
    }

    /// Asks for a signal when all exporters are idle, as the end of a process does.
    pub fn drain(&self) -> Drain {
        self.drain_within(DRAIN_WITHIN)
    }

    /// The same, for a JS thread that waits for this long at most.
    pub fn drain_within(&self, within: Duration) -> Drain {
        let (done, wait) = bounded(0);
        let deadline = clock::now() + within;
        self.commands.send(Command::Drain { deadline, done }).unwrap();
        self.wake.notify_one();
        Drain(wait)
    }

    /// Drops this side's sender, waits until `run` returns, and returns when that was. Exporters have senders too.
    pub async fn ended(self) -> Duration {
        let Self { start, commands, wake, engine, .. } = self;
        drop(commands);
        wake.notify_one();
        timeout(FOR_EVER, engine).await.expect("run() returns").unwrap();
        clock::now() - start
    }
}

/// A JS thread that waits for [`Command::Drain`].
pub struct Drain(Receiver<()>);

impl Drain {
    pub fn is_over(&self) -> bool {
        self.0.try_recv() == Err(TryRecvError::Disconnected)
    }
}

/// A configuration. `endpoint`: of traces; `options`: JSON members besides token and endpoints.
pub fn config(endpoint: &str, options: &str) -> Config {
    let separator = if options.is_empty() { "" } else { "," };
    let json = format!(r#"{{"accessToken":"t","endpoints":["{endpoint}","","","",""]{separator}{options}}}"#);
    Config::from_json(&json).unwrap()
}

/// Only the events.
pub fn events(heard: &[Heard]) -> Vec<Event> {
    heard.iter().map(|heard| heard.event.clone()).collect()
}

/// The sum of the losses among these events for one reason.
pub fn dropped_for(heard: &[Heard], wanted: DropReason) -> u64 {
    let counts = heard.iter().map(|heard| match heard.event {
        Event::Dropped { reason, count, .. } if reason == wanted => count,
        _ => 0,
    });
    counts.sum()
}

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
