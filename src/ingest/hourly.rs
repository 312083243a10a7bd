//! Rows of one value each to a series of whole UTC hours: gaps by policy, finer steps to hourly means.

use super::gaps::{GapPolicy, Repairs, Stamp, lay};
use super::rows::ReadError;
use crate::series::Regular;
use crate::time::{HOUR_S, SimTime, Span};

/// Rows as a reader leaves them.
#[derive(Debug, Default)]
pub struct HourlyRows {
    stamps: Vec<Stamp>,
    values: Vec<f64>,
    /// What the reader assumed, in sentences for the memo.
    pub notes: Vec<String>,
}

impl HourlyRows {
    /// Adds a row; `None` is a gap.
    pub fn push(&mut self, time: SimTime, line: u64, value: Option<f64>) {
        self.stamps.push(Stamp {
            time,
            line,
            missing: value.is_none(),
        });
        self.values.push(value.unwrap_or(0.0));
    }

    /// Means of the whole UTC hours, and what was repaired. A value outside `believed` is refused: the file is then in
    /// another `unit`.
    pub fn into_hourly(
        self,
        file: &str,
        gaps: GapPolicy,
        believed: std::ops::RangeInclusive<f64>,
        unit: &str,
    ) -> Result<(Regular, Repairs), ReadError> {
        if let Some(index) = self.values.iter().position(|v| !believed.contains(v)) {
            let message = format!(
                "`{}` {unit} is not believed; expected {} to {}",
                self.values[index],
                believed.start(),
                believed.end()
            );
            return Err(ReadError::at_line(file, self.stamps[index].line, message));
        }
        let laid = lay(file, &self.stamps, None, gaps)?;
        let step = laid.step.as_seconds();
        if HOUR_S % step != 0 || laid.start.as_unix_s() % step != 0 {
            let message = format!(
                "has a step of {step} s from {}; expected an hour or a whole part of it, on whole UTC hours",
                laid.start
            );
            return Err(ReadError::of_file(file, message));
        }
        let native = Regular::new(laid.start, laid.step, laid.values(&self.values));
        let hourly = hourly_means(&native).ok_or_else(|| ReadError::of_file(file, "covers no whole hour"))?;
        let mut repairs = laid.repairs;
        repairs.notes.extend(self.notes);
        Ok((hourly, repairs))
    }
}

/// Means of the whole UTC hours that a series covers; `None` where it covers none.
fn hourly_means(series: &Regular) -> Option<Regular> {
    let step = series.step().as_seconds();
    let per_hour = (HOUR_S / step) as usize;
    let start = series.start().as_unix_s();
    let first = (start + HOUR_S - 1).div_euclid(HOUR_S) * HOUR_S;
    let skip = ((first - start) / step) as usize;
    let whole = series.values().get(skip..)?.chunks_exact(per_hour);
    let means: Vec<f64> = whole.map(|c| c.iter().sum::<f64>() / per_hour as f64).collect();
    (!means.is_empty()).then(|| Regular::new(SimTime::from_unix_s(first), Span::from_hours(1), means))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(step_s: i64, values: &[Option<f64>]) -> HourlyRows {
        let mut rows = HourlyRows::default();
        for (index, value) in values.iter().enumerate() {
            let time = SimTime::from_unix_s(1_704_067_200 + step_s * index as i64);
            rows.push(time, index as u64 + 2, *value);
        }
        rows
    }

    #[test]
    fn half_hours_are_averaged_and_gaps_follow_the_policy() {
        let values = [Some(1.0), Some(3.0), Some(5.0), None];
        let (hourly, repairs) = rows(1_800, &values)
            .into_hourly("f", GapPolicy::Hold, 0.0..=10.0, "g")
            .unwrap();
        assert_eq!(hourly.values(), [2.0, 5.0]);
        assert_eq!(repairs.steps, 1);
        let refused = rows(1_800, &values).into_hourly("f", GapPolicy::Refuse, 0.0..=10.0, "g");
        assert!(refused.unwrap_err().to_string().starts_with('f'));
    }

    #[test]
    fn a_value_in_another_unit_and_a_step_beyond_an_hour_are_refused() {
        let kilograms =
            rows(3_600, &[Some(0.3), Some(-4.0)]).into_hourly("f", GapPolicy::Hold, 0.0..=10.0, "g");
        assert!(
            kilograms
                .unwrap_err()
                .to_string()
                .starts_with("f:3: `-4` g is not believed")
        );
        let daily = rows(86_400, &[Some(1.0); 3]).into_hourly("f", GapPolicy::Hold, 0.0..=10.0, "g");
        assert!(daily.unwrap_err().to_string().contains("86400"));
    }
}
