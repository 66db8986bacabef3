//! Whether a request keeps the invariants, judged when it arrives.

use super::{AT_ONCE, Far};
use crate::invariants::{Invariant, MOST_IN_OUTAGE};

impl Far {
    /// The invariants of each request.
    pub(super) fn judge_request(&mut self, at: u64, signal: usize, numbers: &[usize]) {
        self.judge_delay(at, signal, numbers);
        self.judge_order(at, signal, numbers);
        if self.ending {
            return;
        }
        self.past.forget(at);
        let mut holds = self.past.holds.iter();
        if let Some(&hold) =
            holds.find(|(scope, from, _)| scope.is_none_or(|held| held == signal) && from + AT_ONCE < at)
        {
            self.breach(Invariant::Hold, at, format!("a request of signal {signal} while {hold:?} holds"));
        }
        let delivered = self.past.delivered;
        if let Some(&over) = self.past.rejections.iter().find(|&&over| over + AT_ONCE < at && delivered < over) {
            self.breach(Invariant::Rejected, at, format!("a request after the credentials were rejected at {over} ms"));
        }
        let counts_tries = self.member.option("maxRetries").is_some();
        // Requests of the first seconds were in flight already, or are the first that fail.
        let is_down = self.health[signal].down_since(at).is_some_and(|from| at - from >= 15_000);
        if !counts_tries && !self.settling && is_down {
            let count = self.past.recent[signal].len() + 1;
            if count > MOST_IN_OUTAGE {
                let text = format!("{count} requests of signal {signal} in 10 s while all fail");
                self.breach(Invariant::Rate, at, text);
            }
        }
    }

    /// First tries come in the order in which records were handed over, and parts of a body before what came after it.
    fn judge_order(&mut self, at: u64, signal: usize, numbers: &[usize]) {
        let newest = self.newest_tried[signal];
        for &number in numbers {
            let record = &self.records[number];
            let Some((newer, tried_at)) = newest.filter(|&(newest, _)| newest > number) else { continue };
            let overtaken = match (record.first_sent, record.parted_at) {
                (None, _) => true,
                (_, Some(parted_at)) => parted_at + AT_ONCE < tried_at && tried_at < at,
                _ => false,
            };
            if overtaken {
                let text = format!("record {newer} was tried at {tried_at} ms, before {number}: {record:?}");
                return self.breach(Invariant::Order, at, text);
            }
        }
        let first_tries = numbers.iter().copied().filter(|&number| self.records[number].first_sent.is_none());
        if let Some(newest) = first_tries.max() {
            self.newest_tried[signal] = Some((newest, at));
        }
    }

    /// Notes each record that is sent for the first time.
    fn judge_delay(&mut self, at: u64, signal: usize, numbers: &[usize]) {
        let limit = self.member.number("maxBatchWaitMs") + 2000;
        let late = numbers.iter().find(|&&number| {
            let record = &self.records[number];
            let due = record.at + limit;
            let is_first = record.first_sent.is_none() && at > due;
            is_first && self.health[signal].is_healthy(record.at, due) && self.tells_bad_bodies(signal)
        });
        if let Some(&number) = late {
            let waited = at - self.records[number].at;
            let text = format!("record {number} of signal {signal} waited {waited} ms for its first try");
            self.breach(Invariant::Delay, at, text);
        }
    }
}
