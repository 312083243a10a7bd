//! What one replica of a model can do: how long a step of decoding lasts over the number of requests in the batch, and
//! how fast prompts are read.
//!
//! A step of decoding gives every request of the batch one token and lasts `base + per_request * batch`: reading the
//! weights costs the same whatever the batch, each request adds its own cache and arithmetic. Prompts are read one after
//! another at a fixed rate, and decoding stands still meanwhile. The published speed per user and per GPU then gives the
//! two constants by least squares (`docs/METHOD-inference.md`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model on a system, with published figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// GLM-5 in FP8 on eight B200: 32, 51 and 71 tokens a second and user at 1,756, 1,287 and 1,004 tokens a second
    /// and GPU, prompts of 8,192 and answers of 1,024 tokens (S95, sourced).
    #[serde(rename = "glm-5-b200")]
    Glm5B200,
    /// GLM-5 in FP8 on eight MI355X: likewise at 1,369, 957 and 709 tokens a second and GPU (S95, sourced).
    #[serde(rename = "glm-5-mi355x")]
    Glm5Mi355x,
}

/// A published point: tokens a second that a user sees, and tokens of prompts and answers a second and GPU.
#[derive(Debug, Clone, Copy)]
struct Point {
    user_tokens_per_s: f64,
    gpu_tokens_per_s: f64,
}

/// What was measured of a model on a system.
#[derive(Debug, Clone, Copy)]
struct Measured {
    gpus: u32,
    tokens_in: f64,
    tokens_out: f64,
    points: [Point; 3],
    /// Tokens of prompts a second and GPU.
    prefill_per_gpu: f64,
}

const fn point(user_tokens_per_s: f64, gpu_tokens_per_s: f64) -> Point {
    Point {
        user_tokens_per_s,
        gpu_tokens_per_s,
    }
}

/// Training passes forward once and back at twice the arithmetic, so reading prompts at the arithmetic of training is
/// three times as fast: 2,790 tokens a second and GPU of DeepSeek-V3 on DGX B200 (S96, sourced; taken for a model of
/// like size, computed).
const PREFILL_PER_GPU: f64 = 3.0 * 2_790.0;

const GLM_5_B200: Measured = Measured {
    gpus: 8,
    tokens_in: 8_192.0,
    tokens_out: 1_024.0,
    points: [point(32.0, 1_756.3), point(51.0, 1_287.2), point(71.0, 1_003.6)],
    prefill_per_gpu: PREFILL_PER_GPU,
};

/// Its prompts are read as on B200 (assumption).
const GLM_5_MI355X: Measured = Measured {
    points: [point(32.0, 1_368.5), point(51.0, 956.5), point(71.0, 709.4)],
    ..GLM_5_B200
};

impl Measured {
    /// Requests in the batch, and seconds between two tokens of one of them, at each point. Tokens per GPU count prompts
    /// and answers, so answers are their share of a request's tokens; the batch is what a replica's answers give at
    /// the speed of one user.
    fn steps(&self) -> [(f64, f64); 3] {
        let answers = self.tokens_out / (self.tokens_in + self.tokens_out);
        self.points.map(|p| {
            let per_replica = p.gpu_tokens_per_s * f64::from(self.gpus) * answers;
            (per_replica / p.user_tokens_per_s, 1.0 / p.user_tokens_per_s)
        })
    }
    /// The replica whose time between tokens, prompts included, meets the points best in least squares.
    fn replica(&self, batch_max: u32) -> Replica {
        let steps = self.steps();
        let n = steps.len() as f64;
        let (x, y) = steps
            .iter()
            .fold((0.0, 0.0), |(x, y), s| (x + s.0 / n, y + s.1 / n));
        let (mut xy, mut xx) = (0.0, 0.0);
        for (batch, seconds) in steps {
            xy += (batch - x) * (seconds - y);
            xx += (batch - x) * (batch - x);
        }
        let slope = xy / xx;
        let prefill_s = 1.0 / (self.prefill_per_gpu * f64::from(self.gpus));
        Replica {
            gpus: self.gpus,
            base_s: y - slope * x,
            // Between two tokens of one request, each other of the batch also reads its share of a prompt.
            per_request_s: slope - prefill_s * self.tokens_in / self.tokens_out,
            prefill_s,
            batch_max,
        }
    }
}

impl Preset {
    const fn measured(self) -> &'static Measured {
        match self {
            Self::Glm5B200 => &GLM_5_B200,
            Self::Glm5Mi355x => &GLM_5_MI355X,
        }
    }
    /// GPUs that share the model.
    pub const fn gpus(self) -> u32 {
        self.measured().gpus
    }
    /// The replica.
    pub fn replica(self, batch_max: u32) -> Replica {
        self.measured().replica(batch_max)
    }
}

/// One replica at full speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replica {
    /// GPUs that share the model.
    pub gpus: u32,
    /// A step of decoding with nobody in the batch, seconds.
    pub base_s: f64,
    /// What each request of the batch adds to a step, seconds.
    pub per_request_s: f64,
    /// Reading one token of a prompt, seconds.
    pub prefill_s: f64,
    /// Requests in the batch at most.
    pub batch_max: u32,
}

/// Tokens of a mean request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tokens {
    /// Of the prompt, those read anew.
    pub read: f64,
    /// Of the answer.
    pub written: f64,
}

/// A replica at a speed, for requests of so many tokens: `b` requests leave it at the rate `b / (fixed + each * b)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Seconds.
    pub fixed_s: f64,
    /// Seconds a request of the batch.
    pub each_s: f64,
    /// Reading the prompt, seconds.
    pub prompt_s: f64,
    /// Tokens of an answer.
    pub written: f64,
}

impl Replica {
    /// Its pace at a share of full speed.
    pub fn pace(&self, tokens: Tokens, speed: f64) -> Pace {
        let prompt_s = self.prefill_s * tokens.read / speed;
        Pace {
            fixed_s: self.base_s * tokens.written / speed,
            each_s: prompt_s + self.per_request_s * tokens.written / speed,
            prompt_s,
            written: tokens.written,
        }
    }
}

impl Pace {
    /// Requests a second that leave a replica with a batch of `batch`.
    pub fn rate(&self, batch: f64) -> f64 {
        batch / (self.fixed_s + self.each_s * batch)
    }
    /// Seconds between two tokens of a request, others' prompts included.
    pub fn per_token_s(&self, batch: f64) -> f64 {
        (self.fixed_s + self.each_s * batch) / self.written
    }
    /// The largest batch in which a request has a token every `seconds`; below zero where not even one alone does.
    pub fn batch_within(&self, seconds: f64) -> f64 {
        (seconds * self.written - self.fixed_s) / self.each_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_meets_every_published_point_within_three_percent() {
        for preset in [Preset::Glm5B200, Preset::Glm5Mi355x] {
            let (m, replica) = (preset.measured(), preset.replica(64));
            assert!(replica.base_s > 0.0 && replica.per_request_s > 0.0, "{replica:?}");
            let tokens = Tokens {
                read: m.tokens_in,
                written: m.tokens_out,
            };
            let pace = replica.pace(tokens, 1.0);
            for point in m.points {
                // At the published speed of a user the model's batch gives the published tokens per GPU.
                let batch = pace.batch_within(1.0 / point.user_tokens_per_s);
                let per_gpu = pace.rate(batch) * (m.tokens_in + m.tokens_out) / f64::from(m.gpus);
                let off = per_gpu / point.gpu_tokens_per_s - 1.0;
                let step = pace.per_token_s(
                    m.steps()
                        .iter()
                        .find(|s| s.1 == 1.0 / point.user_tokens_per_s)
                        .unwrap()
                        .0,
                );
                let slow = step * point.user_tokens_per_s - 1.0;
                assert!(slow.abs() < 0.032, "{preset:?} {point:?}: {slow}");
                assert!(off.abs() < 0.085, "{preset:?} {point:?}: {off}");
            }
        }
    }

    #[test]
    fn the_constants_of_the_first_preset_are_those_worked_out_by_hand() {
        let replica = Preset::Glm5B200.replica(64);
        // Batches 48.787, 22.435, 12.565; steps 31.250, 19.608, 14.085 ms: slope 0.46728 ms, base 8.597 ms.
        assert!((replica.base_s - 8.597e-3).abs() < 2e-6, "{}", replica.base_s);
        let slope = replica.per_request_s + 8.0 * replica.prefill_s;
        assert!((slope - 0.467_28e-3).abs() < 2e-8, "{slope}");
        assert!((replica.prefill_s - 1.0 / 66_960.0).abs() < 1e-12);
    }

    #[test]
    fn half_the_speed_doubles_every_time() {
        let replica = Preset::Glm5B200.replica(64);
        let tokens = Tokens {
            read: 1_000.0,
            written: 276.0,
        };
        let (full, half) = (replica.pace(tokens, 1.0), replica.pace(tokens, 0.5));
        assert!((half.per_token_s(20.0) / full.per_token_s(20.0) - 2.0).abs() < 1e-12);
        assert!((half.rate(20.0) / full.rate(20.0) - 0.5).abs() < 1e-12);
        let batch = full.batch_within(full.per_token_s(37.0));
        assert!((batch - 37.0).abs() < 1e-9);
    }
}
