//! A levered project, against the published single-owner model.

use super::{Claim, Tolerance};
use crate::finance::annual::{AnnualProject, AnnualResult, half_year_straight_line};

const SOURCE: &str = "PySAM 7.1.1, Singleowner";

/// Debt, equity and returns of one project.
pub(super) fn claims() -> Vec<Claim> {
    let got = |figure: fn(&AnnualResult) -> f64| hall().solve().map_or(f64::NAN, |r| figure(&r));
    let claim = |id, what, unit, expected, got, tolerance| Claim {
        id,
        what,
        unit,
        expected,
        got,
        tolerance,
        source: SOURCE,
    };
    vec![
        claim(
            "PF-debt",
            "debt sculpted to a cover ratio of 1.35 over 12 years at 7.5 %",
            "USD",
            DEBT,
            got(|r| r.debt_usd),
            Tolerance::Absolute(1e-6),
        ),
        claim(
            "PF-equity",
            "equity of the same, with reserves, fees and working capital",
            "USD",
            EQUITY,
            got(|r| r.equity_usd),
            Tolerance::Absolute(1e-6),
        ),
        claim(
            "PF-npv",
            "value to its owner after two taxes",
            "USD",
            NPV,
            got(|r| r.npv_usd),
            Tolerance::Absolute(1e-6),
        ),
        claim(
            "PF-irr",
            "the owner's internal rate of return",
            "-",
            IRR,
            got(|r| r.irr.first().copied().unwrap_or(f64::NAN)),
            Tolerance::Absolute(1e-6),
        ),
    ]
}

const DEBT: f64 = 38_312_224.531_753_466;
const EQUITY: f64 = 27_985_131.069_992_714;
const NPV: f64 = -3_467_922.840_230_014;
/// The reference's own root is loose in its sixth digit.
const IRR: f64 = 0.080_887_368_641_715_2;

/// A data hall of 10 MW let for twenty years.
fn hall() -> AnnualProject {
    let straight_15 = [
        0.0333, 0.0667, 0.0667, 0.0667, 0.0667, 0.0667, 0.0667, 0.0666, 0.0667, 0.0666, 0.0667, 0.0666,
        0.0667, 0.0666, 0.0667, 0.0333,
    ];
    let (macrs_5, straight_39) = (
        [0.20, 0.32, 0.192, 0.1152, 0.1152, 0.0576],
        half_year_straight_line(39),
    );
    let share = |table: &[f64], year: usize| table.get(year).copied().unwrap_or(0.0);
    let depreciation = (0..20)
        .map(|y| 0.7 * share(&macrs_5, y) + 0.2 * share(&straight_15, y) + 0.1 * share(&straight_39, y));
    AnnualProject {
        years: 20,
        units_per_year: 10_000.0 * 8_760.0,
        price_usd: 0.12,
        price_growth: 0.01,
        works_usd: 60e6,
        running_usd: 3e6,
        running_growth: 0.005,
        inflation: 0.025,
        real_discount: 0.07,
        tenor: 12,
        interest: 0.075,
        cover_ratio: 1.35,
        debt_limit: None,
        reserve_months: 6.0,
        working_capital_months: 3.0,
        reserve_interest: 0.0175,
        debt_fee: 0.02,
        closing_usd: 100e3,
        other_financing_usd: 200e3,
        construction_financing_usd: 1.8e6,
        insurance: 0.004,
        property_tax: 0.01,
        salvage: 0.05,
        federal_tax: 0.21,
        state_tax: 0.05,
        depreciation: depreciation.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finance::debt::SizingError;

    /// Years 0 to 20 of the reference, a line a figure.
    const BY_YEAR: &str = "revenue 0.0 10512000.0 10617120.000000002 10723291.2 10830524.112000002 10938829.35312 11048217.6466512 11158699.823117714 11270286.821348889 11382989.68956238 11496819.586458001 11611787.782322582 11727905.660145808 11845184.716747265 11963636.563914739 12083272.929553889 12204105.658849426 12326146.71543792 12449408.182592299 12573902.264418222 15699641.287062405\n\
opex 0.0 3840000.0 3935999.9999999995 4034849.9999999986 4136634.749999998 4241441.523749998 4349360.193993746 4460483.309958089 4574906.177154976 4692726.939565223 4814046.664275167 4938969.428639484 5067602.410045632 5200055.978357638 5336443.791119271 5476882.891599026 5621493.809761827 5770400.666254883 5923731.279497736 6081617.275969255 6244194.203787084\n\
ebitda 0.0 6672000.0 6681120.000000002 6688441.200000001 6693889.362000003 6697387.829370001 6698857.452657453 6698216.513159625 6695380.644193913 6690262.749997158 6682772.922182835 6672818.353683098 6660303.250100176 6645128.738389627 6627192.772795468 6606390.037954863 6582611.849087599 6555746.049183038 6525676.903094563 6492284.988448967 9455447.083275322\n\
cfads 0.0 6672000.0 6681120.000000002 6688441.200000001 6693889.362000003 6697387.829370001 6698857.452657453 6698216.513159625 6695380.644193913 6690262.749997158 6682772.922182835 6672818.353683098 6660303.250100176 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0\n\
interest 0.0 2873416.83988151 2718256.436205956 2550952.3355880696 2370693.694090508 2176612.9788139625 1967781.8505933434 1743206.7420179856 1501824.1080493552 1242495.3248089505 964001.2102808909 665036.138708467 344201.71835142997 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0\n\
principal 0.0 2068805.382340712 2230721.3415718228 2403448.5533008194 2587742.870353939 2784415.042941594 2994334.7810047697 3218435.1195817366 3457717.109872061 3713254.8603741284 3986200.9542989866 4277792.271427161 4589356.2446857365 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0\n\
balance 38312224.531753466 36243419.14941275 34012697.80784093 31609249.25454011 29021506.38418617 26237091.34124458 23242756.560239807 20024321.44065807 16566604.330786008 12853349.47041188 8867148.516112894 4589356.244685733 -3.725290298461914e-09 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0\n\
dscr 0.0 1.35 1.35 1.35 1.35 1.35 1.35 1.35 1.35 1.35 1.35 1.35 1.35 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0\n\
fed_depr 0.0 9172407.179487182 14874054.35897436 9318854.35897436 5985734.35897436 5985734.35897436 3485894.358974359 986054.3589743588 984814.3589743588 986054.3589743588 984814.3589743588 986054.3589743588 984814.3589743588 986054.3589743588 984814.3589743588 986054.3589743588 571894.3589743588 158974.3589743587 158974.3589743587 158974.3589743587 158974.3589743587\n\
fed_tax 0.0 1060099.0251973874 2164708.114305139 1021512.2225979129 319410.3915218977 279897.3442090301 -260871.8287857589 -804360.9363910004 -852294.5987817367 -902858.5088586122 -957267.4486667605 -1014773.8263699317 -1076626.999816235 -1133524.012551956 -1130312.2084037475 -1126037.2598054344 -1204044.649343424 -1281192.430028147 -1275327.4642593672 -1268803.582158866 -1860096.3192515355\n\
state_tax 0.0 265688.9787462124 542533.3619812379 256018.10090173257 80052.72970473627 70149.71032807771 -65381.41072324785 -201594.21964686728 -213607.66886760318 -226280.3280347399 -239916.65380119314 -254329.27979196288 -269831.3282747456 -284091.23121602915 -283286.2677703628 -282214.8520815625 -301765.5762765474 -321100.8596561772 -319630.94342340034 -317995.88525284873 -466189.5536971267\n\
pretax -27985131.069992714 1762444.4444444436 1765241.7222222239 1767579.7623611107 1769439.4724326413 1770801.136988996 1771644.3984426558 1771948.2373698987 1771690.952220969 1770850.138419143 1769402.6668302803 1767324.661584149 4225750.269224116 6633782.030104533 6615429.939261676 6594198.671064909 6569979.170382042 6542658.89878719 6512121.728324486 6478247.8320768755 11043813.983863661\n\
aftertax -27985131.069992714 3088232.4483880433 4472483.198508601 3045110.085860756 2168902.593659275 2120848.1915261038 1445391.158933649 765993.0813320309 705788.684571629 641711.3015257908 572218.5643623266 498221.5554222546 2879291.941133135 5216166.786336548 5201831.463087565 5185946.559177912 5064168.944762072 4940365.609102866 4917163.320641718 4891448.364665161 8717528.110915";

    #[track_caller]
    fn near(what: &str, got: f64, expected: f64, within: f64) {
        assert!(
            (got - expected).abs() <= within,
            "{what}: {got}, reference {expected}"
        );
    }

    #[test]
    fn a_let_hall_is_worth_what_the_reference_says() {
        let r = hall().solve().unwrap();
        near("size_of_debt", r.debt_usd, 38_312_224.531_753_466, 1e-6);
        near("size_of_equity", r.equity_usd, 27_985_131.069_992_714, 1e-6);
        near("cost_installed", r.installed_usd, 66_297_355.601_746_18, 1e-6);
        near("npv", r.npv_usd, -3_467_922.840_230_014, 1e-6);
        near(
            "share of debt",
            r.debt_usd / r.installed_usd,
            0.577_884_655_941_607_1,
            1e-12,
        );
        assert_eq!(r.irr.len(), 1);
        near("irr", r.irr[0], 0.080_887_368_641_715_2, 1e-6);
        near("least cover", r.least_cover, 1.35, 1e-12);
        near(
            "levelised cost",
            r.levelised_cost_usd * 100.0,
            13.286_262_378_513_328,
            1e-9,
        );
        near(
            "levelised cost, real",
            r.levelised_cost_real_usd * 100.0,
            10.918_304_629_774_344,
            1e-9,
        );
        near(
            "levelised price",
            r.levelised_price_usd * 100.0,
            12.831_533_658_316_186,
            1e-9,
        );
        near(
            "cost of capital",
            r.cost_of_capital * 100.0,
            6.667_148_201_548_888,
            1e-4,
        );
        let got: [(&str, &[f64]); 13] = [
            ("revenue", &r.revenue_usd),
            ("opex", &r.running_usd),
            ("ebitda", &r.ebitda_usd),
            ("cfads", &r.cash_usd),
            ("interest", &r.interest_usd),
            ("principal", &r.principal_usd),
            ("balance", &r.balance_usd),
            ("dscr", &r.cover),
            ("fed_depr", &r.depreciation_usd),
            ("fed_tax", &r.federal_tax_usd),
            ("state_tax", &r.state_tax_usd),
            ("pretax", &r.pretax_usd),
            ("aftertax", &r.aftertax_usd),
        ];
        for (line, (what, years)) in BY_YEAR.lines().zip(got) {
            let mut cells = line.split(' ');
            assert_eq!(cells.next(), Some(what));
            let expected: Vec<f64> = cells.map(|cell| cell.parse().unwrap()).collect();
            assert_eq!(years.len(), expected.len(), "{what}");
            for (year, (got, expected)) in years.iter().zip(&expected).enumerate() {
                near(&format!("{what} of year {year}"), *got, *expected, 1e-6);
            }
        }
    }

    #[test]
    fn a_limit_to_debt_binds_as_in_the_reference() {
        let limited = AnnualProject {
            debt_limit: Some(0.5),
            ..hall()
        };
        let r = limited.solve().unwrap();
        near("debt", r.debt_usd, 32_130_000.000_000_004, 1e-6);
        near("equity", r.equity_usd, 33_644_962.045_544_89, 1e-6);
        near("installed", r.installed_usd, 65_774_962.045_544_9, 1e-6);
        near("npv", r.npv_usd, -4_319_818.075_054_768_5, 1e-6);
        near("irr", r.irr[0], 0.079_226_927_298_086_75, 1e-6);
        near("least cover", r.least_cover, 1.609_757_333_266_952_4, 1e-12);
        near(
            "levelised cost",
            r.levelised_cost_usd * 100.0,
            13.397_966_487_203_416,
            1e-9,
        );
        near(
            "cost of capital",
            r.cost_of_capital * 100.0,
            6.802_138_986_916_094,
            1e-4,
        );
    }

    /// At three times the price cash would serve 164.6 million of debt on a project of 76.6 million: the reference goes
    /// on with an equity of -87.9 million and no rate of return.
    #[test]
    fn a_debt_above_all_uses_is_refused() {
        let dear = AnnualProject {
            price_usd: 0.36,
            ..hall()
        };
        match dear.solve() {
            Err(SizingError::AboveUses { debt_usd, uses_usd }) => {
                near("debt", debt_usd, 164_551_547.221_863_99, 1e-6);
                near("uses", uses_usd, 76_608_808.722_215_06, 1e-6);
            }
            other => panic!("{other:?}"),
        }
    }
}
