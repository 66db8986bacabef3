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
    clock,
    command::{FlushKind, Records},
    config::{Config, OPTIONS},
    event::{Event, Sink},
    handle::Handle,
    runtime,
    signal::Signal,
    stats::DropReason,
};

/// Raised with every change of what this file exports; the facade takes no other (`facade/native/load.ts`).
#[napi]
pub const API_VERSION: u32 = 4;

/// Weak: it does not keep the process alive.
type Listener = ThreadsafeFunction<String, (), FnArgs<(String,)>, Status, false, true>;

struct JsSink(Listener);

impl Sink for JsSink {
    fn emit(&self, event: &Event) {
        if let Ok(json) = serde_json::to_string(event) {
            // Fails only while the JS environment is being torn down: nobody is left to tell.
            let _ = self.0.call(json, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

thread_local! {
    /// A JS environment has a thread of its own, so this is one flag for each.
    static ENTERED: Cell<bool> = const { Cell::new(false) };
}

/// The native half of an exporter. Records go in, events come out, nothing here blocks.
#[napi]
pub struct NativeExporter {
    handle: Handle,
}

#[napi]
impl NativeExporter {
    /// `options`: JSON text of `RawOptions` (src/config.rs). `onEvent` gets the JSON text of each `Event`
    /// (src/event.rs) on the JS thread; it must not throw.
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

    /// Hands records over: a buffer as src/wire describes it, how many records of each signal are in it, and the time
    /// of its spans in milliseconds since 1970. The buffer is detached. False when the engine has failed.
    #[napi(catch_unwind)]
    pub fn submit(&self, records: ArrayBuffer<'_>, counts: Vec<u32>, at_ms: f64) -> bool {
        // Copied: memory of the JS heap may only be let go on its own thread. That is done at once, so that the next buffer
        // gets the same memory again; where an engine does not detach, its garbage collection lets go.
        let bytes = records.to_vec();
        drop(records.detach());
        self.handle.submit(Records { bytes, counts: by_signal(&counts), at_ms })
    }

    /// Counts records that cannot be handed over. `reason` is the name of a `DropReason`.
    #[napi(catch_unwind)]
    pub fn discard(&self, counts: Vec<u32>, reason: String) -> Result<()> {
        let reason = DropReason::ALL
            .into_iter()
            .find(|known| matches!(json(known), Ok(name) if name.trim_matches('"') == reason));
        let reason = reason.ok_or_else(|| Error::new(Status::InvalidArg, "no such drop reason"))?;
        self.handle.discard(by_signal(&counts), reason);
        Ok(())
    }

    /// After the event `engineFailed`: counts all that is left as dropped; answers how many records of each signal.
    #[napi(catch_unwind)]
    pub fn abandon(&self) -> Vec<u32> {
        self.handle.abandon().iter().map(|&count| u32::try_from(count).unwrap_or(u32::MAX)).collect()
    }

    /// Asks for the event `flushed` with this ticket: when there is nothing more to wait for, after `withinMs` at the
    /// latest. False when the engine has failed and no answer will come.
    #[napi(catch_unwind)]
    pub fn flush(&self, ticket: u32, within_ms: u32) -> bool {
        self.handle.flush(ticket, FlushKind::Flush, millis(within_ms))
    }

    /// The same; then the exporter stops and what is left is dropped.
    #[napi(catch_unwind)]
    pub fn shutdown(&self, ticket: u32, within_ms: u32) -> bool {
        self.handle.flush(ticket, FlushKind::Shutdown, millis(within_ms))
    }

    /// The same as a flush, but for as many attempts as fit.
    #[napi(catch_unwind)]
    pub fn flush_at_exit(&self, ticket: u32, within_ms: u32) -> bool {
        self.handle.flush(ticket, FlushKind::Exit, millis(within_ms))
    }

    /// Records handed over and not yet delivered or dropped.
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

/// Blocks until all exporters of the process have delivered or dropped everything, for `withinMs` at most; answers how
/// many records are left. For the end of the process, when the event loop is gone.
#[napi(catch_unwind)]
pub fn drain(within_ms: u32) -> u32 {
    u32::try_from(runtime::drain(millis(within_ms))).unwrap_or(u32::MAX)
}

/// The longest `exitTimeoutMs` of all exporters of the process.
#[napi(catch_unwind)]
pub fn exit_timeout_ms() -> u32 {
    u32::try_from(runtime::exit_timeout().as_millis()).unwrap_or(u32::MAX)
}

/// PEM text of the root certificates that all exporters of the process trust. To be called before the first exporter with
/// an `https` address is made; only the first call counts.
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
    // What a panic says goes through the exporter's log, once, instead of to stderr. This is the hook of the addon's
    // own copy of Rust's runtime; nobody else uses it.
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
