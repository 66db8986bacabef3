//! One exporter, from records to what becomes of them. Pure: given `now` and a source of jitter, nothing here waits.
//!
//! | module | what it is |
//! |---|---|
//! | `exporter` | composes the others; `exporter/outcomes`: what an answer does; `exporter/flushes`: who waits |
//! | `batch` | gathers records by count, bytes and time, and numbers them |
//! | `payload` | records of one signal: their JSON and their numbers |
//! | `queue` | jobs that wait, by signal |
//! | `job` | a payload to send, and where it stands |
//! | `timing` | the one place for time: what an address is, and what may be sent when |
//! | `gate` | whether the collector is being talked to at all |
//! | `ledger`, `pending` | what has become of records; closed batches with records left, and the flushes that wait |

pub mod batch;
pub mod exporter;
mod gate;
pub mod job;
mod ledger;
pub mod payload;
pub mod pending;
pub mod queue;
pub mod timing;
mod watch;
