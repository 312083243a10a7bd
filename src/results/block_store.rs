//! Blocks as bytes: one after the other in a file, each behind a line that says whose it is, how long, and its checksum.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::results::Error;
use crate::results::block::{BlockResult, Shape, sha256_hex};

/// First word of a block.
const MAGIC: &str = "repower-block";
/// Version of the format of blocks.
const FORMAT: u32 = 3;
/// The largest block that is read, in bytes.
pub const BLOCK_BYTES_MAX: u64 = 1 << 30;
/// The longest line before a block, in bytes.
const LINE_BYTES_MAX: u64 = 512;

/// Where blocks are kept, and found again.
pub trait BlockStore: Sync {
    /// The block of a run, where it is there and whole; it may have fewer replications than are due by now.
    fn load(&self, index: u32) -> Result<Option<BlockResult>, Error>;
    /// Keeps a block.
    fn save(&self, block: &BlockResult) -> Result<(), Error>;
}

/// Keeps nothing.
impl BlockStore for () {
    fn load(&self, _: u32) -> Result<Option<BlockResult>, Error> {
        Ok(None)
    }
    fn save(&self, _: &BlockResult) -> Result<(), Error> {
        Ok(())
    }
}

impl BlockResult {
    /// The bytes of a block: a line with magic, format, run, index, replications, length and checksum, then the body.
    pub fn to_bytes(&self, run_id: &str) -> Vec<u8> {
        let body = postcard::to_stdvec(self).expect("a block holds numbers, text and lists only");
        let line = format!(
            "{MAGIC} {FORMAT} {run_id} {} {} {} {}\n",
            self.index,
            self.count,
            body.len(),
            sha256_hex(&body)
        );
        let mut bytes = line.into_bytes();
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads the bytes of one block; says why they are not a whole block of this run.
    pub fn from_bytes(bytes: &[u8], run_id: &str, shape: Shape) -> Result<Self, String> {
        let line = bytes
            .iter()
            .take(LINE_BYTES_MAX as usize)
            .position(|b| *b == b'\n');
        let line = line.ok_or("no line before it")?;
        let (head, body) = (Head::parse(&bytes[..line], run_id)?, &bytes[line + 1..]);
        if head.length != body.len() as u64 || head.sha256 != sha256_hex(body) {
            return Err("its length or checksum does not match".to_owned());
        }
        let block: Self = postcard::from_bytes(body).map_err(|e| e.to_string())?;
        if (block.index, block.count) != (head.index, head.count) {
            return Err("it is not the block that its first line says".to_owned());
        }
        block.check(shape)?;
        Ok(block)
    }
}

/// What the line before a block says.
#[derive(Debug)]
struct Head {
    index: u32,
    count: u32,
    length: u64,
    sha256: String,
}

impl Head {
    fn parse(line: &[u8], run_id: &str) -> Result<Self, String> {
        let line = std::str::from_utf8(line).map_err(|_| "the line before it is not text")?;
        let words: Vec<&str> = line.split(' ').collect();
        let [magic, format, run, index, count, length, sha256] = words[..] else {
            return Err("the line before it is not that of a block".to_owned());
        };
        if (magic, format) != (MAGIC, FORMAT.to_string().as_str()) {
            return Err(format!(
                "its format is not `{MAGIC} {FORMAT}`, which this version reads"
            ));
        }
        if run != run_id {
            return Err(format!("it belongs to run `{run}`, not `{run_id}`"));
        }
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no number"));
        let small = |text: &str| text.parse::<u32>().map_err(|_| format!("`{text}` is no number"));
        let head = Self {
            index: small(index)?,
            count: small(count)?,
            length: number(length)?,
            sha256: sha256.to_owned(),
        };
        if head.length > BLOCK_BYTES_MAX {
            return Err(format!("it is longer than {BLOCK_BYTES_MAX} bytes"));
        }
        Ok(head)
    }
}

/// A file of blocks, in which each can be found.
#[derive(Debug)]
pub struct BlockFile {
    path: PathBuf,
    run_id: String,
    /// Index -> replications, place, length with its line.
    places: BTreeMap<u32, (u32, u64, u64)>,
}

impl BlockFile {
    /// Looks through a file from `start` on, reading only the lines before blocks. A file that ends within a block, or
    /// holds one twice, is refused.
    pub fn open(path: &Path, start: u64, run_id: &str) -> Result<Self, Error> {
        let failed = |e| Error::io("read", path, e);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::new(file);
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let mut places = BTreeMap::new();
        let mut at = start;
        while at < length {
            let number = places.len();
            let wrong =
                |why: &str| Error::malformed(path, None, format!("block number {number} in it: {why}"));
            let mut line = Vec::new();
            let mut limited = (&mut file).take(LINE_BYTES_MAX);
            limited.read_until(b'\n', &mut line).map_err(failed)?;
            if line.pop() != Some(b'\n') {
                return Err(wrong("the file is cut short or changed"));
            }
            let head = Head::parse(&line, run_id).map_err(|why| wrong(&why))?;
            let whole = line.len() as u64 + 1 + head.length;
            if whole > length - at {
                return Err(wrong("the file is cut short"));
            }
            if places.insert(head.index, (head.count, at, whole)).is_some() {
                return Err(wrong("it stands in the file twice"));
            }
            file.seek_relative(head.length as i64).map_err(failed)?;
            at += whole;
        }
        Ok(Self {
            path: path.to_owned(),
            run_id: run_id.to_owned(),
            places,
        })
    }

    /// The blocks in it with their replications.
    pub fn blocks(&self) -> impl Iterator<Item = (u32, u32)> {
        self.places.iter().map(|(index, (count, ..))| (*index, *count))
    }

    /// The bytes of a block, as they are.
    pub fn bytes(&self, index: u32) -> Result<Option<Vec<u8>>, Error> {
        let Some(&(_, at, length)) = self.places.get(&index) else {
            return Ok(None);
        };
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(at))?;
            let mut bytes = vec![0; length as usize];
            file.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        read().map(Some).map_err(|e| Error::io("read", &self.path, e))
    }

    /// A block; one that is not as it was written is an error.
    pub fn load(&self, index: u32, shape: Shape) -> Result<Option<BlockResult>, Error> {
        let Some(bytes) = self.bytes(index)? else {
            return Ok(None);
        };
        BlockResult::from_bytes(&bytes, &self.run_id, shape)
            .map(Some)
            .map_err(|why| Error::malformed(&self.path, None, format!("block {index}: {why}")))
    }
}
