//! What is left of a [`SimDisk`] after a loss of power.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use fastrand::Rng;

use super::{SimDisk, World};

/// A sector is written as a whole. Those of real disks are larger; small ones tear more frames.
const SECTOR: usize = 64;

impl SimDisk {
    /// Loses the power: any part of the data that was not synced is lost.
    pub fn lose_power(&self, random: &mut Rng) {
        self.kill();
        let mut world = self.world();
        for inode in &mut world.inodes {
            // Some file systems write the length of a file before its content, so what is lost may be zeros.
            let length = random.usize(inode.synced.len()..=inode.content.len());
            inode.synced.resize(length, 0);
            let (in_order, written) = (random.bool(), random.usize(0..=length));
            for at in (0..length).step_by(SECTOR) {
                let is_written = if in_order { at < written } else { random.bool() };
                if is_written {
                    let sector = at..length.min(at + SECTOR);
                    inode.synced[sector.clone()].copy_from_slice(&inode.content[sector]);
                }
            }
            inode.content.clone_from(&inode.synced);
        }
        let World { names, directories, durable_names, durable_directories, .. } = &mut *world;
        let paths: BTreeSet<PathBuf> = names.keys().chain(durable_names.keys()).cloned().collect();
        for path in paths {
            let of = if random.bool() { &*names } else { &*durable_names };
            let inode = of.get(&path).copied();
            let inode = if names.get(&path) == durable_names.get(&path) { names.get(&path).copied() } else { inode };
            match inode {
                Some(inode) => names.insert(path, inode),
                None => names.remove(&path),
            };
        }
        // A file that was renamed has one of its names.
        let mut named = BTreeMap::new();
        for (path, inode) in names.clone() {
            if let Some(other) = named.insert(inode, path.clone()) {
                names.remove(if random.bool() { &path } else { &other });
            }
        }
        let all: Vec<PathBuf> = directories.union(durable_directories).cloned().collect();
        for path in all {
            let both = directories.contains(&path) && durable_directories.contains(&path);
            if both || random.bool() {
                directories.insert(path);
            } else {
                directories.remove(&path);
            }
        }
        // Files of a directory that was lost are lost too.
        names.retain(|path, _| path.parent().is_some_and(|parent| directories.contains(parent)));
        (*durable_names, *durable_directories) = (names.clone(), directories.clone());
    }
}
