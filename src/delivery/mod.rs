//! One exporter, from records to what becomes of them. Pure: given `now` and a source of jitter, nothing here waits.
//!
//! | module | what it is |
//! |---|---|
//! | `exporter` | composes the others; `exporter/outcomes`: what an answer does to its job |
//! | `batch` | gathers records by count, bytes and time, and numbers them |
//! | `payload` | records of one signal: their JSON and their numbers |
//! | `queue` | payloads that wait |
//! | `pace` | when a signal's address may be sent to |
//! | `gate` | whether the collector is being talked to at all |
//! | `ledger`, `pending` | what has become of records; closed batches with records left, and the flushes that wait |

pub mod batch;
pub mod exporter;
mod gate;
mod ledger;
mod pace;
pub mod payload;
pub mod pending;
pub mod queue;
