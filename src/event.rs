//! Everything that the engine tells the facade, as one enum. Events cross as JSON; `facade/log/log.ts` writes the
//! peer's log line for each.

use serde::{Deserialize, Serialize};

use crate::{
    delivery::batch::FlushReason,
    signal::Signal,
    stats::{DropReason, Stats},
};

/// An event that the facade logs or waits for. Counts are numbers of records, durations whole milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A batch was closed and is about to be sent.
    BatchStarted {
        /// The number of records in the batch.
        buffered_events: u64,
    },
    /// All signals of a batch were delivered.
    BatchDelivered {
        /// The number of records in the batch.
        batch_size: u64,
        /// Why the batch was closed.
        flush_reason: FlushReason,
        /// The time since the batch was closed.
        duration_ms: u64,
        /// The number of records that an authentication cooldown before this batch has cost; absent if none.
        #[serde(skip_serializing_if = "Option::is_none")]
        dropped_events_during_auth_cooldown: Option<u64>,
    },
    /// A batch is finished, but some of its signals were dropped.
    BatchIncomplete {
        /// The number of records in the batch.
        batch_size: u64,
        /// Why the batch was closed.
        flush_reason: FlushReason,
        /// The time since the batch was closed.
        duration_ms: u64,
        /// The signals that were dropped.
        failed_signals: Vec<Signal>,
    },
    /// The records of one signal of a batch were dropped after the last attempt.
    SignalDropped {
        /// The signal.
        signal: Signal,
        /// The number of records.
        dropped_batch_size: u64,
        /// The URL without credentials and query.
        endpoint: String,
        /// The number of attempts.
        attempts: u32,
        /// The status of the last answer; absent when there was none.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The beginning of the last answer's body, without control characters.
        #[serde(skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
        /// The message of the last attempt.
        cause: String,
    },
    /// The collector rejected the token. Nothing is sent until the cooldown is over.
    AuthCooldown {
        /// 401 or 403.
        status: u16,
        /// The beginning of the answer's body, without control characters; absent when it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
        /// The URL without credentials and query.
        endpoint: String,
        /// The signals of the batch that were dropped.
        failed_signals: Vec<Signal>,
        /// The number of records in the batch.
        dropped_batch_size: u64,
        /// The number of records dropped since the last such event.
        dropped_events_during_cooldown: u64,
        /// The number of rejections since the last delivery.
        auth_failure_count: u32,
        /// The time for which nothing is sent.
        cooldown_ms: u64,
    },
    /// The queue was full and its oldest records were dropped.
    QueueOverflow {
        /// The number of records dropped since the last such event.
        dropped_records: u64,
        /// The limit in bytes.
        max_queue_bytes: u64,
    },
    /// Addresses do not work. Reported once until they work again.
    Unreachable {
        /// The signals of the addresses. All addresses are of one origin.
        signals: Vec<Signal>,
        /// The first of the addresses: its URL without credentials and query.
        endpoint: String,
        /// The message of the last attempt.
        cause: String,
        /// The time since the first failure.
        failing_for_ms: u64,
        /// The number of waiting records, of all signals.
        waiting_records: u64,
        /// The time for which each record is kept.
        kept_for_ms: u64,
    },
    /// Addresses that [`Event::Unreachable`] has reported work again.
    Reachable {
        /// The signals of the addresses.
        signals: Vec<Signal>,
        /// The first of the addresses: its URL without credentials and query.
        endpoint: String,
        /// The time since the first failure.
        down_ms: u64,
        /// Records that wait, of all signals.
        waiting_records: u64,
    },
    /// A try failed, and another may help.
    TryFailed {
        /// The signal.
        signal: Signal,
        /// The URL without credentials and query.
        endpoint: String,
        /// The number of this attempt; the first one is 1.
        attempt: u32,
        /// The message of the attempt.
        cause: String,
    },
    /// The collector has accepted a request, but not all of its records.
    PartlyRefused {
        /// The signal.
        signal: Signal,
        /// The URL without credentials and query.
        endpoint: String,
        /// The number of records that the collector has not stored.
        refused_records: u64,
        /// Why the first of them was not stored, in the collector's words; empty when the collector does not say.
        reason: String,
    },
    /// Records were dropped. This event is for alerting, so there is one for each loss.
    Dropped {
        /// The signal.
        signal: Signal,
        /// The reason.
        reason: DropReason,
        /// The number of records.
        count: u64,
    },
    /// The rest of a buffer could not be read.
    BufferDamaged {
        /// The number of records in the rest.
        dropped_records: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// A single record was dropped because of its size or because it cannot be read.
    RecordDropped {
        /// The signal.
        signal: Signal,
        /// The reason.
        reason: DropReason,
        /// What identifies the record.
        record: RecordName,
        /// The length of its JSON in bytes, or of the part that was made before it was given up.
        bytes: u64,
    },
    /// The quota is used up. Everything is dropped until a probe is delivered.
    QuotaPaused {
        /// The time until the first probe.
        probe_after_seconds: u64,
    },
    /// There is quota again.
    QuotaResumed,
    /// Nothing is spooled until [`Event::SpoolResumed`].
    SpoolFailed {
        /// The directory.
        path: String,
        /// Why.
        error: String,
    },
    /// The spool works again.
    SpoolResumed {
        /// The directory.
        path: String,
    },
    /// A file of the spool cannot be read, or not all of it.
    SpoolUnreadable {
        /// Which.
        path: String,
        /// Records that are lost; at least these.
        dropped_records: u64,
        /// Bytes that make no sense.
        damaged_bytes: u64,
    },
    /// A run in the spool is of a newer version.
    SpoolLeftAlone {
        /// Its directory.
        path: String,
        /// Its version.
        version: u16,
    },
    /// The spool let its oldest records go.
    SpoolDropped {
        /// `spoolFull` or `spoolExpired`.
        reason: DropReason,
        /// How many.
        dropped_records: u64,
    },
    /// A shutdown ended with records that are in the spool.
    ShutdownKept {
        /// How many.
        kept_records: u64,
        /// Where.
        path: String,
    },
    /// A shutdown ended with records left.
    ShutdownIncomplete {
        /// The number of records.
        dropped_records: u64,
        /// An address that does not work: its URL without credentials and query.
        #[serde(skip_serializing_if = "Option::is_none")]
        endpoint: Option<String>,
        /// The message of its last attempt.
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
    },
    /// A flush with this ticket has nothing more to wait for, or its time is over.
    Flushed {
        /// The facade's number for the flush.
        ticket: u32,
    },
    /// The engine cannot go on; the exporter is disabled.
    EngineFailed {
        /// The cause.
        message: String,
    },
}

/// What identifies a record in a warning; fields that the record does not have are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordName {
    /// Span id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// Trace id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Name of a span or metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl RecordName {
    /// Reads the identity from a record's JSON; fields that are no strings are left out.
    #[must_use]
    pub fn of(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }
}

/// The receiver of an exporter's events.
pub trait Sink: Send + Sync {
    /// Takes an event. Never blocks. Drops the event when the listener is gone.
    fn emit(&self, event: &Event);
}

impl dyn Sink {
    /// Reports for each signal the number of records that were dropped, if any.
    pub fn emit_dropped(&self, counts: [u64; Signal::ALL.len()], reason: DropReason) {
        for (signal, count) in Signal::ALL.into_iter().zip(counts).filter(|&(_, count)| count > 0) {
            self.emit(&Event::Dropped { signal, reason, count });
        }
    }

    /// Reports, once, that the engine cannot go on for an exporter, and the records that this has cost.
    pub fn emit_failed(&self, stats: &Stats, message: &str) {
        let (counts, first) = stats.fail();
        self.emit_dropped(counts, DropReason::EngineFailed);
        if first {
            self.emit(&Event::EngineFailed { message: message.to_owned() });
        }
    }
}
