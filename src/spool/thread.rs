//! The thread `mastra-spool`, the only one that waits for a disk.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, UNIX_EPOCH},
};

use crossbeam_channel::RecvTimeoutError;

use super::{Link, cost, disk::Disk, message::Report, store::Store};
use crate::{clock, panic::text_of, stats::Stats, wake::Wake};

const NAME: &str = "mastra-spool";
/// The time between two syncs. A loss of power costs the records of this time at most.
const TICK: Duration = Duration::from_millis(500);

/// Starts the thread. `open` makes the store of a directory; `wake` is told of reports, `stats` of bytes. A panic ends the
/// thread, and is reported like a disk that fails.
///
/// # Errors
/// When the system gives no thread.
pub fn start<D: Disk>(
    directory: PathBuf,
    open: impl FnOnce(PathBuf, u64) -> Store<D> + Send + 'static,
    link: Link,
    stats: Arc<Stats>,
    wake: Arc<Wake>,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(NAME.to_owned()).spawn(move || {
        let path = directory.display().to_string();
        // Unwind safe, because nothing but the files is left of the store after a panic.
        let end = catch_unwind(AssertUnwindSafe(|| run(open(directory, wall_ms()), &link, &stats, &wake)));
        if let Err(panic) = end {
            let error = format!("the thread {NAME} panicked: {}", text_of(&*panic));
            let _ = link.reports.send(Report::Failed { path, error });
            // From now on the engine's commands are not taken.
            drop(link);
            wake.notify_one();
        }
    })
}

fn run<D: Disk>(mut store: Store<D>, link: &Link, stats: &Stats, wake: &Wake) {
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

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Spool,
            disk::RealDisk,
            message::{Command, Holding},
        },
        *,
    };

    #[test]
    fn a_panic_is_reported_and_the_engine_goes_on_without_a_spool() {
        let (spool, link) = Spool::pair(1 << 20);
        let open = |_, _| -> Store<RealDisk> { panic!("a test") };
        let thread = start("/telemetry".into(), open, link, Arc::default(), Arc::default()).unwrap();
        thread.join().unwrap();
        let error = "the thread mastra-spool panicked: a test".to_owned();
        assert!(spool.reports().eq([Report::Failed { path: "/telemetry".to_owned(), error }]));
        assert!(!spool.send_in_any_case(Command::Confirm(1, Holding::default())));
    }
}
