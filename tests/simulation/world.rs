//! A world as data: a seed makes it, a failing run prints it, the shrinker reduces it.
//!
//! Times are milliseconds since the start, signals are positions in `Signal::ALL`.

use std::{collections::BTreeMap, fmt};

use mastra_native_exporter::config::OPTIONS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One engine, its exporters, and the events that they meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// The seed of all random choices while the world runs: failing requests, latencies, jitter.
    pub seed: u64,
    /// The time at which the applications stop and `end` follows.
    pub lasts: u64,
    pub end: End,
    pub exporters: Vec<Member>,
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// The script ends: everything is delivered or given up.
    Settle,
    /// Each exporter is shut down and given this time.
    Shutdown(u64),
    /// The last environment is torn down: the engine is stopped and given this time.
    Stop(u64),
    /// `process.exit()`: the JS thread waits this long, then the process is gone.
    Drain(u64),
}

/// An exporter with its collector and its application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The options as the engine takes them: names and values.
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
    /// The faults of the collector. The first clause that applies decides an answer.
    #[serde(default)]
    pub weather: Vec<Clause<Weather>>,
    #[serde(default)]
    pub application: Vec<Clause<Deed>>,
}

/// A time pattern: from `from`, for `lasts`, repeated every `every` (0: once).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause<T> {
    pub from: u64,
    pub lasts: u64,
    #[serde(default)]
    pub every: u64,
    pub what: T,
}

impl<T> Clause<T> {
    pub fn holds(&self, at: u64) -> bool {
        let Some(since) = at.checked_sub(self.from) else { return false };
        since.checked_rem(self.every).unwrap_or(since) < self.lasts
    }

    /// The first moment at or after `at` at which the pattern applies.
    pub fn holds_next(&self, at: u64) -> Option<u64> {
        if at <= self.from || self.holds(at) {
            return Some(at.max(self.from));
        }
        let rounds = (at - self.from).checked_div(self.every)? + 1;
        Some(self.from + rounds * self.every)
    }

    /// The intervals before `end` in which the pattern applies.
    pub fn stretches(&self, end: u64) -> Vec<(u64, u64)> {
        let mut stretches = Vec::new();
        let mut from = self.from;
        while from < end {
            stretches.push((from, from.saturating_add(self.lasts)));
            if self.every == 0 {
                break;
            }
            from += self.every;
        }
        stretches
    }
}

/// What a collector does to requests of `signal`, or of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Weather {
    /// Answers take this long, and up to `spread` longer.
    Latency { ms: u64, spread: u64 },
    /// This share of the requests is answered with a status.
    Fail { signal: Option<usize>, per_mille: u32, status: u16, retry_after: Option<u64> },
    /// This share of the requests breaks off. `stored`: the body was accepted before.
    Reset { signal: Option<usize>, per_mille: u32, stored: bool },
    /// This share of the requests gets no answer. `stored`: the body was accepted.
    Hang { signal: Option<usize>, per_mille: u32, stored: bool },
    /// Each body with a record whose number is divisible gets this answer; none if it is 0.
    Poison { divisor: usize, status: u16 },
    /// Larger bodies are answered 413.
    Limit { bytes: usize },
    /// Compressed bodies are answered 415.
    Plain,
}

/// The action of an application, repeated while its clause applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Deed {
    /// Exports `count` records of `signal` (or of all in turn), each with `bytes` of text.
    Export {
        period: u64,
        count: usize,
        bytes: usize,
        signal: Option<usize>,
    },
    /// Exports one record and calls `flush()`, as a request handler does.
    Request {
        period: u64,
        signal: Option<usize>,
    },
    Flush {
        period: u64,
        within: u64,
    },
    /// Once.
    Shutdown {
        within: u64,
    },
    /// Once.
    Close,
}

impl Deed {
    /// The time between two repetitions.
    pub fn period(&self) -> u64 {
        match self {
            Self::Export { period, .. } | Self::Request { period, .. } | Self::Flush { period, .. } => *period,
            Self::Shutdown { .. } | Self::Close => u64::MAX / 4,
        }
    }
}

impl Member {
    /// A number option, as given or its default; `None` where it has none.
    pub fn option(&self, name: &str) -> Option<u64> {
        let default = || OPTIONS.iter().find(|spec| spec.name == name).unwrap().default;
        self.options.get(name).map_or_else(default, Value::as_u64)
    }

    pub fn number(&self, name: &str) -> u64 {
        self.option(name).unwrap()
    }

    pub fn quota_pause(&self) -> bool {
        self.options.contains_key("quotaPause")
    }
}

impl fmt::Display for World {
    /// The world as JSON, one clause a line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn json(value: &impl Serialize) -> String {
            serde_json::to_string(value).unwrap()
        }
        fn lines<T: Serialize>(clauses: &[Clause<T>]) -> String {
            let lines: Vec<String> = clauses.iter().map(|clause| format!("\n      {}", json(clause))).collect();
            lines.join(",")
        }
        let members = self.exporters.iter().map(|member| {
            let (weather, application) = (lines(&member.weather), lines(&member.application));
            let options = json(&member.options);
            format!("\n  {{\"options\":{options},\n    \"weather\":[{weather}],\n    \"application\":[{application}]}}")
        });
        let members: Vec<String> = members.collect();
        let (seed, lasts, end) = (self.seed, self.lasts, json(&self.end));
        write!(formatter, "{{\"seed\":{seed},\"lasts\":{lasts},\"end\":{end},\"exporters\":[{}]}}", members.join(","))
    }
}
