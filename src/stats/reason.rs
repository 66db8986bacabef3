//! Why records are lost.

use serde::Serialize;

/// Why records were dropped. Every loss has one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DropReason {
    /// The queue needed the room.
    QueueFull,
    /// `maxRetries` attempts failed, or `retryWindowMs` passed.
    RetriesExhausted,
    /// The collector answered that it will never accept them.
    Refused,
    /// The collector refuses this one record, also alone.
    TooLargeForCollector,
    /// The record's JSON exceeds `maxRecordBytes`.
    RecordTooLarge,
    /// The record cannot be read or written as JSON.
    Unencodable,
    /// The collector rejects the token, or had done so shortly before.
    AuthRejected,
    /// The quota is used up.
    QuotaPaused,
    /// They were left when `shutdown()` ended, or exported after it.
    Shutdown,
    /// The engine has failed.
    EngineFailed,
    /// `maxSpoolBytes` needed the room.
    SpoolFull,
    /// Older than `maxSpoolAgeMs`.
    SpoolExpired,
    /// The file it was spooled in is damaged or gone.
    SpoolUnreadable,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::QueueFull,
        Self::RetriesExhausted,
        Self::Refused,
        Self::TooLargeForCollector,
        Self::RecordTooLarge,
        Self::Unencodable,
        Self::AuthRejected,
        Self::QuotaPaused,
        Self::Shutdown,
        Self::EngineFailed,
        Self::SpoolFull,
        Self::SpoolExpired,
        Self::SpoolUnreadable,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_at_their_index() {
        for (index, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
    }
}
