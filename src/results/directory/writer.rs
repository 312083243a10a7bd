//! Writing a run: blocks as they are done, then every file, then one rename.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::results::Error;
use crate::results::block_store::BlockFile;
use crate::results::directory::blocks::blocks_of;
use crate::results::directory::lock::Lock;
use crate::results::directory::reader::read_manifest;
use crate::results::directory::{BLOCKS, LOCK, MANIFEST, MARKER, beside, within};
use crate::results::manifest::Manifest;
use crate::results::storage::{Disk, NewFile, Storage, parent_of, write_file, write_file_atomically};

/// What is to be written, and where.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The run directory.
    pub dir: PathBuf,
    /// Identity of the run.
    pub run_id: String,
    /// Replications of each strategy and case.
    pub replications: u32,
    /// Files that must be there for a run to count as done, by relative name (`hourly.csv`).
    pub files: Vec<String>,
}

/// What [`RunWriter::open`] found.
#[derive(Debug)]
pub enum Opened {
    /// The run is there, whole, with everything asked for.
    Done,
    /// There is something to do.
    Write(Box<RunWriter>),
}

/// Says whose a directory is, before anything else is in it.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    run_id: String,
}

/// Writes one run directory. Dropped before [`RunWriter::commit`], it leaves `DIR.partial` to be gone on with.
#[derive(Debug)]
pub struct RunWriter {
    pub(super) request: RunRequest,
    pub(super) partial: PathBuf,
    outputs: BTreeMap<String, String>,
    /// Files of the run that stands there.
    had: BTreeSet<String>,
    /// Its replications.
    replications_had: u32,
    /// Files of blocks that are there before anything is simulated.
    pub(super) given: Arc<Vec<BlockFile>>,
    pub(super) storage: Box<dyn Storage>,
    lock: Lock,
}

impl RunWriter {
    /// Opens a run for writing, or says that it is done or that its place is taken.
    pub fn open(request: RunRequest) -> Result<Opened, Error> {
        Self::open_on(Box::new(Disk), request)
    }

    /// As [`RunWriter::open`], on another storage than the disk's.
    pub fn open_on(storage: Box<dyn Storage>, request: RunRequest) -> Result<Opened, Error> {
        let partial = beside(&request.dir, ".partial");
        // Without a lock where nothing is to be done, so that a run on a read-only disk is still seen as done.
        if !beside(&request.dir, ".previous").exists() && is_done(&request)? {
            // Left where the writer was killed between the rename and its last steps.
            remove_scaffold(&request.dir);
            return Ok(Opened::Done);
        }
        let lock = Lock::take(&partial)?;
        finish_replacement(storage.as_ref(), &request.dir)?;
        // Somebody may have finished it while the lock was being taken.
        let found = is_done(&request).and_then(|done| {
            if !done {
                claim(storage.as_ref(), &partial, &request.run_id)?;
            }
            Ok(done)
        });
        if !matches!(found, Ok(false)) {
            remove_if_unused(&partial);
        }
        if found? {
            return Ok(Opened::Done);
        }
        let (had, replications_had) = if request.dir.join(MANIFEST).exists() {
            let manifest = read_manifest(&request.dir)?;
            (manifest.outputs.into_keys().collect(), manifest.replications)
        } else {
            (BTreeSet::new(), 0)
        };
        let given = Arc::new(blocks_of(&request).into_iter().collect());
        Ok(Opened::Write(Box::new(Self {
            request,
            partial,
            outputs: BTreeMap::new(),
            had,
            replications_had,
            given,
            storage,
            lock,
        })))
    }

    /// Replications of the run that stands there, and is to have more; 0 where there is none.
    pub fn replications_had(&self) -> u32 {
        self.replications_had
    }

    /// Whether the run that stands there, and is to have more, has a file.
    pub fn had(&self, name: &str) -> bool {
        self.had.contains(name)
    }

    /// Writes a file under a relative name with `/`, once.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.fill(name, |out| out.write_all(bytes))
    }

    pub(super) fn fill(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        let mut file = self.create(name)?;
        fill(&mut file).map_err(|e| Error::io("write", &self.partial.join(name), e))?;
        self.close(name, file)
    }

    /// Begins a file under a relative name with `/`; several may be open at a time.
    pub fn create(&self, name: &str) -> Result<NewFile, Error> {
        let refused = |kind| Error::io("create", &self.partial.join(name), io::Error::from(kind));
        let path = within(&self.partial, name)
            .filter(|_| !is_scaffold(name))
            .ok_or_else(|| refused(io::ErrorKind::InvalidFilename))?;
        if self.outputs.contains_key(name) {
            return Err(refused(io::ErrorKind::AlreadyExists));
        }
        let folder = parent_of(&path);
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        NewFile::create(self.storage.as_ref(), &path)
    }

    /// Ends a file that was begun.
    pub fn close(&mut self, name: &str, file: NewFile) -> Result<(), Error> {
        let hash = file.finish()?;
        self.outputs.insert(name.to_owned(), hash);
        Ok(())
    }

    /// Copies a file that must have the hash that was read from it before.
    pub fn copy(&mut self, name: &str, from: &Path, sha256: &str) -> Result<(), Error> {
        let failed = |e| Error::io("read", from, e);
        let mut input = fs::File::open(from).map_err(failed)?;
        self.fill(name, |out| io::copy(&mut input, out).map(drop))?;
        if self.outputs.get(name).is_some_and(|hash| hash == sha256) {
            return Ok(());
        }
        let changed = io::Error::other("it was changed while the run was going on");
        Err(failed(changed))
    }

    /// Writes the manifest with the hashes of all files, brings everything to the medium and renames.
    pub fn commit(self, mut manifest: Manifest) -> Result<PathBuf, Error> {
        assert_eq!(
            manifest.run_id, self.request.run_id,
            "the manifest belongs to another run"
        );
        manifest.outputs.clone_from(&self.outputs);
        let storage = self.storage.as_ref();
        let path = self.partial.join(MANIFEST);
        write_file(storage, &path, |out| out.write_all(&manifest_bytes(&manifest)))?;
        sync_tree(storage, &self.partial)?;
        let dir = self.request.dir.clone();
        let lock = self.lock;
        if cfg!(windows) {
            // Windows does not rename a directory in which a file is open.
            drop(lock);
            put_in_place(storage, &self.partial, &dir)?;
        } else {
            put_in_place(storage, &self.partial, &dir)?;
            drop(lock);
        }
        remove_scaffold(&dir);
        Ok(dir)
    }

    /// Gives up: removes `DIR.partial` with its blocks.
    pub fn abandon(self) -> Result<(), Error> {
        drop(self.lock);
        fs::remove_dir_all(&self.partial).map_err(|e| Error::io("remove", &self.partial, e))
    }
}

/// The text of a manifest.
pub(super) fn manifest_bytes(manifest: &Manifest) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(manifest).expect("a manifest holds numbers, text and lists only");
    bytes.push(b'\n');
    bytes
}

/// Whether `DIR` holds all that is asked for; an error where it holds something else.
fn is_done(request: &RunRequest) -> Result<bool, Error> {
    let dir = &request.dir;
    let mut entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(Error::io("open", dir, e)),
    };
    if !dir.join(MANIFEST).exists() {
        return match entries.next() {
            None => Ok(false),
            Some(_) => Err(Error::Taken {
                path: dir.clone(),
                reason: "it holds files that are no run".to_owned(),
            }),
        };
    }
    let manifest = read_manifest(dir)?;
    if manifest.run_id != request.run_id {
        return Err(Error::Mismatch {
            path: dir.clone(),
            found: manifest.run_id,
            wanted: request.run_id.clone(),
        });
    }
    if manifest.replications > request.replications {
        return Err(Error::Fewer {
            path: dir.clone(),
            found: manifest.replications,
            wanted: request.replications,
        });
    }
    let has_files = request.files.iter().all(|f| manifest.outputs.contains_key(f));
    Ok(manifest.replications == request.replications && has_files)
}

/// Makes a locked `DIR.partial` ready for this run: its blocks stay, half-written files go.
fn claim(storage: &dyn Storage, partial: &Path, run_id: &str) -> Result<(), Error> {
    let marker_path = partial.join(MARKER);
    let names = names_in(partial)?;
    if names.contains(MARKER) {
        let text = fs::read(&marker_path).map_err(|e| Error::io("read", &marker_path, e))?;
        let found = serde_json::from_slice::<Marker>(&text).map_or_else(|_| String::new(), |m| m.run_id);
        let has_blocks = names_in(&partial.join(BLOCKS)).is_ok_and(|blocks| !blocks.is_empty());
        if found != run_id && has_blocks {
            return Err(Error::Mismatch {
                path: partial.to_owned(),
                found,
                wanted: run_id.to_owned(),
            });
        }
    } else if names.iter().any(|n| n != LOCK && n != &format!("{MARKER}.tmp")) {
        return Err(Error::Taken {
            path: partial.to_owned(),
            reason: "it holds files that are no interrupted run".to_owned(),
        });
    }
    for name in names
        .iter()
        .filter(|n| !matches!(n.as_str(), LOCK | MARKER | BLOCKS))
    {
        remove(&partial.join(name))?;
    }
    let marker = Marker {
        run_id: run_id.to_owned(),
    };
    let bytes = serde_json::to_vec(&marker).expect("a marker is text");
    write_file_atomically(storage, &marker_path, &bytes)?;
    Ok(())
}

fn names_in(dir: &Path) -> Result<BTreeSet<String>, Error> {
    let failed = |e| Error::io("open", dir, e);
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        names.insert(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

fn remove(path: &Path) -> Result<(), Error> {
    let about = fs::symlink_metadata(path).map_err(|e| Error::io("open", path, e))?;
    let removed = if about.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.map_err(|e| Error::io("remove", path, e))
}

/// Removes a `DIR.partial` that holds nothing but the lock taken by this process.
fn remove_if_unused(partial: &Path) {
    let unused = names_in(partial).is_ok_and(|names| names.iter().all(|n| n == LOCK));
    if unused {
        let _ = fs::remove_dir_all(partial);
    }
}

/// Renames `DIR.partial` to `DIR`; a run that stands there goes aside first and is then removed.
fn put_in_place(storage: &dyn Storage, partial: &Path, dir: &Path) -> Result<(), Error> {
    let failed = |e| Error::io("rename", partial, e);
    let parent = parent_of(dir);
    if dir.join(MANIFEST).exists() {
        storage.rename(dir, &beside(dir, ".previous")).map_err(failed)?;
    }
    storage.rename(partial, dir).map_err(failed)?;
    storage
        .sync_directory(&parent)
        .map_err(|e| Error::io("write", &parent, e))?;
    finish_replacement(storage, dir)
}

/// Finishes a replacement that was cut short: `DIR.previous` goes back where `DIR` is not there, else away.
/// Files in it that the run had not written are somebody's notes: they move on into `DIR`.
fn finish_replacement(storage: &dyn Storage, dir: &Path) -> Result<(), Error> {
    let previous = beside(dir, ".previous");
    if !previous.join(MANIFEST).exists() {
        return Ok(());
    }
    if !dir.join(MANIFEST).exists() {
        return storage
            .rename(&previous, dir)
            .map_err(|e| Error::io("rename", &previous, e));
    }
    let outputs = read_manifest(&previous)?.outputs;
    for name in files_below(&previous)? {
        let (Some(from), Some(to)) = (within(&previous, &name), within(dir, &name)) else {
            continue;
        };
        if is_scaffold(&name) || outputs.contains_key(&name) || to.exists() {
            continue;
        }
        let folder = parent_of(&to);
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        storage
            .rename(&from, &to)
            .map_err(|e| Error::io("rename", &from, e))?;
    }
    fs::remove_dir_all(&previous).map_err(|e| Error::io("remove", &previous, e))
}

fn is_scaffold(name: &str) -> bool {
    matches!(name, MANIFEST | MARKER | LOCK) || name.starts_with("blocks/")
}

/// Removes from a whole run what only writing it needed. It does no harm where it stays.
fn remove_scaffold(dir: &Path) {
    let _ = fs::remove_dir_all(dir.join(BLOCKS));
    let _ = fs::remove_file(dir.join(MARKER));
    let _ = fs::remove_file(dir.join(LOCK));
}

/// Relative names with `/` of all files below a directory, sorted; links are files.
fn files_below(dir: &Path) -> Result<Vec<String>, Error> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(prefix) = folders.pop() {
        for name in names_in(&dir.join(&prefix))? {
            let name = format!("{prefix}{name}");
            let about = fs::symlink_metadata(dir.join(&name)).map_err(|e| Error::io("open", dir, e))?;
            if about.is_dir() {
                folders.push(format!("{name}/"));
            } else {
                files.push(name);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn sync_tree(storage: &dyn Storage, dir: &Path) -> Result<(), Error> {
    let folders: BTreeSet<PathBuf> = files_below(dir)?
        .iter()
        .map(|name| parent_of(&dir.join(name)))
        .collect();
    for folder in folders.iter().rev() {
        storage
            .sync_directory(folder)
            .map_err(|e| Error::io("write", folder, e))?;
    }
    Ok(())
}
