//! The native half of `mastra-native-exporter`: takes telemetry records from the JS thread and delivers them.
//!
//! ```text
//! facade (TypeScript, JS thread)        engine (thread "mastra-exporter")
//! encode, hand over ──Command::Records──▶ batch ─▶ queue ─▶ gate ─▶ transport
//!                                        (count,   (bytes,  (auth)  (timeout, TLS)
//! log, resolve flush ◀──────Event──────── time)    oldest out)        │
//!                                           ▲        ▲                │
//!                                           └────────┴── retry ◀──────┘
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `binding` | the only file that names napi |
//! | `runtime`, `shared`, `handle` | the thread; what both sides of it see; one exporter as the JS thread holds it |
//! | `command`, `event` | the one enum that crosses to the engine, the one that comes back |
//! | `engine` | the loop: the only code that waits |
//! | `delivery` | one exporter's state: batch, queue, gate, ledger; pure |
//! | `protocol` | what a collector of Mastra is: where a signal goes, the body around records, what an answer means; pure |
//! | `transport` | one request |
//! | `wire` | V8 serializer bytes to JSON bytes |
//! | `config`, `signal`, `stats` | options, kinds of telemetry, counters |
//! | `clock` | the only reader of clock and randomness |
//!
//! An exporter has four parts, one for each place that needs something of it: `handle::Handle` on the JS thread,
//! `shared::Member` (its counters and where its events go) for both threads, `engine::Lane` (its connection) in the loop,
//! and `delivery::exporter::Exporter`, its state.
//!
//! A record on its way is JSON text in a `Payload` (records of one signal, with their numbers), first of the open
//! `Batch`, then of a `Job` that waits in the queue or is under way. It leaves by one door, `Ledger::leave`.

// Registers itself with Node; in a test binary there is no Node.
#[cfg(not(test))]
mod binding;
pub mod clock;
pub mod command;
pub mod config;
pub mod delivery;
pub mod engine;
pub mod event;
pub mod handle;
mod lock;
pub mod protocol;
pub mod runtime;
mod shared;
pub mod signal;
pub mod stats;
pub mod transport;
pub mod wire;
