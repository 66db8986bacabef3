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
//! | `buffers`, `wake` | memory of the buffers that cross, used again; how the engine is woken |
//! | `command`, `event` | the one enum that crosses to the engine, the one that comes back |
//! | `engine` | the loop: the only code that waits |
//! | `delivery` | one exporter's state: batch, queue, timing, gate, ledger; pure |
//! | `protocol` | what a collector of Mastra is: where a signal goes, the body around records, what an answer means; pure |
//! | `spool` | what is kept on a disk; the only code that waits for one |
//! | `transport` | one request |
//! | `wire` | the words and strings of the JS thread to JSON bytes |
//! | `config`, `signal`, `stats`, `health` | options, kinds of telemetry, counters, the state of an exporter |
//! | `clock` | the only reader of clock and randomness |
//!
//! Four types belong to one exporter, one for each place: `handle::Handle` on the JS thread, `shared::Member` (its
//! counters, and the receiver of its events) for both threads, `engine::Lane` (its state and its connection) in the
//! loop, and in that `delivery::exporter::Exporter`, its state.
//!
//! The JSON of records is in a `Payload` (records of one signal, with their numbers). The open `Batch` holds it first,
//! then a `Job` that waits in the queue or is in flight. Records leave by one door, `Ledger::leave`.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | peer | the exporter of Mastra in JavaScript that ours replaces; "(peer)" marks a rule that is taken from it |
//! | record | one span, log, metric, score or feedback; which of the five is its signal |
//! | word, shape | 32 bits of the form in which records cross to the engine; the keys that several objects have, in one order |
//! | piece | records that cross in one buffer |
//! | payload | the JSON of consecutive records of one signal, with their numbers |
//! | batch | records of all signals that were gathered until a limit, a timer or a flush closed it |
//! | job | a payload with the attempts to deliver it; a closed batch becomes one job for each of its signals |
//! | body | what a request carries: a payload framed as `{"spans":[...]}`, as it is or compressed |
//! | parted | of a job: replaced by smaller jobs with the same records |
//! | settled | of a job: all its records are delivered or dropped |
//! | awaited | of a job: a flush waits until it is settled or was tried three times |
//! | address | the URL of one signal, and how it answers: healthy, suspect (has just failed), failing, held (`Retry-After`) |
//! | gate | the switch that drops everything while the token is rejected or the quota is used up |
//! | probe | a request without records that asks whether there is quota again |
//! | handle, member, lane | an exporter on the JS thread; what both threads see of it; its state and connection in the loop |

// Registers itself with Node, and a test binary has no Node.
#[cfg(not(test))]
mod binding;
pub mod buffers;
pub mod clock;
pub mod command;
pub mod config;
pub mod delivery;
pub mod engine;
pub mod event;
pub mod handle;
pub mod health;
mod lock;
mod panic;
pub mod protocol;
pub mod runtime;
mod shared;
pub mod signal;
pub mod spool;
pub mod stats;
pub mod transport;
pub mod wake;
pub mod wire;
