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
//! | `runtime` | the thread, and the handle that the JS thread holds |
//! | `command` | the one enum that crosses to the engine |
//! | `engine` | the loop: the only code that waits |
//! | `exporter` | one exporter's state, composed of `batch`, `queue`, `gate`, `retry`; pure |
//! | `transport` | one request |
//! | `config`, `signal`, `event` | options, kinds of telemetry, what is told to the facade |
//! | `clock` | the only reader of clock and randomness |

pub mod batch;
// Registers itself with Node; in a test binary there is no Node.
#[cfg(not(test))]
mod binding;
pub mod clock;
pub mod command;
pub mod config;
pub mod engine;
pub mod event;
pub mod exporter;
pub mod gate;
pub mod queue;
pub mod retry;
pub mod runtime;
pub mod signal;
pub mod transport;
