//! Random work with all kinds of outcomes: every record is delivered or dropped once, and the counters say so at every
//! moment.

use std::{collections::BTreeSet, time::Duration};

use fastrand::Rng;
use mastra_native_exporter::{
    command::FlushKind, event::Event, protocol::answer::Outcome, signal::Signal, stats::DropReason,
};
use tokio::time::sleep;

use crate::support::{Answer, Call, Counts, Exporter, FOR_EVER, Heard, Rig, dropped_for, ms, secs};

const LIMITS: &str = r#""maxBatchSize":7,"maxBatchWaitMs":400,"maxQueueBytes":1048576,"requestTimeoutMs":2500,
    "maxRecordBytes":200000,"maxBatchBytes":300000,"compression":"gzip""#;
/// One exporter limits attempts by number, the other by time.
const OPTIONS: [&str; 2] = [r#""maxRetries":3"#, r#""retryWindowMs":9000"#];
const LAST: u32 = u32::MAX;
/// The time from which the collector works.
const WELL_AFTER: Duration = Duration::from_secs(3600);
/// Every reason for a drop, except those at the end of the exporter.
const REASONS: [DropReason; 7] = [
    DropReason::QueueFull,
    DropReason::RetriesExhausted,
    DropReason::Refused,
    DropReason::TooLargeForCollector,
    DropReason::RecordTooLarge,
    DropReason::AuthRejected,
    DropReason::QuotaPaused,
];

fn answer(rng: &mut Rng, call: &Call) -> Answer {
    let delay = ms(rng.u64(0..3000));
    if call.at >= WELL_AFTER {
        return Answer::After(delay / 2, Outcome::Delivered);
    }
    let outcome = match rng.u32(0..200) {
        0..110 => Outcome::Delivered,
        110..155 => {
            let after = rng.bool().then(|| ms(rng.u64(0..4000)));
            Outcome::Retry { cause: "no".to_owned(), after }
        }
        155..160 => Outcome::AuthRejected(401),
        160..170 => Outcome::Refused { cause: "never".to_owned() },
        170..180 => Outcome::Split,
        180..184 => Outcome::QuotaExhausted { probe_after: secs(rng.u64(1..9)) },
        184..188 if call.compress => Outcome::Uncompressed,
        188..196 => return Answer::Never,
        _ => return Answer::Panic,
    };
    Answer::After(delay, outcome)
}

/// The work that an exporter was given.
#[derive(Default)]
struct Work {
    records: u32,
    /// For each flush its kind, and the number of records accepted before it.
    flushes: Vec<(FlushKind, u64)>,
}

impl Work {
    /// Hands records over, or flushes, then waits a little. `signals`: the number of kinds.
    async fn go_on(&mut self, rng: &mut Rng, exporter: &Exporter, signals: u8) {
        match rng.u32(0..20) {
            0 => {
                let kind = if rng.bool() { FlushKind::Exit } else { FlushKind::Flush };
                let within = if kind == FlushKind::Exit { FOR_EVER } else { ms(rng.u64(0..9000)) };
                exporter.flush_as(u32::try_from(self.flushes.len()).unwrap(), kind, within);
                self.flushes.push((kind, exporter.counts().accepted));
            }
            1 => exporter.refuse(rng.u64(1..5)),
            _ => {
                let lines: Vec<String> = (0..rng.usize(1..12)).map(|_| self.line(rng, signals)).collect();
                exporter.hand_over(&lines.join("\n"));
            }
        }
        if rng.bool() {
            sleep(ms(rng.u64(0..1500))).await;
        }
    }

    /// A record with a number; mostly small, some so large that the queue overflows.
    fn line(&mut self, rng: &mut Rng, signals: u8) -> String {
        self.records += 1;
        let bytes = if rng.u32(0..10) == 0 { rng.usize(0..250_000) } else { 20 };
        format!("{}\"{}:{}\"", rng.u8(0..signals), self.records, "x".repeat(bytes))
    }

    /// Each flush was answered once. Before the answer to a flush that waits for everything, all earlier records were
    /// settled.
    fn assert_flushes(&self, heard: &[Heard]) {
        let mut answered = BTreeSet::new();
        for heard in heard {
            if let Event::Flushed { ticket } = heard.event
                && ticket != LAST
            {
                assert!(answered.insert(ticket), "flush {ticket} was answered twice");
                let (kind, accepted_before) = self.flushes[ticket as usize];
                let since = heard.counts.accepted - accepted_before;
                assert!(kind != FlushKind::Exit || heard.undelivered <= since, "flush {ticket}: {heard:?}");
            }
        }
        assert_eq!(answered.len(), self.flushes.len());
    }
}

/// The numbers of the delivered records; probes have none.
fn delivered_records(exporter: &Exporter) -> Vec<u32> {
    let mut numbers = Vec::new();
    for body in exporter.collector.delivered_bodies() {
        let (_, records) = body.split_once('[').unwrap();
        let texts = records.split('"').filter(|text| text.contains(':'));
        numbers.extend(texts.map(|text| text.split_once(':').unwrap().0.parse::<u32>().unwrap()));
    }
    numbers
}

/// The counters of one signal, or of all, in the order in which they were seen.
fn assert_sound(seen: impl IntoIterator<Item = Counts>) {
    seen.into_iter().fold(Counts::default(), |before, counts| {
        counts.assert_sound(&before);
        counts
    });
}

/// Returns the drops by reason.
async fn run(seed: u64, signals: u8) -> [u64; REASONS.len()] {
    println!("seed {seed}, {signals} signals");
    // The engine's jitter comes from this thread's generator.
    fastrand::seed(seed);
    let mut rng = Rng::with_seed(seed);
    let rig = Rig::start();
    let mut outcomes = rng.fork();
    let options = format!("{LIMITS},{}", OPTIONS[usize::from(seed % 2 == 1)]);
    let mut exporter = rig.open(&options, move |call| answer(&mut outcomes, call));
    let (mut work, mut snapshots) = (Work::default(), Vec::new());
    for _ in 0..300 {
        work.go_on(&mut rng, &exporter, signals).await;
        snapshots.push(exporter.counts_by_signal());
    }
    for signal in Signal::ALL {
        assert_sound(snapshots.iter().map(|counts| counts[signal.index()].clone()));
    }
    assert!(rig.now() < WELL_AFTER, "all of it while the collector is unwell");
    let mut heard = exporter.settled(LAST).await;
    assert_eq!(heard.last().unwrap().undelivered, 0);

    // After the last cooldown or pause a record passes again, and the account is complete.
    sleep(WELL_AFTER).await;
    exporter.hand_over("0\"0:\"");
    heard.extend(exporter.settled(LAST).await);
    assert!(delivered_records(&exporter).contains(&0));
    assert_sound(heard.iter().map(|heard| heard.counts.clone()));
    work.assert_flushes(&heard);
    // Answers take seconds here, and some never come: one signal was seen to use all that it may.
    assert!(exporter.collector.most_in_flight() <= 64 * usize::from(signals));

    let counts = exporter.counts();
    assert_eq!((counts.queued, counts.in_flight, counts.queued_bytes), (0, 0, 0), "{counts:?}");
    let delivered = delivered_records(&exporter);
    let once: BTreeSet<u32> = delivered.iter().copied().collect();
    assert_eq!(delivered.len(), once.len(), "a record was delivered twice");
    assert_eq!(counts.delivered, delivered.len() as u64);
    let told = REASONS.map(|reason| dropped_for(&heard, reason));
    assert_eq!(told, REASONS.map(|reason| counts.dropped_for(reason)), "every loss is told");
    assert_eq!(counts.accepted, counts.delivered + told.iter().sum::<u64>());
    told
}

async fn run_all(signals: u8) {
    let mut seen = [0; REASONS.len()];
    for seed in (0..20).chain([fastrand::u64(..)]) {
        let drops = run(seed, signals).await;
        seen = std::array::from_fn(|reason| seen[reason] + drops[reason]);
    }
    assert!(seen.iter().all(|&drops| drops > 0), "every way to drop has been taken: {seen:?}");
}

#[tokio::test(start_paused = true)]
async fn accepted_is_delivered_plus_dropped_for_one_signal() {
    run_all(1).await;
}

#[tokio::test(start_paused = true)]
async fn accepted_is_delivered_plus_dropped_for_all_signals() {
    run_all(5).await;
}
