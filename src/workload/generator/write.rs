//! The file of a generator: TOML with a comment on each part.

use std::fmt::Write as _;

use super::model::{ClassSpec, ModelSpec};

impl ModelSpec {
    /// The text of the generator's file; it reads back to the same model.
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "# A generator of jobs, made by `repower fit`. In a scenario: on_demand.jobs.trace.generator = {{ file = \"...\" }}\n\
             format = {}\nfitted_to = {}\n# How much the bursts of one class are those of the others.\nshared_bursts_percent = {}\n",
            self.format,
            quoted(&self.fitted_to),
            self.shared_bursts_percent
        );
        for class in &self.classes {
            class.write(&mut text);
        }
        text
    }
}

impl ClassSpec {
    fn write(&self, text: &mut String) {
        text.push_str("\n[[classes]]\n# Gangs in GPUs with their counts.\n");
        let _ = writeln!(text, "sizes = [{}]", pairs(&self.sizes));
        let _ = writeln!(text, "jobs_per_week = {}", self.jobs_per_week);
        text.push_str("# Arrivals by hour of the local day and by weekday from Monday, as ratios.\n");
        for (key, shape) in [("hours", &self.hours), ("weekdays", &self.weekdays)] {
            let shape: Vec<String> = shape.iter().map(f64::to_string).collect();
            let _ = writeln!(text, "{key} = [{}]", shape.join(", "));
        }
        text.push_str("# Bursts: a gamma factor of each hour, and log-normal ones that last.\n");
        let _ = writeln!(text, "hourly_variance = {}", self.hourly_variance);
        let bursts = self.bursts.iter();
        let bursts = bursts.map(|b| {
            format!(
                "{{ lasts_hours = {}, log_variance = {} }}",
                b.lasts_hours, b.log_variance
            )
        });
        let _ = writeln!(text, "bursts = [{}]", bursts.collect::<Vec<String>>().join(", "));
        if let Some(batches) = &self.batches {
            let _ = writeln!(
                text,
                "batches = {{ percent = {}, gap_seconds = {} }}",
                batches.percent, batches.gap_seconds
            );
        }
        text.push_str(
            "# Run times: [share of jobs, seconds]; how long they stay alike; how they go with the crowd.\n",
        );
        let _ = writeln!(text, "run_times = [{}]", pairs(&self.run_times));
        let memory = self.memory.iter();
        let memory = memory.map(|m| format!("{{ lasts_hours = {}, share = {} }}", m.lasts_hours, m.share));
        let _ = writeln!(text, "memory = [{}]", memory.collect::<Vec<String>>().join(", "));
        let _ = writeln!(text, "burst_correlation = {}", self.burst_correlation);
        let _ = writeln!(text, "size_correlation = {}", self.size_correlation);
    }
}

fn pairs<A: std::fmt::Display>(pairs: &[(A, f64)]) -> String {
    let all: Vec<String> = pairs.iter().map(|(a, b)| format!("[{a}, {b}]")).collect();
    all.join(", ")
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::model::{BatchSpec, BurstSpec, MemorySpec};
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let model = ModelSpec {
            format: 1,
            fitted_to: "a \"trace\"\nof \\ 3 weeks".to_owned(),
            shared_bursts_percent: 12.5,
            classes: vec![ClassSpec {
                sizes: vec![(1, 3.0), (4, 0.25)],
                jobs_per_week: 1.0 / 3.0,
                hours: (1..25).map(f64::from).collect(),
                weekdays: vec![1.0; 7],
                hourly_variance: 0.1,
                batches: Some(BatchSpec {
                    percent: 60.0,
                    gap_seconds: 1.5,
                }),
                bursts: vec![BurstSpec {
                    lasts_hours: 1.5,
                    log_variance: 0.3,
                }],
                run_times: vec![(0.0, 1.0), (1.0 / 3.0, 2.5), (1.0, 9.0)],
                memory: vec![MemorySpec {
                    lasts_hours: 0.05,
                    share: 0.5,
                }],
                burst_correlation: -0.25,
                size_correlation: 0.5,
            }],
        };
        let text = model.to_toml();
        assert_eq!(ModelSpec::read(text.as_bytes(), "g.toml").unwrap(), model);
    }
}
