//! The engine in random worlds on virtual time.
//!
//! A seed makes a world: collectors with latencies, failures, outages, limits and silences, and applications with
//! bursts, pauses, flushes and shutdowns. Each world runs for minutes to hours of virtual time on a scripted transport
//! while invariants are checked. The same seed does the same each time. A world that fails is shrunk and printed as
//! JSON.
//!
//! | file | what it is |
//! |---|---|
//! | `world` | the description of a world |
//! | `generate` | a world from a seed |
//! | `play` | runs a world |
//! | `far` | the collector: answers, and knows each record; judges each request |
//! | `health` | what can be expected of an address, from the description alone |
//! | `invariants` | the list of them |
//! | `end` | judges what is left when a world has ended |
//! | `shrink` | the smallest world that still fails |
//!
//! Fixes of the delivery were taken out one at a time. This is what found each of them in worlds 1 to 120 (`survey`).
//! `tests/engine`, and the unit tests of `delivery`, find every one of them. The present code passes all 120 worlds.
//!
//! | without | found by | in worlds |
//! |---|---|---|
//! | telling a bad body from a bad address | Loss, Delay | 3 |
//! | single failures that an address is allowed while others get through | Delay | 1 |
//! | more requests where some hang | Delay | 2 |
//! | one more request now and then while nothing is answered | - | 0 |
//! | halving a body that fails while others get through | Loss | 2 |
//! | a search for a bad record that may take longer than the window | - | 0 |
//! | a second between two tries that flushes bring forward | Rate | 5 |
//! | a limit of requests for each signal (one for all instead) | Delay | 3 |
//! | a hold of one signal after 429 (all signals instead) | Delay | 1 |
//! | one try at the end in spite of a hold | - | 0 |
//! | a gate that closes at 401 and 403 | Rejected | 10 |
//! | one failure for requests that were under way together | - | 0 |
//! | the size of body that passed | Upload | 1 |
//! | a pause after 16 single records refused as too large | - | 0 |
//! | halving a body that is answered 400 or 422 | Loss | 1 |
//! | compression that stays after one answer of 400 | - | 0 |
//! | halves that keep their age | Order | 3 |
//! | a queue that sends the oldest job first | Order | 57 |
//! | a full queue that drops the oldest | Order | 11 |
//!
//! Other fixes are about sockets, memory and threads, which these worlds do not have. Each was taken out once too:
//!
//! | without | found by |
//! |---|---|
//! | a time limit for a connection | `tests/http`: `bystanders::no_connection_takes_longer_than_its_time_limit` |
//! | the memory that a job costs beside its JSON | `delivery::exporter`: `a_full_queue_takes_the_memory_that_it_is_given` |
//! | four answers read at a time | `tests/http`: `bystanders::four_answers_are_read_at_a_time_and_the_connections_of_others_closed` |
//! | `Retry-After` for probes | `tests/engine`: `searching::a_probe_that_is_asked_to_wait_waits` |
//! | more than 100 header lines | `tests/http`: `bystanders::an_answer_with_many_header_lines_is_an_answer` |
//! | the compressed body kept for its next try | `tests/http`: `bystanders::a_body_is_compressed_once_for_all_its_tries` |
//! | the text of the certificates freed | `transport::tls`: `the_text_of_the_certificates_is_freed_when_they_are_parsed` |
//! | eight threads for names | `tests/engine`: `threads` |
//!
//! Time is tokio's paused time, the transport is a mock; sockets are the subject of `tests/http`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a test fails by panicking, in its helpers too; numbers here are small"
)]

#[expect(dead_code, reason = "the other tests of the engine use the rest")]
#[path = "../support/mod.rs"]
mod support;

mod end;
mod far;
mod generate;
mod health;
mod invariants;
mod play;
mod shrink;
mod world;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use world::World;

/// The first seed of every run of the tests.
const SEED: u64 = 1;
/// Virtual hours of every run of the tests, at least.
const HOURS: u64 = 1000;
const HOUR_MS: u64 = 3_600_000;

/// Runs worlds on all cores until `enough` hours have passed in them; returns the worlds and hours.
fn simulate(first: u64, enough: u64) -> (u64, u64) {
    let (next, ms, failed) = (AtomicU64::new(first), AtomicU64::new(0), AtomicBool::new(false));
    let report = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while ms.load(Ordering::Relaxed) < enough * HOUR_MS && !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let world = generate::world(seed);
                    if let Err(text) = check(&world) {
                        failed.store(true, Ordering::Relaxed);
                        report.lock().unwrap().get_or_insert(text);
                    }
                    ms.fetch_add(world.lasts, Ordering::Relaxed);
                }
            });
        }
    });
    if let Some(text) = report.into_inner().unwrap() {
        panic!("{text}");
    }
    (next.into_inner() - first, ms.into_inner() / HOUR_MS)
}

/// Runs a world. What fails in it is shrunk and described.
fn check(world: &World) -> Result<(), String> {
    let Err(breach) = play::play(world) else { return Ok(()) };
    let (smallest, shrunk, runs) = shrink::shrink(world, &breach);
    Err(format!(
        "seed {}: {breach}\nsmallest world after {runs} runs: {shrunk}\n{smallest}\n\
         To play it again: SIMULATION_WORLD='...' cargo test --test simulation -- --ignored --nocapture one_world",
        world.seed
    ))
}

/// A variable of the environment, for the tests that are started by hand.
#[expect(clippy::disallowed_methods, reason = "a test has no other way to be told something")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn random_worlds_keep_the_invariants() {
    let (worlds, hours) = simulate(SEED, HOURS);
    println!("{worlds} worlds, {hours} hours");
}

#[test]
fn a_world_does_the_same_each_time() {
    for seed in 0..20 {
        let world = generate::world(seed);
        assert_eq!(play::trace(&world), play::trace(&world), "seed {seed}");
    }
}

#[test]
fn a_world_can_be_read_back() {
    for seed in 0..100 {
        let world = generate::world(seed);
        assert_eq!(serde_json::from_str::<World>(&world.to_string()).unwrap(), world);
    }
}

/// `SIMULATION_HOURS` virtual hours from seed `SIMULATION_SEED`.
#[test]
#[ignore = "runs for as long as it is told to"]
fn for_hours() {
    let number = |name| variable(name).map(|text| text.parse().unwrap());
    let first = number("SIMULATION_SEED").unwrap_or_else(|| fastrand::u64(..u64::MAX / 2));
    println!("from seed {first}");
    let (worlds, hours) = simulate(first, number("SIMULATION_HOURS").unwrap_or(100_000));
    println!("{worlds} worlds, {hours} hours");
}

/// The world in `SIMULATION_WORLD`, as a failure prints it, or of `SIMULATION_SEED`.
#[test]
#[ignore = "needs a world"]
fn one_world() {
    let world = match variable("SIMULATION_WORLD") {
        Some(text) => serde_json::from_str(&text).unwrap(),
        None => generate::world(variable("SIMULATION_SEED").unwrap().parse().unwrap()),
    };
    println!("{world}");
    check(&world).unwrap();
}

/// What fails in each of `SIMULATION_WORLDS` worlds from seed `SIMULATION_SEED`, a line each, not shrunk.
#[test]
#[ignore = "for the change of many things at once"]
fn survey() {
    let number = |name| variable(name).and_then(|text| text.parse::<u64>().ok());
    let first = number("SIMULATION_SEED").unwrap_or(SEED);
    let seeds = first..first + number("SIMULATION_WORLDS").unwrap_or(200);
    let breaches = seeds.filter_map(|seed| Some((seed, play::play(&generate::world(seed)).err()?)));
    let mut breaches: Vec<_> = breaches.collect();
    breaches.sort_by_key(|&(seed, ref breach)| (breach.invariant, seed));
    for (seed, breach) in breaches {
        println!("seed {seed}: {breach}");
    }
}
