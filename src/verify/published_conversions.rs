//! Published projects that turned mines into data centres, or built mines: each from its announced plan, against what came.
//!
//! A row's plan is the network of a rebuild, every stage scaled so that the whole takes the months from announcement to
//! planned date; the observed months lie at a quantile of its draws. A quarter, half or year that is named counts to its
//! last day, a month to its middle where it is an outcome; a year alone as announcement from its middle, from its first day
//! where the plan is of the same year. Rows without announcement, plan or outcome, and those that were dropped, are not
//! here: cancellation is a hazard of its own (three of the list: Mawson Sharon, Argo Helios, Abilene's expansion).

use super::{Claim, Tolerance};
use crate::conversion::{
    DAYS_PER_MONTH, DurationSpec, HallInputs, HallPhase, Plan, ProgrammeSpec, RiskSpec, StageOverrideSpec,
    StartSpec,
};
use crate::random::Streams;
use crate::time::parse_date;
use crate::units::Money;

/// Draws of a row.
const DRAWS: u64 = 1_500;

/// A published project.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Announced, planned and observed date.
    dates: [&'static str; 3],
    pub(super) source: &'static str,
}

const fn row(name: &'static str, dates: [&'static str; 3], source: &'static str) -> Row {
    Row { name, dates, source }
}

/// In the order of the published list.
pub(super) const ROWS: [Row; 17] = [
    row(
        "Core Scientific, Austin 16 MW",
        ["2024-03-01", "2024-04-30", "2024-03-31"],
        "press release, stocktitan March 2024",
    ),
    row(
        "Core Scientific, 250 MW billing",
        ["2024-06-01", "2025-12-31", "2026-05-15"],
        "press releases; 243 MW in the print of May 2026",
    ),
    row(
        "Core Scientific, Denton 260 MW",
        ["2024-11-01", "2025-12-31", "2026-05-31"],
        "theminermag 2025-12-16, 2026-01-14; several months taken as five (computed)",
    ),
    row(
        "Applied Digital, Ellendale 1.1",
        ["2025-06-01", "2025-12-31", "2025-10-27"],
        "globenewswire 2025-10-27",
    ),
    row(
        "Applied Digital, Ellendale 1.2",
        ["2025-06-01", "2025-12-31", "2025-11-24"],
        "DCD 2025-12-01",
    ),
    row(
        "Applied Digital, Ellendale 2.1",
        ["2025-06-01", "2026-06-30", "2026-07-01"],
        "letsdatascience",
    ),
    row(
        "Cipher, Odessa (mine)",
        ["2021-06-01", "2023-03-31", "2023-12-31"],
        "theblock 162413; globenewswire 2024-03-05",
    ),
    row(
        "Crusoe, Abilene phase 1",
        ["2024-06-01", "2025-06-30", "2025-09-15"],
        "DCD; operational in September, energised on 30 June",
    ),
    row(
        "Crusoe, Abilene phase 2",
        ["2025-03-01", "2026-06-30", "2026-11-15"],
        "projected for the fourth quarter (Epoch, 2026-04-17)",
    ),
    row(
        "Bitfarms, Sharon 108 MW",
        ["2024-06-13", "2025-12-31", "2027-12-15"],
        "theminermag 2024-06-13; scope changed, projected",
    ),
    row(
        "Bitfarms, Moses Lake",
        ["2025-11-01", "2026-12-31", "2027-11-30"],
        "brokerbase 2026-01-15; design frozen again, projected",
    ),
    row(
        "Bitfarms, Baie-Comeau (mine)",
        ["2023-01-01", "2023-09-30", "2023-10-15"],
        "press release, ca.advfn 92170601",
    ),
    row(
        "Riot, Rockdale (mine)",
        ["2022-07-01", "2023-03-31", "2023-11-15"],
        "stocktitan August 2022, July 2023; sec riot-20231204",
    ),
    row(
        "Riot, Corsicana (mine)",
        ["2022-07-01", "2023-12-31", "2024-05-15"],
        "ih.advfn 90402521",
    ),
    row(
        "Nebius, Vineland, first tranche",
        ["2025-09-01", "2025-12-31", "2025-11-15"],
        "up2info",
    ),
    row(
        "HIVE, Yguazu 1 (mine)",
        ["2025-01-01", "2025-06-30", "2025-08-31"],
        "mugglehead; billboardlifestyle",
    ),
    row(
        "HIVE, Yguazu 2 (mine)",
        ["2025-01-01", "2025-09-30", "2025-11-27"],
        "mugglehead; billboardlifestyle",
    ),
];

impl Row {
    /// Planned and observed months from the announcement.
    pub(super) fn months(&self) -> (f64, f64) {
        let [announced, planned, observed] = self
            .dates
            .map(|d| parse_date(d).expect("the dates of the table are dates"));
        let months = |to: jiff::civil::Date| f64::from((to - announced).get_days()) / DAYS_PER_MONTH;
        (months(planned), months(observed))
    }
    fn log_ratio(&self) -> f64 {
        let (planned, observed) = self.months();
        (observed / planned).ln()
    }
    /// P10 and P90 of the months to the end, and the share of draws that end no later than was observed.
    pub(super) fn forecast(&self, risk: RiskSpec) -> (f64, f64, f64) {
        let (planned, observed) = self.months();
        let plan = plan_of(planned, risk);
        let draw = |r| {
            let luck = plan.draw(&Streams::new(17, r));
            plan.network().last_ready(&plan.forecast(&luck))
        };
        let mut months: Vec<f64> = (0..DRAWS).map(draw).collect();
        months.sort_by(f64::total_cmp);
        let at = |p: f64| months[(p * (DRAWS - 1) as f64).round() as usize];
        let below = months.partition_point(|m| *m <= observed) as f64 / DRAWS as f64;
        (at(0.1), at(0.9), below)
    }
}

/// The network of a rebuild scaled to so many planned months.
fn plan_of(planned: f64, risk: RiskSpec) -> Plan {
    let mut spec = ProgrammeSpec::of("rebuild-on-pad", StartSpec::Date("2026-01-01".to_owned()));
    spec.risk = RiskSpec::none();
    let hall = || HallInputs {
        name: "site/hall".to_owned(),
        phase: HallPhase::Mining,
        facility: Money::from_usd(1e8),
        hardware: Money::ZERO,
        sale: Money::ZERO,
    };
    let made = |spec: &ProgrammeSpec| {
        Plan::of_programme(spec, "published", vec![hall()]).expect("the defaults are sound")
    };
    let scale = planned / made(&spec).planned_ready_months(0);
    for stage in spec.resolved_stages() {
        let mut change = StageOverrideSpec::of(stage.spec.id.to_string());
        change.duration_months = Some(match stage.spec.duration_months {
            DurationSpec::Triangular { low, mode, high } => DurationSpec::Triangular {
                low: low * scale,
                mode: mode * scale,
                high: high * scale,
            },
            other => DurationSpec::Fixed {
                value: other.planned() * scale,
            },
        });
        change.just_in_time_buffer_months = stage.spec.just_in_time_buffer_months.map(|b| b * scale);
        spec.stages.push(change);
    }
    spec.risk = risk;
    made(&spec)
}

/// The class of the rows of one parity: mean and deviation of the logarithm of observed over planned months.
fn fitted(parity: usize) -> RiskSpec {
    let logs: Vec<f64> = ROWS.iter().skip(parity).step_by(2).map(Row::log_ratio).collect();
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let squares: f64 = logs.iter().map(|l| (l - mean).powi(2)).sum();
    RiskSpec {
        overrun_log_mean: mean,
        overrun_log_sd: (squares / (n - 1.0)).sqrt(),
        ..RiskSpec::default()
    }
}

fn is_inside(position: f64) -> bool {
    (0.1..=0.9).contains(&position)
}

/// P10, P90 and where the outcome lies, under the default risk and under the fitted class.
type Positions = [(f64, f64, f64); 2];

/// Where each row lies under the default risk, and under the class fitted to the rows of the other parity.
pub(super) fn positions() -> Vec<(&'static Row, Positions)> {
    let classes = [fitted(1), fitted(0)];
    let of = |(i, row): (usize, &'static Row)| {
        assert!(!row.source.is_empty(), "{} has no source", row.name);
        let own = [row.forecast(RiskSpec::default()), row.forecast(classes[i % 2])];
        (row, own)
    };
    ROWS.iter().enumerate().map(of).collect()
}

/// Coverage and the two cases that the design names.
pub(super) fn claims() -> Vec<Claim> {
    const SOURCE: &str = "published conversions, docs/METHOD-conversion.md";
    let positions = positions();
    let inside = positions.iter().filter(|(_, own)| is_inside(own[1].2)).count();
    let share = inside as f64 / positions.len() as f64;
    let case = |name: &str| {
        let found = positions.iter().find(|(row, _)| row.name == name);
        found.expect("the row is in the table").1[0].2
    };
    let claim = |id, what, expected, got, tolerance| Claim {
        id,
        what,
        unit: "-",
        expected,
        got,
        tolerance: Tolerance::Absolute(tolerance),
        source: SOURCE,
    };
    // Two standard errors of a share of 0.8 of 17 rows.
    let two_errors = 2.0 * (0.8_f64 * 0.2 / 17.0).sqrt();
    vec![
        claim(
            "PC-fitted",
            "share of 17 published projects within P10 to P90 of a class fitted to every other row, judged on the rest",
            0.8,
            share,
            two_errors,
        ),
        claim(
            "PC-abilene",
            "quantile of the observed date of Abilene's first phase, default risk (inside 0.1 to 0.9)",
            0.5,
            case("Crusoe, Abilene phase 1"),
            0.4,
        ),
        claim(
            "PC-denton",
            "quantile of the observed date of Denton, default risk (inside 0.1 to 0.9)",
            0.5,
            case("Core Scientific, Denton 260 MW"),
            0.4,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_plan_takes_the_announced_months() {
        let (planned, observed) = ROWS[7].months();
        // 394 and 471 days.
        assert!((planned - 394.0 / 30.4375).abs() < 1e-9 && (observed - 471.0 / 30.4375).abs() < 1e-9);
        let plan = plan_of(planned, RiskSpec::none());
        assert!((plan.planned_ready_months(0) - planned).abs() < 1e-9);
    }

    #[test]
    fn the_table_of_the_document_is_computed_here() {
        let mut outside = Vec::new();
        for (row, own) in positions() {
            let (planned, observed) = row.months();
            println!(
                "| {} | {planned:.1} | {observed:.1} | {:.1} to {:.1} | {:.2} | {:.1} to {:.1} | {:.2} |",
                row.name, own[0].0, own[0].1, own[0].2, own[1].0, own[1].1, own[1].2
            );
            if !is_inside(own[0].2) {
                outside.push(row.name);
            }
        }
        // Four early ones, and the two whose scope was frozen again.
        for name in ["Bitfarms, Sharon 108 MW", "Core Scientific, Austin 16 MW"] {
            assert!(outside.contains(&name), "{outside:?}");
        }
    }
}
