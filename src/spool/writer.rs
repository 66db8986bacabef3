//! The open files: a segment of each signal, and acknowledgements.

use std::{
    collections::BTreeSet,
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use super::{
    block::Block,
    disk::Disk,
    frame,
    limits::Limits,
    message::Counts,
    segment::{self, Key, OWN_RUN, Segment},
    spares::Spares,
};
use crate::signal::Signal;

/// A segment is closed when it has grown to this.
const SEGMENT_BYTES: u64 = 4 << 20;
/// A segment is at most this part of a small spool, so that making room does not cost all of it.
const SEGMENTS: u64 = 16;
const MIN_SEGMENT_BYTES: u64 = 16 << 10;

struct Open<F> {
    key: Key,
    file: F,
    /// Where the next frame begins.
    end: u64,
    /// The length of the file. What is behind `end` is left of an earlier segment.
    length: u64,
    dirty: bool,
}

/// The result of an append.
pub struct Appended {
    /// The segment it is in.
    pub key: Key,
    /// Where that is.
    pub path: PathBuf,
    /// Bytes that its file has grown by.
    pub bytes: u64,
    /// A segment that is full now.
    pub closed: Option<Key>,
}

/// See the module.
pub struct Writer<D: Disk> {
    segment_bytes: u64,
    /// Whether anybody waits for syncs.
    syncs: bool,
    segments: [Option<Open<D::File>>; Signal::ALL.len()],
    /// The file of the last acknowledgement of each signal.
    acks: [Option<Open<D::File>>; Signal::ALL.len()],
    /// Closed, but not synced: files of these segments.
    unsynced: Vec<(Key, D::File)>,
    /// Directories in which names have changed.
    unsynced_names: BTreeSet<PathBuf>,
    /// Acknowledgements of removed segments. They are removed once the removal of the segments is synced.
    doomed: Vec<PathBuf>,
    spares: Spares,
    buffer: Vec<u8>,
    mark: Vec<u8>,
}

impl<D: Disk> Writer<D> {
    /// Nothing is open.
    pub fn new(limits: &Limits) -> Self {
        Self {
            segment_bytes: (limits.max_bytes / SEGMENTS).clamp(MIN_SEGMENT_BYTES, SEGMENT_BYTES),
            syncs: limits.sync,
            segments: [const { None }; Signal::ALL.len()],
            acks: [const { None }; Signal::ALL.len()],
            unsynced: Vec::new(),
            unsynced_names: BTreeSet::new(),
            doomed: Vec::new(),
            spares: Spares::default(),
            buffer: Vec::new(),
            mark: Vec::new(),
        }
    }

    /// Writes records to the open segment of their signal, as one frame.
    pub fn append(&mut self, disk: &D, run: &Path, signal: Signal, block: &Block) -> io::Result<Appended> {
        let Some(slot) = self.segments.get_mut(signal.index()) else { return Err(io::ErrorKind::InvalidInput.into()) };
        let full = slot.take_if(|open| open.end >= self.segment_bytes);
        let closed = full.map(|open| {
            let key = open.key;
            if self.syncs && open.dirty {
                self.unsynced.push((key, open.file));
            }
            key
        });
        self.buffer.clear();
        let key = slot.as_ref().map_or((OWN_RUN, signal.index(), block.first), |open| open.key);
        let path = run.join(segment::name(signal, key.2));
        let open = if let Some(open) = slot {
            open
        } else {
            frame::write_header(&mut self.buffer, signal);
            self.spares.reuse(disk, signal, &path);
            let (file, length) = disk.open(&path)?;
            self.unsynced_names.insert(run.to_owned());
            slot.insert(Open { key, file, end: 0, length, dirty: true })
        };
        frame::begin_records(&mut self.buffer, block.first, block.wall_ms, &block.lengths, &block.json);
        let known = if open.end == 0 { 0 } else { open.length };
        let end = open.end + (self.buffer.len() + block.json.len()) as u64;
        self.mark.clear();
        if end < open.length {
            frame::write_end(&mut self.mark);
        }
        if let Err(error) = disk.write(&mut open.file, open.end, [&self.buffer, &block.json, &self.mark]) {
            // The records of a torn frame are in memory. The next process must not count them as lost.
            let _ = if open.end == 0 { disk.remove_file(&path) } else { disk.truncate(&open.file, open.end) };
            return Err(error);
        }
        open.dirty = true;
        open.end = end;
        open.length = open.length.max(end + self.mark.len() as u64);
        Ok(Appended { key, path, bytes: open.length - known, closed })
    }

    /// Notes that records of a segment are settled, in the file beside it; returns the bytes that this took.
    pub fn ack(&mut self, disk: &D, key: Key, segment: &mut Segment, numbers: &Range<u64>) -> io::Result<u64> {
        let Some(slot) = self.acks.get_mut(key.1) else { return Ok(0) };
        if let Some(open) = slot.take_if(|open| open.key != key)
            && self.syncs
            && open.dirty
        {
            self.unsynced.push((open.key, open.file));
        }
        let open = if let Some(open) = slot {
            open
        } else {
            let path = segment::acks_path(&segment.path);
            let (file, end) = disk.open(&path)?;
            self.unsynced_names.extend(path.parent().map(Path::to_owned));
            slot.insert(Open { key, file, end, length: end, dirty: true })
        };
        self.buffer.clear();
        frame::write_ack(&mut self.buffer, numbers);
        disk.write(&mut open.file, open.end, [&self.buffer, &[], &[]])?;
        open.end += self.buffer.len() as u64;
        open.dirty = true;
        segment.ack_bytes += self.buffer.len() as u64;
        Ok(self.buffer.len() as u64)
    }

    /// Whether the segment is open.
    pub fn writes(&self, key: Key) -> bool {
        self.segments.iter().flatten().any(|open| open.key == key)
    }

    /// Removes the files of a segment, or keeps that of its records for a later segment. `bytes`: the length
    /// of that file.
    pub fn remove(&mut self, disk: &D, key: Key, path: &Path, bytes: u64) {
        let was_closed = !self.writes(key);
        for slot in self.segments.iter_mut().chain(&mut self.acks) {
            slot.take_if(|open| open.key == key);
        }
        // What is removed need not reach the disk before.
        self.unsynced.retain(|(other, _)| *other != key);
        let fits = (self.segment_bytes..=2 * self.segment_bytes).contains(&bytes);
        let kept = key.0 == OWN_RUN && was_closed && fits && self.spares.keep(disk, key.1, path, bytes);
        if !kept {
            // The next owner of the run reads a file that cannot be removed now.
            let _ = disk.remove_file(path);
        }
        self.unsynced_names.extend(path.parent().map(Path::to_owned));
        self.doomed.push(segment::acks_path(path));
    }

    /// Waits until all that was written would survive a loss of power.
    pub fn sync(&mut self, disk: &D) -> io::Result<()> {
        let mut result = Ok(());
        for open in self.segments.iter_mut().chain(&mut self.acks).flatten().filter(|open| open.dirty) {
            let synced = disk.sync(&open.file);
            open.dirty = synced.is_err();
            result = result.and(synced);
        }
        // An error of one file does not keep the others from the disk.
        for (_, file) in self.unsynced.drain(..) {
            result = result.and(disk.sync(&file));
        }
        for directory in std::mem::take(&mut self.unsynced_names) {
            // A run that has been removed needs no sync.
            let synced = disk.sync_dir(&directory);
            result = result
                .and(synced.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }));
        }
        if result.is_ok() {
            self.remove_doomed(disk);
        }
        result
    }

    /// Removes acknowledgements whose segments are gone.
    pub fn remove_doomed(&mut self, disk: &D) {
        for path in self.doomed.drain(..) {
            let _ = disk.remove_file(&path);
        }
    }

    /// Removes files that are kept for later segments; returns whether there were any.
    pub fn remove_spares(&mut self, disk: &D) -> bool {
        self.spares.remove(disk)
    }

    /// The lengths of the files that are kept for later segments, by signal.
    pub fn spare_bytes(&self) -> Counts {
        self.spares.bytes()
    }

    /// Closes all files.
    pub fn close(&mut self) {
        for open in self.segments.iter_mut().chain(&mut self.acks).filter_map(Option::take) {
            if self.syncs && open.dirty {
                self.unsynced.push((open.key, open.file));
            }
        }
    }

    /// The own run is new.
    pub fn on_new_run(&mut self, destination: &Path) {
        self.unsynced_names.insert(destination.to_owned());
        self.unsynced_names.extend(destination.parent().map(Path::to_owned));
    }

    /// Includes a file of a dead run in the next sync: its process may have died before its own sync.
    pub fn adopt(&mut self, disk: &D, key: Key, path: &Path) {
        if self.syncs {
            self.unsynced.extend(disk.open(path).map(|(file, _)| (key, file)));
            self.unsynced_names.extend(path.parent().map(Path::to_owned));
        }
    }

    /// The own run is gone.
    pub fn forget(&mut self) {
        self.close();
        self.unsynced.clear();
        self.spares.forget();
    }
}
