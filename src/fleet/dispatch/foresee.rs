//! What an operator expects of the cost of energy: day-ahead prices until midnight, then the usual shape of the day.
//!
//! At an hour the operator knows every cost until the midnight that ends the local day, and, from the hour at which
//! the results of the day-ahead market come out, until the midnight after. Beyond it expects, for each hour of the day,
//! the mean of that hour over the last days that it knows, times one plus an error of its own for each hour.

/// Expects costs along one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecaster {
    /// Cost in each hour.
    costs: Vec<f64>,
    /// Sum of the costs of that hour of the day so far, this hour included.
    sums: Vec<f64>,
    /// Local hour of the day of each hour.
    local_hours: Vec<u8>,
    /// Relative error of what is expected of each hour.
    errors: Vec<f64>,
    /// Days that the shape is made of.
    days: usize,
    /// Local hour from which tomorrow is known.
    known_from_hour: u8,
}

const DAY: usize = 24;

impl Forecaster {
    /// A forecaster over a path of costs. `errors` is empty where there are none.
    pub fn new(
        costs: Vec<f64>,
        local_hours: Vec<u8>,
        errors: Vec<f64>,
        (days, known_from_hour): (u32, u32),
    ) -> Self {
        assert!(
            local_hours.len() >= costs.len() && (errors.is_empty() || errors.len() >= costs.len()),
            "{} costs, {} hours of the day, {} errors",
            costs.len(),
            local_hours.len(),
            errors.len()
        );
        let mut sums = costs.clone();
        for hour in DAY..sums.len() {
            sums[hour] += sums[hour - DAY];
        }
        Self {
            costs,
            sums,
            local_hours,
            errors,
            days: days.max(1) as usize,
            known_from_hour: known_from_hour.min(24) as u8,
        }
    }

    /// The costs themselves.
    pub fn costs(&self) -> &[f64] {
        &self.costs
    }

    /// The first hour that is not known at an hour.
    pub fn known_until(&self, now: usize) -> usize {
        let local = self.local_hours[now];
        let tomorrow = if local >= self.known_from_hour { DAY } else { 0 };
        (now + DAY - usize::from(local.min(23)) + tomorrow).min(self.costs.len())
    }

    /// What is expected at an hour, of whose future `known_until` is the first hour not known, of another at or after.
    pub fn expected(&self, known_until: usize, hour: usize) -> f64 {
        if hour < known_until {
            return self.costs[hour];
        }
        // The last known hour of the same hour of the day; at the very beginning the last known hour stands for all.
        let back = (hour - known_until) / DAY + 1;
        let Some(last) = hour.checked_sub(back * DAY) else {
            return self.costs[known_until - 1];
        };
        let count = (last / DAY + 1).min(self.days);
        let before = last.checked_sub(count * DAY).map_or(0.0, |k| self.sums[k]);
        let mean = (self.sums[last] - before) / count as f64;
        mean + mean.abs() * self.errors.get(hour).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(count: usize) -> (Vec<f64>, Vec<u8>) {
        let costs = (0..count * DAY)
            .map(|h| (h / DAY * 100 + h % DAY) as f64)
            .collect();
        (costs, (0..count * DAY).map(|h| (h % DAY) as u8).collect())
    }

    #[test]
    fn tomorrow_is_known_from_the_hour_at_which_the_market_tells() {
        let (costs, hours) = days(5);
        let forecaster = Forecaster::new(costs, hours, Vec::new(), (28, 13));
        assert_eq!(forecaster.known_until(24), 48, "at midnight, today");
        assert_eq!(forecaster.known_until(24 + 12), 48);
        assert_eq!(forecaster.known_until(24 + 13), 72);
        assert_eq!(forecaster.known_until(4 * 24 + 20), 120, "not beyond the end");
    }

    #[test]
    fn beyond_stands_the_mean_of_the_hour_over_the_last_days_known() {
        let (costs, hours) = days(6);
        let mut forecaster = Forecaster::new(costs, hours, Vec::new(), (2, 13));
        let now = 2 * DAY + 5;
        let known = forecaster.known_until(now);
        assert_eq!(known, 72);
        assert!((forecaster.expected(known, now) - 205.0).abs() < 1e-9);
        // Days 1 and 2 at 07:00 are 107 and 207, for tomorrow and the day after alike.
        assert!((forecaster.expected(known, 3 * DAY + 7) - 157.0).abs() < 1e-9);
        assert!((forecaster.expected(known, 4 * DAY + 7) - 157.0).abs() < 1e-9);
        forecaster.errors = vec![-0.5; 6 * DAY];
        assert!((forecaster.expected(known, 3 * DAY + 7) - 78.5).abs() < 1e-9);
        assert!(
            (forecaster.expected(known, now) - 205.0).abs() < 1e-9,
            "what is known has no error"
        );
    }

    #[test]
    fn the_first_hours_make_do_with_what_is_there() {
        let (costs, _) = days(3);
        // The path begins at 20:00 local.
        let hours = (0..72).map(|h| ((h + 20) % DAY) as u8).collect();
        let forecaster = Forecaster::new(costs, hours, Vec::new(), (28, 24));
        assert_eq!(forecaster.known_until(0), 4);
        assert!((forecaster.expected(4, 10) - 3.0).abs() < 1e-9);
        assert!((forecaster.expected(4, 25) - 1.0).abs() < 1e-9);
    }
}
