//! The catalogue of ASIC miners: hashrate, power at the wall, cooling, and what a machine fetches.
//!
//! Specifications are the makers', as collected by the sources below; prices are of 2026 and thin. Where a source
//! gives one price only, the ends are half and one and a half of it (assumption).

use super::{Label, Range};

/// What takes the heat of a miner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinerCooling {
    /// Air through the machine.
    Air,
    /// A water loop through cold plates.
    Hydro,
    /// A bath of dielectric fluid.
    Immersion,
}

/// What is known of a model's price, in USD per TH/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MinerPrice {
    /// Of used machines.
    Used(Range),
    /// Of listed, mostly new machines.
    Listing(Range),
    /// Nothing: resale follows from the efficiency class.
    Unknown,
}

/// A model of miner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinerModel {
    /// The id in scenarios.
    pub id: &'static str,
    /// The maker's name.
    pub name: &'static str,
    /// Nominal hashrate, TH/s.
    pub hashrate_th_s: f64,
    /// Nominal power at the wall, W.
    pub power_w: f64,
    /// What takes its heat.
    pub cooling: MinerCooling,
    /// Its price in 2026.
    pub price: MinerPrice,
    /// Keys of [`SOURCES`], separated by blanks.
    pub sources: &'static str,
}

/// Share of a listed price at which a used machine changes hands. Assumption.
const USED_OVER_LISTING: f64 = 0.6;
/// Resale by efficiency for models without a price: (J/TH, USD/TH). Computed: the 2026 prices of S21 Pro, S21,
/// S19 XP and S19j Pro, listings taken at 60 %.
const RESALE_BY_EFFICIENCY: [(f64, f64); 4] = [(15.0, 4.74), (17.5, 2.2), (21.5, 1.96), (30.5, 1.18)];

impl MinerModel {
    /// Energy per hash at nominal output, J/TH.
    pub fn efficiency_j_per_th(&self) -> f64 {
        self.power_w / self.hashrate_th_s
    }
    /// What a used machine fetched in 2026, USD per TH/s, with the label of the figure.
    pub fn resale_usd_per_th(&self) -> (Range, Label) {
        match self.price {
            MinerPrice::Used(range) => (range, Label::Sourced),
            MinerPrice::Listing(r) => {
                let k = USED_OVER_LISTING;
                (Range::new(r.low * k, r.mode * k, r.high * k), Label::Computed)
            }
            MinerPrice::Unknown => {
                let mode = resale_by_efficiency(self.efficiency_j_per_th());
                (Range::new(0.5 * mode, mode, 1.5 * mode), Label::Assumption)
            }
        }
    }
}

impl MinerModel {
    /// What a TH/s cost in 2026 that was bought, USD: as listed, as used where only that is known, else what its
    /// efficiency class fetches.
    pub fn purchase_usd_per_th(&self) -> f64 {
        match self.price {
            MinerPrice::Used(range) | MinerPrice::Listing(range) => range.mode,
            MinerPrice::Unknown => self.resale_usd_per_th().0.mode,
        }
    }
}

/// Linear between the points, level outside; scrap is worth half of the last point beyond 50 J/TH.
fn resale_by_efficiency(j_per_th: f64) -> f64 {
    let points = &RESALE_BY_EFFICIENCY;
    if j_per_th > 50.0 {
        return 0.5 * points[points.len() - 1].1;
    }
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if j_per_th <= x1 {
            return y0 + (y1 - y0) * ((j_per_th - x0) / (x1 - x0)).max(0.0);
        }
    }
    points[points.len() - 1].1
}

/// The model of an id.
pub fn find(id: &str) -> Option<&'static MinerModel> {
    MODELS.iter().find(|model| model.id == id)
}

/// Where the catalogue's figures come from.
pub const SOURCES: &[(&str, &str)] = &[
    (
        "P01",
        "open hardware list of mining calculators, market prices of 2026 (listing, low confidence)",
    ),
    (
        "P02",
        "reseller product list with release months and prices, 2026 (very low confidence)",
    ),
    (
        "P03",
        "price note of an open mining calculator, each price re-verified 2026-10-03",
    ),
    ("P04", "calculator list: S23 Hyd 14,300 USD"),
    ("P05", "open list of miner specifications (prices not used)"),
    ("P07", "miningstore.com S19 series guide and S19 XP review"),
    (
        "P09",
        "trade article 2023: S21 200 TH/s at 17.5 J/TH, T21 190 TH/s at 19 J/TH, M60 and M60S launch",
    ),
    (
        "P12",
        "Decrypt 2023: Riot buys 33,280 MicroBT machines for 162.9 MUSD",
    ),
    ("P13", "TheMinerMag early 2026: S23 Hyd at 9.7 J/TH"),
    ("P16", "product page of the M66S+"),
    (
        "S27",
        "IREN monthly updates 2024-2025: S21 Pro at 18.9 USD/TH, S21 XP at 25.7 USD/TH by contract",
    ),
];

const fn row(
    id: &'static str,
    name: &'static str,
    hashrate_th_s: f64,
    power_w: f64,
    kind: (MinerCooling, MinerPrice),
    sources: &'static str,
) -> MinerModel {
    MinerModel {
        id,
        name,
        hashrate_th_s,
        power_w,
        cooling: kind.0,
        price: kind.1,
        sources,
    }
}
const fn used(low: f64, mode: f64, high: f64) -> MinerPrice {
    MinerPrice::Used(Range::new(low, mode, high))
}
const fn listed(low: f64, mode: f64, high: f64) -> MinerPrice {
    MinerPrice::Listing(Range::new(low, mode, high))
}
const AIR: MinerCooling = MinerCooling::Air;
const HYDRO: MinerCooling = MinerCooling::Hydro;
const BATH: MinerCooling = MinerCooling::Immersion;
const UNKNOWN: MinerPrice = MinerPrice::Unknown;

/// Every model, by maker and age.
#[rustfmt::skip]
#[expect(clippy::approx_constant, reason = "3.14 USD/TH is a price, not pi")]
pub const MODELS: &[MinerModel] = &[
    row("antminer-s9", "Antminer S9", 13.5, 1_323.0, (AIR, UNKNOWN), "P05"),
    row("antminer-s17-pro", "Antminer S17 Pro", 53.0, 2_094.0, (AIR, UNKNOWN), "P05"),
    row("antminer-t19", "Antminer T19", 84.0, 3_150.0, (AIR, UNKNOWN), "P05 P07"),
    row("antminer-s19", "Antminer S19", 95.0, 3_250.0, (AIR, UNKNOWN), "P05 P07"),
    row("antminer-s19-pro", "Antminer S19 Pro", 110.0, 3_250.0, (AIR, UNKNOWN), "P05 P07"),
    row("antminer-s19j-pro", "Antminer S19j Pro", 100.0, 3_050.0, (AIR, used(0.59, 1.18, 1.77)), "P07 P03"),
    row("antminer-s19k-pro", "Antminer S19k Pro", 120.0, 2_760.0, (AIR, listed(0.56, 1.12, 1.68)), "P01"),
    row("antminer-s19-xp", "Antminer S19 XP", 140.0, 3_010.0, (AIR, used(0.78, 1.96, 3.14)), "P07 P01 P03"),
    row("antminer-s19j-xp", "Antminer S19j XP", 151.0, 3_247.0, (AIR, listed(0.41, 0.81, 1.22)), "P01"),
    row("antminer-s19-xp-hyd-3u", "Antminer S19 XP Hyd 3U", 512.0, 10_600.0, (HYDRO, listed(4.49, 8.98, 13.47)), "P02"),
    row("antminer-s21", "Antminer S21", 200.0, 3_500.0, (AIR, listed(1.83, 3.67, 5.5)), "P09 P01"),
    row("antminer-t21", "Antminer T21", 190.0, 3_610.0, (AIR, listed(1.42, 2.84, 4.26)), "P09 P01"),
    row("antminer-s21-hyd", "Antminer S21 Hyd", 335.0, 5_360.0, (HYDRO, UNKNOWN), "P05"),
    row("antminer-s21-plus", "Antminer S21+", 216.0, 3_564.0, (AIR, listed(3.24, 6.48, 9.72)), "P01"),
    row("antminer-s21-plus-hyd", "Antminer S21+ Hyd", 358.0, 5_370.0, (HYDRO, listed(3.12, 6.25, 9.38)), "P02"),
    row("antminer-s21-pro", "Antminer S21 Pro", 234.0, 3_510.0, (AIR, listed(6.49, 7.9, 11.85)), "P01 S27"),
    row("antminer-s21-xp", "Antminer S21 XP", 270.0, 3_645.0, (AIR, listed(10.68, 12.79, 17.0)), "P01 P03"),
    row("antminer-s21-xp-hyd", "Antminer S21 XP Hyd", 473.0, 5_676.0, (HYDRO, listed(10.45, 13.21, 17.0)), "P02 P03"),
    row("antminer-s21e-xp-hyd-3u", "Antminer S21e XP Hyd 3U", 860.0, 11_180.0, (HYDRO, listed(2.37, 4.74, 7.11)), "P02"),
    row("antminer-s21-xp-plus-hyd", "Antminer S21 XP+ Hyd", 500.0, 5_500.0, (HYDRO, listed(7.6, 15.2, 22.8)), "P02"),
    row("antminer-s23", "Antminer S23", 318.0, 3_498.0, (AIR, listed(7.72, 15.45, 23.17)), "P01"),
    row("antminer-s23-hyd", "Antminer S23 Hyd", 580.0, 5_510.0, (HYDRO, listed(18.95, 21.8, 24.66)), "P02 P04 P13"),
    row("antminer-s23-hyd-3u", "Antminer S23 Hyd 3U", 1_160.0, 11_020.0, (HYDRO, UNKNOWN), "P02"),
    row("antminer-s23-immersion", "Antminer S23 Immersion", 442.0, 5_304.0, (BATH, listed(8.95, 17.9, 26.85)), "P02"),
    row("whatsminer-m20s", "Whatsminer M20S", 68.0, 3_360.0, (AIR, UNKNOWN), "P05"),
    row("whatsminer-m30s-plus-plus", "Whatsminer M30S++", 112.0, 3_472.0, (AIR, UNKNOWN), "P05"),
    row("whatsminer-m50s", "Whatsminer M50S", 128.0, 3_276.0, (AIR, listed(3.12, 6.25, 9.38)), "P01"),
    row("whatsminer-m56s", "Whatsminer M56S", 212.0, 5_550.0, (BATH, listed(4.0, 8.01, 12.02)), "P01 P12"),
    row("whatsminer-m60s", "Whatsminer M60S", 186.0, 3_441.0, (AIR, listed(5.66, 11.32, 16.98)), "P09 P01"),
    row("whatsminer-m60s-plus-plus", "Whatsminer M60S++", 226.0, 3_600.0, (AIR, listed(4.64, 9.29, 13.93)), "P01"),
    row("whatsminer-m63s", "Whatsminer M63S", 390.0, 7_215.0, (HYDRO, listed(10.11, 11.36, 12.64)), "P01 P02"),
    row("whatsminer-m63s-plus-plus", "Whatsminer M63S++", 464.0, 7_200.0, (HYDRO, listed(17.9, 20.04, 22.38)), "P01 P02"),
    row("whatsminer-m66s", "Whatsminer M66S", 298.0, 5_513.0, (BATH, listed(8.39, 16.78, 25.17)), "P01"),
    row("whatsminer-m66s-plus", "Whatsminer M66S+", 314.0, 5_338.0, (BATH, UNKNOWN), "P16"),
    row("whatsminer-m66s-plus-plus", "Whatsminer M66S++", 356.0, 5_518.0, (BATH, listed(9.15, 18.31, 27.46)), "P02"),
    row("whatsminer-m70s", "Whatsminer M70S", 226.0, 3_140.0, (AIR, listed(6.63, 13.26, 19.89)), "P01"),
    row("whatsminer-m73s", "Whatsminer M73S", 500.0, 7_200.0, (HYDRO, listed(9.95, 10.1, 10.24)), "P01 P02"),
    row("whatsminer-m76s-plus", "Whatsminer M76S+", 390.0, 5_200.0, (BATH, listed(10.0, 11.28, 12.5)), "P01 P02"),
    row("whatsminer-m79", "Whatsminer M79", 920.0, 14_500.0, (HYDRO, listed(12.61, 14.13, 15.75)), "P01 P02"),
    row("whatsminer-m79s", "Whatsminer M79S", 1_350.0, 20_000.0, (HYDRO, listed(3.64, 7.28, 10.92)), "P02"),
    row("avalon-a1246", "Avalon A1246", 90.0, 3_420.0, (AIR, UNKNOWN), "P05"),
    row("avalon-a1366", "Avalon A1366", 130.0, 3_250.0, (AIR, UNKNOWN), "P05"),
    row("avalon-a1466", "Avalon A1466", 150.0, 3_500.0, (AIR, UNKNOWN), "P05"),
    row("avalon-a1566", "Avalon A1566", 185.0, 3_420.0, (AIR, listed(3.16, 6.32, 9.48)), "P01 P03 P05"),
    row("avalon-a15xp", "Avalon A15XP", 206.0, 3_667.0, (AIR, listed(2.67, 5.34, 8.01)), "P01"),
    row("avalon-a16xp", "Avalon A16XP", 300.0, 3_850.0, (AIR, listed(6.99, 13.98, 20.97)), "P01"),
    row("sealminer-a2", "SEALMINER A2", 226.0, 3_730.0, (AIR, listed(7.63, 15.26, 22.89)), "P01"),
    row("sealminer-a2-hyd", "SEALMINER A2 Hyd", 446.0, 7_360.0, (HYDRO, listed(6.72, 13.45, 20.17)), "P02"),
    row("sealminer-a2-pro-air", "SEALMINER A2 Pro Air", 255.0, 3_790.0, (AIR, listed(6.62, 13.25, 19.88)), "P01"),
    row("sealminer-a2-pro-hyd", "SEALMINER A2 Pro Hyd", 500.0, 7_450.0, (HYDRO, listed(6.72, 13.44, 20.16)), "P02"),
    row("sealminer-a3-hydro", "SEALMINER A3 Hydro", 500.0, 6_750.0, (HYDRO, listed(5.12, 10.24, 15.36)), "P02"),
    row("sealminer-a3-pro-hydro", "SEALMINER A3 Pro Hydro", 660.0, 8_250.0, (HYDRO, listed(6.33, 12.67, 19.0)), "P02"),
    row("sealminer-a4-pro-air", "SEALMINER A4 Pro Air", 336.0, 3_662.0, (AIR, listed(4.96, 9.93, 14.89)), "P01"),
    row("sealminer-a4-ultra-hydro", "SEALMINER A4 Ultra Hydro", 886.0, 8_372.0, (HYDRO, listed(4.5, 9.0, 13.5)), "P02"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Name;

    #[test]
    fn ids_are_names_and_unique_and_sources_exist() {
        for (i, model) in MODELS.iter().enumerate() {
            assert_eq!(Name::from(model.id).problem(), None, "{}", model.id);
            assert!(MODELS[i + 1..].iter().all(|m| m.id != model.id), "{}", model.id);
            for key in model.sources.split(' ') {
                assert!(SOURCES.iter().any(|(k, _)| *k == key), "{}: {key}", model.id);
            }
        }
    }

    #[test]
    fn efficiencies_are_those_of_the_makers() {
        let j = |id: &str| find(id).unwrap().efficiency_j_per_th();
        assert!((j("antminer-s19-xp") - 21.5).abs() < 0.01);
        assert!((j("antminer-s21") - 17.5).abs() < 0.01);
        assert!((j("antminer-s19j-pro") - 30.5).abs() < 0.01);
        assert!((j("antminer-s23-hyd") - 9.5).abs() < 0.01);
    }

    #[test]
    fn old_machines_fetch_little_and_prices_are_ordered() {
        for model in MODELS {
            let (range, _) = model.resale_usd_per_th();
            assert!(
                range.low <= range.mode && range.mode <= range.high && range.low > 0.0,
                "{}",
                model.id
            );
        }
        assert_eq!(find("antminer-s19-xp").unwrap().resale_usd_per_th().0.mode, 1.96);
        assert!(find("antminer-s9").unwrap().resale_usd_per_th().0.mode < 0.6);
        let s19 = find("antminer-s19").unwrap().resale_usd_per_th();
        assert_eq!(s19, (Range::new(0.59, 1.18, 1.77), Label::Assumption));
    }
}
