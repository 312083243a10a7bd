//! A share of a run in one file: what it is, then its blocks. The whole run is made from all shares, to the byte.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::results::Error;
use crate::results::block::{Shape, block_count, sha256_hex};
use crate::results::block_store::BlockFile;
use crate::results::directory::RunWriter;
use crate::results::storage::{Disk, write_atomically};

/// First word of a shard file.
const MAGIC: &str = "repower-shard";
/// Version of the format of shard files.
const FORMAT: u32 = 1;
/// The longest first line of a shard, in bytes.
const LINE_BYTES_MAX: u64 = 512;
/// The longest head of a shard, in bytes.
const HEAD_BYTES_MAX: u64 = 16 << 20;
/// The most shards of a run.
pub const SHARDS_MAX: u32 = 100_000;

/// What a shard file says of itself before its blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardHead {
    /// Version of the tool that made it.
    pub tool_version: String,
    /// Its commit.
    pub git_hash: String,
    /// The run of which it is a share.
    pub run_id: String,
    /// Replications of the whole run.
    pub replications: u32,
    /// Which share, from 0.
    pub index: u32,
    /// Of how many.
    pub of: u32,
    /// The scenario file as it was named; none for the embedded default.
    pub scenario: Option<PathBuf>,
    /// The folder of data files as it was named.
    pub data: Option<PathBuf>,
    /// Fields changed on the command line, `path=value`.
    pub set: Vec<String>,
    /// Strategies asked for.
    pub strategies: Vec<String>,
}

impl ShardHead {
    /// The blocks of its share.
    pub fn blocks(&self) -> Range<u32> {
        let blocks = u64::from(block_count(self.replications));
        let edge = |share: u32| (blocks * u64::from(share) / u64::from(self.of.max(1))) as u32;
        edge(self.index)..edge(self.index.saturating_add(1))
    }
}

/// A shard file, opened and looked through; its blocks are checked by [`Shard::verify`].
#[derive(Debug)]
pub struct Shard {
    /// Where it is.
    pub path: PathBuf,
    /// What it says of itself.
    pub head: ShardHead,
    /// Its blocks.
    pub blocks: BlockFile,
}

impl Shard {
    /// Opens a shard file and reads its head and the places of its blocks.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (head, start) = read_head(path)?;
        let blocks = BlockFile::open(path, start, &head.run_id)?;
        let due = head.blocks();
        if !blocks.blocks().map(|(index, _)| index).eq(due.clone()) {
            let message = format!(
                "it is cut short or changed: shard {} of {} has blocks {due:?}",
                head.index, head.of
            );
            return Err(Error::malformed(path, None, message));
        }
        Ok(Self {
            path: path.to_owned(),
            head,
            blocks,
        })
    }

    /// Reads every block and checks it against its checksum and the run's extent.
    pub fn verify(&self, shape: Shape) -> Result<(), Error> {
        for index in self.head.blocks() {
            let block = self.blocks.load(index, shape)?;
            if block.is_none_or(|b| !b.missing(self.head.replications).is_empty()) {
                let message = format!("block {index} lacks replications");
                return Err(Error::malformed(&self.path, None, message));
            }
        }
        Ok(())
    }
}

/// Writes a shard file at once from the blocks that a writer has kept.
pub fn write_shard(path: &Path, head: &ShardHead, writer: &RunWriter, shape: Shape) -> Result<(), Error> {
    let about = serde_json::to_vec(head).expect("a head is text and numbers");
    let (length, hash) = (about.len(), sha256_hex(&about));
    let line = format!("{MAGIC} {FORMAT} {} {length} {hash}\n", head.run_id);
    write_atomically(&Disk, path, |out| {
        out.write_all(line.as_bytes())?;
        out.write_all(&about)?;
        out.write_all(b"\n")?;
        writer.copy_blocks(shape, head.blocks(), out)
    })?;
    Ok(())
}

fn read_head(path: &Path) -> Result<(ShardHead, u64), Error> {
    let failed = |e| Error::io("read", path, e);
    let wrong = |why: String| Error::malformed(path, None, why);
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut line = Vec::new();
    (&mut file)
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut line)
        .map_err(failed)?;
    let text = std::str::from_utf8(&line).unwrap_or_default();
    let words: Vec<&str> = text.trim_end_matches('\n').split(' ').collect();
    let [magic, format, run, length, hash] = words[..] else {
        return Err(wrong("this is no shard file".to_owned()));
    };
    if magic != MAGIC {
        return Err(wrong("this is no shard file".to_owned()));
    }
    if format != FORMAT.to_string() {
        return Err(wrong(format!(
            "format {format} is not format {FORMAT}, which this version reads"
        )));
    }
    let length = length.parse::<u64>().ok().filter(|n| *n <= HEAD_BYTES_MAX);
    let length = length.ok_or_else(|| wrong("the length of its head makes no sense".to_owned()))?;
    let cut = || wrong("it is cut short".to_owned());
    let mut about = Vec::new();
    (&mut file)
        .take(length + 1)
        .read_to_end(&mut about)
        .map_err(failed)?;
    if about.pop() != Some(b'\n') || about.len() as u64 != length {
        return Err(cut());
    }
    if sha256_hex(&about) != hash {
        return Err(wrong(
            "its head was changed: the checksum does not match".to_owned(),
        ));
    }
    let head: ShardHead = serde_json::from_slice(&about).map_err(|e| wrong(e.to_string()))?;
    if head.run_id != run || head.index >= head.of || head.of > SHARDS_MAX {
        return Err(wrong("its head contradicts itself".to_owned()));
    }
    Ok((head, line.len() as u64 + length + 1))
}

/// Why shards do not make a run.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Misfit {
    /// Shares of different things.
    #[error("`{}` and `{}` differ in their {what}: {a} and {b}", first.display(), other.display())]
    Different {
        /// In what they differ.
        what: &'static str,
        /// The first shard.
        first: PathBuf,
        /// What it has.
        a: String,
        /// The other.
        other: PathBuf,
        /// What it has.
        b: String,
    },
    /// A share given twice.
    #[error("shard {index} of {of} is given twice: `{}` and `{}`", first.display(), second.display())]
    Double {
        /// Which.
        index: u32,
        /// Of how many.
        of: u32,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Shares that are not given.
    #[error("missing of {of} shards: {}", list(indices))]
    Missing {
        /// Which.
        indices: Vec<u32>,
        /// Of how many.
        of: u32,
    },
}

/// At most twenty numbers.
fn list(indices: &[u32]) -> String {
    let shown: Vec<String> = indices.iter().take(20).map(ToString::to_string).collect();
    let more = if indices.len() > shown.len() { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Checks that shards are all shares of one run, each once; gives them in order. There must be one at least.
pub fn complete(shards: Vec<Shard>) -> Result<Vec<Shard>, Misfit> {
    let first = shards.first().expect("the caller has at least one shard");
    let (head, path) = (first.head.clone(), first.path.clone());
    let mut ordered: BTreeMap<u32, Shard> = BTreeMap::new();
    for shard in shards {
        let (own, version) = (&shard.head, |h: &ShardHead| {
            format!("{} ({})", h.tool_version, h.git_hash)
        });
        let pairs = [
            ("version", version(&head), version(own)),
            ("run", head.run_id.clone(), own.run_id.clone()),
            (
                "replications",
                head.replications.to_string(),
                own.replications.to_string(),
            ),
            ("number of shards", head.of.to_string(), own.of.to_string()),
        ];
        if let Some((what, a, b)) = pairs.into_iter().find(|(_, a, b)| a != b) {
            let other = shard.path;
            return Err(Misfit::Different {
                what,
                first: path,
                a,
                other,
                b,
            });
        }
        if let Some(same) = ordered.get(&own.index) {
            return Err(Misfit::Double {
                index: own.index,
                of: head.of,
                first: same.path.clone(),
                second: shard.path,
            });
        }
        ordered.insert(own.index, shard);
    }
    let indices: Vec<u32> = (0..head.of).filter(|i| !ordered.contains_key(i)).collect();
    if !indices.is_empty() {
        return Err(Misfit::Missing { indices, of: head.of });
    }
    Ok(ordered.into_values().collect())
}

impl From<Misfit> for io::Error {
    fn from(misfit: Misfit) -> Self {
        io::Error::other(misfit)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::results::directory::{Opened, RunRequest};
    use crate::results::fixture;

    fn head(index: u32, of: u32) -> ShardHead {
        ShardHead {
            tool_version: "1".to_owned(),
            git_hash: "abc".to_owned(),
            run_id: "1f00d".to_owned(),
            replications: 25,
            index,
            of,
            scenario: None,
            data: None,
            set: Vec::new(),
            strategies: Vec::new(),
        }
    }

    fn written(folder: &Path, head: &ShardHead) -> PathBuf {
        let path = folder.join(format!("{}-{}.shard", head.index, head.of));
        let request = RunRequest {
            dir: path.clone(),
            run_id: head.run_id.clone(),
            replications: head.replications,
            files: Vec::new(),
        };
        let Opened::Write(writer) = RunWriter::open(request).unwrap() else {
            panic!("nothing is done yet")
        };
        for index in head.blocks() {
            writer
                .save_block(&fixture::block(index, head.replications))
                .unwrap();
        }
        let shape = Shape::of(&fixture::manifest(25));
        write_shard(&path, head, &writer, shape).unwrap();
        writer.abandon().unwrap();
        path
    }

    #[test]
    fn shares_cover_every_block_once_whatever_their_number() {
        for of in [1, 2, 3, 7, 100] {
            let blocks: Vec<u32> = (0..of).flat_map(|i| head(i, of).blocks()).collect();
            assert_eq!(blocks, [0, 1, 2], "{of}");
        }
        let large = ShardHead {
            replications: 10_000_000,
            ..head(99_999, SHARDS_MAX)
        };
        assert_eq!(large.blocks(), 999_990..1_000_000);
    }

    #[test]
    fn a_shard_reads_back_and_any_change_or_cut_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), &head(1, 2));
        let shape = Shape::of(&fixture::manifest(25));
        let shard = Shard::open(&path).unwrap();
        shard.verify(shape).unwrap();
        assert_eq!(shard.head, head(1, 2));
        assert_eq!(
            shard.blocks.load(2, shape).unwrap().unwrap(),
            fixture::block(2, 25)
        );
        let bytes = fs::read(&path).unwrap();
        let broken = folder.path().join("broken");
        let read = |bytes: &[u8]| {
            fs::write(&broken, bytes).unwrap();
            Shard::open(&broken).and_then(|shard| shard.verify(shape))
        };
        for at in (0..bytes.len()).step_by(211) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(read(&changed).unwrap_err().exit_code(), 2, "byte {at}");
            assert_eq!(read(&bytes[..at]).unwrap_err().exit_code(), 2, "cut at {at}");
        }
        let doubled = [bytes.as_slice(), &bytes[bytes.len() - 50..]].concat();
        assert_eq!(read(&doubled).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_length_that_was_made_up_allocates_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for claim in ["99999999999999999999", "9999999999", "16000000"] {
            fs::write(&path, format!("{MAGIC} {FORMAT} 1f00d {claim} 00\n{{}}\n")).unwrap();
            assert_eq!(Shard::open(&path).unwrap_err().exit_code(), 2, "{claim}");
        }
    }

    #[test]
    fn shards_that_do_not_belong_together_are_named() {
        let folder = tempfile::tempdir().unwrap();
        // Each in a folder of its own: two of a name may be asked for.
        let open = |head: &ShardHead| {
            let own = tempfile::tempdir_in(&folder).unwrap().keep();
            Shard::open(&written(&own, head)).unwrap()
        };
        let message = |shards: Vec<Shard>| complete(shards).unwrap_err().to_string();
        let all = || vec![open(&head(2, 3)), open(&head(0, 3)), open(&head(1, 3))];
        let order: Vec<u32> = complete(all()).unwrap().iter().map(|s| s.head.index).collect();
        assert_eq!(order, [0, 1, 2]);
        assert_eq!(message(vec![open(&head(1, 3))]), "missing of 3 shards: 0, 2");
        let twice = message(vec![open(&head(0, 3)), open(&head(0, 3))]);
        assert!(twice.starts_with("shard 0 of 3 is given twice: "), "{twice}");
        let others = [
            (
                "version",
                ShardHead {
                    git_hash: "def".to_owned(),
                    ..head(1, 2)
                },
            ),
            (
                "run",
                ShardHead {
                    run_id: "beef".to_owned(),
                    ..head(1, 2)
                },
            ),
            (
                "replications",
                ShardHead {
                    replications: 30,
                    ..head(1, 2)
                },
            ),
            ("number of shards", head(1, 3)),
        ];
        for (what, other) in others {
            let said = message(vec![open(&head(0, 2)), open(&other)]);
            assert!(said.contains(&format!("differ in their {what}: ")), "{said}");
        }
    }
}
