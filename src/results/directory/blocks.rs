//! The blocks of a run being written: those that stand in a whole run, come from shares of it, or were kept on the way.

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::results::Error;
use crate::results::block::{BlockResult, Shape, block_count, block_range};
use crate::results::block_store::{BLOCK_BYTES_MAX, BlockFile, BlockStore};
use crate::results::directory::reader::{read_manifest, sha256_of};
use crate::results::directory::writer::{RunRequest, RunWriter};
use crate::results::directory::{BLOCKS, BLOCKS_FILE, MANIFEST};
use crate::results::storage::{parent_of, write_file_atomically};

/// Blocks that can be read, wherever they are.
#[derive(Debug, Clone)]
pub(super) struct KeptBlocks {
    folder: PathBuf,
    run_id: String,
    given: Arc<Vec<BlockFile>>,
    /// Before the number of a block in its file's name.
    level: &'static str,
    shape: Shape,
    replications: u32,
}

impl KeptBlocks {
    fn path(&self, index: u32) -> PathBuf {
        self.folder.join(format!("{}{index:04}.block", self.level))
    }

    /// The bytes of a block with as many replications as possible, but no more than are due.
    fn bytes(&self, index: u32) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(index);
        match fs::metadata(&path) {
            Ok(about) if about.len() <= BLOCK_BYTES_MAX => {
                let bytes = fs::read(&path).map_err(|e| Error::io("read", &path, e))?;
                if self.read(&bytes, index).is_some() {
                    return Ok(Some(bytes));
                }
                // A block that cannot be trusted is simulated again; that is always right.
                tracing::warn!("block {index} of the interrupted run is not usable");
            }
            _ => {}
        }
        for file in self.given.iter() {
            let bytes = file.bytes(index)?;
            if bytes
                .as_ref()
                .is_some_and(|bytes| self.read(bytes, index).is_some())
            {
                return Ok(bytes);
            }
        }
        Ok(None)
    }

    fn read(&self, bytes: &[u8], index: u32) -> Option<BlockResult> {
        let block = BlockResult::from_bytes(bytes, &self.run_id, self.shape).ok()?;
        let due = block_range(index, self.replications).len();
        (block.index == index && block.count as usize <= due).then_some(block)
    }

    fn load(&self, index: u32) -> Result<Option<BlockResult>, Error> {
        Ok(self.bytes(index)?.and_then(|bytes| self.read(&bytes, index)))
    }

    fn copy(&self, blocks: Range<u32>, out: &mut dyn Write) -> io::Result<()> {
        for index in blocks {
            let lost = || io::Error::other(format!("block {index} is gone"));
            out.write_all(&self.bytes(index)?.ok_or_else(lost)?)?;
        }
        Ok(())
    }

    /// A block that was kept before: that it is gone is an error.
    pub(super) fn due(&self, index: u32) -> Result<BlockResult, Error> {
        let lost = || Error::Missing {
            path: self.path(index),
        };
        self.load(index)?.ok_or_else(lost)
    }
}

/// The blocks of a writer, to be added to.
#[derive(Debug)]
pub struct Blocks<'a> {
    writer: &'a RunWriter,
    kept: KeptBlocks,
}

impl BlockStore for Blocks<'_> {
    fn load(&self, index: u32) -> Result<Option<BlockResult>, Error> {
        self.kept.load(index)
    }
    fn save(&self, block: &BlockResult) -> Result<(), Error> {
        self.writer.save_block_as(&self.kept.path(block.index), block)
    }
}

impl RunWriter {
    /// Blocks of this run from elsewhere: shares of it.
    pub fn give(&mut self, file: BlockFile) {
        Arc::get_mut(&mut self.given)
            .expect("nobody reads before the run has begun")
            .push(file);
    }

    /// The blocks of a run of this shape, to be read and added to.
    pub fn blocks(&self, shape: Shape) -> Blocks<'_> {
        Blocks {
            writer: self,
            kept: self.kept(shape),
        }
    }

    /// The blocks of a finer level of the same run, to be read and added to while it is being written.
    pub fn finer_blocks(&self, shape: Shape) -> Blocks<'_> {
        let kept = KeptBlocks {
            level: "finer-",
            given: Arc::default(),
            ..self.kept(shape)
        };
        Blocks { writer: self, kept }
    }

    /// Every block that is there, in order.
    pub fn completed_blocks(&self, shape: Shape) -> Result<Vec<BlockResult>, Error> {
        let kept = self.kept(shape);
        let found = (0..block_count(self.request.replications)).map(|index| kept.load(index));
        found.filter_map(Result::transpose).collect()
    }

    pub(super) fn kept(&self, shape: Shape) -> KeptBlocks {
        KeptBlocks {
            folder: self.partial.join(BLOCKS),
            run_id: self.request.run_id.clone(),
            given: Arc::clone(&self.given),
            level: "",
            shape,
            replications: self.request.replications,
        }
    }

    /// Keeps a block, so that an interrupted run can go on after it.
    pub fn save_block(&self, block: &BlockResult) -> Result<(), Error> {
        let name = format!("{:04}.block", block.index);
        self.save_block_as(&self.partial.join(BLOCKS).join(name), block)
    }

    fn save_block_as(&self, path: &Path, block: &BlockResult) -> Result<(), Error> {
        let folder = parent_of(path);
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        let bytes = block.to_bytes(&self.request.run_id);
        write_file_atomically(self.storage.as_ref(), path, &bytes)?;
        Ok(())
    }

    /// Writes the blocks of all replications into one file, in order, so that the run can be extended.
    pub fn put_blocks(&mut self, shape: Shape, replications: u32) -> Result<(), Error> {
        let kept = self.kept(shape);
        let blocks = 0..block_count(replications);
        self.fill(BLOCKS_FILE, |out| kept.copy(blocks, out))
    }

    /// Writes blocks one after the other.
    pub(in crate::results) fn copy_blocks(
        &self,
        shape: Shape,
        blocks: Range<u32>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.kept(shape).copy(blocks, out)
    }
}

/// The blocks of the whole run that stands at the place of a request; none where they are not as they were written.
pub(super) fn blocks_of(request: &RunRequest) -> Option<BlockFile> {
    let path = request.dir.join(BLOCKS_FILE);
    if !request.dir.join(MANIFEST).exists() || !path.exists() {
        return None;
    }
    let found = read_manifest(&request.dir).and_then(|manifest| {
        let hash = sha256_of(&path)?;
        if manifest.outputs.get(BLOCKS_FILE) != Some(&hash) {
            return Err(Error::Altered {
                path: request.dir.clone(),
                files: vec![BLOCKS_FILE.to_owned()],
            });
        }
        BlockFile::open(&path, 0, &request.run_id)
    });
    // What cannot be trusted is simulated again; that is always right.
    found
        .map_err(|error| tracing::warn!("{error}; simulating again"))
        .ok()
}
