//! The months that public miners report, mined again on the network's daily difficulty.
//!
//! Owns the report's format, the replay and the errors. Does not own drawing or printing. A month's coins are
//! `sum over days of H * 86400 / (D 2^32) * subsidy * (1 + fees) * (1 - pool fee)`.

use std::io::Read;

use super::bitcoin_fees::fee_share_of;
use super::bitcoin_format::{BitcoinSeries, NetworkDay};
use super::bitcoin_protocol::{BLOCKS_PER_DAY, btc_per_ph_day, height_at, subsidy_btc};
use crate::ingest::{CsvRows, ReadError, Row};
use crate::stats::quantile;
use crate::time::{Calendar, DAY_S, Month, SimTime, Span};

/// The most rows of a report.
const ROWS_MAX: usize = 100_000;
/// Petahashes in an exahash.
const PH_PER_EH: f64 = 1_000.0;

/// A company's month as it reported it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedMonth {
    /// Who.
    pub company: String,
    /// When.
    pub month: Month,
    /// Mean hash rate at work over the month, EH/s.
    pub average_eh_s: Option<Reading>,
    /// Hash rate at the month's end, EH/s.
    pub end_eh_s: Option<Reading>,
    /// Coins mined.
    pub btc: Option<Reading>,
}

/// A figure with the half unit of its last digit: what rounding may hide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The figure.
    pub value: f64,
    /// Half a unit of its last digit.
    pub half_unit: f64,
}

impl Reading {
    fn of(row: &Row<'_>, column: Option<usize>) -> Result<Option<Self>, ReadError> {
        let Some(column) = column else { return Ok(None) };
        let Some(value) = row.optional_number(column)? else {
            return Ok(None);
        };
        if value <= 0.0 {
            return Err(row.fail(column, format!("expected a number above zero, found `{value}`")));
        }
        let text = row.text(column);
        let decimals = text.split_once('.').map_or(0, |(_, d)| d.len().min(12)) as i32;
        Ok(Some(Self {
            value,
            half_unit: 0.5 * 10_f64.powi(-decimals),
        }))
    }
    /// Rounding as a share of the figure.
    fn share(self) -> f64 {
        self.half_unit / self.value
    }
}

/// Reads `company,month,eh_s_avg,eh_s_end,btc_mined`; other columns are not read.
pub fn read_report(file: &str, input: impl Read) -> Result<Vec<ReportedMonth>, ReadError> {
    let mut table = CsvRows::open(file, input)?;
    let (company, month) = (table.column("company")?, table.column("month")?);
    let (average, end) = (table.find("eh_s_avg"), table.find("eh_s_end"));
    if average.is_none() && end.is_none() {
        table.column("eh_s_avg")?;
    }
    let btc = table.column("btc_mined")?;
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        if rows.len() == ROWS_MAX {
            return Err(row.fail(company, format!("more than {ROWS_MAX} rows")));
        }
        rows.push(ReportedMonth {
            company: row.text(company).to_owned(),
            month: parse_month(row.text(month)).ok_or_else(|| {
                row.fail(
                    month,
                    format!("expected a month such as `2023-01`, found `{}`", row.text(month)),
                )
            })?,
            average_eh_s: Reading::of(&row, average)?,
            end_eh_s: Reading::of(&row, end)?,
            btc: Reading::of(&row, Some(btc))?,
        });
    }
    Ok(rows)
}

fn parse_month(text: &str) -> Option<Month> {
    let (year, month) = text.split_once('-')?;
    let month = Month {
        year: year.parse().ok()?,
        month: month.parse().ok()?,
    };
    ((1..=12).contains(&month.month) && (2009..=2200).contains(&month.year)).then_some(month)
}

/// Which hash rate a month was mined again with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The mean of the machines at work, as reported.
    Operating,
    /// The mean of this month's end and the last one's: what stands, not what works.
    BetweenEnds,
    /// The month's end alone.
    End,
}

impl Basis {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Operating, Self::BetweenEnds, Self::End];
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operating => "operating",
            Self::BetweenEnds => "between_ends",
            Self::End => "end",
        }
    }
}

/// Where the fees of a month came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeSource {
    /// From the network file, day by day.
    File,
    /// Stated by the caller.
    Stated,
    /// From the list of months, computed from public charts.
    Computed,
    /// From the list of months, or the scenarios' default: an assumption.
    Assumption,
}

impl FeeSource {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Stated => "stated",
            Self::Computed => "computed",
            Self::Assumption => "assumption",
        }
    }
}

/// What is assumed of fees and of payouts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Fees over subsidy where the file has none; the list of months where this is `None`.
    pub fee_share: Option<f64>,
    /// Share that the pool keeps.
    pub pool_fee_share: f64,
}

/// Fees over subsidy for months that no list knows: the scenarios' default.
const FEE_SHARE_OTHERWISE: f64 = 0.01;

/// A month mined again.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedMonth {
    /// Who.
    pub company: String,
    /// When.
    pub month: Month,
    /// Which hash rate.
    pub basis: Basis,
    /// The hash rate, EH/s.
    pub eh_s: f64,
    /// Coins reported.
    pub reported_btc: f64,
    /// Coins of the replay.
    pub replayed_btc: f64,
    /// Coins of the replay that are fees.
    pub fees_btc: f64,
    /// Where the fees came from.
    pub fees: FeeSource,
    /// What the rounding of the report's figures may explain of the error, as a share.
    pub rounding: f64,
}

impl ReplayedMonth {
    /// Replayed over reported, less one.
    pub fn error(&self) -> f64 {
        self.replayed_btc / self.reported_btc - 1.0
    }
}

/// The months that could be mined again, and a sentence for each that could not.
pub fn replay(
    reports: &[ReportedMonth],
    network: &BitcoinSeries,
    terms: Terms,
) -> (Vec<ReplayedMonth>, Vec<String>) {
    let (mut done, mut left_out) = (Vec::new(), Vec::new());
    for report in reports {
        match replay_one(report, reports, network, terms) {
            Ok(month) => done.push(month),
            Err(why) => left_out.push(format!("{} {}: {why}", report.company, report.month)),
        }
    }
    (done, left_out)
}

fn replay_one(
    report: &ReportedMonth,
    reports: &[ReportedMonth],
    network: &BitcoinSeries,
    terms: Terms,
) -> Result<ReplayedMonth, &'static str> {
    let btc = report.btc.ok_or("no coins reported")?;
    let (basis, hashrate) = hashrate_of(report, reports).ok_or("no hash rate reported")?;
    let (subsidies, fees, source) = per_eh(report.month, network, terms)?;
    let paid = hashrate.value * (1.0 - terms.pool_fee_share);
    Ok(ReplayedMonth {
        company: report.company.clone(),
        month: report.month,
        basis,
        eh_s: hashrate.value,
        reported_btc: btc.value,
        replayed_btc: paid * (subsidies + fees),
        fees_btc: paid * fees,
        fees: source,
        rounding: hashrate.share() + btc.share(),
    })
}

fn hashrate_of(report: &ReportedMonth, reports: &[ReportedMonth]) -> Option<(Basis, Reading)> {
    if let Some(average) = report.average_eh_s {
        return Some((Basis::Operating, average));
    }
    let end = report.end_eh_s?;
    let before = reports
        .iter()
        .find(|r| r.company == report.company && r.month == report.month.plus(-1))
        .and_then(|r| r.end_eh_s);
    Some(match before {
        Some(before) => (
            Basis::BetweenEnds,
            Reading {
                value: f64::midpoint(before.value, end.value),
                half_unit: end.half_unit,
            },
        ),
        None => (Basis::End, end),
    })
}

/// Coins of an EH/s in a month: subsidies, fees, and where the fees came from.
fn per_eh(
    month: Month,
    network: &BitcoinSeries,
    terms: Terms,
) -> Result<(f64, f64, FeeSource), &'static str> {
    let (mut subsidies, mut fees, mut source) = (0.0, 0.0, FeeSource::File);
    let utc = Calendar::utc();
    let (start, end) = (utc.start_of_month(month), utc.start_of_month(month.plus(1)));
    let days = (end - start).as_seconds() / DAY_S;
    let offset = (start - network.start).as_seconds().div_euclid(DAY_S);
    for index in offset..offset + days {
        let day = usize::try_from(index).ok().and_then(|i| network.days.get(i));
        let day = day.ok_or("the network file does not cover the month")?;
        let at = network.start + Span::from_seconds(DAY_S * index);
        let subsidy = subsidy_btc(height_at(at));
        let (share, from) = fee_share(day, at, subsidy, terms);
        if from != FeeSource::File {
            source = from;
        }
        let mined = PH_PER_EH * btc_per_ph_day(day.difficulty, subsidy, 0.0);
        subsidies += mined;
        fees += mined * share;
    }
    Ok((subsidies, fees, source))
}

fn fee_share(day: &NetworkDay, at: SimTime, subsidy: f64, terms: Terms) -> (f64, FeeSource) {
    if let Some(fees) = day.fees_btc {
        return (fees / (BLOCKS_PER_DAY * subsidy), FeeSource::File);
    }
    if let Some(share) = terms.fee_share {
        return (share, FeeSource::Stated);
    }
    match fee_share_of(Calendar::utc().month(at)) {
        Some((share, false)) => (share, FeeSource::Computed),
        Some((share, true)) => (share, FeeSource::Assumption),
        None => (FEE_SHARE_OTHERWISE, FeeSource::Assumption),
    }
}

/// How far a set of replayed months is off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// Months.
    pub months: usize,
    /// Median of the error: the bias.
    pub bias: f64,
    /// Median of the error's size.
    pub median: f64,
    /// Size of the error that 80 % of months stay within.
    pub p80: f64,
    /// Likewise 90 %.
    pub p90: f64,
    /// Share of months within 1 %.
    pub within_1: f64,
    /// Share of months within 2 %.
    pub within_2: f64,
}

impl Errors {
    /// Of some months; `None` of none.
    pub fn of<'a>(months: impl Iterator<Item = &'a ReplayedMonth>) -> Option<Self> {
        let errors: Vec<f64> = months.map(ReplayedMonth::error).collect();
        let sizes: Vec<f64> = errors.iter().map(|e| e.abs()).collect();
        let within = |limit: f64| sizes.iter().filter(|s| **s <= limit).count() as f64 / sizes.len() as f64;
        Some(Self {
            months: errors.len(),
            bias: quantile(&errors, 0.5)?,
            median: quantile(&sizes, 0.5)?,
            p80: quantile(&sizes, 0.8)?,
            p90: quantile(&sizes, 0.9)?,
            within_1: within(0.01),
            within_2: within(0.02),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::bitcoin_protocol::utc_day;

    const HEADER: &str = "company,month,eh_s_avg,eh_s_end,btc_mined,source\n";
    const PLAIN: Terms = Terms {
        fee_share: Some(0.02),
        pool_fee_share: 0.0,
    };

    fn network() -> BitcoinSeries {
        BitcoinSeries::constant(utc_day(2023, 1, 1), 365, 30_000.0, 50e12)
    }

    fn rows(text: &str) -> Vec<ReportedMonth> {
        read_report("p.csv", format!("{HEADER}{text}").as_bytes()).unwrap()
    }

    #[test]
    fn a_month_by_hand() {
        // 31 days of 1 EH/s at 50 T: 31 * 1e18 * 86400 / (50e12 * 2^32) * 6.25 = 77.96 coins, and 2 % of fees.
        let (done, left) = replay(&rows("Acme,2023-03,1.0,1.2,80,\n"), &network(), PLAIN);
        assert!(left.is_empty());
        let subsidies = 31.0 * 1e18 * 86_400.0 / (50e12 * 4_294_967_296.0) * 6.25;
        assert!((done[0].replayed_btc - 1.02 * subsidies).abs() < 1e-9);
        assert!((done[0].fees_btc - 0.02 * subsidies).abs() < 1e-9);
        assert_eq!(
            (done[0].basis, done[0].fees),
            (Basis::Operating, FeeSource::Stated)
        );
        // Half of 0.1 in 1.0, and of 1 in 80.
        assert!((done[0].rounding - (0.05 + 0.5 / 80.0)).abs() < 1e-12);
    }

    #[test]
    fn the_pool_keeps_its_fee_and_fees_of_the_file_come_first() {
        let mut network = network();
        network.days.iter_mut().for_each(|d| d.fees_btc = Some(90.0));
        let reports = rows("Acme,2023-03,1.0,,80,\n");
        let terms = Terms {
            pool_fee_share: 0.01,
            ..PLAIN
        };
        let (done, _) = replay(&reports, &network, terms);
        let (bare, _) = replay(&reports, &self::network(), PLAIN);
        // 90 coins of fees over 900 of subsidy are a tenth.
        assert!((done[0].replayed_btc / bare[0].replayed_btc - 0.99 * 1.1 / 1.02).abs() < 1e-12);
        assert_eq!(done[0].fees, FeeSource::File);
    }

    #[test]
    fn months_without_what_is_needed_are_named_and_left_out() {
        let text = "A,2023-04,,,80,\nA,2023-05,1,,,\nA,2024-05,1,,80,\nA,2023-06,,2,80,\nA,2023-07,,4,80,\n";
        let (done, left) = replay(&rows(text), &network(), PLAIN);
        assert_eq!(left.len(), 3, "{left:?}");
        assert!(left[2].contains("does not cover"), "{left:?}");
        assert_eq!((done[0].basis, done[0].eh_s), (Basis::End, 2.0));
        assert_eq!((done[1].basis, done[1].eh_s), (Basis::BetweenEnds, 3.0));
    }

    #[test]
    fn published_months_come_out_within_their_rounding_and_the_fees() {
        // Monthly mean difficulty of the public chain; fees from the list of months. Riot's July 2023 (reported 5.4 EH/s
        // and 410 coins) and HIVE's September 2023 (3.83 EH/s, 269.5 coins).
        let cases = [
            ("Riot,2023-07,5.4,,410,\n", (2023, 7), 52.42e12),
            ("HIVE,2023-09,3.83,,269.5,\n", (2023, 9), 55.51e12),
        ];
        for (text, (year, month), difficulty) in cases {
            let network = BitcoinSeries::constant(utc_day(year, month, 1), 31, 27_000.0, difficulty);
            let terms = Terms {
                fee_share: None,
                ..PLAIN
            };
            let (done, _) = replay(&rows(text), &network, terms);
            assert_eq!(done[0].fees, FeeSource::Assumption);
            assert!(done[0].error().abs() < 0.015, "{text} {}", done[0].error());
        }
    }

    #[test]
    fn bad_reports_name_the_field() {
        for (text, what) in [
            ("A,2023-13,1,,80,\n", "2023-13"),
            ("A,2023-01,-1,,80,\n", "above zero"),
            ("A,2023-01,x,,80,\n", "finite number"),
        ] {
            let error = read_report("p.csv", format!("{HEADER}{text}").as_bytes()).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
        }
        let error = read_report("p.csv", "company,month,btc_mined\n".as_bytes()).unwrap_err();
        assert!(error.to_string().contains("eh_s_avg"), "{error}");
    }

    #[test]
    fn errors_are_summed_up_by_order_statistics() {
        let month = |error: f64| ReplayedMonth {
            company: "A".into(),
            month: Month { year: 2023, month: 1 },
            basis: Basis::Operating,
            eh_s: 1.0,
            reported_btc: 100.0,
            replayed_btc: 100.0 * (1.0 + error),
            fees_btc: 0.0,
            fees: FeeSource::File,
            rounding: 0.0,
        };
        let months = [-0.03, -0.01, 0.005, 0.005, 0.01].map(month);
        let errors = Errors::of(months.iter()).unwrap();
        assert!((errors.bias - 0.005).abs() < 1e-12 && (errors.median - 0.01).abs() < 1e-12);
        assert!((errors.p80 - 0.014).abs() < 1e-9, "{errors:?}");
        assert!((errors.within_2 - 0.8).abs() < 1e-12);
        assert_eq!(Errors::of([].iter()), None);
    }
}
