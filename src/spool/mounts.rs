//! The kind of file system that a directory is on, from Linux's `/proc/self/mountinfo`. Other systems tell nothing.

use std::{fs, path::Path};

/// File systems that several machines share. Their locks may hold on one machine only, without saying so: a run could be
/// adopted while its owner on another machine lives.
const NETWORK: [&str; 12] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ncpfs",
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.gcsfuse",
    "fuse.rclone",
    "fuse.blobfuse2",
];

/// The kind of the file system, if it is one of several machines.
#[must_use]
pub fn network_kind(directory: &Path) -> Option<String> {
    let directory = fs::canonicalize(directory).ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = kind_of(&directory, &mounts)?;
    NETWORK.contains(&kind).then(|| kind.to_owned())
}

/// The kind of the innermost mount that the directory is on. The later of two mounts on the same place covers the other.
fn kind_of<'a>(directory: &Path, mounts: &'a str) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        let place = unescaped(mount.split(' ').nth(4)?);
        directory.starts_with(&place).then_some((place.len(), source.split(' ').next()?))
    });
    mounts.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

/// Blanks and the like are written as three octal digits.
fn unescaped(place: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(place.to_owned(), |place, (code, char)| place.replace(code, char))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /var/lib rw shared:3 master:2 - nfs4 server:/export rw,vers=4.2
31 30 0:41 / /var/lib/my\\040app rw - xfs /dev/vdb rw
32 22 0:42 / /mnt rw - ext4 /dev/vdc rw
33 32 0:43 / /mnt rw - cifs //server/share rw
";

    #[test]
    fn the_innermost_mount_counts() {
        for (directory, kind) in [
            ("/tmp/spool", "ext4"),
            ("/var/lib", "nfs4"),
            ("/var/lib/other/spool", "nfs4"),
            ("/var/library", "ext4"),
            ("/var/lib/my app/spool", "xfs"),
            ("/mnt/spool", "cifs"),
        ] {
            assert_eq!(kind_of(Path::new(directory), MOUNTS), Some(kind), "{directory}");
        }
    }

    #[test]
    fn a_local_disk_is_none() {
        assert_eq!(network_kind(&std::env::temp_dir()), None);
    }
}
