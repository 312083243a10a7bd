//! How owners share: an investor with a preferred return, a sponsor with a promote.
//!
//! Every distribution goes first to both, by what they paid in, until each has its money back with the preferred return
//! (compounded by month); of what is left the sponsor gets its promote and both share the rest by what they paid in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
        problems.percent(&at.key("investor_percent"), self.investor_percent, 100.0);
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

impl OwnersSpec {
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

#[cfg(test)]
mod tests {
    use super::*;

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
