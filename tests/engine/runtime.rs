//! The engine on its own thread, in real time: the handle on the JS thread, and the cost of a panic.

use std::{
    panic::panic_any,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use mastra_native_exporter::{
    clock,
    command::FlushKind,
    config::Config,
    event::{Event, Sink},
    handle::Handle,
    runtime::Runtime,
    signal::Signal,
    stats::DropReason,
};

use crate::support::{Answer, Collector, Counts, ScriptedTransport, config, delivered, lock, records, secs};

/// A limit for waits. Only a test that fails waits for the whole time.
const LIMIT: Duration = Duration::from_secs(20);
const LATER: FlushKind = FlushKind::Flush;

struct ChannelSink {
    events: Mutex<Sender<Event>>,
    /// Whether to panic on an event.
    panics: fn(&Event) -> bool,
}

impl Sink for ChannelSink {
    fn emit(&self, event: &Event) {
        assert!(!(self.panics)(event), "the sink broke");
        // After the end of a test nobody listens.
        let _ = lock(&self.events).send(event.clone());
    }
}

/// An exporter on an engine with a thread of its own.
struct Open {
    handle: Handle,
    events: Receiver<Event>,
}

impl Open {
    fn new(runtime: &Runtime, endpoint: &str, options: &str) -> Self {
        Self::with_sink(runtime, endpoint, options, |_| false)
    }

    fn with_sink(runtime: &Runtime, endpoint: &str, options: &str, panics: fn(&Event) -> bool) -> Self {
        let (sender, events) = channel();
        let sink = Arc::new(ChannelSink { events: Mutex::new(sender), panics });
        Self { handle: runtime.open(config(endpoint, options), sink), events }
    }

    /// Hands over this number of spans, each with `bytes` bytes.
    fn submit(&self, count: usize, bytes: usize) -> bool {
        let lines = vec![format!("0{}", "7".repeat(bytes)); count];
        self.handle.submit(records(&lines.join("\n")))
    }

    fn until(&self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.events.recv_timeout(LIMIT).expect("the event comes");
            if wanted(&event) {
                return event;
            }
        }
    }

    /// The events about the end of the engine, which are the last events of the exporter.
    fn failure(&self) -> String {
        match self.until(|event| matches!(event, Event::EngineFailed { .. })) {
            Event::EngineFailed { message } => message,
            other => panic!("{other:?}"),
        }
    }

    fn assert_gone(&self) {
        assert!(!self.submit(2, 10) && !self.handle.flush(1, LATER, LIMIT));
        let _ = self.handle.abandon();
        let counts = Counts::total(self.handle.stats());
        assert_eq!((counts.queued, counts.in_flight, counts.queued_bytes), (0, 0, 0));
        assert_eq!(counts.accepted, counts.delivered + counts.dropped_for(DropReason::EngineFailed));
        let later: Vec<Event> = self.events.try_iter().collect();
        assert!(later.is_empty(), "told once: {later:?}");
    }
}

/// Delivers, except to the endpoints `refuse` and `panic`, and to `wait`, which waits for `released`.
fn start(answer: Answer, panic: fn(), released: Option<Receiver<()>>) -> Runtime {
    let released = released.map(Mutex::new);
    let connect = move |config: &Config| {
        let answer = answer.clone();
        match config.endpoints.url(Signal::Traces) {
            "panic" => panic(),
            "refuse" => return Err("no such host".to_owned()),
            // Ends when the other side is dropped.
            "wait" => drop(released.as_ref().map(|released| lock(released).recv())),
            _ => {}
        }
        Ok(ScriptedTransport(Arc::new(Collector::new(clock::now(), move |_| answer.clone()))))
    };
    Runtime::start(connect).unwrap()
}

#[test]
fn a_panic_in_the_engine_is_told_to_every_exporter_once_and_nobody_waits() {
    let panics: [(fn(), &str); 3] = [
        (|| panic!("out of luck"), "the exporter thread panicked: out of luck"),
        (|| panic!("{} of luck", "out"), "the exporter thread panicked: out of luck"),
        (|| panic_any(7), "the exporter thread panicked: no message"),
    ];
    for (panic, message) in panics {
        let runtime = start(delivered(), panic, None);
        let busy = Open::new(&runtime, "", r#""maxBatchSize":1"#);
        let waiting = Open::new(&runtime, "", "");
        assert!(busy.submit(1, 10) && waiting.submit(3, 10) && waiting.handle.flush(1, LATER, Duration::ZERO));
        waiting.until(|event| *event == Event::Flushed { ticket: 1 });
        busy.until(|event| matches!(event, Event::BatchDelivered { .. }));
        assert!(waiting.submit(2, 10));

        let cause = Open::new(&runtime, "panic", "");
        for exporter in [&busy, &waiting, &cause] {
            assert_eq!(exporter.failure(), message);
        }
        let late = Open::new(&runtime, "", "");
        assert!(!late.failure().is_empty());
        for exporter in [&busy, &waiting, &cause, &late] {
            exporter.assert_gone();
        }
        runtime.stop();
        for exporter in [busy, waiting, cause, late] {
            exporter.assert_gone();
        }
    }
}

#[test]
fn a_sink_that_panics_once_fails_the_engine_like_any_other_panic() {
    let runtime = start(delivered(), || {}, None);
    let bystander = Open::new(&runtime, "", "");
    let panics = |event: &Event| matches!(event, Event::BatchStarted { .. });
    let broken = Open::with_sink(&runtime, "", r#""maxBatchSize":1"#, panics);
    assert!(broken.submit(1, 10));
    for exporter in [&bystander, &broken] {
        assert_eq!(exporter.failure(), "the exporter thread panicked: the sink broke");
        exporter.assert_gone();
    }
    runtime.stop();
}

#[test]
fn a_sink_that_always_panics_keeps_nothing_from_the_others() {
    let runtime = start(delivered(), || {}, None);
    let broken = Open::with_sink(&runtime, "", r#""maxBatchSize":1"#, |_| true);
    let bystander = Open::new(&runtime, "", "");
    assert!(broken.submit(1, 10));
    assert_eq!(bystander.failure(), "the exporter thread panicked: the sink broke");
    bystander.assert_gone();
    runtime.stop();
}

#[test]
fn an_exporter_that_could_not_connect_is_told_so_once_also_when_the_engine_fails_later() {
    let runtime = start(delivered(), || panic!("out of luck"), None);
    let refused = Open::new(&runtime, "refuse", "");
    assert_eq!(refused.failure(), "no such host");
    let cause = Open::new(&runtime, "panic", "");
    cause.failure();
    runtime.stop();
    let later: Vec<Event> = refused.events.try_iter().collect();
    assert!(later.is_empty(), "{later:?}");
}

#[test]
fn a_dropped_handle_delivers_the_rest() {
    let runtime = start(delivered(), || {}, None);
    let Open { handle, events } = Open::new(&runtime, "", r#""maxBatchWaitMs":2147483647"#);
    assert!(handle.submit(records("0{}\n3{}")));
    drop(handle);
    let next = || events.recv_timeout(LIMIT).unwrap();
    assert_eq!(next(), Event::BatchStarted { buffered_events: 2 });
    assert!(matches!(next(), Event::BatchDelivered { batch_size: 2, .. }));
    assert!(events.recv_timeout(LIMIT).is_err(), "its sink is let go");
    runtime.stop();
}

#[test]
fn what_an_engine_that_does_not_run_cannot_take_is_refused_and_counted() {
    let (release, released) = channel();
    let runtime = start(delivered(), || {}, Some(released));
    let options = r#""maxQueueBytes":1048576"#;
    let exporter = Open::new(&runtime, "", options);
    let _blocking = Open::new(&runtime, "wait", options);
    // One piece may exceed the limit, so that its last records are delivered. The next piece does not fit any more.
    assert!(exporter.submit(7, 1) && exporter.submit(1, 2_000_000) && exporter.submit(5, 10));
    let counts = Counts::total(exporter.handle.stats());
    assert_eq!((counts.accepted, counts.queued), (13, 13), "not dropped before the engine says so");
    drop(release);
    assert!(exporter.handle.flush(1, LATER, LIMIT));
    exporter.until(|event| matches!(event, Event::QueueOverflow { .. }));
    exporter.until(|event| *event == Event::Flushed { ticket: 1 });
    let counts = Counts::total(exporter.handle.stats());
    assert_eq!(counts.delivered + counts.dropped_for(DropReason::QueueFull), 13);
    assert!(exporter.submit(6, 100_000), "what has been taken makes room");
    assert!(exporter.handle.flush(2, LATER, LIMIT));
    exporter.until(|event| *event == Event::Flushed { ticket: 2 });
    assert_eq!(exporter.handle.stats().undelivered(), 0);
    runtime.stop();
}

#[test]
fn stop_delivers_what_is_left_and_nobody_waits_afterwards() {
    let runtime = start(delivered(), || {}, None);
    let exporter = Open::new(&runtime, "", r#""maxBatchWaitMs":2147483647"#);
    assert!(exporter.submit(3, 10));
    runtime.stop();
    assert_eq!(Counts::total(exporter.handle.stats()).delivered, 3);
    assert!(!exporter.submit(1, 10) && !exporter.handle.flush(1, LATER, secs(1)));
    assert_eq!(exporter.handle.abandon(), [1, 0, 0, 0, 0]);
    assert_eq!(exporter.handle.stats().undelivered(), 0);
}

#[test]
fn stop_leaves_an_engine_behind_that_does_not_run() {
    let (release, released) = channel();
    let runtime = start(delivered(), || {}, Some(released));
    let exporter = Open::new(&runtime, "wait", r#""exitTimeoutMs":0"#);
    assert!(exporter.submit(1, 10));
    runtime.stop();
    drop(release);
    exporter.until(|event| matches!(event, Event::BatchStarted { .. }));
}
