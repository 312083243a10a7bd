//! How owners share: an investor with a preferred return, a sponsor with a promote.
//!
//! Every distribution goes first to both, by what they paid in, until each has its money back with the preferred return
//! (compounded by month); of what is left the sponsor gets its promote and both share the rest by what they paid in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finance::capital::spec::check_date;
use crate::problem::{Check, FieldPath, Problems};

/// How owners share, as a scenario writes it; complete in itself, so it is also what runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnersSpec {
    /// Share of the equity that the investor pays in, percent; the sponsor (and a vendor who takes equity) pays the rest.
    /// Default 90 (assumption).
    #[serde(default = "investor_percent")]
    pub investor_percent: f64,
    /// Preferred return, percent a year, compounded by month. Default 8 (assumption).
    #[serde(default = "preferred_percent")]
    pub preferred_percent: f64,
    /// Share of what is left after the preferred return that goes to the sponsor beforehand, percent. Default 20 (assumption).
    #[serde(default = "promote_percent")]
    pub promote_percent: f64,
}

fn investor_percent() -> f64 {
    90.0
}
fn preferred_percent() -> f64 {
    8.0
}
fn promote_percent() -> f64 {
    20.0
}

impl Check for OwnersSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.share_percent(&at.key("investor_percent"), self.investor_percent, 100.0);
        problems.percent(&at.key("preferred_percent"), self.preferred_percent, 100.0);
        problems.percent(&at.key("promote_percent"), self.promote_percent, 100.0);
    }
}

/// Flows of the two owners by month, USD, what they get positive.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shares {
    /// The investor's.
    pub investor_usd: Vec<f64>,
    /// The sponsor's.
    pub sponsor_usd: Vec<f64>,
}

/// What owners pay in and get in a month by tier of the waterfall, USD.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tiers {
    /// Paid in.
    pub paid_in_usd: f64,
    /// Tier 1: capital given back, before any return on it.
    pub capital_usd: f64,
    /// Tier 2: the preferred return.
    pub preferred_usd: f64,
    /// Tier 3: the sponsor's promote.
    pub promote_usd: f64,
    /// What both share beside the promote, by what they paid in.
    pub shared_usd: f64,
}

impl Tiers {
    /// All that is got.
    pub fn got_usd(&self) -> f64 {
        self.capital_usd + self.preferred_usd + self.promote_usd + self.shared_usd
    }
}

impl OwnersSpec {
    /// The owners' net flows by month and tier. What is owed to them is one balance that bears the preferred return; of what pays
    /// it, capital comes first.
    pub fn tiers(&self, owners_usd: &[f64]) -> Vec<Tiers> {
        let growth = (1.0 + self.preferred_percent / 100.0).powf(1.0 / 12.0);
        let (mut owed, mut capital) = (0.0_f64, 0.0_f64);
        let month = |usd: &f64| {
            owed *= growth;
            let (paid_in_usd, got) = ((0.0 - usd).max(0.0), usd.max(0.0));
            let first = got.min(owed);
            let capital_usd = first.min(capital);
            owed += paid_in_usd - first;
            capital += paid_in_usd - capital_usd;
            let promote_usd = (got - first) * self.promote_percent / 100.0;
            Tiers {
                paid_in_usd,
                capital_usd,
                preferred_usd: first - capital_usd,
                promote_usd,
                shared_usd: got - first - promote_usd,
            }
        };
        owners_usd.iter().map(month).collect()
    }
    /// Shares the owners' net flows.
    pub fn share(&self, owners_usd: &[f64]) -> Shares {
        let part = self.investor_percent / 100.0;
        let promote = self.promote_percent / 100.0;
        let growth = (1.0 + self.preferred_percent / 100.0).powf(1.0 / 12.0);
        // What all owners are owed with their preferred return: both have the same terms, so that one balance will do.
        let mut owed = 0.0_f64;
        let mut shares = Shares::default();
        for usd in owners_usd {
            owed *= growth;
            let preferred = usd.min(owed);
            owed -= preferred;
            let promoted = (usd - preferred) * promote;
            let plain = usd - promoted;
            shares.investor_usd.push(part * plain);
            shares.sponsor_usd.push((1.0 - part) * plain + promoted);
        }
        shares
    }
}

/// Equity of a vendor of machines, such as a maker of chips that takes a part of the company it sells to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorEquitySpec {
    /// What it subscribes, USD. It pays what owners must pay in, from its date on, until this is used up; other owners pay the rest.
    pub usd: f64,
    /// Its share of what owners get once all is paid, percent; in proportion to what it has paid until then.
    pub ownership_percent: f64,
    /// First day on which it pays, `YYYY-MM-DD`. Default: the scenario's start.
    #[serde(default)]
    pub date: Option<String>,
    /// Whether it pays only once the last hall is ready for service. Default false.
    #[serde(default)]
    pub on_completion: bool,
    /// Whether it pays no more than what has been paid for machines since its date. Default false.
    #[serde(default)]
    pub for_hardware: bool,
}

impl Check for VendorEquitySpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.not_negative(&at.key("usd"), self.usd);
        problems.share_percent(&at.key("ownership_percent"), self.ownership_percent, 100.0);
        if let Some(date) = &self.date {
            check_date(date, &at.key("date"), problems);
        }
    }
}

/// Flows of a vendor and of all other owners by month, USD, what they get positive.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subscribed {
    /// The vendor's.
    pub vendor_usd: Vec<f64>,
    /// All others'.
    pub others_usd: Vec<f64>,
    /// What the vendor paid in.
    pub paid_usd: f64,
}

impl VendorEquitySpec {
    /// Splits the owners' net flows from a month on; `hardware_usd` is what is paid for machines.
    pub fn split(&self, from: usize, owners_usd: &[f64], hardware_usd: &[f64]) -> Subscribed {
        let mut split = Subscribed::default();
        let mut machines = 0.0;
        for (month, (usd, hardware)) in owners_usd.iter().zip(hardware_usd).enumerate() {
            let mut own = 0.0;
            if month >= from {
                machines += hardware;
                let most = if self.for_hardware {
                    self.usd.min(machines)
                } else {
                    self.usd
                };
                let paid = (0.0 - usd).max(0.0).min((most - split.paid_usd).max(0.0));
                split.paid_usd += paid;
                own = usd.max(0.0) * self.part(split.paid_usd) - paid;
            }
            split.vendor_usd.push(own);
            split.others_usd.push(usd - own);
        }
        split
    }
    /// Its share of what owners get once it has paid so much.
    fn part(&self, paid_usd: f64) -> f64 {
        if self.usd > 0.0 {
            self.ownership_percent / 100.0 * paid_usd / self.usd
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Owners pay 100, 100 and 50, and get 60 and 40. A vendor of 120 for 30 % pays from the second month on: 100 and 20; then
    /// he has all of his share. Tied to machines of 70 a month from then on, he pays 70 and 50.
    #[test]
    fn a_vendor_pays_until_its_subscription_is_used_up_and_gets_its_share() {
        let flows = [-100.0, -100.0, -50.0, 60.0, 40.0];
        let machines = [70.0; 5];
        let mut vendor: VendorEquitySpec = toml::from_str("usd = 120\nownership_percent = 30").unwrap();
        let free = vendor.split(1, &flows, &machines);
        assert_eq!(free.vendor_usd, [0.0, -100.0, -20.0, 18.0, 12.0]);
        assert_eq!(free.others_usd, [-100.0, 0.0, -30.0, 42.0, 28.0]);
        assert_eq!(free.paid_usd, 120.0);
        vendor.for_hardware = true;
        let tied = vendor.split(1, &flows, &machines);
        assert_eq!(tied.vendor_usd[1..3], [-70.0, -50.0]);
        // Half paid, half of the share.
        let late = vendor.split(2, &[-9.0, -9.0, -60.0, 50.0], &[0.0, 0.0, 60.0, 0.0]);
        assert_eq!(late.vendor_usd, [0.0, 0.0, -60.0, 7.5]);
    }

    /// 100 paid in, 90 by the investor. After twelve months 108 are owed with 8 %; 208 come: 108 are shared 90 to 10, of 100
    /// the sponsor gets 20 and the rest is shared.
    #[test]
    fn the_preferred_return_comes_before_the_promote() {
        let spec = OwnersSpec {
            investor_percent: 90.0,
            preferred_percent: 8.0,
            promote_percent: 20.0,
        };
        let mut flows = vec![0.0; 13];
        (flows[0], flows[12]) = (-100.0, 208.0);
        let shares = spec.share(&flows);
        assert!(
            (shares.investor_usd[0] + 90.0).abs() < 1e-12 && (shares.sponsor_usd[0] + 10.0).abs() < 1e-12
        );
        let (investor, sponsor) = (shares.investor_usd[12], shares.sponsor_usd[12]);
        assert!((investor - (97.2 + 72.0)).abs() < 1e-9, "{investor}");
        assert!((sponsor - (10.8 + 8.0 + 20.0)).abs() < 1e-9, "{sponsor}");
    }

    /// 100 paid in; 60 after a year and 148 after two, at 10 %: owed are 110, less 60 is 50, then 55. Of the 115 that pay it 100 are
    /// capital and 15 return; of the 93 left a fifth is promoted. What the two get is what the tiers give.
    #[test]
    fn tiers_give_capital_back_first_and_add_up_to_what_owners_get() {
        let spec = OwnersSpec {
            investor_percent: 90.0,
            preferred_percent: 10.0,
            promote_percent: 20.0,
        };
        let mut flows = vec![0.0; 25];
        (flows[0], flows[12], flows[24]) = (-100.0, 60.0, 148.0);
        let tiers = spec.tiers(&flows);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        let sum = |of: fn(&Tiers) -> f64| tiers.iter().map(of).sum::<f64>();
        near(tiers[12].capital_usd, 60.0);
        near(tiers[24].capital_usd, 40.0);
        near(tiers[24].preferred_usd, 15.0);
        near(tiers[24].promote_usd, 18.6);
        near(sum(|t| t.shared_usd), 74.4);
        near(sum(|t| t.paid_in_usd), 100.0);
        let shares = spec.share(&flows);
        for (m, tier) in tiers.iter().enumerate() {
            let both = tier.got_usd() - tier.paid_in_usd;
            near(shares.investor_usd[m] + shares.sponsor_usd[m], both);
            near(
                shares.sponsor_usd[m],
                0.1 * (both - tier.promote_usd) + tier.promote_usd,
            );
        }
    }

    #[test]
    fn nothing_is_promoted_before_the_preferred_return_is_reached() {
        let spec = OwnersSpec {
            investor_percent: 50.0,
            preferred_percent: 10.0,
            promote_percent: 50.0,
        };
        let shares = spec.share(&[-100.0, 40.0, 60.0]);
        assert_eq!(shares.investor_usd, [-50.0, 20.0, 30.0]);
        assert_eq!(shares.sponsor_usd, [-50.0, 20.0, 30.0]);
    }
}
