//! Dead runs, from their adoption to their removal.

use std::io;

use super::{Store, shown};
use crate::{
    signal::Signal,
    spool::{
        claim::{self, Run},
        disk::Disk,
        frame::{self, Header, VERSION},
        message::{Counts, Report},
        ranges::Ranges,
        segment::{self, Key, MAX_NUMBER, MAX_RUN, OWN_RUN, RunId, Segment},
        spares,
    },
    stats::DropReason,
};

/// A segment of a dead run that has not been looked at.
pub struct Unscanned {
    /// Its name here.
    pub key: Key,
    /// Which signal.
    pub signal: Signal,
    /// Its file.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// The first number of the segment that follows.
    pub end: u64,
}

impl<D: Disk> Store<D> {
    /// Takes over the runs whose owners are dead, and measures the others.
    pub(super) fn look_for_dead_runs(&mut self) {
        let Ok(entries) = self.disk.list(&self.directory) else { return };
        self.live_bytes = 0;
        for name in claim::runs(entries.iter().map(|entry| entry.name.as_str())) {
            let ours = self.own.iter().chain(self.adopted.values()).any(|run| run.name == name);
            if ours || self.left_alone.contains(&name) || self.last_run >= MAX_RUN {
                continue;
            }
            match Run::adopt(&self.disk, &self.directory, &name) {
                Ok(Some(run)) => self.take_over(run),
                Ok(None) => {
                    let files = self.disk.list(&claim::paths(&self.directory, &name).0).unwrap_or_default();
                    self.live_bytes += files.iter().map(|file| file.bytes).sum::<u64>();
                }
                // Another user's, for example.
                Err(_) => {}
            }
        }
    }

    fn take_over(&mut self, run: Run<D>) {
        let files = self.disk.list(&run.directory).unwrap_or_default();
        let (spare, mut files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| spares::is_name(&file.name));
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let segments = files.into_iter().filter_map(|file| Some((segment::parse_name(&file.name)?, file)));
        let segments: Vec<_> = segments.collect();
        if let Some((_, file)) = segments.first()
            && let Ok(bytes) = self.disk.read(&run.directory.join(&file.name))
            && let Header::Version(version @ VERSION..) = frame::read_header(&bytes)
            && version > VERSION
        {
            self.left_alone.insert(run.name);
            return self.report(Report::LeftAlone { path: shown(&run.directory), version });
        }
        for file in spare {
            let _ = self.disk.remove_file(&run.directory.join(file.name));
        }
        self.last_run += 1;
        let next = segments.iter().skip(1).map(|((signal, first), _)| Some((*signal, *first))).chain([None]);
        for (((signal, first), file), next) in segments.iter().zip(next) {
            let end = next.filter(|next| next.0 == *signal).map_or(MAX_NUMBER, |next| next.1);
            let key = (self.last_run, signal.index(), *first);
            self.total_bytes += file.bytes;
            self.unscanned.push_back(Unscanned {
                key,
                signal: *signal,
                file: file.name.clone(),
                bytes: file.bytes,
                end,
            });
        }
        self.adopted.insert(self.last_run, run);
        self.remove_run_if_done(self.last_run);
    }

    /// Whether there are segments to look through.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.unscanned.is_empty()
    }

    /// Looks through the next segment of a dead run.
    pub fn work(&mut self) {
        let Some(Unscanned { key, signal, file, bytes: length, end }) = self.unscanned.pop_front() else { return };
        self.total_bytes -= length.min(self.total_bytes);
        let Some(path) = self.adopted.get(&key.0).map(|run| run.directory.join(file)) else { return };
        let acks = self.disk.read(&segment::acks_path(&path)).unwrap_or_default();
        let scanned = match self.disk.read(&path) {
            Ok(bytes) => segment::scan(&bytes, &acks, &(key.2..end)),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    self.report(Report::Unreadable { path: shown(&path), records: 0, bytes: length });
                }
                return self.remove_run_if_done(key.0);
            }
        };
        let scanned = match scanned {
            Ok(scanned) => scanned,
            Err(segment::Newer(version)) => {
                self.report(Report::LeftAlone { path: shown(&path), version });
                return self.remove_run_if_done(key.0);
            }
        };
        let mut counts = Counts::default();
        if let Some(count) = counts.get_mut(signal.index()) {
            *count = scanned.readable.count() + scanned.unreadable.count();
        }
        self.report(Report::Recovered(counts));
        let (oldest_ms, newest_ms) = scanned.wall_ms.unwrap_or((self.now_ms, self.now_ms));
        let ack_bytes = acks.len() as u64;
        self.total_bytes += length + ack_bytes;
        let segment = Segment {
            signal,
            path: path.clone(),
            bytes: length,
            ack_bytes,
            oldest_ms,
            newest_ms,
            parked: scanned.readable,
            held: Ranges::default(),
            failures: 0,
        };
        self.segments.insert(key, segment);
        if !scanned.unreadable.is_empty() {
            let records = scanned.unreadable.count();
            self.report(Report::Unreadable { path: shown(&path), records, bytes: scanned.damaged_bytes });
            self.lose(signal, DropReason::SpoolUnreadable, records);
        }
        if !self.remove_if_settled(key) {
            self.writer.adopt(&self.disk, key, &path);
            if !acks.is_empty() {
                self.writer.adopt(&self.disk, key, &segment::acks_path(&path));
            }
            // The next owner of this segment need not count them again.
            scanned.unreadable.iter().for_each(|numbers| self.write_ack(key, &numbers));
        }
        self.serve();
    }

    /// Removes a run that was taken over when nothing of it is left.
    pub(super) fn remove_run_if_done(&mut self, id: RunId) {
        if id != OWN_RUN
            && !self.holds_any(id)
            && let Some(run) = self.adopted.remove(&id)
        {
            self.remove_run(run);
        }
    }

    pub(super) fn holds_any(&self, run: RunId) -> bool {
        self.segments.keys().any(|key| key.0 == run) || self.unscanned.iter().any(|file| file.key.0 == run)
    }

    pub(super) fn remove_run(&mut self, run: Run<D>) {
        // A segment that came back after a loss of power must not come back without its acknowledgements.
        if self.limits.sync {
            let _ = self.disk.sync_dir(&run.directory);
        }
        let files = self.disk.list(&run.directory).unwrap_or_default();
        for file in &files {
            let segment = file.name.strip_suffix(".ack").map(|name| format!("{name}.seg"));
            let is_ours = segment.as_deref().is_some_and(|name| segment::parse_name(name).is_some());
            if is_ours && !files.iter().any(|other| Some(&other.name) == segment.as_ref()) {
                let _ = self.disk.remove_file(&run.directory.join(&file.name));
            }
        }
        let name = run.name.clone();
        if !run.remove(&self.disk) {
            // It contains a file that is not ours.
            self.left_alone.insert(name);
        }
    }
}
