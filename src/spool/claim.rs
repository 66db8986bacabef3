//! The owners of runs. A run is a directory with a lock file beside it. Its owner holds the lock until its process ends: the
//! system releases a lock however the process ends. A process that gets the lock of a run owns the run.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use super::disk::Disk;

const RUN: &str = ".run";
const LOCK: &str = ".lock";

/// A run that is ours.
pub struct Run<D: Disk> {
    /// Its name, without ending.
    pub name: String,
    /// Where its segments are.
    pub directory: PathBuf,
    lock_path: PathBuf,
    lock: D::Lock,
}

impl<D: Disk> Run<D> {
    /// Makes a run of our own, empty.
    ///
    /// # Errors
    /// Those of the system; `Unsupported` where locks do not hold.
    pub fn create(disk: &D, destination: &Path) -> io::Result<Self> {
        disk.create_dir(destination)?;
        let unsupported = |text| io::Error::new(io::ErrorKind::Unsupported, text);
        // Another process may take the new lock for that of a dead run and remove it. That does not happen three times in
        // a row.
        for _ in 0..3 {
            let name = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
            let (directory, lock_path) = paths(destination, &name);
            let Some(lock) = disk.lock(&lock_path)? else { continue };
            if disk.lock(&lock_path)?.is_some() {
                let _ = disk.remove_file(&lock_path);
                return Err(unsupported("its file system does not keep locks; use a local disk"));
            }
            disk.create_dir(&directory)?;
            return Ok(Self { name, directory, lock_path, lock });
        }
        Err(unsupported("its locks are taken by others; use a local disk"))
    }

    /// Takes a run over if its owner is dead.
    ///
    /// # Errors
    /// Those of the system.
    pub fn adopt(disk: &D, destination: &Path, name: &str) -> io::Result<Option<Self>> {
        let (directory, lock_path) = paths(destination, name);
        let Some(lock) = disk.lock(&lock_path)? else { return Ok(None) };
        let run = Self { name: name.to_owned(), directory, lock_path, lock };
        // Its last owner may have removed it just before.
        if disk.list(&run.directory).is_err() {
            let _ = disk.remove_file(&run.lock_path);
            return Ok(None);
        }
        Ok(Some(run))
    }

    /// Whether it is still where it was.
    pub fn exists(&self, disk: &D) -> bool {
        disk.holds(&self.lock, &self.lock_path)
    }

    /// Removes the run if it is empty; returns whether it was. The lock is released last.
    pub fn remove(self, disk: &D) -> bool {
        let removed = disk.remove_dir(&self.directory).is_ok();
        if removed {
            let _ = disk.remove_file(&self.lock_path);
        }
        removed
    }
}

/// The names of the runs among the entries of a destination's directory, and of those of which only the lock is left.
pub fn runs<'a>(entries: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let is_name = |name: &&str| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let names = entries.filter_map(|entry| entry.strip_suffix(RUN).or_else(|| entry.strip_suffix(LOCK)));
    names.filter(is_name).map(str::to_owned).collect()
}

/// Where a run and its lock are.
pub fn paths(destination: &Path, name: &str) -> (PathBuf, PathBuf) {
    (destination.join(format!("{name}{RUN}")), destination.join(format!("{name}{LOCK}")))
}
