//! The thread `mastra-spool`, the only one that waits for a disk.

use std::{
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, UNIX_EPOCH},
};

use crossbeam_channel::RecvTimeoutError;
use tokio::sync::Notify;

use super::{Link, cost, disk::Disk, store::Store};
use crate::{clock, stats::Stats};

const NAME: &str = "mastra-spool";
/// The time between two syncs. A loss of power costs the records of this time at most.
const TICK: Duration = Duration::from_millis(500);

/// Starts the thread. `open` makes the store; `wake` is told of reports, `stats` of bytes.
///
/// # Errors
/// When the system gives no thread.
pub fn start<D: Disk>(
    open: impl FnOnce(u64) -> Store<D> + Send + 'static,
    link: Link,
    stats: Arc<Stats>,
    wake: Arc<Notify>,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(NAME.to_owned()).spawn(move || run(open(wall_ms()), &link, &stats, &wake))
}

fn run<D: Disk>(mut store: Store<D>, link: &Link, stats: &Stats, wake: &Notify) {
    let mut next_tick = clock::now() + TICK;
    loop {
        let reports = store.take_reports();
        stats.spool_bytes(store.bytes());
        if !reports.is_empty() {
            // A closed exporter does not listen.
            let _ = reports.into_iter().try_for_each(|report| link.reports.send(report));
            wake.notify_one();
        }
        let now = clock::now();
        if now >= next_tick {
            store.tick(wall_ms());
            next_tick = clock::now() + TICK;
            continue;
        }
        let patience = if store.has_work() { Duration::ZERO } else { next_tick - now };
        match link.commands.recv_timeout(patience) {
            Ok(command) => {
                let cost = cost(&command);
                store.on_command(command, wall_ms());
                link.done(cost);
            }
            Err(RecvTimeoutError::Timeout) => store.work(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    store.close();
}

/// The time of day in milliseconds since 1970.
fn wall_ms() -> u64 {
    let since = clock::wall_now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
