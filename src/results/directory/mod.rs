//! The run directory: written whole or not at all, read with every doubt said.
//!
//! A run is written to `DIR.partial/` under a lock of the operating system and renamed to `DIR` when every file
//! is on the medium. A `DIR.partial` that nobody locks is an interrupted run, whose blocks are used again.
//! Where a run is replaced (by one of more replications or more files), the old one stands at `DIR.previous`
//! for the moment between two renames; whoever comes next finishes or undoes that.

mod amend;
mod blocks;
mod every;
mod lock;
mod reader;
mod table_files;
#[cfg(test)]
mod tests;
mod writer;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use amend::RunAmender;
pub use blocks::Blocks;
pub use every::{EVERY_FILES, EveryWriter};
pub use reader::{RunReader, read_manifest};
pub use table_files::TableFiles;
pub use writer::{Opened, RunRequest, RunWriter};

/// Version of the format of run directories.
pub const FORMAT: u32 = 1;
/// Name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// Name of the table of scalars.
pub const METRICS: &str = "metrics.csv";
/// Name of the file of reduced replications, by which a run is extended.
pub const BLOCKS_FILE: &str = "blocks.bin";
/// Within a directory being written: its lock.
const LOCK: &str = "lock";
/// Within a directory being written: whose it is.
const MARKER: &str = "run.json";
/// Within a directory being written: completed blocks.
const BLOCKS: &str = "blocks";

/// `DIR` with a suffix, beside it.
fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = dir.as_os_str().to_owned();
    // `runs/a/` means `runs/a`; the suffix belongs to the name, not below it.
    if let (Some(parent), Some(file)) = (dir.parent(), dir.file_name()) {
        let mut file = file.to_owned();
        file.push(suffix);
        return parent.join(file);
    }
    name.push(suffix);
    PathBuf::from(name)
}

/// How many completed blocks an interrupted run to `dir` has left.
pub fn interrupted_blocks(dir: &Path) -> usize {
    let left = std::fs::read_dir(beside(dir, ".partial").join(BLOCKS));
    let block = |entry: &std::fs::DirEntry| entry.path().extension().is_some_and(|e| e == "block");
    left.map_or(0, |entries| entries.filter_map(Result::ok).filter(block).count())
}

/// The file of a relative name with `/`; `None` where the name would leave the directory.
fn within(dir: &Path, name: &str) -> Option<PathBuf> {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':', '\0']);
    name.split('/').all(plain).then(|| dir.join(name))
}
