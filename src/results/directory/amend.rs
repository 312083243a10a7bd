//! Changing files of a whole run: charts and memo made again, each file replaced at once, then the manifest.

use std::fs;
use std::path::{Path, PathBuf};

use crate::results::Error;
use crate::results::directory::lock::Lock;
use crate::results::directory::reader::read_manifest;
use crate::results::directory::writer::manifest_bytes;
use crate::results::directory::{LOCK, MANIFEST, beside, within};
use crate::results::manifest::Manifest;
use crate::results::storage::{Disk, parent_of, write_file_atomically};

/// Replaces files of a run under the same lock that writers take.
#[derive(Debug)]
pub struct RunAmender {
    dir: PathBuf,
    partial: PathBuf,
    manifest: Manifest,
    lock: Lock,
}

impl RunAmender {
    /// Opens a whole run for change.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let manifest = read_manifest(dir)?;
        let partial = beside(dir, ".partial");
        let lock = Lock::take(&partial)?;
        Ok(Self {
            dir: dir.to_owned(),
            partial,
            manifest,
            lock,
        })
    }

    /// Replaces or adds a file under a relative name with `/`.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = within(&self.dir, name)
            .filter(|_| name != MANIFEST)
            .ok_or_else(|| {
                let refused = std::io::Error::from(std::io::ErrorKind::InvalidFilename);
                Error::io("create", &self.dir.join(name), refused)
            })?;
        let folder = parent_of(&path);
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        let hash = write_file_atomically(&Disk, &path, bytes)?;
        self.manifest.outputs.insert(name.to_owned(), hash);
        Ok(())
    }

    /// Records the new hashes.
    pub fn finish(self) -> Result<(), Error> {
        write_file_atomically(&Disk, &self.dir.join(MANIFEST), &manifest_bytes(&self.manifest))?;
        let _ = fs::remove_file(self.partial.join(LOCK));
        drop(self.lock);
        // An interrupted run may stand there with its blocks; then it stays.
        let _ = fs::remove_dir(&self.partial);
        Ok(())
    }
}
