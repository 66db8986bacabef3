//! One exporter, from records to their delivery or loss. Pure: `now` and a source of jitter are passed in, nothing
//! waits.
//!
//! | module | what it is |
//! |---|---|
//! | `exporter` | composes the others; `exporter/outcomes`: what an outcome changes; `exporter/flushes`: who waits |
//! | `batch` | gathers records by count, bytes and time, and numbers them |
//! | `payload` | records of one signal: their JSON and their numbers |
//! | `queue` | jobs that wait, by signal |
//! | `job` | a payload to send, and what it waits for |
//! | `timing` | the one place for time: the state of an address, and what may be sent when |
//! | `keeper` | the commands and reports between the exporter and its spool; `exporter/spooling`: their effects |
//! | `gate` | whether the exporter sends at all |
//! | `watch` | which addresses have stopped working, so that each change is reported once |
//! | `ledger`, `pending` | what has become of records; closed batches with records left, and flushes that wait |

pub mod batch;
pub mod exporter;
mod gate;
pub mod job;
mod keeper;
mod ledger;
pub mod payload;
pub mod pending;
pub mod queue;
pub mod timing;
mod watch;
