//! The threads of the engine, in real time.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use mastra_native_exporter::{
    command::FlushKind,
    config::Config,
    event::{Event, Sink},
    protocol::{answer::Outcome, reply::Reply, request::Body},
    runtime::Runtime,
    signal::Signal,
    transport::Transport,
};
use tokio::task::spawn_blocking;

use crate::support::{config, lock, records};

/// A wait that is only this long when a test fails.
const LIMIT: Duration = Duration::from_secs(20);

struct Deaf;

impl Sink for Deaf {
    fn emit(&self, _: &Event) {}
}

/// The part of a request that waits for the resolver of the system, which may hang: reqwest asks it on the runtime's
/// threads for blocking work, as this does. A resolver that hangs cannot be had in a test.
struct Resolving {
    asked: Sender<()>,
    begun: Sender<()>,
    released: Arc<Mutex<Receiver<()>>>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Transport for Resolving {
    async fn send(&self, _: Signal, _: Body) -> Reply {
        let (begun, released) = (self.begun.clone(), Arc::clone(&self.released));
        let (now, most) = (Arc::clone(&self.now), Arc::clone(&self.most));
        let look_up = spawn_blocking(move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let _ = begun.send(());
            let _ = lock(&released).recv();
            now.fetch_sub(1, Ordering::SeqCst);
        });
        let _ = self.asked.send(());
        let _ = look_up.await;
        Outcome::Delivered.into()
    }
}

#[test]
fn look_ups_that_hang_take_eight_threads_at_most() {
    const EXPORTERS: usize = 20;
    let (asked, all_asked) = channel();
    let (begun, all_begun) = channel();
    let (release, released) = channel();
    let (released, most) = (Arc::new(Mutex::new(released)), Arc::new(AtomicUsize::new(0)));
    let (now, counted) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&most));
    let runtime = Runtime::start(move |_: &Config| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&counted));
        Ok(Resolving { asked: asked.clone(), begun: begun.clone(), released: Arc::clone(&released), now, most })
    });
    let runtime = runtime.unwrap();
    let handles: Vec<_> = (0..EXPORTERS).map(|_| runtime.open(config("", ""), Arc::new(Deaf))).collect();
    for handle in &handles {
        assert!(handle.submit(records("0{}")) && handle.flush(1, FlushKind::Flush, LIMIT));
    }
    for _ in 0..EXPORTERS {
        all_asked.recv_timeout(LIMIT).expect("each exporter sends");
    }
    for _ in 0..8 {
        all_begun.recv_timeout(LIMIT).expect("eight look-ups begin");
    }
    for _ in 8..EXPORTERS {
        release.send(()).unwrap();
        all_begun.recv_timeout(LIMIT).expect("the next one begins when one is over");
    }
    for _ in 0..8 {
        release.send(()).unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 8);
    runtime.stop();
}
