//! Who waits for what: flushes, shutdowns, and the end of the process.

use std::time::Duration;

use tokio::time::Instant;

use super::Exporter;
use crate::{
    command::FlushKind,
    delivery::{ledger::End, pending::Waiter, queue::Queue},
    event::Event,
    signal::Signal,
    stats::DropReason,
};

impl Exporter {
    /// Sends everything that waits. [`Event::Flushed`] follows when there is nothing more to wait for (see
    /// [`FlushKind`]), or after `within`.
    pub fn on_flush(&mut self, now: Instant, ticket: u32, kind: FlushKind, within: Duration) {
        self.close_batch(now);
        let failures = Signal::ALL.map(|signal| self.queue.address(signal).failures_to_wait_for());
        let waiter = Waiter { ticket, kind, deadline: now + within, ends: self.batcher.next_numbers(), failures };
        if kind == FlushKind::Flush {
            self.queue.bring_forward(now, self.haste(now));
        } else {
            self.queue.hurry_all();
        }
        self.ledger.pending.wait(waiter);
        match kind {
            FlushKind::Exit => self.settle_down(now),
            FlushKind::Disable => self.disable(now),
            FlushKind::Flush | FlushKind::Shutdown => {}
        }
        self.answer_flushes(now);
    }

    /// The exporter takes no more records: sends everything that waits.
    pub fn close(&mut self, now: Instant) {
        self.spooling.finishes = true;
        self.close_batch(now);
        self.queue.bring_forward(now, self.haste(now));
    }

    /// The process waits for the remaining records until `deadline`. Every job may go out at once, and an address that
    /// fails makes no pause. With a spool, the process waits only until the spool has every record.
    pub fn end(&mut self, now: Instant, deadline: Instant) {
        self.spooling.finishes = true;
        self.close_batch(now);
        self.settle_down(now);
        self.keep_before(now, deadline);
        self.ends_at = self.ends_at.max(Some(deadline));
        self.queue.hurry_all();
    }

    /// The collector has asked for a pause that outlasts the exporter, and has repeated that after one try. Waiting for
    /// it has no use.
    pub(super) fn give_up_what_is_held(&mut self, now: Instant) {
        let haste = self.haste(now);
        let mut dropped_records = 0;
        for signal in Signal::ALL {
            if !self.queue.address(signal).is_hopeless(now, haste) {
                continue;
            }
            while let Some(job) = self.queue.pop_oldest_of(signal) {
                if self.ledger.keeper.is_on() {
                    self.settle(now, &job, End::Parked(DropReason::Shutdown));
                    continue;
                }
                dropped_records += job.count();
                self.settle(now, &job, End::Dropped(DropReason::Shutdown));
            }
        }
        if dropped_records > 0 {
            self.ledger.emit_incomplete(dropped_records, self.failing_endpoint());
        }
    }

    pub(super) fn answer_flushes(&mut self, now: Instant) {
        if self.spooling.is_keeping() {
            return;
        }
        let (queue, counted) = (&self.queue, self.config.max_attempts.is_some());
        let is_over = |waiter: &Waiter| {
            now >= waiter.deadline || Signal::ALL.into_iter().all(|signal| is_done(queue, now, counted, waiter, signal))
        };
        let mut answered = self.ledger.pending.take_answered(is_over);
        answered.append(&mut self.spooling.answers);
        let ends = |waiter: &Waiter| matches!(waiter.kind, FlushKind::Shutdown | FlushKind::Disable);
        if !self.stopped && answered.iter().any(ends) {
            if self.ledger.keeper.holds_any() || self.ledger.keeper.is_busy() {
                self.spooling.answers = answered;
                self.keep(now);
                return self.answer_flushes(now);
            }
            self.stop();
            // The exporter has stopped, so every other flush is answered too.
            answered.extend(self.ledger.pending.take_answered(|_| true));
        }
        for waiter in answered {
            self.ledger.emit(&Event::Flushed { ticket: waiter.ticket });
        }
    }
}

/// Whether a flush has nothing more to wait for in a signal. `counted`: whether attempts are counted (`maxRetries`).
fn is_done(queue: &Queue, now: Instant, counted: bool, waiter: &Waiter, signal: Signal) -> bool {
    let at = signal.index();
    let (Some(&end), Some(&failures)) = (waiter.ends.get(at), waiter.failures.get(at)) else { return true };
    if !queue.holds_before(signal, end) {
        return true;
    }
    let address = queue.address(signal);
    match waiter.kind {
        FlushKind::Exit => false,
        FlushKind::Disable => true,
        FlushKind::Shutdown => !queue.is_awaited(signal, end),
        FlushKind::Flush => {
            let is_held = address.held_until(now).is_some_and(|until| until > waiter.deadline);
            // While an address fails, one try stands for all its jobs. Otherwise each job is tried.
            let is_tried = if counted || address.trouble().is_none() {
                !queue.is_awaited(signal, end)
            } else {
                address.failures() >= failures
            };
            is_held || is_tried
        }
    }
}
