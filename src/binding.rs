//! The only file that names napi: what JavaScript sees of the engine.
#![expect(clippy::needless_pass_by_value, reason = "napi converts arguments to owned values")]

use std::{cell::Cell, panic, sync::Arc, time::Duration};

use napi::{
    Env, Error, Result, Status,
    bindgen_prelude::{ArrayBuffer, FnArgs, Function},
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use serde::Serialize;

use crate::{
    buffers, clock,
    command::{FlushKind, Records},
    config::{Config, OPTIONS},
    event::{Event, Sink},
    handle::Handle,
    runtime,
    signal::Signal,
    stats::DropReason,
};

/// Raised with every change of what this file exports. The facade refuses any other version (`facade/native/load.ts`).
#[napi]
pub const API_VERSION: u32 = 6;

/// Weak: this function does not keep the process alive.
type Listener = ThreadsafeFunction<String, (), FnArgs<(String,)>, Status, false, true>;

struct JsSink(Listener);

impl Sink for JsSink {
    fn emit(&self, event: &Event) {
        if let Ok(json) = serde_json::to_string(event) {
            // A call fails only while the JS environment is being torn down, and then there is no listener any more.
            let _ = self.0.call(json, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

thread_local! {
    /// A JS environment has a thread of its own, so this is one flag for each environment.
    static ENTERED: Cell<bool> = const { Cell::new(false) };
}

/// The native half of an exporter. Records go in, events come out, nothing here blocks.
#[napi]
pub struct NativeExporter {
    handle: Handle,
}

#[napi]
impl NativeExporter {
    /// `options`: JSON text of `RawOptions` (src/config.rs). `onEvent` is called with the JSON text of each `Event`
    /// (src/event.rs) on the JS thread. `onEvent` must not throw.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, options: String, on_event: Function<'_, FnArgs<(String,)>, ()>) -> Result<Self> {
        let config = Config::from_json(&options).map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        enter(env)?;
        let listener: Listener = on_event
            .build_threadsafe_function::<String>()
            .weak::<true>()
            .build_callback(|context| Ok(FnArgs::from((context.value,))))?;
        let handle = runtime::with_running(|runtime| runtime.open(config, Arc::new(JsSink(listener))))
            .ok_or_else(|| Error::new(Status::GenericFailure, "the exporter thread has been stopped"))?;
        Ok(Self { handle })
    }

    /// Hands records over: a buffer as src/wire describes it, the number of records of each signal in the buffer, and
    /// the time of its spans in milliseconds since 1970. The buffer is detached. Returns false when the engine has
    /// failed.
    #[napi(catch_unwind)]
    pub fn submit(&self, records: ArrayBuffer<'_>, counts: Vec<u32>, at_ms: f64) -> bool {
        // Copied, because memory of the JS heap may be freed on its own thread only. The buffer is detached at once, so
        // that the next buffer gets the same memory again. Where a JS engine does not detach, its garbage collection
        // frees the buffer.
        let bytes = buffers::copy(&records);
        drop(records.detach());
        self.handle.submit(Records { bytes, counts: by_signal(&counts), at_ms })
    }

    /// Counts records as dropped that the facade cannot hand over. `reason` is the name of a `DropReason`.
    #[napi(catch_unwind)]
    pub fn discard(&self, counts: Vec<u32>, reason: String) -> Result<()> {
        let reason = DropReason::ALL
            .into_iter()
            .find(|known| matches!(json(known), Ok(name) if name.trim_matches('"') == reason));
        let reason = reason.ok_or_else(|| Error::new(Status::InvalidArg, "no such drop reason"))?;
        self.handle.discard(by_signal(&counts), reason);
        Ok(())
    }

    /// To be called after the event `engineFailed`. Counts all remaining records as dropped; returns their number for
    /// each signal.
    #[napi(catch_unwind)]
    pub fn abandon(&self) -> Vec<u32> {
        self.handle.abandon().iter().map(|&count| u32::try_from(count).unwrap_or(u32::MAX)).collect()
    }

    /// Asks for the event `flushed` with this ticket. The event comes when there is nothing more to wait for, after
    /// `withinMs` at the latest. Returns false when the engine has failed and no event will come.
    #[napi(catch_unwind)]
    pub fn flush(&self, ticket: u32, within_ms: u32) -> bool {
        self.handle.flush(ticket, FlushKind::Flush, millis(within_ms))
    }

    /// The same as a flush; then the exporter stops, and the remaining records are dropped.
    #[napi(catch_unwind)]
    pub fn shutdown(&self, ticket: u32, within_ms: u32) -> bool {
        self.handle.flush(ticket, FlushKind::Shutdown, millis(within_ms))
    }

    /// Drops everything that waits, in the spool too, and stops the exporter.
    #[napi(catch_unwind)]
    pub fn disable(&self, ticket: u32) -> bool {
        self.handle.flush(ticket, FlushKind::Disable, Duration::ZERO)
    }

    /// The same as a flush, but does not stop waiting after three attempts: for the end of a script.
    #[napi(catch_unwind)]
    pub fn flush_at_exit(&self, ticket: u32, within_ms: u32) -> bool {
        self.handle.flush(ticket, FlushKind::Exit, millis(within_ms))
    }

    /// The number of records that are in the spool and not in memory.
    #[napi(getter, catch_unwind)]
    pub fn spooled(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of records on a disk stays far below 2^53")]
        let count = self.handle.stats().spooled() as f64;
        count
    }

    /// The number of records that were handed over and are neither delivered, dropped nor left to the spool.
    #[napi(getter, catch_unwind)]
    pub fn undelivered(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of records in memory stays far below 2^53")]
        let count = self.handle.stats().undelivered() as f64;
        count
    }

    /// JSON text of a `Report` (src/stats.rs).
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Result<String> {
        json(&self.handle.stats().report(clock::now(), clock::wall_now()))
    }
}

/// Blocks until all exporters of the process have delivered or dropped everything, for `withinMs` at most; returns the
/// number of records that are left. For the end of the process, when the event loop has stopped.
#[napi(catch_unwind)]
pub fn drain(within_ms: u32) -> u32 {
    u32::try_from(runtime::drain(millis(within_ms))).unwrap_or(u32::MAX)
}

/// The longest `exitTimeoutMs` of all exporters of the process.
#[napi(catch_unwind)]
pub fn exit_timeout_ms() -> u32 {
    u32::try_from(runtime::exit_timeout().as_millis()).unwrap_or(u32::MAX)
}

/// Sets the root certificates that all exporters of the process trust: PEM text. To be called before the first exporter
/// with an `https` address is made; only the first call has an effect.
#[napi(catch_unwind)]
pub fn trust_certificates(pem: String) {
    runtime::trust_certificates(pem);
}

/// JSON text of the number options: an array of `OptionSpec` (src/config.rs).
#[napi(catch_unwind)]
pub fn option_specs() -> Result<String> {
    json(&OPTIONS)
}

fn enter(env: Env) -> Result<()> {
    if ENTERED.replace(true) {
        return Ok(());
    }
    // The message of a panic goes through the exporter's log, once, instead of to stderr. This hook belongs to the
    // addon's own copy of Rust's runtime, which no other code uses.
    panic::set_hook(Box::new(|_| {}));
    runtime::enter_environment().map_err(|error| {
        ENTERED.set(false);
        Error::new(Status::GenericFailure, error.to_string())
    })?;
    env.add_env_cleanup_hook((), |()| {
        ENTERED.set(false);
        runtime::leave_environment();
    })?;
    Ok(())
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

fn by_signal(counts: &[u32]) -> [u64; Signal::ALL.len()] {
    Signal::ALL.map(|signal| counts.get(signal.index()).copied().map_or(0, u64::from))
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::new(Status::GenericFailure, error.to_string()))
}
