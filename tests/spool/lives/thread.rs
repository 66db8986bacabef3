//! The thread of the spool as a task that takes a random time for everything, and notes what it has done. A disk that stops
//! ends it in the middle of a command.

use std::{
    collections::BTreeMap,
    future::pending,
    ops::Range,
    sync::{Arc, Mutex},
};

use crossbeam_channel::TryRecvError;
use fastrand::Rng;
use mastra_native_exporter::{
    clock,
    engine::OpenSpool,
    signal::Signal,
    spool::{
        self, Link, Spool, cost,
        limits::Limits,
        message::{Command, Place, Report},
        segment::{OWN_RUN, RunId},
        store::Store,
    },
    stats::Stats,
    wake::Wake,
};
use tokio::time::{Instant, sleep};

use super::fates::Fates;
use crate::{
    disk::SimDisk,
    support::{lock, ms},
};

const TICK_MS: u64 = 500;

struct Thread {
    disk: SimDisk,
    store: Store<SimDisk>,
    link: Link,
    stats: Arc<Stats>,
    wake: Arc<Wake>,
    fates: Arc<Mutex<Fates>>,
    random: Rng,
    start: Instant,
    /// The ids of the records of this process and of those that it has read.
    ids: BTreeMap<(usize, RunId, u64), u64>,
}

/// What a command does to records that are known here.
enum Effect {
    Writes(Vec<u64>, u64),
    Settles(Vec<u64>),
    /// Those of them that are in memory again are not settled.
    MaySettle(Vec<u64>),
    Keeps,
    Syncs,
    None,
}

/// Spools on this disk. `max_waiting_bytes`: of the channel to the thread.
pub fn open_spool(disk: &SimDisk, fates: &Arc<Mutex<Fates>>, seed: u64, max_waiting_bytes: usize) -> OpenSpool {
    let (disk, fates, random) = (disk.clone(), Arc::clone(fates), Rng::with_seed(seed));
    Box::new(move |config, stats, wake| {
        let Some(wanted) = &config.spool else { return Ok(None) };
        let directory = spool::destination(&wanted.directory, &config.endpoints);
        let store = Store::open(disk.clone(), directory, Limits::new(wanted), 1);
        let (spool, link) = Spool::pair(max_waiting_bytes);
        let thread = Thread {
            disk: disk.clone(),
            store,
            link,
            stats: Arc::clone(stats),
            wake: Arc::clone(wake),
            fates: Arc::clone(&fates),
            random: random.clone(),
            start: clock::now(),
            ids: BTreeMap::new(),
        };
        tokio::spawn(thread.run());
        Ok(Some(spool))
    })
}

impl Thread {
    async fn run(mut self) {
        let (mut next_tick, mut idle) = (TICK_MS, 1);
        loop {
            self.alive().await;
            idle = if self.link.commands.is_empty() { (idle * 2).min(200) } else { 1 };
            loop {
                let command = match self.link.commands.try_recv() {
                    Ok(command) => command,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.store.close(),
                };
                let cost = cost(&command);
                self.carry_out(command);
                self.alive().await;
                self.link.done(cost);
                // Only now: the report may be what the engine waits for.
                self.tell();
                if self.random.u8(..) == 0 {
                    sleep(ms(self.random.u64(0..300))).await;
                }
            }
            self.store.work();
            if self.now_ms() >= next_tick {
                let errors = self.disk.errors();
                self.store.tick(self.now_ms());
                next_tick = self.now_ms() + TICK_MS;
                self.alive().await;
                self.on_synced(errors);
            }
            self.alive().await;
            self.stats.spool_bytes(self.store.bytes());
            self.tell();
            sleep(ms(self.random.u64(0..=idle))).await;
        }
    }

    /// Ends the thread with its process.
    async fn alive(&self) {
        if self.disk.is_stopped() {
            pending::<()>().await;
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from((clock::now() - self.start).as_millis()).unwrap()
    }

    fn carry_out(&mut self, command: Command) {
        let effect = self.effect(&command);
        let (errors, written) = (self.disk.errors(), self.disk.written_bytes());
        self.store.on_command(command, self.now_ms());
        if self.disk.is_stopped() {
            return;
        }
        let well = self.disk.errors() == errors;
        let syncs = matches!(effect, Effect::Keeps | Effect::Syncs);
        let mut fates = lock(&self.fates);
        match effect {
            // While the disk is left alone after an error nothing is written, and nothing fails.
            Effect::Writes(ids, bytes) if self.disk.written_bytes() >= written + bytes => {
                for id in ids {
                    fates.on_written(id);
                }
            }
            Effect::Settles(ids) => {
                for id in ids {
                    fates.on_settled(id, well);
                }
            }
            Effect::MaySettle(ids) => {
                for id in ids {
                    fates.on_settled(id, false);
                }
            }
            Effect::Keeps => fates.on_keep(),
            _ => {}
        }
        drop(fates);
        if syncs {
            self.on_synced(errors);
        }
    }

    fn effect(&mut self, command: &Command) -> Effect {
        match command {
            Command::Append(signal, block) => {
                let ids: Vec<u64> = block.iter().map(id_of).collect();
                let numbers = block.numbers().zip(&ids);
                self.ids.extend(numbers.map(|(number, &id)| ((signal.index(), OWN_RUN, number), id)));
                Effect::Writes(ids, block.json.len() as u64)
            }
            Command::Ack(signal, place) => Effect::Settles(self.known(*signal, place)),
            Command::AckParked(signal, place) => Effect::MaySettle(self.known(*signal, place)),
            Command::Keep(..) => Effect::Keeps,
            Command::Confirm(..) => Effect::Syncs,
            _ => Effect::None,
        }
    }

    fn known(&self, signal: Signal, place: &Place) -> Vec<u64> {
        let Range { start, end } = place.numbers;
        (start..end).filter_map(|number| self.ids.get(&(signal.index(), place.run, number)).copied()).collect()
    }

    /// A sync without an error: everything that is written and looked through survives a loss of power.
    fn on_synced(&self, errors_before: u64) {
        if self.disk.errors() == errors_before && !self.store.has_work() {
            lock(&self.fates).on_synced();
        }
    }

    fn tell(&mut self) {
        for report in self.store.take_reports() {
            if let Report::Read(signal, blocks) = &report {
                for (run, block) in blocks {
                    let ids = block.numbers().zip(block.iter().map(id_of));
                    self.ids.extend(ids.map(|(number, id)| ((signal.index(), *run, number), id)));
                }
            }
            let _ = self.link.reports.send(report);
            self.wake.notify_one();
        }
    }
}

/// The id of a record.
pub fn id_of(json: &[u8]) -> u64 {
    serde_json::from_slice::<serde_json::Value>(json).unwrap()["id"].as_u64().unwrap()
}
