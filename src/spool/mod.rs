//! Keeps exported records on a disk until they are delivered, so that they survive the process and need no memory.
//!
//! The thread `mastra-spool` is the only code that waits for a disk. The engine holds a [`Spool`]: it sends
//! [`message::Command`]s over a channel that is bounded in bytes and gets [`message::Report`]s. Records are named by run,
//! signal and number. The engine appends each record when it is decoded, and acknowledges it when it is delivered or
//! dropped for good. It parks the records that its memory releases before that: to make room, after `retryWindowMs`, or at
//! the end of the process. It reads parked records back when memory has room. Records of a run whose process has died are
//! parked from the start.
//!
//! # Files
//!
//! ```text
//! <spoolDirectory>/<hash of the addresses>/     one destination: 32 hexadecimal digits of SHA-256; no token in it
//!     <run>.lock                                locked by the owner of the run as long as it lives
//!     <run>.run/                                what one process has written, for one exporter
//!         traces-00000000000000000000.seg       a segment: signal, and number of its first record
//!         traces-00000000000000000000.ack       which of its records are delivered or dropped
//!         traces.spare                          the file of a removed segment, for the next one
//! ```
//!
//! A segment is closed at 4 MiB (a sixteenth of `maxSpoolBytes` if that is less), and removed when all its records are
//! acknowledged. Its file may become that of a later segment of its signal. That segment is written over it from its
//! beginning, and a frame says where the new records end. Numbers of one signal only grow from segment to segment of a run. A run is adopted by
//! whoever gets its lock; it is removed when its last segment is. Other files are left alone.
//!
//! # Format, version 1
//!
//! All numbers are little-endian. A segment is a header and frames, a file of acknowledgements is frames alone. A reader
//! skips bytes that are no frame, up to the next mark that begins one.
//!
//! | header | bytes | |
//! |---|---|---|
//! | magic | 8 | `MASTRASP` |
//! | version | 2 | 1; a newer one is left alone |
//! | signal | 1 | 0 traces, 1 logs, 2 metrics, 3 scores, 4 feedback; the name of the file decides |
//! | | 1 | 0 |
//! | checksum | 4 | CRC-32 of what is before it |
//!
//! | frame | bytes | |
//! |---|---|---|
//! | mark | 4 | `F7 4D 53 46`; `F7` does not occur in UTF-8 |
//! | length | 4 | of what follows the checksum |
//! | checksum | 4 | CRC-32 of what follows it |
//! | kind | 1 | 1 records, 2 acknowledgement, 3 end: what follows is left of an earlier segment |
//! | first | 8 | records, acknowledgement: number of the first record |
//! | time, count | 8, 4 | records: when they were exported, in milliseconds since 1970; how many |
//! | lengths | 4 each | records: bytes of the JSON of each |
//! | JSON | | records: one after the other |
//! | count | 8 | acknowledgement: how many |
//!
//! | module | what it is |
//! |---|---|
//! | `message` | what crosses between the engine and the thread |
//! | `frame`, `frames` | bytes; the search for the next frame behind damage |
//! | `segment` | names, and what a segment says |
//! | `store` | the state: what is parked, what is held, and the commands that change it |
//! | `writer`, `spares`, `limits` | open files; files to be used again; what may be kept |
//! | `claim` | owners of runs |
//! | `ranges`, `block` | sets of numbers; records in one piece |
//! | `disk`, `mounts` | the file system |
//! | `thread` | the thread |

pub mod block;
mod claim;
pub mod disk;
pub mod frame;
pub mod frames;
pub mod limits;
pub mod message;
mod mounts;
pub mod ranges;
pub mod segment;
mod spares;
pub mod store;
pub mod thread;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender, unbounded};
use ring::digest::{SHA256, digest};

use crate::{config::SpoolConfig, protocol::request::Endpoints, signal::Signal, stats::Stats, wake::Wake};
use disk::RealDisk;
use limits::Limits;
use message::{Command, Report};
use store::Store;

/// What may wait for the disk, in bytes. Records beyond it are kept in memory only; other commands get a quarter more.
const MAX_WAITING_BYTES: usize = 16 << 20;

/// The engine's side of a spool. Nothing here waits. Dropping it ends the thread after it has written everything.
#[derive(Debug)]
pub struct Spool {
    commands: Sender<Command>,
    reports: Receiver<Report>,
    waiting: Arc<AtomicUsize>,
    max_waiting_bytes: usize,
}

/// The other side of a [`Spool`].
#[derive(Debug)]
pub struct Link {
    /// What the engine asks for.
    pub commands: Receiver<Command>,
    /// Answers.
    pub reports: Sender<Report>,
    waiting: Arc<AtomicUsize>,
}

impl Spool {
    /// Both sides. `max_waiting_bytes`: what may wait for the disk.
    #[must_use]
    pub fn pair(max_waiting_bytes: usize) -> (Self, Link) {
        let (commands, for_thread) = unbounded();
        let (for_engine, reports) = unbounded();
        let waiting = Arc::<AtomicUsize>::default();
        let link = Link { commands: for_thread, reports: for_engine, waiting: Arc::clone(&waiting) };
        (Self { commands, reports, waiting, max_waiting_bytes }, link)
    }

    /// Sends a command. False when it was not taken, because the disk is too far behind or the thread has ended.
    #[expect(clippy::must_use_candidate, reason = "some commands may be lost")]
    pub fn send(&self, command: Command) -> bool {
        let reserved = if matches!(command, Command::Append(..)) { 0 } else { self.max_waiting_bytes / 4 };
        let waiting = self.waiting.load(Ordering::Relaxed) + cost(&command);
        waiting <= self.max_waiting_bytes + reserved && self.send_in_any_case(command)
    }

    /// Sends one of the few commands that must not be lost. False when the thread has ended.
    #[must_use]
    pub fn send_in_any_case(&self, command: Command) -> bool {
        self.waiting.fetch_add(cost(&command), Ordering::Relaxed);
        self.commands.send(command).is_ok()
    }

    /// What has been reported since the last call.
    pub fn reports(&self) -> impl Iterator<Item = Report> {
        self.reports.try_iter()
    }
}

impl Link {
    /// A command has been carried out: it takes no room any more. `bytes`: [`cost`] of it.
    pub fn done(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What a command takes while it waits, in bytes.
#[must_use]
pub fn cost(command: &Command) -> usize {
    let content = match command {
        Command::Append(_, block) => block.json.len() + block.lengths.len() * size_of::<u32>(),
        _ => 0,
    };
    content + size_of::<Command>()
}

/// Opens the spool of an exporter: starts its thread, which tells `stats` of bytes and `wake` of reports.
///
/// # Errors
/// When the system gives no thread.
pub fn open(
    config: &SpoolConfig,
    endpoints: &Endpoints,
    stats: Arc<Stats>,
    wake: Arc<Wake>,
) -> io::Result<(Spool, JoinHandle<()>)> {
    let directory = destination(&config.directory, endpoints);
    let limits = Limits::new(config);
    let (spool, link) = Spool::pair(MAX_WAITING_BYTES);
    let open = move |directory, now_ms| Store::open(RealDisk, directory, limits, now_ms);
    let thread = thread::start(directory, open, link, stats, wake)?;
    Ok((spool, thread))
}

/// The directory of a destination: of the addresses that records are sent to, without credentials.
#[must_use]
pub fn destination(directory: &Path, endpoints: &Endpoints) -> PathBuf {
    let urls = Signal::ALL.map(|signal| endpoints.url(signal));
    let hash = digest(&SHA256, urls.join("\n").as_bytes());
    let hash = hash.as_ref().first_chunk().map_or(0, |start| u128::from_be_bytes(*start));
    directory.join(format!("{hash:032x}"))
}
