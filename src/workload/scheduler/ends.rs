//! The running gangs by the reading of the work clock at which they end: a sorted list in chunks, which gives
//! the earliest end at once and skips whole chunks when it looks for the instant at which enough GPUs are free.

/// Chunks are split when they grow beyond this.
const CHUNK_MAX: usize = 128;

/// One running gang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Work-clock reading at which the gang is done, in ticks.
    pub(super) at: i64,
    /// Its place among the running.
    pub(super) slot: u32,
    /// The GPUs it then releases.
    pub(super) gpus: u32,
}

impl End {
    const fn key(&self) -> (i64, u32) {
        (self.at, self.slot)
    }
}

/// Neighbouring ends, latest first, and the GPUs of all of them.
#[derive(Debug, Default)]
struct Chunk {
    ends: Vec<End>,
    gpus: u64,
}

/// All ends. Chunks and their ends stand latest first, so that the earliest is taken from the back.
#[derive(Debug, Default)]
pub(super) struct Ends {
    chunks: Vec<Chunk>,
    spare: Vec<Vec<End>>,
    len: usize,
}

impl Ends {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn first(&self) -> Option<End> {
        self.chunks.last().and_then(|chunk| chunk.ends.last()).copied()
    }

    /// All ends, earliest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &End> {
        self.chunks.iter().rev().flat_map(|chunk| chunk.ends.iter().rev())
    }

    pub(super) fn pop(&mut self) -> Option<End> {
        let chunk = self.chunks.last_mut()?;
        let end = chunk.ends.pop()?;
        chunk.gpus -= u64::from(end.gpus);
        self.len -= 1;
        if chunk.ends.is_empty() {
            self.drop_chunk(self.chunks.len() - 1);
        }
        Some(end)
    }

    pub(super) fn insert(&mut self, end: End) {
        self.len += 1;
        if self.chunks.is_empty() {
            let ends = self.spare.pop().unwrap_or_default();
            self.chunks.push(Chunk { ends, gpus: 0 });
        }
        let index = self.chunk_of(end).min(self.chunks.len() - 1);
        let chunk = &mut self.chunks[index];
        let place = chunk.ends.partition_point(|other| other.key() > end.key());
        chunk.ends.insert(place, end);
        chunk.gpus += u64::from(end.gpus);
        if chunk.ends.len() > CHUNK_MAX {
            self.split(index);
        }
    }

    /// Removes an end that was inserted; the caller knows that it is there.
    pub(super) fn remove(&mut self, end: End) {
        let index = self.chunk_of(end);
        let chunk = &mut self.chunks[index];
        let place = chunk.ends.partition_point(|other| other.key() > end.key());
        assert_eq!(chunk.ends[place], end, "a running gang has its end in the list");
        chunk.ends.remove(place);
        chunk.gpus -= u64::from(end.gpus);
        self.len -= 1;
        if chunk.ends.is_empty() {
            self.drop_chunk(index);
        }
    }

    /// The earliest reading by which `missing` GPUs have been released; `None` if all together are too few.
    pub(super) fn when_released(&self, missing: u64) -> Option<i64> {
        let mut left = missing;
        for chunk in self.chunks.iter().rev() {
            if chunk.gpus < left {
                left -= chunk.gpus;
                continue;
            }
            for end in chunk.ends.iter().rev() {
                left = left.saturating_sub(u64::from(end.gpus));
                if left == 0 {
                    return Some(end.at);
                }
            }
        }
        None
    }

    /// The GPUs of all ends at or before a reading.
    pub(super) fn released_by(&self, reading: i64) -> u64 {
        let mut gpus = 0;
        for chunk in self.chunks.iter().rev() {
            if chunk.ends.first().is_some_and(|latest| latest.at <= reading) {
                gpus += chunk.gpus;
                continue;
            }
            let due = chunk.ends.iter().rev().take_while(|end| end.at <= reading);
            return gpus + due.map(|end| u64::from(end.gpus)).sum::<u64>();
        }
        gpus
    }

    /// The first chunk, from the late side, whose earliest end is not after `end`.
    fn chunk_of(&self, end: End) -> usize {
        self.chunks.partition_point(|chunk| {
            chunk
                .ends
                .last()
                .is_some_and(|earliest| earliest.key() > end.key())
        })
    }

    fn split(&mut self, index: usize) {
        let mut early = self.spare.pop().unwrap_or_default();
        let chunk = &mut self.chunks[index];
        early.extend(chunk.ends.drain(CHUNK_MAX / 2..));
        let gpus = early.iter().map(|end| u64::from(end.gpus)).sum();
        chunk.gpus -= gpus;
        self.chunks.insert(index + 1, Chunk { ends: early, gpus });
    }

    fn drop_chunk(&mut self, index: usize) {
        let chunk = self.chunks.remove(index);
        self.spare.push(chunk.ends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_list_agrees_with_a_sorted_vector(moves in prop::collection::vec((0u8..5, 0i64..500, 1u32..40), 1..900)) {
            let (mut ends, mut plain) = (Ends::default(), Vec::<End>::new());
            for (slot, (kind, at, gpus)) in moves.into_iter().enumerate() {
                let end = End { at, slot: slot as u32, gpus };
                match kind {
                    0 if !plain.is_empty() => prop_assert_eq!(ends.pop(), Some(plain.remove(0))),
                    1 if !plain.is_empty() => ends.remove(plain.remove(at as usize % plain.len())),
                    _ => {
                        ends.insert(end);
                        plain.push(end);
                        plain.sort_by_key(End::key);
                    }
                }
                prop_assert_eq!((ends.len(), ends.first()), (plain.len(), plain.first().copied()));
                let mut left = i64::from(gpus) * 3;
                let when = plain.iter().find(|e| { left -= i64::from(e.gpus); left <= 0 }).map(|e| e.at);
                prop_assert_eq!(ends.when_released(u64::from(gpus) * 3), when);
                let by: u64 = plain.iter().filter(|e| e.at <= at).map(|e| u64::from(e.gpus)).sum();
                prop_assert_eq!(ends.released_by(at), by);
            }
        }
    }
}
