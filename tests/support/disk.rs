//! A file system in memory that stops at a chosen operation. After a kill everything written is kept. After a loss of
//! power any data that was not synced may be lost: sectors hold what was written last, or what was synced. A write in which
//! the disk stopped is torn.
//!
//! It is a model, because a test cannot switch the power off.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use fastrand::Rng;
use mastra_native_exporter::spool::disk::{Disk, Entry};

mod power;

#[derive(Default)]
struct Inode {
    content: Vec<u8>,
    /// What survives a loss of power.
    synced: Vec<u8>,
    locked: bool,
}

#[derive(Default)]
struct World {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    directories: BTreeSet<PathBuf>,
    /// The part of the two that survives a loss of power.
    durable_names: BTreeMap<PathBuf, usize>,
    durable_directories: BTreeSet<PathBuf>,
    /// The number of operations until it stops.
    left: Option<u64>,
    stopped: bool,
    /// The error of every write.
    failing: Option<io::ErrorKind>,
    /// Operations that failed.
    errors: u64,
    /// Bytes of writes that did not.
    written_bytes: u64,
    /// Files that were renamed.
    renamed: u64,
    /// The number of the process. Locks of earlier processes have no effect.
    process: u64,
    torn: Rng,
}

/// See the module. Clones are the same file system.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<World>>);

/// A file that is open.
pub struct SimFile(usize);

/// A lock that is held.
pub struct SimLock {
    disk: SimDisk,
    inode: usize,
    process: u64,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut world = self.disk.world();
        if world.process == self.process {
            world.inodes[self.inode].locked = false;
        }
    }
}

impl SimDisk {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Stops it after this number of operations, in the next one.
    pub fn stop_after(&self, operations: u64, seed: u64) {
        let mut world = self.world();
        world.left = Some(operations);
        world.torn = Rng::with_seed(seed);
    }

    pub fn is_stopped(&self) -> bool {
        self.world().stopped
    }

    /// Makes writes fail with this error from now on, or succeed again.
    pub fn fail(&self, kind: Option<io::ErrorKind>) {
        self.world().failing = kind;
    }

    /// Writes that have failed so far.
    pub fn errors(&self) -> u64 {
        self.world().errors
    }

    /// Bytes of the writes that have not.
    pub fn written_bytes(&self) -> u64 {
        self.world().written_bytes
    }

    /// Files that were renamed so far.
    pub fn renamed(&self) -> u64 {
        self.world().renamed
    }

    /// Kills the process, so that another one may start.
    pub fn kill(&self) {
        let mut world = self.world();
        world.process += 1;
        world.inodes.iter_mut().for_each(|inode| inode.locked = false);
        (world.stopped, world.left) = (false, None);
    }

    /// All files, for tests that look at them or damage them.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let world = self.world();
        world.names.iter().map(|(path, inode)| (path.clone(), world.inodes[*inode].content.clone())).collect()
    }

    /// All directories.
    pub fn directories(&self) -> Vec<PathBuf> {
        self.world().directories.iter().cloned().collect()
    }

    /// Writes a file as another program would.
    pub fn put(&self, path: &Path, content: &[u8]) {
        let mut world = self.world();
        world.inodes.push(Inode { content: content.to_vec(), ..Inode::default() });
        let inode = world.inodes.len() - 1;
        world.names.insert(path.to_owned(), inode);
    }

    /// Removes a directory and everything in it, as another program would.
    pub fn remove_all(&self, path: &Path) {
        let mut world = self.world();
        world.names.retain(|name, _| !name.starts_with(path));
        world.directories.retain(|name| !name.starts_with(path));
    }
}

impl World {
    /// Begins an operation that changes something. Returns false when the disk stops in it.
    fn goes_on(&mut self) -> io::Result<()> {
        if self.stopped {
            return Err(io::Error::other("the process is gone"));
        }
        if let Some(left) = &mut self.left {
            if *left == 0 {
                self.stopped = true;
                return Err(io::Error::other("the process is gone"));
            }
            *left -= 1;
        }
        Ok(())
    }

    fn named(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn open(&mut self, path: &Path) -> io::Result<usize> {
        if let Ok(inode) = self.named(path) {
            return Ok(inode);
        }
        if !path.parent().is_some_and(|parent| self.directories.contains(parent)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.goes_on()?;
        self.inodes.push(Inode::default());
        self.names.insert(path.to_owned(), self.inodes.len() - 1);
        Ok(self.inodes.len() - 1)
    }
}

impl Disk for SimDisk {
    type File = SimFile;
    type Lock = SimLock;

    fn unsuitable(&self, _directory: &Path) -> Option<String> {
        None
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if world.directories.contains(path) {
            return Ok(());
        }
        world.goes_on()?;
        let all = path.ancestors().map(Path::to_owned);
        world.directories.extend(all);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let world = self.world();
        if world.stopped || !world.directories.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let files = world.names.iter().map(|(path, inode)| (path, world.inodes[*inode].content.len() as u64));
        let all = files.chain(world.directories.iter().map(|path| (path, 0)));
        let inside = all.filter(|(found, _)| found.parent() == Some(path));
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        Ok(inside.map(|(path, bytes)| Entry { name: name(path), bytes }).collect())
    }

    fn open(&self, path: &Path) -> io::Result<(SimFile, u64)> {
        let mut world = self.world();
        let inode = world.open(path)?;
        Ok((SimFile(inode), world.inodes[inode].content.len() as u64))
    }

    fn write(&self, file: &mut SimFile, position: u64, parts: [&[u8]; 3]) -> io::Result<()> {
        let bytes = parts.concat();
        let position = usize::try_from(position).unwrap();
        let mut world = self.world();
        let begun = !world.stopped;
        let goes_on = world.goes_on();
        let written = match (&goes_on, world.failing) {
            (Ok(()), None) => bytes.len(),
            _ if begun => world.torn.usize(0..=bytes.len().saturating_sub(1)),
            _ => 0,
        };
        let content = &mut world.inodes[file.0].content;
        content.resize(content.len().max(position + written), 0);
        content[position..position + written].copy_from_slice(&bytes[..written]);
        goes_on?;
        if let Some(kind) = world.failing {
            world.errors += 1;
            return Err(kind.into());
        }
        world.written_bytes += bytes.len() as u64;
        Ok(())
    }

    fn truncate(&self, file: &SimFile, bytes: u64) -> io::Result<()> {
        let mut world = self.world();
        world.goes_on()?;
        let inode = &mut world.inodes[file.0];
        inode.content.truncate(usize::try_from(bytes).unwrap());
        inode.synced.truncate(inode.content.len());
        Ok(())
    }

    fn sync(&self, file: &SimFile) -> io::Result<()> {
        let mut world = self.world();
        world.goes_on()?;
        let inode = &mut world.inodes[file.0];
        inode.synced.clone_from(&inode.content);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.directories.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        world.goes_on()?;
        let World { names, directories, durable_names, durable_directories, .. } = &mut *world;
        let inside = |found: &Path| found.parent() == Some(path);
        durable_names.retain(|name, _| !inside(name));
        durable_names.extend(names.iter().filter(|(name, _)| inside(name)).map(|(name, inode)| (name.clone(), *inode)));
        durable_directories.retain(|name| !inside(name));
        durable_directories.extend(directories.iter().filter(|name| inside(name)).cloned());
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let world = self.world();
        Ok(world.inodes[world.named(path)?].content.clone())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        let inode = world.named(from)?;
        world.goes_on()?;
        world.names.remove(from);
        world.names.insert(to.to_owned(), inode);
        world.renamed += 1;
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.named(path)?;
        world.goes_on()?;
        world.names.remove(path);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if world.names.keys().any(|name| name.parent() == Some(path)) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        world.goes_on()?;
        world.directories.remove(path);
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<SimLock>> {
        let mut world = self.world();
        let inode = world.open(path)?;
        if std::mem::replace(&mut world.inodes[inode].locked, true) {
            return Ok(None);
        }
        Ok(Some(SimLock { disk: self.clone(), inode, process: world.process }))
    }

    fn holds(&self, lock: &SimLock, path: &Path) -> bool {
        let world = self.world();
        world.process == lock.process && world.names.get(path) == Some(&lock.inode)
    }
}
