//! The loop on the engine's thread, and the only code that waits: for commands, for answers, for the next deadline.

use std::{collections::HashMap, sync::Arc};

use crossbeam_channel::{Receiver, TryRecvError};
use tokio::{
    sync::Notify,
    task::{Id, JoinSet},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    clock,
    command::{Command, ExporterId},
    config::Config,
    exporter::Exporter,
    queue::Job,
    retry::Outcome,
    transport::Transport,
};

/// An exporter with its connection.
struct Lane<T> {
    exporter: Exporter,
    transport: Arc<T>,
    closed: bool,
}

/// See the module. `connect` makes the transport of an exporter, or says why it cannot.
pub struct Engine<T, C> {
    connect: C,
    lanes: HashMap<ExporterId, Lane<T>>,
    requests: JoinSet<Outcome>,
    /// What each request in `requests` is about; kept here so that a task that panics does not take it along.
    sent: HashMap<Id, (ExporterId, Job)>,
    stop_at: Option<Instant>,
}

impl<T, C> Engine<T, C>
where
    T: Transport,
    C: FnMut(&Config) -> Result<T, String>,
{
    /// An engine without exporters.
    pub fn new(connect: C) -> Self {
        Self {
            connect,
            lanes: HashMap::new(),
            requests: JoinSet::new(),
            sent: HashMap::new(),
            stop_at: None,
        }
    }

    /// Runs until [`Command::Stop`], or until all senders of `commands` are gone. Whoever sends a command has to call
    /// `wake.notify_one()` after it: a crossbeam channel cannot be awaited.
    pub async fn run(mut self, commands: Receiver<Command>, wake: Arc<Notify>) {
        loop {
            loop {
                match commands.try_recv() {
                    Ok(command) => self.on_command(command),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let now = clock::now();
            let deadline = self.advance(now);
            if let Some(stop_at) = self.stop_at
                && (now >= stop_at || self.lanes.values().all(|lane| lane.exporter.is_idle()))
            {
                return;
            }
            tokio::select! {
                () = wake.notified() => {}
                Some(done) = self.requests.join_next_with_id() => self.on_done(done),
                () = sleep_until(deadline) => {}
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        let now = clock::now();
        match command {
            Command::Open {
                id,
                config,
                sink,
                undelivered,
            } => {
                let transport = (self.connect)(&config);
                let mut exporter = Exporter::new(*config, sink, undelivered, clock::jitter);
                match transport {
                    Ok(transport) => {
                        let transport = Arc::new(transport);
                        self.lanes.insert(
                            id,
                            Lane {
                                exporter,
                                transport,
                                closed: false,
                            },
                        );
                    }
                    Err(message) => exporter.fail(&message),
                }
            }
            Command::Records { id, text, unread } => {
                drop(unread);
                self.with(id, |exporter| exporter.on_records(now, &text));
            }
            Command::Refused { id, count } => self.with(id, |exporter| exporter.on_refused(now, count)),
            Command::Flush { id, ticket } => self.with(id, |exporter| exporter.on_flush(now, ticket)),
            Command::Close { id } => {
                if let Some(lane) = self.lanes.get_mut(&id) {
                    lane.exporter.close_batch(now);
                    lane.closed = true;
                }
            }
            Command::Stop { deadline } => {
                for lane in self.lanes.values_mut() {
                    lane.exporter.close_batch(now);
                }
                self.stop_at = Some(deadline);
            }
        }
    }

    fn with(&mut self, id: ExporterId, act: impl FnOnce(&mut Exporter)) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            act(&mut lane.exporter);
        }
    }

    /// Does what is due, sends what may be sent, and answers when to look again.
    fn advance(&mut self, now: Instant) -> Instant {
        for (&id, lane) in &mut self.lanes {
            lane.exporter.on_time(now);
            while let Some(job) = lane.exporter.next_job(now) {
                let (transport, limit) = (Arc::clone(&lane.transport), lane.exporter.request_timeout());
                let (signal, body) = (job.signal, job.body.clone());
                let request = self.requests.spawn(async move {
                    timeout(limit, transport.send(signal, body))
                        .await
                        .unwrap_or_else(|_| Outcome::Retry(format!("Request timed out after {} ms", limit.as_millis())))
                });
                self.sent.insert(request.id(), (id, job));
            }
        }
        self.lanes.retain(|_, lane| !(lane.closed && lane.exporter.is_idle()));
        let deadlines = self.lanes.values().filter_map(|lane| lane.exporter.deadline());
        deadlines
            .chain(self.stop_at)
            .min()
            .unwrap_or_else(|| clock::far_future(now))
    }

    fn on_done(&mut self, done: Result<(Id, Outcome), tokio::task::JoinError>) {
        let (request, outcome) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Outcome::Retry("Request failed: internal error".to_owned())),
        };
        if let Some((id, job)) = self.sent.remove(&request) {
            self.with(id, |exporter| exporter.on_outcome(clock::now(), job, outcome));
        }
    }
}
