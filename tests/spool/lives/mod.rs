//! The whole way of a record through random lives of a process: engine, spool and collector on virtual time, with outages,
//! refusals, a full disk, a channel that is full, flushes and ends. The process dies in any operation on the disk, or with the
//! power, and another one takes over. At every step the counters add up. What the disk had is delivered in the end; what was
//! settled does not come again; nothing is delivered twice but what was in flight.
//!
//! The transport, the disk and the time are mocks; `__test__/spool` has real ones.

mod fates;
mod thread;
mod weather;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread as threads,
};

use fastrand::Rng;
use mastra_native_exporter::{command::FlushKind, event::Event, stats::DropReason};
use tokio::{runtime::Builder, time::sleep};

use self::{
    fates::Fates,
    thread::open_spool,
    weather::{WEATHER, Weather, answer, ids_in},
};
use crate::{
    disk::SimDisk,
    support::{Answer, Counts, Exporter, Rig, lock, ms, secs},
};

/// Deaths of a process in every run of the tests, at least.
const DEATHS: u64 = 1000;
const LIVES: u64 = 4;

/// What goes on from life to life.
struct World {
    disk: SimDisk,
    fates: Arc<Mutex<Fates>>,
    random: Rng,
    /// Whether the disk fails now and then. The power is lost in the other worlds.
    disk_fails: bool,
}

/// One life of a process.
struct Life<'a> {
    world: &'a mut World,
    rig: Rig,
    exporter: Exporter,
    weather: Arc<Mutex<Weather>>,
    counts: Vec<Counts>,
    total: Counts,
    ticket: u32,
}

impl<'a> Life<'a> {
    fn start(world: &'a mut World) -> Self {
        let random = &mut world.random;
        let channel = if random.u8(0..4) == 0 { 3000 } else { 16 << 20 };
        let rig = Rig::start_with(open_spool(&world.disk, &world.fates, random.u64(..), channel));
        let weather = Arc::new(Mutex::new(Weather::Fine));
        let max_retries = if random.u8(0..6) == 0 { ",\"maxRetries\":3" } else { "" };
        let options = format!(
            r#""spoolDirectory":"/spool","requestTimeoutMs":2000,"maxBatchSize":{},"maxBatchWaitMs":{},"retryWindowMs":{},"maxQueueBytes":1048576{max_retries}"#,
            random.u64(1..30),
            random.u64(1..2000),
            random.u64(2000..30_000),
        );
        let (disk, fates, now) = (world.disk.clone(), Arc::clone(&world.fates), Arc::clone(&weather));
        let mut random = world.random.fork();
        let exporter = rig.open(&options, move |call| {
            if disk.is_stopped() {
                return Answer::Never;
            }
            answer(*lock(&now), &mut random, call, &ids_in(&call.body), &fates)
        });
        let counts = exporter.counts_by_signal();
        let total = exporter.counts();
        Self { world, rig, exporter, weather, counts, total, ticket: 0 }
    }

    /// Lives for this number of steps, or until it dies; answers whether it is still alive.
    async fn live(&mut self, steps: u64) -> bool {
        for _ in 0..steps {
            match self.world.random.u8(0..20) {
                0..9 => self.export(),
                9 => self.burst(),
                10..13 => *lock(&self.weather) = *self.world.random.choice(&WEATHER).unwrap(),
                13 => self.flush(FlushKind::Flush),
                14 => self.flush(FlushKind::Exit),
                15 if self.world.disk_fails => {
                    let fails = self.world.random.bool().then_some(std::io::ErrorKind::StorageFull);
                    self.world.disk.fail(fails);
                }
                _ => {}
            }
            let pause = match self.world.random.u8(0..20) {
                0..12 => self.world.random.u64(0..30),
                12..18 => self.world.random.u64(0..1000),
                _ => self.world.random.u64(0..20_000),
            };
            if !self.pass(pause).await {
                return false;
            }
        }
        true
    }

    /// Time passes. False when the process has died in it.
    async fn pass(&mut self, pause: u64) -> bool {
        sleep(ms(pause)).await;
        let alive = !self.world.disk.is_stopped();
        if alive {
            self.check();
        }
        alive
    }

    /// The counters add up, at each event and now.
    fn check(&mut self) {
        for heard in self.exporter.heard() {
            heard.counts.assert_sound(&self.total);
            if let Event::ShutdownKept { kept_records, .. } = heard.event {
                assert_eq!(kept_records, heard.counts.spooled);
            }
            self.total = heard.counts;
        }
        let counts = self.exporter.counts_by_signal();
        for (counts, before) in counts.iter().zip(&self.counts) {
            counts.assert_sound(before);
        }
        self.counts = counts;
        let total = self.exporter.counts();
        let mut fates = lock(&self.world.fates);
        if fates.given_up > total.dropped() {
            let text =
                format!("{} records are acknowledged and neither delivered nor dropped: {total:?}", fates.given_up);
            fates.breach(text);
        }
        if let Some(text) = fates.take_breach() {
            drop(fates);
            panic!("{text}");
        }
    }

    /// What is said to be kept is on the disk.
    fn check_kept(&self) {
        let (said, there) = (self.exporter.counts().spooled, lock(&self.world.fates).spooled());
        assert!(said <= there, "{said} records are said to be kept, {there} can be");
    }

    fn export(&mut self) {
        let count = self.world.random.u64(1..12);
        self.hand_over(count, 60);
    }

    /// More than the queue holds.
    fn burst(&mut self) {
        if self.world.random.u8(0..4) == 0 {
            self.hand_over(40, 60_000);
        }
    }

    fn hand_over(&mut self, count: u64, max_pad: usize) {
        let lines: Vec<String> = (0..count)
            .map(|_| {
                let id = lock(&self.world.fates).export();
                let pad = self.world.random.usize(0..max_pad);
                format!("{}{{\"id\":{id},\"pad\":\"{:x<pad$}\"}}", id % 2, "")
            })
            .collect();
        self.exporter.hand_over(&lines.join("\n"));
    }

    fn flush(&mut self, kind: FlushKind) {
        self.ticket += 1;
        self.exporter.flush_as(self.ticket, kind, secs(5));
    }

    /// The end of the process, unless it dies before.
    async fn end(&mut self) {
        match self.world.random.u8(0..4) {
            0 => {
                let drain = self.rig.drain_within(secs(2));
                while !drain.is_over() && self.pass(1).await {}
                if drain.is_over() {
                    self.check_kept();
                }
            }
            1 => {
                self.flush(FlushKind::Shutdown);
                if self.pass(10_000).await {
                    self.check_kept();
                }
            }
            2 => {
                self.flush(FlushKind::Exit);
                let pause = self.world.random.u64(0..6000);
                self.pass(pause).await;
            }
            _ => {}
        }
    }

    /// Everything that is left is delivered, and nothing stays on the disk.
    async fn finish(mut self) {
        *lock(&self.weather) = Weather::Fine;
        self.world.disk.fail(None);
        // After the end of a script, which takes 5 s at most, nothing is read back until there is a new record.
        self.pass(6000).await;
        self.export();
        for _ in 0..1000 {
            self.pass(10_000).await;
            let counts = self.exporter.counts();
            if counts.spooled + counts.queued + counts.in_flight == 0 {
                break;
            }
        }
        let counts = self.exporter.counts();
        assert_eq!((counts.spooled, counts.queued, counts.in_flight), (0, 0, 0));
        self.exporter.close();
        self.pass(5000).await;
        lock(&self.world.fates).judge_end();
        self.check();
        assert_eq!(self.world.disk.files().into_keys().collect::<Vec<_>>(), Vec::<std::path::PathBuf>::new());
    }
}

/// Answers how often a process has died.
fn run(seed: u64) -> u64 {
    let mut random = Rng::with_seed(seed);
    fastrand::seed(seed);
    let disk_fails = random.u8(0..3) == 0;
    let mut world = World { disk: SimDisk::default(), fates: Arc::default(), random, disk_fails };
    let mut unreadable = 0;
    for life in 0..LIVES {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let is_last = life + 1 == LIVES;
        let lost = runtime.block_on(async {
            if !is_last && world.random.bool() {
                world.disk.stop_after(world.random.u64(0..150), world.random.u64(..));
            }
            let steps = world.random.u64(5..40);
            let mut life = Life::start(&mut world);
            if life.live(steps).await && !is_last {
                life.end().await;
            }
            let lost = life.exporter.counts().dropped_for(DropReason::SpoolUnreadable);
            if is_last {
                life.finish().await;
            }
            lost
        });
        unreadable += lost;
        drop(runtime);
        if is_last {
            break;
        }
        let power_lost = !disk_fails && world.random.u8(0..3) == 0;
        if power_lost {
            world.disk.lose_power(&mut world.random);
        } else {
            world.disk.kill();
        }
        lock(&world.fates).on_death(power_lost);
    }
    let may_be_lost = lock(&world.fates).records.values().filter(|fate| fate.may_be_lost).count() as u64;
    assert!(unreadable <= may_be_lost, "{unreadable} records are called unreadable, {may_be_lost} can be");
    LIVES - 1
}

#[test]
fn a_thousand_deaths() {
    let (next, deaths) = (AtomicU64::new(0), AtomicU64::new(0));
    let failure = Mutex::new(None);
    threads::scope(|scope| {
        for _ in 0..threads::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while deaths.load(Ordering::Relaxed) < DEATHS && lock(&failure).is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    match std::panic::catch_unwind(|| run(seed)) {
                        Ok(died) => drop(deaths.fetch_add(died, Ordering::Relaxed)),
                        Err(panic) => *lock(&failure) = Some((seed, text_of(&*panic))),
                    }
                }
            });
        }
    });
    if let Some((seed, text)) = failure.into_inner().unwrap() {
        panic!("seed {seed}: {text}; to repeat it: LIVES_SEED={seed} cargo test --test spool -- --ignored one_world");
    }
}

/// The world of one seed.
#[test]
#[ignore = "needs LIVES_SEED"]
fn one_world() {
    #[expect(clippy::disallowed_methods, reason = "a test has no other way to be told something")]
    let seed = std::env::var("LIVES_SEED").unwrap();
    run(seed.parse().unwrap());
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
