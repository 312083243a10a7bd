//! A flat block of energy at a fixed price.
//!
//! Without resale, what is used is paid, and at the end of the month what is missing to `take_or_pay_percent`
//! of the block. The marginal cost inside the block is then nothing while the month is behind the pace of its
//! minimum, the block's price otherwise.
//!
//! With resale, at a price of the market or a fixed one, perhaps shared with the supplier, take-or-pay holds by the hour: the firm part of the block is bought whether used or not, and
//! what is not used is sold at the resale price, whatever it is; the rest is an option, bought when used, or to
//! be sold when the resale price exceeds the block's. The marginal cost is then the resale price inside the
//! firm part, and the dearer of the two prices above it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::take_or_pay::Minimum;
use super::{Close, Ground, Kind, Moment, PriceId, Reach, Side, Slice, Term, check_price};
use crate::id::Name;
use crate::problem::{FieldPath, Problems};

/// A flat block at a fixed price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockSpec {
    /// Size, in megawatts.
    pub mw: f64,
    /// Price, in US dollars per megawatt-hour.
    pub usd_per_mwh: f64,
    /// Shape over the day and week. Default `flat`, so far the only one.
    #[serde(default)]
    pub shape: Shape,
    /// The part that is paid for whether used or not, in percent: of the month without `resale`, of every hour
    /// with it. Default 100 (a firm purchase; contracts of 60 to 85 are typical).
    #[serde(default = "default_take_or_pay")]
    pub take_or_pay_percent: f64,
    /// Name of a price in `market.power` at which unused energy is sold; or `resale_usd_per_mwh`. Default: none, it is lost.
    #[serde(default)]
    pub resale: Option<Name>,
    /// A fixed price at which unused energy is taken back, in US dollars per megawatt-hour; or `resale`.
    #[serde(default)]
    pub resale_usd_per_mwh: Option<f64>,
    /// The part of the resale price that is the site's, in percent; the supplier keeps the rest. Default 100. A negative price
    /// is borne in full.
    #[serde(default = "default_take_or_pay")]
    pub resale_share_percent: f64,
}

/// Shape of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// The same in every hour.
    #[default]
    Flat,
}

fn default_take_or_pay() -> f64 {
    100.0
}

impl Kind for BlockSpec {
    fn name(&self) -> &'static str {
        "block"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("mw"), self.mw, 0.0, 100_000.0);
        check_price(&at.key("usd_per_mwh"), self.usd_per_mwh, problems);
        problems.percent(&at.key("take_or_pay_percent"), self.take_or_pay_percent, 100.0);
        if (0.5..=1.0).contains(&self.take_or_pay_percent) {
            let message = format!("`{}` is read as percent of the block", self.take_or_pay_percent);
            problems.warn(&at.key("take_or_pay_percent"), message);
        }
        if let Some(resale) = &self.resale {
            problems.name(&at.key("resale"), resale);
        }
        if let Some(price) = self.resale_usd_per_mwh {
            check_price(&at.key("resale_usd_per_mwh"), price, problems);
            if self.resale.is_some() {
                let message = "unused energy is sold at `resale` or at `resale_usd_per_mwh`, not at both";
                problems.error(&at.key("resale_usd_per_mwh"), message);
            }
        }
        let share = &at.key("resale_share_percent");
        problems.percent(share, self.resale_share_percent, 100.0);
    }
    fn reach(&self) -> Reach {
        Reach::UpTo(self.mw)
    }
    fn prices(&self) -> Vec<(&'static str, &Name)> {
        self.resale.iter().map(|name| ("resale", name)).collect()
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let firm_mw = self.mw * self.take_or_pay_percent / 100.0;
        let resale = match (&self.resale, self.resale_usd_per_mwh) {
            (Some(name), _) => ResalePrice::Market((ground.price)(name)),
            (None, Some(usd_per_mwh)) => ResalePrice::Fixed(usd_per_mwh),
            (None, None) => {
                return Box::new(KeptBlock {
                    mw: self.mw,
                    usd_per_mwh: self.usd_per_mwh,
                    taken_mwh: 0.0,
                    minimum: Minimum::new(firm_mw),
                });
            }
        };
        Box::new(TradedBlock {
            mw: self.mw,
            firm_mw,
            usd_per_mwh: self.usd_per_mwh,
            resale,
            share: self.resale_share_percent / 100.0,
            used_mwh: 0.0,
            sold_mwh: 0.0,
            sold_usd: 0.0,
        })
    }
}

/// A block whose unused energy is lost.
#[derive(Debug)]
struct KeptBlock {
    mw: f64,
    usd_per_mwh: f64,
    taken_mwh: f64,
    minimum: Minimum,
}

impl Term for KeptBlock {
    fn capacity_mw(&self) -> f64 {
        self.mw
    }
    fn marginal_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        if self.minimum.is_behind() {
            0.0
        } else {
            self.usd_per_mwh * at.factor
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        self.taken_mwh += slice.taken_mw * slice.hours;
        self.minimum.meter(slice.taken_mw, slice.hours);
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let taken_mwh = std::mem::take(&mut self.taken_mwh);
        close.energy("", taken_mwh, taken_mwh * self.usd_per_mwh);
        close.line(
            "shortfall",
            self.minimum.close(),
            "mwh",
            self.usd_per_mwh,
            "shortfall of the month",
        );
    }
}

/// At what unused energy is sold.
#[derive(Debug, Clone, Copy)]
enum ResalePrice {
    Market(PriceId),
    /// A stated rate, in the contract's currency.
    Fixed(f64),
}

/// A block whose unused energy is sold.
#[derive(Debug)]
struct TradedBlock {
    mw: f64,
    firm_mw: f64,
    usd_per_mwh: f64,
    resale: ResalePrice,
    /// The site's part of a price above nothing.
    share: f64,
    used_mwh: f64,
    sold_mwh: f64,
    sold_usd: f64,
}

impl TradedBlock {
    /// What a unit that is sold earns, in US dollars.
    fn resale_usd_per_mwh(&self, prices: &[f64], factor: f64) -> f64 {
        let price = match self.resale {
            ResalePrice::Market(id) => prices[id.index()],
            ResalePrice::Fixed(rate) => rate * factor,
        };
        if price > 0.0 { price * self.share } else { price }
    }
    /// What is sold while `used_mw` is used.
    fn sold_mw(&self, used_mw: f64, resale_usd_per_mwh: f64, factor: f64) -> f64 {
        if resale_usd_per_mwh > self.usd_per_mwh * factor {
            self.mw - used_mw
        } else {
            (self.firm_mw - used_mw).max(0.0)
        }
    }
}

impl Term for TradedBlock {
    fn capacity_mw(&self) -> f64 {
        self.mw
    }
    fn marginal_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        let resale = self.resale_usd_per_mwh(at.prices, at.factor);
        let inside_firm = match at.side {
            Side::More => at.taken_mw < self.firm_mw,
            Side::Less => at.taken_mw <= self.firm_mw,
        };
        if inside_firm {
            resale
        } else {
            resale.max(self.usd_per_mwh * at.factor)
        }
    }
    fn next_break_mw(&self, taken_mw: f64) -> f64 {
        if taken_mw < self.firm_mw {
            self.firm_mw
        } else {
            self.mw
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        let resale = self.resale_usd_per_mwh(slice.prices, slice.factor);
        let sold_mwh = self.sold_mw(slice.taken_mw, resale, slice.factor) * slice.hours;
        self.used_mwh += slice.taken_mw * slice.hours;
        self.sold_mwh += sold_mwh;
        self.sold_usd += sold_mwh * resale;
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let used_mwh = std::mem::take(&mut self.used_mwh);
        let sold_mwh = std::mem::take(&mut self.sold_mwh);
        let sold_usd = std::mem::take(&mut self.sold_usd);
        let bought_mwh = used_mwh + sold_mwh;
        close.energy("", bought_mwh, bought_mwh * self.usd_per_mwh);
        close.market_energy("resale", -sold_mwh, -sold_usd);
    }
}
