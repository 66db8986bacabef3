//! Everything the engine has to say to the facade, as one enum. Crosses as JSON; `facade/events.ts` turns each into
//! the peer's log line.

use serde::Serialize;

use crate::{batch::FlushReason, signal::Signal};

/// Something the facade logs or waits for. Counts are records, durations whole milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A batch was closed and goes out.
    BatchStarted {
        /// Records in it.
        buffered_events: u64,
    },
    /// All signals of a batch were delivered.
    BatchDelivered {
        /// Records in it.
        batch_size: u64,
        /// Why it was closed.
        flush_reason: FlushReason,
        /// Since it was closed.
        duration_ms: u64,
        /// Records that an authentication cooldown before this had cost; absent if none.
        #[serde(skip_serializing_if = "Option::is_none")]
        dropped_events_during_auth_cooldown: Option<u64>,
    },
    /// A batch is finished, but some of its signals were dropped.
    BatchIncomplete {
        /// Records in it.
        batch_size: u64,
        /// Why it was closed.
        flush_reason: FlushReason,
        /// Since it was closed.
        duration_ms: u64,
        /// The signals that were dropped.
        failed_signals: Vec<Signal>,
    },
    /// The records of one signal of a batch were dropped after the last attempt.
    SignalDropped {
        /// Which.
        signal: Signal,
        /// How many records.
        dropped_batch_size: u64,
        /// What the last attempt met.
        cause: String,
    },
    /// The collector rejected the credentials; nothing is sent for a while.
    AuthCooldown {
        /// 401 or 403.
        status: u16,
        /// The signals of the batch that were dropped.
        failed_signals: Vec<Signal>,
        /// Records in the batch.
        dropped_batch_size: u64,
        /// Records dropped since the last such event.
        dropped_events_during_cooldown: u64,
        /// Rejections since the last delivery.
        auth_failure_count: u32,
        /// How long nothing is sent.
        cooldown_ms: u64,
    },
    /// The queue was full and the oldest records were let go.
    QueueOverflow {
        /// Records dropped since the last such event.
        dropped_records: u64,
        /// The limit.
        max_queue_bytes: u64,
    },
    /// Everything handed over before the flush with this ticket is delivered or dropped.
    Flushed {
        /// The facade's number for the flush.
        ticket: u32,
    },
    /// The engine cannot go on; the exporter is disabled.
    EngineFailed {
        /// What happened.
        message: String,
    },
}

/// Where an exporter's events go.
pub trait Sink: Send + Sync {
    /// Takes an event; never blocks, and drops it if nobody listens any more.
    fn emit(&self, event: &Event);
}
