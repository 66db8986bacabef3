//! The run that this process writes: made, synced, given up for a while when the disk fails, and removed when it is empty.

use std::io;

use super::{Store, shown};
use crate::{
    spool::{
        claim::Run,
        disk::Disk,
        message::Report,
        segment::{Key, OWN_RUN},
    },
    stats::DropReason,
};

/// A failed disk is tried again after this many ticks.
pub(super) const RETRY_TICKS: u32 = 10;

impl<D: Disk> Store<D> {
    /// Waits for the disk, if `spoolSync` wants that; returns whether it worked.
    pub(super) fn sync(&mut self) -> bool {
        if !self.limits.sync {
            self.writer.remove_doomed(&self.disk);
            return true;
        }
        let synced = self.writer.sync(&self.disk);
        if let Err(error) = &synced {
            self.fail(error);
        }
        synced.is_ok()
    }

    pub(super) fn create_own(&mut self) -> io::Result<()> {
        self.disk.create_dir(&self.directory)?;
        if let Some(why) = self.disk.unsuitable(&self.directory) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        self.own = Some(Run::create(&self.disk, &self.directory)?);
        self.writer.on_new_run(&self.directory);
        Ok(())
    }

    /// Somebody has removed the own run. The records that were parked in it are lost.
    pub(super) fn lose_own(&mut self) {
        self.own = None;
        self.writer.forget();
        let own: Vec<Key> = self.segments.keys().filter(|key| key.0 == OWN_RUN).copied().collect();
        for key in own {
            if let Some(segment) = self.segments.remove(&key) {
                self.total_bytes = self.total_bytes.saturating_sub(segment.disk_bytes());
                self.lose(segment.signal, DropReason::SpoolUnreadable, segment.parked.count());
            }
        }
        let removed = io::Error::new(io::ErrorKind::NotFound, "it was removed while in use");
        self.fail(&removed);
    }

    /// Stops writing for [`RETRY_TICKS`]; reports that once.
    pub(super) fn fail(&mut self, error: &io::Error) {
        self.writer.close();
        self.remove_settled();
        self.writer.remove_spares(&self.disk);
        if self.retry_in.replace(RETRY_TICKS).is_none() {
            let path = shown(&self.directory);
            self.report(Report::Failed { path, error: error.to_string() });
        }
    }

    pub(super) fn resume(&mut self) {
        if self.retry_in.take().is_some() {
            let path = shown(&self.directory);
            self.report(Report::Resumed { path });
        }
    }

    /// Removes the files of settled records, because the process may end now.
    pub(super) fn tidy(&mut self) {
        self.writer.close();
        self.remove_settled();
        self.writer.remove_spares(&self.disk);
        if !self.holds_any(OWN_RUN)
            && let Some(run) = self.own.take()
        {
            self.remove_run(run);
        }
    }
}
