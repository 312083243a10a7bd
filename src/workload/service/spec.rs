//! What a scenario says of an inference service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rates::HourlyRates;
use super::replica::{Preset, Replica, Tokens};
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::workload::growth::{RegimeSpec, check_regimes};
use crate::workload::profile::LoadProfileSpec;
use crate::workload::requests::RequestFormat;

/// The most replicas of one service.
const REPLICAS_MAX: u32 = 1_000_000;
/// The longest that surplus replicas are kept, hours.
pub(super) const SCALE_IN_HOURS_MAX: u32 = 48;
/// The least time between two tokens or of a prompt's reading that is asked about, seconds: below it no figure is known.
const SECONDS_MIN: f64 = 1e-3;

/// A service that answers requests with replicas of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InferenceSpec {
    /// The rate of requests.
    pub requests: RequestsSpec,
    /// Mean tokens of a prompt where the requests do not say. Default 1,000 (assumption).
    #[serde(default = "tokens_in")]
    pub tokens_in: f64,
    /// Mean tokens of an answer where the requests do not say. Default 276: 168 to 608 of the prompt's (S51, computed).
    #[serde(default = "tokens_out")]
    pub tokens_out: f64,
    /// Share of prompts' tokens that a cache holds, so that nobody reads them again, percent. Default 0; 342 of 608
    /// published for one service (S51).
    #[serde(default)]
    pub cached_percent: f64,
    /// Growth of the rate, percent a year from the scenario's start. Default 0.
    #[serde(default)]
    pub growth_percent_per_year: f64,
    /// Dated changes of the rate, on top of growth: `regimes = [{ from = "2027-12-01", factor = 1.8 }]`.
    #[serde(default)]
    pub regimes: Vec<RegimeSpec>,
    /// What one replica can do; choose one measured on the systems of its halls.
    pub model: ModelSpec,
    /// Requests that a replica answers at once at most. Default 64 (assumption; published points lie between 9 and 49).
    #[serde(default = "batch_max")]
    pub batch_max: u32,
    /// Replicas that always stand. Default 1.
    #[serde(default = "replicas_min")]
    pub replicas_min: u32,
    /// Replicas at most: the service holds so many times the GPUs of one.
    pub replicas_max: u32,
    /// Rate for which replicas are kept beyond the rate of the hour, percent. Default 20 (assumption).
    #[serde(default = "headroom_percent")]
    pub headroom_percent: f64,
    /// From the call for a replica until it answers (weights are loaded, caches warmed), minutes. Default 5 (assumption).
    #[serde(default = "startup_minutes")]
    pub startup_minutes: f64,
    /// Hours in which a replica must not have been needed before it is given up. Default 1 (assumption).
    #[serde(default = "scale_in_hours")]
    pub scale_in_hours: u32,
    /// A request that would wait so long for a place in a batch is refused, seconds. Default 30 (assumption).
    #[serde(default = "patience_seconds")]
    pub patience_seconds: f64,
    /// Squared coefficient of variation of the time between two requests within an hour. Default 1: they come by chance
    /// alone (assumption; users that send in bursts have more).
    #[serde(default = "burstiness")]
    pub burstiness: f64,
    /// Power of a replica at work beyond idle, over that of training, percent. Default 80 (assumption: decoding waits
    /// on memory and draws less than training, reading prompts about as much).
    #[serde(default = "power_percent")]
    pub power_percent: f64,
    /// What is paid.
    pub price: ServicePriceSpec,
    /// What is promised.
    #[serde(default)]
    pub service_level: ServiceLevelSpec,
    /// The tenant with `on_demand` jobs whose pool uses the GPUs that no replica needs. They are taken back with the
    /// rate: spot jobs are killed before others. Default: they stand idle.
    #[serde(default)]
    pub lend_to: Option<Name>,
}

fn tokens_in() -> f64 {
    1_000.0
}
fn tokens_out() -> f64 {
    276.0
}
fn batch_max() -> u32 {
    64
}
fn replicas_min() -> u32 {
    1
}
fn headroom_percent() -> f64 {
    20.0
}
fn startup_minutes() -> f64 {
    5.0
}
fn scale_in_hours() -> u32 {
    1
}
fn patience_seconds() -> f64 {
    30.0
}
fn burstiness() -> f64 {
    1.0
}
fn power_percent() -> f64 {
    80.0
}

/// Where requests come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestsSpec {
    /// A trace of requests or rates; weeks are drawn anew, a trace of days repeats its mean day.
    File(RequestFileSpec),
    /// A mean rate with a shape over day and week.
    Shape(RequestShapeSpec),
}

impl RequestsSpec {
    /// By what the rates of a trace are multiplied.
    pub fn factor(&self) -> f64 {
        match self {
            Self::File(file) => file.factor,
            Self::Shape(_) => 1.0,
        }
    }
}

/// A trace of requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestFileSpec {
    /// Path; `data:` points into the folder given by `--data`, otherwise relative to the scenario.
    pub file: String,
    /// Format; guessed from the first line where left out.
    #[serde(default)]
    pub format: Option<RequestFormat>,
    /// By what its rates are multiplied. Default 1.
    #[serde(default = "one")]
    pub factor: f64,
}

fn one() -> f64 {
    1.0
}

/// A mean rate with a shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestShapeSpec {
    /// Mean over the week at the scenario's start, requests per second.
    pub mean_rps: f64,
    /// Shape over the day. Default `inference`: the published nodes of one service (S51).
    #[serde(default = "inference_profile")]
    pub profile: LoadProfileSpec,
    /// Rate of Saturday and Sunday over that of other days, percent. Default 100.
    #[serde(default = "hundred")]
    pub weekend_percent: f64,
}

fn inference_profile() -> LoadProfileSpec {
    LoadProfileSpec::Inference
}
fn hundred() -> f64 {
    100.0
}

/// What one replica can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelSpec {
    /// Published figures of a model on a system.
    Preset(Preset),
    /// One's own.
    Given(GivenReplicaSpec),
}

/// A replica by its constants: a step of decoding takes `step_ms + step_ms_per_request * batch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenReplicaSpec {
    /// GPUs that share the model (tensor parallel), 1 to 1,024.
    pub gpus: u32,
    /// A step of decoding with an empty batch, milliseconds.
    pub step_ms: f64,
    /// What each request of the batch adds to a step, milliseconds.
    pub step_ms_per_request: f64,
    /// Tokens of prompts that a replica reads a second.
    pub prefill_tokens_per_s: f64,
}

/// What a service is paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServicePriceSpec {
    /// By token.
    Tokens(TokenPriceSpec),
    /// By GPU-hour of replicas that answer.
    GpuHours(GpuHourPriceSpec),
}

/// Prices of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenPriceSpec {
    /// Prompts, USD per million tokens.
    pub usd_per_million_in: f64,
    /// Answers, USD per million tokens.
    pub usd_per_million_out: f64,
    /// Prompts' tokens out of the cache, USD per million. Default: as other tokens of prompts.
    #[serde(default)]
    pub usd_per_million_cached: Option<f64>,
}

/// A price of GPU-hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuHourPriceSpec {
    /// USD per GPU-hour of replicas that answer.
    pub usd_per_gpu_h: f64,
}

/// What is promised, each month, and what missing it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceLevelSpec {
    /// The first token comes within, seconds. Default 2 (S97: `MLPerf` inference, Llama 2 70B on a server).
    pub first_token_seconds: f64,
    /// From then on tokens come at least so fast, tokens a second and user. Default 20 (assumption: people read
    /// about five; S97 asks for 5).
    pub tokens_per_second: f64,
    /// Share of the requests of a month that are answered within both, percent; refused ones are not. Default 95
    /// (assumption).
    pub promised_percent: f64,
    /// Credit for each percent point missed, percent of the month's fee. Default 0, capped at 30 (S54).
    pub credit_percent_per_point: f64,
}

impl Default for ServiceLevelSpec {
    fn default() -> Self {
        Self {
            first_token_seconds: 2.0,
            tokens_per_second: 20.0,
            promised_percent: 95.0,
            credit_percent_per_point: 0.0,
        }
    }
}

impl InferenceSpec {
    /// The replica.
    pub fn replica(&self) -> Replica {
        match &self.model {
            ModelSpec::Preset(preset) => preset.replica(self.batch_max),
            ModelSpec::Given(given) => Replica {
                gpus: given.gpus,
                base_s: given.step_ms / 1e3,
                per_request_s: given.step_ms_per_request / 1e3,
                prefill_s: 1.0 / given.prefill_tokens_per_s,
                batch_max: self.batch_max,
            },
        }
    }
    /// GPUs of one replica.
    pub fn gpus_per_replica(&self) -> u32 {
        match &self.model {
            ModelSpec::Preset(preset) => preset.gpus(),
            ModelSpec::Given(given) => given.gpus,
        }
    }
    /// GPUs at most.
    pub fn gpus(&self) -> u32 {
        self.replicas_max.saturating_mul(self.gpus_per_replica())
    }

    fn check_numbers(&self, at: &FieldPath, problems: &mut Problems) {
        for (key, value, low, high) in [
            ("tokens_in", self.tokens_in, 0.0, 1e7),
            ("tokens_out", self.tokens_out, 1.0, 1e7),
            (
                "growth_percent_per_year",
                self.growth_percent_per_year,
                -90.0,
                1_000.0,
            ),
            ("batch_max", f64::from(self.batch_max), 1.0, 4_096.0),
            ("headroom_percent", self.headroom_percent, 0.0, 1_000.0),
            ("startup_minutes", self.startup_minutes, 0.0, 1_440.0),
            ("patience_seconds", self.patience_seconds, 0.0, 600.0),
            ("burstiness", self.burstiness, 0.0, 100.0),
            ("power_percent", self.power_percent, 0.0, 100.0),
            ("cached_percent", self.cached_percent, 0.0, 100.0),
            (
                "scale_in_hours",
                f64::from(self.scale_in_hours),
                0.0,
                f64::from(SCALE_IN_HOURS_MAX),
            ),
            (
                "replicas_max",
                f64::from(self.replicas_max),
                1.0,
                f64::from(REPLICAS_MAX),
            ),
            (
                "replicas_min",
                f64::from(self.replicas_min),
                0.0,
                f64::from(self.replicas_max),
            ),
        ] {
            problems.within(&at.key(key), value, low, high);
        }
        check_regimes(&self.regimes, &at.key("regimes"), problems);
    }

    /// Replicas that answer a rate of requests of so many tokens, with batches in which tokens come as fast as promised.
    pub fn replicas_for(&self, rate_rps: f64, tokens: Tokens) -> u32 {
        let pace = self.replica().pace(tokens, 1.0);
        let fast = pace.batch_within(1.0 / self.service_level.tokens_per_second);
        let batch = fast.clamp(1.0, f64::from(self.batch_max));
        (rate_rps / pace.rate(batch)).ceil().min(f64::from(u32::MAX)) as u32
    }
    /// Tokens that are read and written for a request of these lengths.
    pub fn tokens(&self, tokens_in: f64, tokens_out: f64) -> Tokens {
        Tokens {
            read: tokens_in * (1.0 - self.cached_percent / 100.0),
            written: tokens_out.max(1.0),
        }
    }

    /// Warns where the shape's busiest hour needs more replicas than there may be.
    fn check_peak(&self, at: &FieldPath, problems: &mut Problems) {
        let RequestsSpec::Shape(shape) = &self.requests else {
            return;
        };
        let peak_rps = HourlyRates::of_shape(shape).peak_rps();
        let needed = self.replicas_for(peak_rps, self.tokens(self.tokens_in, self.tokens_out));
        if needed > self.replicas_max {
            let message = format!(
                "the busiest hour, {peak_rps:.1} requests a second, takes {needed} replicas: some requests will be late or refused"
            );
            problems.warn(&at.key("replicas_max"), message);
        }
    }

    /// A replica that answers one request alone too slowly promises what it can never keep.
    fn check_speed(&self, at: &FieldPath, problems: &mut Problems) {
        let alone_s = self.replica().base_s + self.replica().per_request_s;
        let fastest = 1.0 / alone_s;
        if fastest < self.service_level.tokens_per_second {
            let message = format!(
                "a replica gives one user alone {fastest:.1} tokens a second, fewer than the {} promised",
                self.service_level.tokens_per_second
            );
            problems.error(&at.key("service_level").key("tokens_per_second"), message);
        }
    }
}

impl Check for InferenceSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.check_numbers(at, problems);
        let here = at.key("requests");
        match &self.requests {
            RequestsSpec::File(file) => {
                problems.within(&here.key("file").key("factor"), file.factor, 0.0, 1e9);
            }
            RequestsSpec::Shape(shape) => {
                let here = here.key("shape");
                problems.within(&here.key("mean_rps"), shape.mean_rps, 0.0, 1e9);
                problems.within(&here.key("weekend_percent"), shape.weekend_percent, 0.0, 1_000.0);
                shape.profile.check(&here.key("profile"), problems);
            }
        }
        if let ModelSpec::Given(given) = &self.model {
            given.check(&at.key("model").key("given"), problems);
        }
        self.price.check(&at.key("price"), problems);
        self.service_level.check(&at.key("service_level"), problems);
        if !problems.has_errors() {
            self.check_speed(at, problems);
        }
        if !problems.has_errors() {
            self.check_peak(at, problems);
        }
    }
}

impl Check for GivenReplicaSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("gpus"), f64::from(self.gpus), 1.0, 1_024.0);
        problems.within(&at.key("step_ms"), self.step_ms, SECONDS_MIN, 1e5);
        problems.within(&at.key("step_ms_per_request"), self.step_ms_per_request, 0.0, 1e5);
        problems.within(
            &at.key("prefill_tokens_per_s"),
            self.prefill_tokens_per_s,
            1.0,
            1e9,
        );
    }
}

impl Check for ServicePriceSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self {
            Self::Tokens(price) => {
                let at = at.key("tokens");
                problems.within(&at.key("usd_per_million_in"), price.usd_per_million_in, 0.0, 1e6);
                problems.within(
                    &at.key("usd_per_million_out"),
                    price.usd_per_million_out,
                    0.0,
                    1e6,
                );
                let cached = price.usd_per_million_cached.unwrap_or(0.0);
                problems.within(&at.key("usd_per_million_cached"), cached, 0.0, 1e6);
            }
            Self::GpuHours(price) => {
                let at = at.key("gpu_hours").key("usd_per_gpu_h");
                problems.within(&at, price.usd_per_gpu_h, 0.0, 1e4);
            }
        }
    }
}

impl Check for ServiceLevelSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(
            &at.key("first_token_seconds"),
            self.first_token_seconds,
            SECONDS_MIN,
            600.0,
        );
        problems.within(&at.key("tokens_per_second"), self.tokens_per_second, 0.1, 1e4);
        problems.percent(&at.key("promised_percent"), self.promised_percent, 100.0);
        problems.percent(
            &at.key("credit_percent_per_point"),
            self.credit_percent_per_point,
            100.0,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> InferenceSpec {
        toml::from_str(text).unwrap()
    }

    fn problems(text: &str) -> Vec<String> {
        let mut problems = Problems::new();
        parse(text).check(&FieldPath::root().key("inference"), &mut problems);
        problems
            .as_slice()
            .iter()
            .map(|p| format!("{}: {}", p.path, p.message))
            .collect()
    }

    const GOOD: &str = "requests.shape = { mean_rps = 10 }\nmodel.preset = \"glm-5-b200\"\nreplicas_max = 4\n\
                        price.tokens = { usd_per_million_in = 0.5, usd_per_million_out = 2 }\n";

    #[test]
    fn defaults_are_enough_and_gpus_follow_from_replicas() {
        assert_eq!(problems(GOOD), Vec::<String>::new());
        assert_eq!((parse(GOOD).gpus(), parse(GOOD).gpus_per_replica()), (32, 8));
    }

    #[test]
    fn every_figure_out_of_range_is_named() {
        let bad = GOOD.replace(
            "replicas_max = 4",
            "replicas_max = 4\nreplicas_min = 5\nburstiness = -1\ntokens_out = 0",
        );
        assert_eq!(problems(&bad).len(), 3, "{:?}", problems(&bad));
        let promise = format!("{GOOD}service_level = {{ tokens_per_second = 150 }}");
        let found = problems(&promise);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("one user alone"), "{found:?}");
    }
}
