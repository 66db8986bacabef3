use std::time::Duration;

use super::*;
use crate::clock;

const SECOND: Duration = Duration::from_secs(1);
const CALM: Haste = Haste { counted: false, ends_at: None };
const SIGNAL: Signal = Signal::Logs;
const MAX_OUT_BYTES: usize = 1 << 20;

/// A job of records `first` and later ones, all of 100 bytes.
fn job(now: Instant, first: u64, records: usize) -> Job {
    let mut payload = Payload::new(SIGNAL, first);
    for _ in 0..records {
        payload.push(&[b'1'; 100]);
    }
    Job::new(1, payload, now, None)
}

fn standing(mut job: Job, standing: Standing) -> Job {
    job.standing = standing;
    job
}

fn queue(jobs: impl IntoIterator<Item = Job>) -> Queue {
    let mut queue = Queue::new(MAX_OUT_BYTES);
    for job in jobs {
        queue.push(job);
    }
    queue
}

fn pop(queue: &mut Queue, now: Instant) -> Option<Job> {
    queue.pop_ready(now, CALM, |_, _| {})
}

const RETRYING: Standing = Standing::Retrying { turn: 0 };

#[test]
fn a_body_above_the_limit_is_parted_if_it_has_several_records() {
    let now = clock::now();
    for (records, above, sent, is_part) in [(2, 0, 2, false), (2, 1, 1, true), (1, 1, 1, false)] {
        let mut queue = queue([job(now, 0, records)]);
        let max = job(now, 0, records).payload.body_len() - above;
        queue.address_mut(SIGNAL).on_too_large(now, 4 * max, Some(max));
        let popped = pop(&mut queue, now).map(|job| (job.count(), job.is_part));
        assert_eq!(popped, Some((sent, is_part)), "{records} records, {above} bytes above the limit");
    }
}

#[test]
fn a_job_whose_window_is_over_for_longer_than_a_pause_is_overdue() {
    let now = clock::now();
    for (expired_for, is_overdue) in [(Duration::ZERO, false), (SECOND * 29, false), (SECOND * 30, true)] {
        let mut job = standing(job(now, 0, 1), Standing::Clocked { ready_at: now + SECOND });
        job.expires_at = Some(now);
        let mut queue = queue([job]);
        assert_eq!(queue.pop_overdue(now + expired_for, SIGNAL).is_some(), is_overdue, "{expired_for:?}");
    }
}

#[test]
fn flushes_wait_for_records_before_a_number_and_not_for_that_number() {
    let now = clock::now();
    for is_out in [false, true] {
        let mut queue = queue([job(now, 7, 1)]);
        if is_out {
            assert!(pop(&mut queue, now).is_some());
        }
        for (end, waits) in [(7, false), (8, true)] {
            assert_eq!(
                (queue.is_awaited(SIGNAL, end), queue.holds_before(SIGNAL, end)),
                (waits, waits),
                "{end} {is_out}"
            );
        }
    }
}

#[test]
fn a_job_that_fails_each_time_goes_behind_the_other_jobs() {
    let now = clock::now();
    let mut queue = queue([0, 1, 2].map(|first| standing(job(now, first, 1), RETRYING)));
    for age in [0, 1, 2, 0, 1, 2] {
        let job = pop(&mut queue, now).expect("a job");
        assert_eq!(job.age(), age);
        queue.on_returned(&job);
        queue.push(standing(job, RETRYING));
    }
}

#[test]
fn bodies_in_flight_fill_their_share_exactly() {
    let now = clock::now();
    let len = job(now, 0, 1).payload.body_len();
    for (share, sent) in [(2 * len, 2), (2 * len - 1, 1), (len - 1, 1)] {
        let mut queue = Queue::new(share);
        for first in 0..3 {
            queue.push(job(now, first, 1));
        }
        let popped = (0..3).filter_map(|_| pop(&mut queue, now)).count();
        assert_eq!(popped, sent, "a share of {share} bytes for bodies of {len}");
    }
}

#[test]
fn while_the_address_works_the_job_that_has_waited_longest_goes_first() {
    let now = clock::now();
    let mut queue = queue([
        job(now + SECOND, 0, 1),
        standing(job(now, 1, 1), RETRYING),
        standing(job(now, 2, 1), Standing::Clocked { ready_at: now + SECOND / 2 }),
    ]);
    for age in [1, 2, 0] {
        assert_eq!(pop(&mut queue, now + SECOND).map(|job| job.age()), Some(age));
    }
}

#[test]
fn while_the_address_fails_a_job_that_was_never_tried_goes_first() {
    let now = clock::now();
    let mut failed = job(now, 0, 1);
    let mut queue = queue([]);
    let address = queue.address_mut(SIGNAL);
    address.on_sent(now, &mut failed, CALM);
    address.on_returned(&failed);
    assert!(address.on_failure(now, &mut failed, "down", CALM, || 0.5));
    queue.push(failed);
    let later = now + SECOND * 2;
    queue.push(job(later, 1, 1));
    assert_eq!(pop(&mut queue, later).map(|job| job.age()), Some(1));
}

#[test]
fn at_the_end_every_job_may_go_at_once() {
    let now = clock::now();
    let clocked = Standing::Clocked { ready_at: now + SECOND * 30 };
    let mut queue = queue([job(now, 0, 1), standing(job(now, 1, 1), clocked), standing(job(now, 2, 1), RETRYING)]);
    queue.hurry_all();
    let sent: Vec<_> = (0..3).filter_map(|_| pop(&mut queue, now)).map(|job| (job.age(), job.standing)).collect();
    let ages: Vec<u64> = sent.iter().map(|&(age, _)| age).collect();
    assert_eq!(ages, [0, 1, 2]);
    assert_eq!(sent.iter().filter(|(_, standing)| *standing == Standing::Fresh).count(), 1, "{sent:?}");
}
