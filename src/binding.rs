//! The only file that names napi: what JavaScript sees of the engine.
#![expect(clippy::needless_pass_by_value, reason = "napi converts arguments to owned values")]

use std::{cell::Cell, sync::Arc};

use napi::{
    Env, Error, Result, Status,
    bindgen_prelude::{FnArgs, Function},
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;

use crate::{
    config::{Config, OPTIONS},
    event::{Event, Sink},
    runtime::{self, Handle},
};

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
    #[napi(constructor)]
    pub fn new(env: Env, options: String, on_event: Function<'_, FnArgs<(String,)>, ()>) -> Result<Self> {
        let config = Config::from_json(&options).map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        enter(env)?;
        let listener: Listener = on_event
            .build_threadsafe_function::<String>()
            .weak::<true>()
            .build_callback(|context| Ok(FnArgs::from((context.value,))))?;
        let handle = Handle::open(config, Arc::new(JsSink(listener)))
            .ok_or_else(|| Error::new(Status::GenericFailure, "the exporter thread has been stopped"))?;
        Ok(Self { handle })
    }

    /// Hands `count` records over: one a line, each the digit of its signal followed by its JSON text. False when the
    /// engine has failed.
    #[napi]
    pub fn submit(&self, records: String, count: u32) -> bool {
        self.handle.submit(records, u64::from(count))
    }

    /// Asks for the event `flushed` with this ticket. False when the engine has failed and no answer will come.
    #[napi]
    pub fn flush(&self, ticket: u32) -> bool {
        self.handle.flush(ticket)
    }

    /// Records handed over and not yet delivered or dropped.
    #[napi(getter)]
    pub fn undelivered(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of records in memory stays far below 2^53"
        )]
        let count = self.handle.undelivered() as f64;
        count
    }
}

/// JSON text of the number options: an array of `OptionSpec` (src/config.rs).
#[napi]
pub fn option_specs() -> Result<String> {
    serde_json::to_string(&OPTIONS).map_err(|error| Error::new(Status::GenericFailure, error.to_string()))
}

fn enter(env: Env) -> Result<()> {
    if ENTERED.replace(true) {
        return Ok(());
    }
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
