//! The cases of `bystanders`, `searching` and `holding` with other failures, signals and options: what holds for one
//! kind of failure holds for all.
//!
//! | file | what fails |
//! |---|---|
//! | `bodies` | some bodies, for what is in them or by chance |
//! | `addresses` | all bodies of a signal, or all for a time |
//! | `waits` | nothing: the collector asks for a wait |

use std::{collections::BTreeMap, time::Duration};

use mastra_native_exporter::protocol::answer::{self, Outcome, classify};

use crate::support::{Answer, Call, Exporter, ms};

mod addresses;
mod bodies;
mod waits;

/// A request that fails, by what the collector or the network does.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    Status(u16),
    Reset,
    Hang,
}

pub const FAILURES: [Failure; 8] = [
    Failure::Status(500),
    Failure::Status(502),
    Failure::Status(503),
    Failure::Status(504),
    Failure::Status(408),
    Failure::Status(429),
    Failure::Reset,
    Failure::Hang,
];

impl Failure {
    pub fn answer(self, latency: u64) -> Answer {
        let outcome = match self {
            Self::Status(status) => classify(&answer::Answer { status, ..answer::Answer::default() }),
            Self::Reset => Outcome::Retry { cause: "connection reset".to_owned(), after: None },
            Self::Hang => return Answer::Never,
        };
        Answer::After(ms(latency), outcome)
    }
}

pub fn numbers(call: &Call) -> Vec<usize> {
    let records = call.body.split_once(":[").unwrap().1.trim_end_matches("]}");
    records.split(',').map(|number| number.parse().unwrap()).collect()
}

/// When each record that was stored arrived: the time of its request.
pub fn arrivals(exporter: &Exporter) -> BTreeMap<usize, Duration> {
    let mut arrivals = BTreeMap::new();
    for call in exporter.collector.calls().iter().filter(|call| call.delivered) {
        for number in numbers(call) {
            arrivals.entry(number).or_insert(call.at);
        }
    }
    arrivals
}
