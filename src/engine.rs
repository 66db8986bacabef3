//! The loop on the engine's thread. All waiting of the thread is here: for commands, for answers, for the next
//! deadline.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::Arc,
};

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use tokio::{
    task::{AbortHandle, Id, JoinSet, yield_now},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    buffers, clock,
    command::{Command, ExporterId},
    config::Config,
    delivery::{exporter::Exporter, job::Job},
    event::Event,
    protocol::{answer::Outcome, reply::Reply},
    spool::Spool,
    stats::Stats,
    transport::Transport,
    wake::{REST, Wake},
    wire::Decoder,
};

/// Opens the spool of an exporter, if its options want one.
pub type OpenSpool = Box<dyn FnMut(&Config, &Arc<Stats>, &Arc<Wake>) -> io::Result<Option<Spool>> + Send>;

/// The number of commands taken before answers and deadlines get their turn: many records must not delay those.
const COMMANDS_PER_PASS: usize = 64;

/// An exporter with its connection.
struct Lane<T> {
    exporter: Exporter,
    transport: Arc<T>,
    closed: bool,
}

/// A request in flight.
struct Sent {
    exporter: ExporterId,
    job: Job,
    abort: AbortHandle,
}

/// The state of the loop; see the module. `connect` makes the transport of an exporter, or says why it cannot.
pub struct Engine<T, C> {
    connect: C,
    open_spool: OpenSpool,
    /// Ordered by id, so that a run with the same events takes the same course.
    lanes: BTreeMap<ExporterId, Lane<T>>,
    requests: JoinSet<Reply>,
    /// The subject of each request in `requests`. It is kept here so that it survives a panic of the task.
    sent: HashMap<Id, Sent>,
    /// Reads the records of all exporters.
    decoder: Decoder,
    stop_at: Option<Instant>,
    /// JS threads that wait at the end of their process. Dropping an entry ends the wait.
    drains: Vec<Sender<()>>,
}

impl<T, C> Engine<T, C>
where
    T: Transport,
    C: FnMut(&Config) -> Result<T, String>,
{
    /// An engine without exporters.
    pub fn new(connect: C, open_spool: OpenSpool) -> Self {
        Self {
            connect,
            open_spool,
            lanes: BTreeMap::new(),
            requests: JoinSet::new(),
            sent: HashMap::new(),
            decoder: Decoder::default(),
            stop_at: None,
            drains: Vec::new(),
        }
    }

    /// Runs until [`Command::Stop`], or until all senders of `commands` are gone. Each sender of a command has to call
    /// `wake` after it. After records have been read, the engine rests.
    pub async fn run(mut self, commands: Receiver<Command>, wake: Arc<Wake>) {
        let mut rest_until = None;
        loop {
            wake.end_rest();
            let (mut backlog, mut has_read) = (true, false);
            for _ in 0..COMMANDS_PER_PASS {
                match commands.try_recv() {
                    Ok(command) => {
                        has_read |= matches!(command, Command::Records { .. });
                        self.on_command(command, &wake);
                    }
                    Err(TryRecvError::Empty) => {
                        backlog = false;
                        break;
                    }
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            while let Some(done) = self.requests.try_join_next_with_id() {
                self.on_done(done);
            }
            let now = clock::now();
            let deadline = self.advance(now);
            let idle = self.lanes.values().all(|lane| lane.exporter.is_idle());
            if idle {
                self.drains.clear();
            }
            if self.stop_at.is_some_and(|stop_at| idle || now >= stop_at) {
                self.lanes.values_mut().for_each(|lane| lane.exporter.report_rest());
                return;
            }
            if backlog {
                yield_now().await;
                continue;
            }
            rest_until = if has_read { Some(now + REST) } else { rest_until.filter(|&until| now < until) };
            if rest_until.is_some() {
                wake.begin_rest();
            }
            let deadline = rest_until.map_or(deadline, |until| until.min(deadline));
            tokio::select! {
                // In this order instead of a random one. Each pass takes everything that has come, so nothing waits for
                // ever.
                biased;
                () = wake.notified() => {}
                Some(done) = self.requests.join_next_with_id() => self.on_done(done),
                () = sleep_until(deadline) => {}
            }
        }
    }

    fn on_command(&mut self, command: Command, wake: &Arc<Wake>) {
        let now = clock::now();
        match command {
            Command::Open { id, config, sink, stats } => {
                let transport = (self.connect)(&config);
                let spool = (self.open_spool)(&config, &stats, wake);
                if let (Err(error), Some(spool)) = (&spool, &config.spool) {
                    let path = spool.directory.display().to_string();
                    sink.emit(&Event::SpoolFailed { path, error: error.to_string() });
                }
                let mut exporter = Exporter::new(*config, sink, stats, spool.ok().flatten(), clock::jitter);
                match transport {
                    Ok(transport) => {
                        let transport = Arc::new(transport);
                        self.lanes.insert(id, Lane { exporter, transport, closed: false });
                    }
                    Err(message) => exporter.fail(&message),
                }
            }
            Command::Records { id, records, unread } => {
                let unread = unread.arrived();
                if let Some(lane) = self.lanes.get_mut(&id) {
                    lane.exporter.on_records(now, &records, unread, &mut self.decoder);
                }
                buffers::give_back(records.bytes);
            }
            Command::Refused { id, counts } => self.with(id, |exporter| exporter.on_refused(now, counts)),
            Command::Flush { id, ticket, kind, within } => {
                self.with(id, |exporter| exporter.on_flush(now, ticket, kind, within));
            }
            Command::Drain { deadline, done } => {
                self.end(now, deadline);
                self.drains.push(done);
            }
            Command::Close { id } => {
                if let Some(lane) = self.lanes.get_mut(&id) {
                    lane.exporter.close(now);
                    lane.closed = true;
                }
            }
            Command::Stop { deadline } => {
                self.end(now, deadline);
                self.stop_at = Some(deadline);
            }
        }
    }

    fn end(&mut self, now: Instant, deadline: Instant) {
        for lane in self.lanes.values_mut() {
            lane.exporter.end(now, deadline);
        }
    }

    fn with(&mut self, id: ExporterId, act: impl FnOnce(&mut Exporter)) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            act(&mut lane.exporter);
        }
    }

    /// Does what is due, sends what may be sent, and returns the time of the next pass.
    fn advance(&mut self, now: Instant) -> Instant {
        for (&id, lane) in &mut self.lanes {
            lane.exporter.on_spool(now);
            lane.exporter.on_time(now);
            while let Some(job) = lane.exporter.next_job(now) {
                let (transport, limit) = (Arc::clone(&lane.transport), lane.exporter.request_timeout());
                let (signal, body) = (job.signal(), lane.exporter.body(&job));
                let abort = self.requests.spawn(async move {
                    let timed_out = |_| Outcome::Retry {
                        cause: format!("Request timed out after {} ms", limit.as_millis()),
                        after: None,
                    };
                    timeout(limit, transport.send(signal, body)).await.unwrap_or_else(|error| timed_out(error).into())
                });
                self.sent.insert(abort.id(), Sent { exporter: id, job, abort });
            }
            lane.exporter.note_health(now);
        }
        self.lanes.retain(|_, lane| {
            let done = lane.exporter.is_stopped() || lane.closed && lane.exporter.is_idle();
            if done {
                lane.exporter.report_rest();
            }
            !done
        });
        // The jobs that a stopped exporter still had in flight.
        self.sent.retain(|_, sent| {
            let known = self.lanes.contains_key(&sent.exporter);
            if !known {
                sent.abort.abort();
            }
            known
        });
        let deadlines = self.lanes.values().filter_map(|lane| lane.exporter.deadline(now));
        deadlines.chain(self.stop_at).min().unwrap_or_else(|| clock::far_future(now))
    }

    fn on_done(&mut self, done: Result<(Id, Reply), tokio::task::JoinError>) {
        let (request, reply) = match done {
            Ok(done) => done,
            Err(error) => {
                let cause = "Request failed: internal error".to_owned();
                (error.id(), Outcome::Retry { cause, after: None }.into())
            }
        };
        if let Some(Sent { exporter, job, .. }) = self.sent.remove(&request) {
            self.with(exporter, |exporter| exporter.on_reply(clock::now(), job, reply));
        }
    }
}
