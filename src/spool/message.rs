//! Everything that crosses between the engine and the spool's thread.

use std::ops::Range;

use super::{block::Block, segment::RunId};
use crate::{signal::Signal, stats::DropReason};

/// A number for each signal, by [`Signal::index`].
pub type Counts = [u64; Signal::ALL.len()];

/// Names records in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub run: RunId,
    /// Their numbers.
    pub numbers: Range<u64>,
}

/// How many records the engine's memory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Records in memory that are not settled.
    pub memory: Counts,
    /// Records that have come back from the spool so far.
    pub received: Counts,
}

/// What the engine asks for.
#[derive(Debug)]
pub enum Command {
    /// Keep these records of the own run; the engine holds them too.
    Append(Signal, Block),
    /// These are delivered or dropped for good.
    Ack(Signal, Place),
    /// These are delivered by a request that was in flight when `Keep` was sent. The spool settles and reports those
    /// that are still parked. The engine holds the others again, and sends them again.
    AckParked(Signal, Place),
    /// The engine's memory has released these. Those that are not in the spool are dropped for this reason.
    Park(Signal, Place, DropReason),
    /// The engine has room for this many bytes of parked records of a signal. Answered once, when there are any.
    Read(Signal, usize),
    /// Write everything to the disk, then say whether all that the memory holds is there.
    Confirm(u32, Holding),
    /// The same, and the engine's memory releases everything, as with `Park`.
    Keep(u32, Holding, DropReason),
    /// The records of the own run are not wanted any more; those that are parked are dropped, for this reason.
    Discard(u32, DropReason),
}

/// What the spool has to say.
#[derive(Debug, PartialEq, Eq)]
pub enum Report {
    /// The number of records of a dead run that are parked here now.
    Recovered(Counts),
    /// Parked records; the engine holds them from now on.
    Read(Signal, Vec<(RunId, Block)>),
    /// The number of records that [`Command::AckParked`] settled.
    Settled(Signal, u64),
    /// Parked records are lost.
    Dropped(Signal, DropReason, u64),
    /// The answer to `Confirm`, `Keep` or `Discard` with this ticket: whether all is in the spool.
    Confirmed(u32, bool),
    /// Nothing is spooled for now.
    Failed {
        /// What could not be used.
        path: String,
        /// Why.
        error: String,
    },
    /// It works again.
    Resumed {
        /// The directory.
        path: String,
    },
    /// A file cannot be read, or not all of it.
    Unreadable {
        /// Which.
        path: String,
        /// Records that are lost; at least these.
        records: u64,
        /// Bytes that make no sense.
        bytes: u64,
    },
    /// A run of a newer version stays where it is.
    LeftAlone {
        /// Which.
        path: String,
        /// Its version.
        version: u16,
    },
}
