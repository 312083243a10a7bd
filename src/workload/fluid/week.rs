//! The flows of a week, hour by hour: sums, what of them is spot, and the GPUs of longer jobs by run time.

use std::sync::Arc;

use super::bin::{Bin, CLASSES, Item};

/// Hours of a week.
pub const WEEK_HOURS: usize = 168;

/// What an hour brings.
#[derive(Debug, Clone, Copy)]
pub struct Arrivals<'a> {
    /// Sums, but for what is sold as spot.
    pub(super) bin: &'a Bin,
    /// Work sold as spot, GPU-hours.
    pub(super) spot_gpu_h: f64,
    /// Jobs of an hour and more, by run time.
    pub(super) items: &'a [Item],
}

impl Arrivals<'_> {
    /// All sums.
    #[inline]
    pub(super) fn sums(&self) -> Bin {
        let mut bin = *self.bin;
        bin.set_spot(self.spot_gpu_h);
        bin
    }
}

/// The flows of one simulated week.
#[derive(Debug, Clone, Default)]
pub struct Week {
    /// Sums and run times are shared with the offer where a week is one whole copy; what of it is spot is drawn.
    pub(super) bins: Arc<Vec<Bin>>,
    pub(super) spot_gpu_h: Vec<f64>,
    pub(super) items: Arc<Items>,
}

/// Run times of a week, hour after hour.
#[derive(Debug, Clone, Default)]
pub(super) struct Items {
    pub(super) items: Vec<Item>,
    /// Where those of each hour end.
    ends: Vec<u32>,
}

impl Week {
    /// What an hour of the week brings; nothing before a week was drawn.
    #[inline]
    pub fn hour(&self, hour: usize) -> Arrivals<'_> {
        static NOTHING: Bin = Bin::EMPTY;
        let (Some(bin), Some(spot_gpu_h)) = (self.bins.get(hour), self.spot_gpu_h.get(hour)) else {
            return Arrivals {
                bin: &NOTHING,
                spot_gpu_h: 0.0,
                items: &[],
            };
        };
        Arrivals {
            bin,
            spot_gpu_h: *spot_gpu_h,
            items: self.items.of(hour),
        }
    }
    /// Empty, with sums and items of its own.
    pub(super) fn clear(&mut self) -> (&mut Vec<Bin>, &mut Items) {
        if Arc::get_mut(&mut self.bins).is_none() {
            self.bins = Arc::default();
        }
        if Arc::get_mut(&mut self.items).is_none() {
            self.items = Arc::default();
        }
        let (bins, items) = (Arc::make_mut(&mut self.bins), Arc::make_mut(&mut self.items));
        bins.clear();
        items.items.clear();
        items.ends.clear();
        (bins, items)
    }
    /// Takes what is sold as spot out of the sums, once they are complete.
    pub(super) fn note_spot(&mut self) {
        self.spot_gpu_h.clear();
        self.spot_gpu_h.extend(self.bins.iter().map(Bin::spot_gpu_h));
    }
}

impl Items {
    #[inline]
    pub(super) fn of(&self, hour: usize) -> &[Item] {
        let begin = if hour == 0 { 0 } else { self.ends[hour - 1] };
        &self.items[begin as usize..self.ends[hour] as usize]
    }
    pub(super) fn extend(&mut self, items: &[Item], share: f64) {
        let from = self.items.len();
        self.items.extend_from_slice(items);
        if share < 1.0 {
            for item in &mut self.items[from..] {
                item.gpus *= share;
            }
        }
    }
    /// Closes an hour whose items were added.
    pub(super) fn close(&mut self, grid_h: &[f64; CLASSES], most: usize) {
        let from = self.ends.last().map_or(0, |end| *end as usize);
        if self.items.len() - from > most {
            onto_grid(&mut self.items, from, grid_h);
        }
        self.ends.push(self.items.len() as u32);
    }
}

/// Puts the items from a place on onto the grid.
fn onto_grid(items: &mut Vec<Item>, from: usize, grid_h: &[f64; CLASSES]) {
    let mut gpus = [0.0; CLASSES];
    items[from..].iter().for_each(|item| item.onto(&mut gpus, grid_h));
    items.truncate(from);
    items.extend(on_grid(&gpus, grid_h));
}

/// The run times of the grid that GPUs have.
pub(super) fn on_grid<'a>(
    gpus: &'a [f64; CLASSES],
    grid_h: &'a [f64; CLASSES],
) -> impl Iterator<Item = Item> + 'a {
    let each = gpus.iter().zip(grid_h).filter(|(gpus, _)| **gpus != 0.0);
    each.map(|(gpus, hours)| Item {
        hours: *hours,
        gpus: *gpus,
    })
}
