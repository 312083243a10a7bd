//! Where bytes go: a disk, or in tests something that fails as disks do.
//!
//! Whatever is written here is on the medium when the call returns, or the call says that it is not.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::results::Error;
use crate::results::block::hex;

/// A file being written.
pub trait StorageFile: Write {
    /// Brings everything written to the medium.
    fn sync(&mut self) -> io::Result<()>;
}

/// A place that holds files.
pub trait Storage: std::fmt::Debug + Send + Sync {
    /// Creates a file, or empties the one that is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;
    /// Gives a file or directory another name, over a file or an empty directory of that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Brings the names within a directory to the medium.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// The file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

struct DiskFile(BufWriter<File>);

impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl StorageFile for DiskFile {
    fn sync(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.0.get_ref().sync_all()
    }
}

impl Storage for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(DiskFile(BufWriter::new(File::create(path)?))))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        // Only Unix lets a directory be opened and synced; elsewhere the rename itself has to do.
        if cfg!(unix) {
            File::open(path)?.sync_all()
        } else {
            Ok(())
        }
    }
}

/// A file being written, whose hash is known at its end.
pub struct NewFile {
    file: Hashing,
    path: PathBuf,
}

impl NewFile {
    /// Creates the file, or empties the one that is there.
    pub fn create(storage: &dyn Storage, path: &Path) -> Result<Self, Error> {
        let inner = storage.create(path).map_err(|e| Error::io("write", path, e))?;
        Ok(Self {
            file: Hashing {
                inner,
                digest: Sha256::new(),
            },
            path: path.to_owned(),
        })
    }
    /// Brings it to the medium; gives the SHA-256 of its bytes.
    pub fn finish(mut self) -> Result<String, Error> {
        let synced = self.file.inner.sync();
        synced.map_err(|e| Error::io("write", &self.path, e))?;
        Ok(hex(&self.file.digest.finalize()))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a file by a closure and syncs it; gives the SHA-256 of its bytes.
pub fn write_file(
    storage: &dyn Storage,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<String, Error> {
    let mut file = NewFile::create(storage, path)?;
    fill(&mut file).map_err(|e| Error::io("write", path, e))?;
    file.finish()
}

/// Replaces a file at once: its old content or the new one is there, never a part. Gives the SHA-256.
pub fn write_file_atomically(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> Result<String, Error> {
    write_atomically(storage, path, |out| out.write_all(bytes))
}

/// The same for a file that a closure writes piece by piece.
pub fn write_atomically(
    storage: &dyn Storage,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<String, Error> {
    let temporary = temporary_beside(path);
    let written = write_file(storage, &temporary, fill).and_then(|hash| {
        let failed = |source| Error::io("rename", path, source);
        storage.rename(&temporary, path).map_err(failed)?;
        storage.sync_directory(&parent_of(path)).map_err(failed)?;
        Ok(hash)
    });
    if written.is_err() {
        // What is left of the attempt is of no use; that it may stay behind is no second error.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// The directory that holds `path`; the present one for a bare name.
pub fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

struct Hashing {
    inner: Box<dyn StorageFile>,
    digest: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
pub(crate) mod faulty {
    //! A disk that is full after a number of bytes.

    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Debug, Clone)]
    pub(crate) struct FullAfter(pub(crate) Arc<AtomicU64>);

    impl FullAfter {
        pub(crate) fn bytes(bytes: u64) -> Self {
            Self(Arc::new(AtomicU64::new(bytes)))
        }
    }

    /// A disk that stops at its n-th operation (a file created, a rename, a directory synced) and for ever after,
    /// as a machine does that loses power.
    #[derive(Debug, Clone)]
    pub(crate) struct StopsAt(pub(crate) Arc<AtomicU64>);

    impl StopsAt {
        pub(crate) fn operation(n: u64) -> Self {
            Self(Arc::new(AtomicU64::new(n)))
        }
        fn step(&self) -> io::Result<()> {
            let left = self.0.load(Ordering::Relaxed);
            self.0.store(left.saturating_sub(1), Ordering::Relaxed);
            if left == 0 {
                Err(io::Error::other("the power went"))
            } else {
                Ok(())
            }
        }
    }

    /// Syncing is left out: the disk here is meant to be slow to nobody.
    struct QuickFile(File);

    impl Write for QuickFile {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl StorageFile for QuickFile {
        fn sync(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl Storage for StopsAt {
        fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
            self.step()?;
            Ok(Box::new(QuickFile(File::create(path)?)))
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.step()?;
            Disk.rename(from, to)
        }
        fn sync_directory(&self, _: &Path) -> io::Result<()> {
            self.step()
        }
    }

    struct FullFile {
        inner: Box<dyn StorageFile>,
        left: Arc<AtomicU64>,
    }

    impl Write for FullFile {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let left = self.left.load(Ordering::Relaxed);
            let take = bytes.len().min(left as usize);
            if take == 0 && !bytes.is_empty() {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.left.store(left - take as u64, Ordering::Relaxed);
            self.inner.write_all(&bytes[..take])?;
            Ok(take)
        }
        fn flush(&mut self) -> io::Result<()> {
            self.inner.flush()
        }
    }

    impl StorageFile for FullFile {
        fn sync(&mut self) -> io::Result<()> {
            self.inner.sync()
        }
    }

    impl Storage for FullAfter {
        fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
            let inner = Disk.create(path)?;
            let left = Arc::clone(&self.0);
            Ok(Box::new(FullFile { inner, left }))
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            Disk.rename(from, to)
        }
        fn sync_directory(&self, path: &Path) -> io::Result<()> {
            Disk.sync_directory(path)
        }
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("share.bin");
        write_file_atomically(&Disk, &path, b"old").unwrap();
        let error = write_file_atomically(&FullAfter::bytes(5), &path, b"longer than five").unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
