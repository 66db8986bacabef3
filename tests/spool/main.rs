//! The spool on a simulated file system that loses data as real ones do: crashes, damage, limits, and several processes.
//! No threads, no real disk.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

#[expect(dead_code, reason = "the other tests of the engine need more of it")]
#[path = "../support/mod.rs"]
mod support;

#[path = "../support/disk.rs"]
mod disk;

mod crashes;
mod damage;
mod engine;
mod limits;
mod lives;
mod process;
mod runs;
