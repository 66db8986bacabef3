//! The engine as a whole, on virtual time: commands in, requests and events out. No sockets, no real waiting.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "../support/mod.rs"]
mod support;

mod accounting;
mod auth;
mod batching;
mod bystanders;
mod exit;
mod flush;
mod health;
mod holding;
mod lifecycle;
mod limits;
mod news;
mod outage;
mod overflow;
mod quota;
mod resting;
mod retries;
mod runtime;
mod searching;
mod sending;
mod shutdown;
mod splitting;
mod threads;
mod tries;
mod variants;
mod window;
