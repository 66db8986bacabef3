//! What a spool may keep.

use crate::config::{SpoolConfig, SpoolSync};

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes over all runs of the destination.
    pub max_bytes: u64,
    /// Records older than this are dropped.
    pub max_age_ms: u64,
    /// Whether what is written is synced at each tick.
    pub sync: bool,
}

impl Limits {
    /// Those of an exporter's options.
    #[must_use]
    pub fn new(config: &SpoolConfig) -> Self {
        let max_age_ms = u64::try_from(config.max_age.as_millis()).unwrap_or(u64::MAX);
        Self { max_bytes: config.max_bytes, max_age_ms, sync: config.sync == SpoolSync::Interval }
    }
}
