//! One exporter on the JS thread.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::Sender;
use mastra_native_exporter::{
    command::{Command, FlushKind, Records, Unread},
    event::Event,
    signal::Signal,
    stats::Stats,
    wake::Wake,
};
use tokio::{sync::mpsc, time::timeout};

use super::{Collector, Counts, FOR_EVER, Heard, lock, records};

/// The handle and the recorded events; see the module.
pub struct Exporter {
    pub(super) id: u64,
    pub(super) commands: Sender<Command>,
    pub(super) wake: Arc<Wake>,
    pub collector: Arc<Collector>,
    pub(super) events: mpsc::UnboundedReceiver<Heard>,
    /// The reports for a person about the collector, without those about records.
    pub(super) news: Arc<Mutex<Vec<Heard>>>,
    pub(super) stats: Arc<Stats>,
    pub(super) unread_bytes: Arc<AtomicUsize>,
}

impl Exporter {
    pub(super) fn command(&self, command: Command) {
        self.commands.send(command).unwrap();
        self.wake.notify_one();
    }

    /// Hands records over: one a line, each with the digit of its signal and a text.
    pub fn hand_over(&self, lines: &str) {
        self.hand_over_records(records(lines));
    }

    pub fn hand_over_records(&self, records: Records) {
        self.command(self.records(records));
    }

    fn records(&self, records: Records) -> Command {
        let unread = Unread::new(&self.unread_bytes, records.bytes.len());
        for (signal, count) in Signal::ALL.into_iter().zip(records.counts) {
            self.stats.accepted(signal, count);
        }
        Command::Records { id: self.id, records, unread }
    }

    /// Hands records over without waking an engine that rests.
    pub fn hand_over_later(&self, lines: &str) {
        self.commands.send(self.records(records(lines))).unwrap();
        self.wake.notify_unless_resting();
    }

    /// Counts log records that could not be handed over.
    pub fn refuse(&self, count: u64) {
        self.stats.accepted(Signal::Logs, count);
        self.command(Command::Refused { id: self.id, counts: [0, count, 0, 0, 0] });
    }

    pub fn flush(&self, ticket: u32) {
        self.flush_as(ticket, FlushKind::Flush, FOR_EVER);
    }

    pub fn flush_as(&self, ticket: u32, kind: FlushKind, within: Duration) {
        self.command(Command::Flush { id: self.id, ticket, kind, within });
    }

    pub fn close(&self) {
        self.command(Command::Close { id: self.id });
    }

    /// The reports about the collector so far, and their times.
    pub fn news(&self) -> Vec<(Duration, Event)> {
        lock(&self.news).iter().map(|heard| (heard.at, heard.event.clone())).collect()
    }

    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    pub fn undelivered(&self) -> u64 {
        self.stats.undelivered()
    }

    /// The counters of all signals together.
    pub fn counts(&self) -> Counts {
        Counts::total(&self.stats)
    }

    /// The counters by signal.
    pub fn counts_by_signal(&self) -> Vec<Counts> {
        Counts::read(&self.stats)
    }

    pub fn unread_bytes(&self) -> usize {
        self.unread_bytes.load(Ordering::Relaxed)
    }

    /// The next event, after the (virtual) time that it takes.
    pub async fn next(&mut self) -> Heard {
        let next = timeout(FOR_EVER, self.events.recv()).await;
        next.expect("an event comes").expect("the engine runs")
    }

    /// Flushes and returns every event up to `Flushed`, this one included.
    pub async fn flushed(&mut self, ticket: u32) -> Vec<Heard> {
        self.flush(ticket);
        self.until(|event| *event == Event::Flushed { ticket }).await
    }

    /// Waits until every record so far is delivered or dropped, and returns every event up to then.
    pub async fn settled(&mut self, ticket: u32) -> Vec<Heard> {
        self.flush_as(ticket, FlushKind::Exit, FOR_EVER);
        self.until(|event| *event == Event::Flushed { ticket }).await
    }

    /// Events up to the first that `is_last` accepts.
    pub async fn until(&mut self, is_last: impl Fn(&Event) -> bool) -> Vec<Heard> {
        let mut heard = Vec::new();
        loop {
            heard.push(self.next().await);
            if heard.last().is_some_and(|last| is_last(&last.event)) {
                return heard;
            }
        }
    }

    /// Events that have come and were not read yet.
    pub fn heard(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}
