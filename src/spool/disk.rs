//! The file system as the spool needs it, so that a test can replace it by one that forgets; and the real one.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, IoSlice, Seek, SeekFrom, Write},
    path::Path,
};

use super::mounts;

/// A file or directory in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

/// A file system. Only the spool's thread calls it, because any of these may wait for a disk.
pub trait Disk: Send + 'static {
    /// A file that is open for writing.
    type File: Send;
    /// A lock that is held until it is dropped or the process ends.
    type Lock: Send;

    /// Why the directory cannot hold a spool, although it can be written.
    fn unsuitable(&self, directory: &Path) -> Option<String>;
    /// Makes a directory and those above it, for this user alone; one that exists is left as it is.
    ///
    /// # Errors
    /// Those of the system.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// What is in a directory, in no order. Names that are not UTF-8 are not ours and left out.
    ///
    /// # Errors
    /// Those of the system.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;
    /// Opens a file to write, for this user alone; makes it if there is none. Returns its length too.
    ///
    /// # Errors
    /// Those of the system.
    fn open(&self, path: &Path) -> io::Result<(Self::File, u64)>;
    /// Writes all bytes of all parts, one after the other, over what is at `position` or at the end. After an error any of
    /// them may be in the file.
    ///
    /// # Errors
    /// Those of the system.
    fn write(&self, file: &mut Self::File, position: u64, parts: [&[u8]; 3]) -> io::Result<()>;
    /// Cuts a file to this length.
    ///
    /// # Errors
    /// Those of the system.
    fn truncate(&self, file: &Self::File, bytes: u64) -> io::Result<()>;
    /// Waits until the content would survive a loss of power. The name needs [`Disk::sync_dir`].
    ///
    /// # Errors
    /// Those of the system.
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    /// Waits until the names in a directory would survive a loss of power.
    ///
    /// # Errors
    /// Those of the system.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// The whole content of a file.
    ///
    /// # Errors
    /// Those of the system.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Renames a file.
    ///
    /// # Errors
    /// Those of the system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// Those of the system.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    ///
    /// # Errors
    /// Those of the system.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Locks a file, made if there is none. `None`: somebody else holds it, or has just removed it.
    ///
    /// # Errors
    /// Those of the system; `Unsupported` where there are no locks.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;
    /// Whether the lock's file is still the one at this path.
    fn holds(&self, lock: &Self::Lock, path: &Path) -> bool;
}

/// The file system of the machine.
#[derive(Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    type File = File;
    type Lock = File;

    fn unsuitable(&self, directory: &Path) -> Option<String> {
        let kind = mounts::network_kind(directory)?;
        Some(format!("it is on {kind}, where other machines' locks cannot be relied on; use a local disk"))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // Another process may have removed it since.
            let Ok(metadata) = entry.metadata() else { continue };
            let Ok(name) = entry.file_name().into_string() else { continue };
            entries.push(Entry { name, bytes: metadata.len() });
        }
        Ok(entries)
    }

    fn open(&self, path: &Path) -> io::Result<(File, u64)> {
        let file = options().write(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    }

    fn write(&self, file: &mut File, position: u64, parts: [&[u8]; 3]) -> io::Result<()> {
        file.seek(SeekFrom::Start(position))?;
        let mut parts = parts.map(IoSlice::new);
        let mut left = parts.as_mut_slice();
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match file.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn truncate(&self, file: &File, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        // Windows has no such call, and writes names with the files.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<File>> {
        let file = options().write(true).open(path)?;
        match file.try_lock() {
            // The holder removes the file before it releases the lock, so a lock on a removed file is no lock.
            Ok(()) => Ok(self.holds(&file, path).then_some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    #[cfg(unix)]
    fn holds(&self, lock: &File, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let (held, there) = (lock.metadata().map(identity), fs::metadata(path).map(identity));
        matches!((held, there), (Ok(held), Ok(there)) if held == there)
    }

    // An open file cannot be removed there.
    #[cfg(not(unix))]
    fn holds(&self, _lock: &File, path: &Path) -> bool {
        path.exists()
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.create(true);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_not_on_a_removed_file() {
        let directory = std::env::temp_dir().join(format!("spool-lock-{:x}", fastrand::u64(..)));
        RealDisk.create_dir(&directory).unwrap();
        let path = directory.join("a.lock");
        let held = RealDisk.lock(&path).unwrap().unwrap();
        assert!(RealDisk.lock(&path).unwrap().is_none());
        assert!(RealDisk.holds(&held, &path));
        // Opened before the removal, locked after it, as another process might.
        let late = options().write(true).open(&path).unwrap();
        RealDisk.remove_file(&path).unwrap();
        drop(held);
        late.try_lock().unwrap();
        assert!(!RealDisk.holds(&late, &path));
        fs::remove_dir_all(&directory).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn files_and_directories_are_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = std::env::temp_dir().join(format!("spool-mode-{:x}", fastrand::u64(..)));
        RealDisk.create_dir(&directory.join("below")).unwrap();
        RealDisk.open(&directory.join("file")).unwrap();
        RealDisk.lock(&directory.join("lock")).unwrap().unwrap();
        let mode = |name: &str| fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!([".", "below", "file", "lock"].map(mode), [0o700, 0o700, 0o600, 0o600]);
        fs::remove_dir_all(&directory).unwrap();
    }
}
