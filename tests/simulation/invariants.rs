//! What must hold in every world.

use std::fmt;

/// The invariants, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// At every event accepted = delivered + dropped + queued + in flight, and nothing of that but the last two ever
    /// shrinks. At the end the counters say what the collector says.
    Accounting,
    /// Queued bytes stay below `maxQueueBytes`.
    Memory,
    /// Every flush and shutdown is answered in its time, and so does the engine stop.
    Ends,
    /// A record is delivered once, unless the answer to an earlier try was unclear: none, or broken off.
    Twice,
    /// After `Retry-After` there is no request in that time: of that signal after 429, of any after 503.
    Hold,
    /// After 401 or 403 there is no request for 59 s, unless one that was under way is delivered meanwhile.
    Rejected,
    /// No record is dropped that the collector would have taken: while the address lets bodies through, each record
    /// is tried about as often as the pauses between its tries allow, and only memory may cost it that. One that shares
    /// its body with a bad record needs two minutes, and other bodies that get through all the time.
    Loss,
    /// A record of a healthy address is sent at most 2 s after `maxBatchWaitMs`, whatever other addresses and other
    /// bodies meet.
    Delay,
    /// While every request of a signal fails, there are at most [`MOST_IN_OUTAGE`] requests in 10 s, however often it
    /// is flushed. Not where `maxRetries` counts attempts, nor at the end of the process.
    Rate,
    /// What a limit on bodies costs: at most [`MOST_UPLOADED`] times the bytes that arrive.
    Upload,
    /// Records of a signal are tried for the first time in the order in which they were handed over. The parts of a body
    /// go before newer records. When the queue is full, the oldest records of a signal are dropped first.
    Order,
    /// The engine panics, spins, or never ends.
    Alive,
}

/// Requests in 10 s of an outage: a try a second, and as many again for pauses and windows that end.
pub const MOST_IN_OUTAGE: usize = 20;
/// See [`Invariant::Upload`].
pub const MOST_UPLOADED: f64 = 1.5;

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub invariant: Invariant,
    /// Milliseconds since the start.
    pub at: u64,
    pub text: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, at, text } = self;
        write!(formatter, "{invariant:?} does not hold at {:.3} s: {text}", *at as f64 / 1000.0)
    }
}
