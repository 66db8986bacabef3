//! What is reported to a person: addresses that stop working and work again, failed tries, refused records.

use tokio::time::Instant;

use super::Exporter;
use crate::{
    clock::whole_ms,
    delivery::{job::Job, watch::News},
    event::Event,
    health::State,
    protocol::{
        answer::Outcome,
        reply::{Refused, Reply},
    },
    signal::Signal,
};

/// The cause of what is left while a collector takes requests and has not answered.
const NO_ANSWER: &str = "no answer yet";

impl Exporter {
    /// Reports what has changed about the addresses.
    pub(super) fn report(&mut self, now: Instant) {
        // Where attempts are counted (`maxRetries`), failures are reported as the peer reports them.
        // After a shutdown the addresses are fresh ones, which says nothing about the collector.
        if self.config.max_attempts.is_none() && !self.stopped {
            let queue = &self.queue;
            let News { down, up } = self.watch.look(now, |signal| queue.address(signal).trouble());
            self.report_down(now, &down);
            self.report_up(now, &up);
        }
    }

    /// Notes the health of the exporter, after requests have been sent.
    pub fn note_health(&self, now: Instant) {
        let failing = Signal::ALL.into_iter().any(|signal| self.queue.address(signal).trouble().is_some());
        let state = match self.gate.health(now) {
            State::Healthy if failing => State::Retrying,
            state => state,
        };
        let unanswered = self.unanswered().map(|signal| self.config.endpoints.shown(signal));
        self.ledger.stats.health.set(state, self.oldest_since(), unanswered);
    }

    /// When [`Exporter::report`] has something to report.
    pub(super) fn report_deadline(&self) -> Option<Instant> {
        let watched = self.config.max_attempts.is_none();
        watched.then(|| self.watch.deadline(|signal| self.queue.address(signal).trouble())).flatten()
    }

    /// One event for the addresses of one origin that fail for the same cause.
    fn report_down(&self, now: Instant, down: &[Signal]) {
        let kept_for = self.config.spool.as_ref().map_or(self.config.retry_window, |spool| spool.max_age);
        let mut rest = down.to_vec();
        while let Some(&first) = rest.first() {
            let Some(trouble) = self.queue.address(first).trouble() else { return };
            let alike = |signal: &Signal| {
                let cause = self.queue.address(*signal).trouble().map(|trouble| &trouble.cause);
                cause == Some(&trouble.cause) && self.config.endpoints.share_origin(first, *signal)
            };
            // An address that is no URL has no origin to share with others.
            let (signals, others): (Vec<_>, Vec<_>) =
                rest.iter().partition(|signal| **signal == first || alike(signal));
            rest = others;
            self.ledger.emit(&Event::Unreachable {
                signals,
                endpoint: self.config.endpoints.shown(first).to_owned(),
                cause: trouble.cause.clone(),
                failing_for_ms: whole_ms(now - trouble.since),
                waiting_records: self.waiting_records(),
                kept_for_ms: whole_ms(kept_for),
            });
        }
    }

    /// Records that wait in memory or in the spool.
    fn waiting_records(&self) -> u64 {
        self.ledger.stats.undelivered() + self.ledger.stats.spooled()
    }

    fn report_up(&self, now: Instant, up: &[(Signal, Instant)]) {
        let Some(&(first, _)) = up.first() else { return };
        let since = up.iter().map(|&(_, since)| since).min().unwrap_or(now);
        self.ledger.emit(&Event::Reachable {
            signals: up.iter().map(|&(signal, _)| signal).collect(),
            endpoint: self.config.endpoints.shown(first).to_owned(),
            down_ms: whole_ms(now - since),
            waiting_records: self.waiting_records(),
        });
    }

    /// Notes an answer before it is judged.
    pub(super) fn note(&mut self, now: Instant, job: &mut Job, reply: &Reply) {
        let endpoint = self.config.endpoints.shown(job.signal());
        let health = &self.ledger.stats.health;
        match &reply.outcome {
            Outcome::Delivered => health.delivered(now),
            // The records are sent again in another form at once.
            Outcome::Split | Outcome::Uncompressed => {}
            outcome => health.failed(now, endpoint, cause_of(outcome)),
        }
        job.said = reply.said.clone().map(Box::new);
        if let Some(Refused { count, reason }) = reply.said.as_ref().and_then(|said| said.refused.clone()) {
            let signal = job.signal();
            self.ledger.emit(&Event::PartlyRefused {
                signal,
                endpoint: endpoint.to_owned(),
                refused_records: count,
                reason,
            });
        } else if let Outcome::Retry { cause, .. } | Outcome::TooMany { cause, .. } = &reply.outcome
            && self.config.max_attempts.is_none()
        {
            let (signal, attempt, cause) = (job.signal(), job.attempts.saturating_add(1), cause.clone());
            self.ledger.emit(&Event::TryFailed { signal, endpoint: endpoint.to_owned(), attempt, cause });
        }
    }

    fn oldest_since(&self) -> Option<Instant> {
        [self.batcher.opened_at(), self.ledger.pending.oldest_since()].into_iter().flatten().min()
    }

    /// A signal whose request is not answered yet.
    fn unanswered(&self) -> Option<Signal> {
        Signal::ALL.into_iter().find(|&signal| self.queue.address(signal).awaits_answer())
    }

    /// An address that does not work or does not answer, and why, for the line about remaining records.
    pub(super) fn failing_endpoint(&self) -> Option<(String, String)> {
        let failing = |signal| Some((signal, self.queue.address(signal).trouble()?.cause.clone()));
        let failing = Signal::ALL.into_iter().find_map(failing);
        let (signal, cause) = failing.or_else(|| Some((self.unanswered()?, NO_ANSWER.to_owned())))?;
        Some((self.config.endpoints.shown(signal).to_owned(), cause))
    }
}

/// What went wrong, according to an outcome.
fn cause_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Retry { cause, .. }
        | Outcome::TooMany { cause, .. }
        | Outcome::Invalid { cause }
        | Outcome::Refused { cause } => cause.clone(),
        Outcome::AuthRejected(status) => format!("Request failed with status: {status}"),
        Outcome::QuotaExhausted { .. } => "the quota is used up".to_owned(),
        Outcome::Delivered | Outcome::Split | Outcome::Uncompressed => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::exporter, *};

    #[test]
    fn records_that_wait_are_in_memory_or_in_the_spool() {
        let exporter = exporter(r#""maxBatchSize":6"#);
        exporter.ledger.stats.accepted(Signal::Logs, 3);
        exporter.ledger.stats.recovered(Signal::Traces, 2);
        assert_eq!(exporter.waiting_records(), 5);
    }
}
