use super::*;
use crate::{clock, delivery::payload::Payload, signal::Signal};

const SECOND: Duration = Duration::from_secs(1);
const CALM: Haste = Haste { counted: false, ends_at: None };

fn job(now: Instant, number: u64) -> Job {
    let mut payload = Payload::new(Signal::Logs, number);
    payload.push(b"{}");
    Job::new(1, payload, now, None)
}

fn send(address: &mut Address, now: Instant, number: u64) -> Job {
    let mut job = job(now, number);
    address.on_sent(now, &mut job, CALM);
    job
}

fn fail(address: &mut Address, now: Instant, job: &mut Job) -> bool {
    address.on_returned(job);
    job.attempts += 1;
    address.on_failure(now, job, "down", CALM, || 0.5)
}

fn deliver(address: &mut Address, now: Instant, job: &Job) {
    address.on_returned(job);
    address.on_delivered(now, 10);
}

fn opens(address: &Address, standing: Standing, now: Instant) -> Option<Duration> {
    Some(address.opens_at(standing, now, CALM)?.saturating_duration_since(now))
}

const RETRYING: Standing = Standing::Retrying { turn: 0 };

#[test]
fn an_address_is_suspect_then_failing_then_healthy() {
    let (mut address, now) = (Address::default(), clock::now());
    for (number, health) in [(0, Health::Suspect), (1, Health::Suspect), (2, Health::Failing)] {
        assert_eq!(opens(&address, Standing::Fresh, now), Some(Duration::ZERO));
        let mut job = send(&mut address, now, number);
        assert!(fail(&mut address, now, &mut job));
        assert_eq!((address.health(now), job.standing), (health, RETRYING));
        assert_eq!(opens(&address, RETRYING, now), Some(SECOND));
    }
    assert_eq!(opens(&address, Standing::Fresh, now), Some(SECOND));
    for pause in [2, 4, 8] {
        let later = now + SECOND * pause;
        let mut job = send(&mut address, later, 9);
        assert!(fail(&mut address, later, &mut job));
        assert_eq!(opens(&address, Standing::Fresh, later), Some(SECOND * pause));
    }
    let job = send(&mut address, now + SECOND * 60, 9);
    assert_eq!(opens(&address, Standing::Fresh, now), None, "one at a time");
    deliver(&mut address, now, &job);
    assert_eq!((address.health(now), opens(&address, RETRYING, now)), (Health::Healthy, Some(Duration::ZERO)));
}

#[test]
fn failures_that_were_under_way_together_count_once() {
    let (mut address, now) = (Address::default(), clock::now());
    let mut jobs: Vec<Job> = (0..4).map(|number| send(&mut address, now, number)).collect();
    let fifth = opens(&address, Standing::Fresh, now);
    assert_eq!(fifth, Some(Duration::from_millis(1500)), "four, and more where nothing is answered");
    let counted: Vec<bool> = jobs.iter_mut().map(|job| fail(&mut address, now, job)).collect();
    assert_eq!(counted, [true, false, false, false]);
    assert_eq!(opens(&address, RETRYING, now), Some(SECOND));
}

#[test]
fn a_failure_while_others_get_through_is_the_bodys() {
    let (mut address, now) = (Address::default(), clock::now());
    let mut bad = send(&mut address, now, 0);
    for (failures, wait) in [(1, 1), (2, 2), (3, 4)] {
        let good = send(&mut address, now, failures);
        deliver(&mut address, now, &good);
        assert!(!fail(&mut address, now, &mut bad));
        assert_eq!(bad.standing, Standing::Clocked { ready_at: now + SECOND * wait });
        assert_eq!((address.health(now), bad.is_suspected()), (Health::Healthy, failures == 3));
        address.on_sent(now, &mut bad, CALM);
    }
    assert!(!fail(&mut address, now, &mut bad), "it stays suspected when nothing else is sent");
    let mut other = send(&mut address, now, 9);
    assert!(fail(&mut address, now, &mut other), "another body that fails says that the address does");
}

#[test]
fn a_flush_brings_one_try_forward_in_a_second() {
    let (mut address, now) = (Address::default(), clock::now());
    for number in 0..3 {
        let mut job = send(&mut address, now, number);
        fail(&mut address, now, &mut job);
    }
    let soon = now + SECOND / 10;
    address.bring_forward(soon);
    assert_eq!(opens(&address, RETRYING, soon), Some(Duration::ZERO));
    let mut job = send(&mut address, soon, 9);
    fail(&mut address, soon, &mut job);
    assert_eq!(opens(&address, RETRYING, soon), Some(SECOND * 9 / 10), "the pause is as it was");
    let later = now + SECOND;
    let mut job = send(&mut address, later, 9);
    fail(&mut address, later, &mut job);
    address.bring_forward(later);
    assert_eq!(opens(&address, RETRYING, later), Some(SECOND / 10), "a second after the last one");
}

#[test]
fn a_hold_counts_for_everyone_but_at_the_end_when_it_gets_one_try() {
    let (mut address, now) = (Address::default(), clock::now());
    address.hold(now + SECOND * 60, true, CALM);
    address.hold(now + SECOND * 5, true, CALM);
    address.bring_forward(now);
    assert_eq!(opens(&address, Standing::Fresh, now), Some(SECOND * 60));
    assert_eq!(address.health(now), Health::Held);
    let ending = Haste { counted: false, ends_at: Some(now + SECOND * 2) };
    assert_eq!(address.opens_at(Standing::Fresh, now, ending), Some(now));
    let mut job = job(now, 0);
    address.on_sent(now, &mut job, ending);
    assert!(!address.is_hopeless(now, ending), "its try is under way");
    address.on_returned(&job);
    assert!(address.is_hopeless(now, ending));
    let patient = Haste { counted: false, ends_at: Some(now + SECOND * 70) };
    assert_eq!(address.opens_at(Standing::Fresh, now, patient), Some(now + SECOND * 60));
}

#[test]
fn single_records_refused_in_a_row_lead_to_a_pause() {
    let (mut address, now) = (Address::default(), clock::now());
    for _ in 0..MAX_SINGLE_REFUSALS {
        assert_eq!(opens(&address, Standing::Fresh, now), Some(Duration::ZERO));
        address.on_too_large(now, 100, None);
    }
    assert_eq!(opens(&address, Standing::Fresh, now), Some(REFUSAL_PAUSE));
}

#[test]
fn an_address_that_fails_at_random_takes_new_jobs_and_one_that_is_gone_does_not() {
    let (mut address, now) = (Address::default(), clock::now());
    for number in 0..20 {
        for _ in 0..number % 2 {
            let job = send(&mut address, now, number);
            deliver(&mut address, now, &job);
        }
        let mut job = send(&mut address, now, number);
        assert!(fail(&mut address, now, &mut job));
        if number > 0 {
            assert_eq!(opens(&address, Standing::Fresh, now), Some(Duration::ZERO));
        }
    }
    let mut failures = 0;
    while opens(&address, Standing::Fresh, now) == Some(Duration::ZERO) {
        let mut job = send(&mut address, now, 99);
        assert!(fail(&mut address, now, &mut job));
        failures += 1;
    }
    assert!(failures <= CREDIT + 2, "{failures}");
}

#[test]
fn two_suspects_go_out_at_a_time_whatever_else_returns() {
    let (mut address, now) = (Address::default(), clock::now());
    let clocked = Standing::Clocked { ready_at: now };
    for number in 0..2 {
        assert_eq!(opens(&address, clocked, now), Some(Duration::ZERO));
        let mut suspect = job(now, number);
        suspect.suspicion = 1;
        address.on_sent(now, &mut suspect, CALM);
    }
    let other = send(&mut address, now, 2);
    deliver(&mut address, now, &other);
    assert_eq!((opens(&address, clocked, now), opens(&address, Standing::Fresh, now)), (None, Some(Duration::ZERO)));
}

fn failing_after_a_delivery() -> (Address, Instant) {
    let (mut address, now) = (Address::default(), clock::now());
    let good = send(&mut address, now, 0);
    deliver(&mut address, now, &good);
    let mut bad = send(&mut address, now, 1);
    assert!(fail(&mut address, now, &mut bad));
    (address, now)
}

#[test]
fn a_failure_while_others_are_delivered_leaves_room_for_a_second_request() {
    let (mut address, now) = failing_after_a_delivery();
    assert_eq!(address.health(now), Health::Suspect);
    send(&mut address, now, 2);
    assert_eq!(opens(&address, Standing::Fresh, now), Some(Duration::ZERO));
}

#[test]
fn jobs_that_need_no_pause_leave_the_try_of_a_flush_to_others() {
    let (mut address, now) = failing_after_a_delivery();
    for number in 2..6 {
        let job = send(&mut address, now, number);
        address.on_returned(&job);
    }
    assert_eq!(opens(&address, RETRYING, now), Some(SECOND));
    address.bring_forward(now);
    assert_eq!(opens(&address, RETRYING, now), Some(Duration::ZERO), "no try of this second is used up");
}

#[test]
fn the_try_of_a_flush_is_used_up_by_a_job_that_goes_before_its_time() {
    let waits = |now| Standing::Clocked { ready_at: now + SECOND * 10 };
    for (ready_in, left) in [(SECOND * 5, SECOND), (Duration::ZERO, Duration::ZERO)] {
        let (mut address, now) = (Address::default(), clock::now());
        address.bring_forward(now);
        assert_eq!(opens(&address, waits(now), now), Some(Duration::ZERO));
        let mut early = job(now, 0);
        early.standing = Standing::Clocked { ready_at: now + ready_in };
        address.on_sent(now, &mut early, CALM);
        address.on_returned(&early);
        address.bring_forward(now);
        assert_eq!(opens(&address, waits(now), now), Some(left), "of a job that is ready in {ready_in:?}");
    }
}

#[test]
fn the_last_try_is_at_the_end_of_the_window_if_that_is_still_to_come() {
    for (window, wait) in [(SECOND * 2 / 5, SECOND * 2 / 5), (Duration::ZERO, SECOND), (SECOND * 9, SECOND)] {
        let (mut address, now) = (Address::default(), clock::now());
        let mut bad = send(&mut address, now, 0);
        bad.expires_at = Some(now + window);
        let good = send(&mut address, now, 1);
        deliver(&mut address, now, &good);
        assert!(!fail(&mut address, now, &mut bad));
        assert_eq!(bad.standing, Standing::Clocked { ready_at: now + wait }, "a window of {window:?}");
    }
}

#[test]
fn an_address_knows_its_requests_in_flight() {
    let (mut address, now) = (Address::default(), clock::now());
    assert_eq!((address.awaits_answer(), address.is_busy()), (false, false));
    let jobs: Vec<Job> = (0..4).map(|number| send(&mut address, now, number)).collect();
    assert_eq!((address.awaits_answer(), address.is_busy()), (true, true));
    for job in &jobs {
        address.on_returned(job);
    }
    assert_eq!((address.awaits_answer(), address.is_busy()), (false, false));
}

#[test]
fn each_end_gets_one_try_in_spite_of_a_hold() {
    let (mut address, now) = (Address::default(), clock::now());
    address.hold(now + SECOND * 60, true, CALM);
    let ending = Haste { counted: false, ends_at: Some(now + SECOND) };
    for number in 0..2 {
        address.on_ending();
        assert_eq!(address.opens_at(Standing::Fresh, now, ending), Some(now));
        let mut job = job(now, number);
        address.on_sent(now, &mut job, ending);
        address.on_returned(&job);
        assert!(address.is_hopeless(now, ending));
    }
}

#[test]
fn a_flush_waits_for_three_failures_in_a_row_and_at_least_for_one() {
    let (mut address, now) = (Address::default(), clock::now());
    for (failures, until) in [(0, 3), (1, 3), (2, 3), (3, 4), (4, 5)] {
        assert_eq!((address.failures(), address.failures_to_wait_for()), (failures, until));
        let mut job = send(&mut address, now, failures);
        assert!(fail(&mut address, now, &mut job));
    }
}
