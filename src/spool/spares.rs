//! Files of settled segments, kept for later segments of the same signal. A write over bytes that the system has in memory
//! costs less than a write to a new file, and no file has to be removed.

use std::path::{Path, PathBuf};

use super::{disk::Disk, message::Counts};
use crate::signal::Signal;

struct Spare {
    path: PathBuf,
    bytes: u64,
}

/// One file of each signal at most. A file only serves its own signal, because a reader tells what is left of earlier records
/// by their smaller numbers.
#[derive(Default)]
pub struct Spares([Option<Spare>; Signal::ALL.len()]);

impl Spares {
    /// Keeps the file of a settled segment; returns whether it did. `bytes`: its length.
    pub fn keep<D: Disk>(&mut self, disk: &D, signal: usize, segment: &Path, bytes: u64) -> bool {
        let (Some(slot @ None), Some(of)) = (self.0.get_mut(signal), Signal::ALL.get(signal)) else { return false };
        let path = segment.with_file_name(name(*of));
        let kept = disk.rename(segment, &path).is_ok();
        *slot = kept.then_some(Spare { path, bytes });
        kept
    }

    /// Gives a kept file the name of a new segment, if there is one.
    pub fn reuse<D: Disk>(&mut self, disk: &D, signal: Signal, segment: &Path) {
        if let Some(spare) = self.0.get_mut(signal.index()).and_then(Option::take)
            && disk.rename(&spare.path, segment).is_err()
        {
            let _ = disk.remove_file(&spare.path);
        }
    }

    /// Removes the files; returns whether there were any.
    pub fn remove<D: Disk>(&mut self, disk: &D) -> bool {
        let mut any = false;
        for spare in self.0.iter_mut().filter_map(Option::take) {
            let _ = disk.remove_file(&spare.path);
            any = true;
        }
        any
    }

    /// The files are gone.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// The lengths of the files, by signal.
    pub fn bytes(&self) -> Counts {
        self.0.each_ref().map(|spare| spare.as_ref().map_or(0, |spare| spare.bytes))
    }
}

/// Whether a file of this name is a spare one.
pub fn is_name(file: &str) -> bool {
    Signal::ALL.iter().any(|signal| name(*signal) == file)
}

fn name(signal: Signal) -> String {
    format!("{}.spare", signal.name())
}

#[cfg(test)]
mod tests {
    use super::{super::disk::RealDisk, *};

    #[test]
    fn a_file_serves_a_later_segment_of_its_signal_alone() {
        let directory = std::env::temp_dir().join(format!("spool-spare-{:x}", fastrand::u64(..)));
        RealDisk.create_dir(&directory).unwrap();
        let [first, second, third] = ["1", "2", "3"].map(|name| directory.join(name));
        std::fs::write(&first, "records").unwrap();
        let mut spares = Spares::default();
        assert!(spares.keep(&RealDisk, Signal::Logs.index(), &first, 7));
        assert!(!spares.keep(&RealDisk, Signal::Logs.index(), &second, 7), "there is one");
        assert_eq!(spares.bytes()[Signal::Logs.index()], 7);
        spares.reuse(&RealDisk, Signal::Traces, &second);
        spares.reuse(&RealDisk, Signal::Logs, &third);
        assert_eq!([&first, &second, &third].map(|path| path.exists()), [false, false, true]);
        assert!(!spares.remove(&RealDisk), "it is a segment again");
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
