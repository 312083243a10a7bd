//! The lock on a directory being written: held by a process, gone with it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::results::Error;
use crate::results::directory::LOCK;

/// Holds `DIR.partial/lock`.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Creates the directory where it is not there and locks it, or says that someone else has.
    pub(super) fn take(partial: &Path) -> Result<Self, Error> {
        // Between creating and locking, the present holder may rename the directory away; then try again.
        for _ in 0..4 {
            fs::create_dir_all(partial).map_err(|e| Error::io("create", partial, e))?;
            let path = partial.join(LOCK);
            let opened = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path);
            let file = match opened {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(Error::io("create", &path, e)),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(taken(partial)),
                Err(TryLockError::Error(e)) => return Err(Error::io("lock", &path, e)),
            }
            let mut lock = Self { file, path };
            if lock
                .is_at_its_place()
                .map_err(|e| Error::io("lock", partial, e))?
            {
                return Ok(lock);
            }
        }
        Err(taken(partial))
    }

    /// Whether the locked file is still the one of that name: writes through one and reads through the other.
    fn is_at_its_place(&mut self) -> io::Result<bool> {
        static TAKEN: AtomicU64 = AtomicU64::new(0);
        let mark = format!(
            "{} {}\n",
            std::process::id(),
            TAKEN.fetch_add(1, Ordering::Relaxed)
        );
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(mark.as_bytes())?;
        let mut found = String::new();
        match File::open(&self.path) {
            Ok(mut file) => file.read_to_string(&mut found)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(e),
        };
        Ok(found == mark)
    }
}

fn taken(partial: &Path) -> Error {
    Error::Taken {
        path: partial.to_owned(),
        reason: "another process is writing this run".to_owned(),
    }
}
