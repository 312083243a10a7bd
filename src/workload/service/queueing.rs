//! The queue of a service within an hour: many replicas with a batch each, behind one queue.
//!
//! `n` requests over `R` replicas are taken to be spread evenly, so each replica's batch is `n / R` and requests leave at
//! `n / (fixed + each n / R)`: a birth and death process whose stationary law is a negative binomial (a processor-sharing
//! station whose rate depends on its load; Kelly, *Reversibility and Stochastic Networks*, 1979, section 3.1). With all
//! batches full the rest wait in order, at most as long as anyone's patience: a geometric tail. Each hour (and each part of
//! an hour with another number of replicas) stands on its own: the pointwise stationary approximation (Green and
//! Kolesar, Management Science 37, 1991). `exact.rs` holds it against a simulation of every request.

use super::replica::Pace;

/// States of less weight over that of the mode are left out.
const NEGLIGIBLE: f64 = 1e-14;
/// Steps a standard deviation in which the law is summed where states are many; fewer are summed one by one.
const STEPS: f64 = 16.0;

/// A stretch of time in which nothing changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Replicas that answer.
    pub replicas: u32,
    /// Requests in the batch of each at most.
    pub batch_max: u32,
    /// Requests per second.
    pub rate_rps: f64,
    /// What each replica does at its present speed.
    pub pace: Pace,
    /// A step of decoding of an empty batch, and what each request adds, seconds at the present speed.
    pub step_s: (f64, f64),
    /// Squared coefficient of variation of times between requests.
    pub burstiness: f64,
    /// The longest wait for a place, seconds.
    pub patience_s: f64,
    /// Targets: seconds to the first token, seconds between two tokens.
    pub targets_s: (f64, f64),
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Served {
    /// Share of the requests that is refused.
    pub refused: f64,
    /// Share of the requests, refused ones too, that is answered within both targets.
    pub within: f64,
    /// Mean requests in all batches.
    pub in_batches: f64,
    /// Share of the replicas that have any request.
    pub occupied: f64,
    /// Time to the first token of those answered.
    pub first_token: FirstToken,
}

/// The law of the time to the first token: a shift (half a step of decoding), the wait for a place (for a share of the
/// requests, exponential and cut at the patience), and the wait for and reading of prompts (exponential).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FirstToken {
    shift_s: f64,
    /// Prompts a second that a replica's share of time would let it read.
    prompts_per_s: f64,
    waits: f64,
    /// Rate of the wait; below zero where more come than can be answered.
    decay_per_s: f64,
    patience_s: f64,
}

/// Sums over the stationary law, over the weight of a state near its mode.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    all: f64,
    below_target: f64,
    requests: f64,
    occupied: f64,
    /// Weight of the state in which every place is taken, none waiting.
    full: f64,
}

impl Load {
    /// Places in batches.
    fn places(&self) -> f64 {
        f64::from(self.replicas) * f64::from(self.batch_max)
    }
    /// Weight of `n` over that of `n - 1`.
    fn ratio(&self, n: f64) -> f64 {
        self.rate_rps * (self.pace.fixed_s + self.pace.each_s * n / f64::from(self.replicas)) / n
    }
    /// What it comes to.
    pub fn serve(&self) -> Served {
        if self.rate_rps <= 0.0 {
            return Served {
                within: 1.0,
                ..Served::default()
            };
        }
        if self.replicas == 0 {
            return Served {
                refused: 1.0,
                ..Served::default()
            };
        }
        let (places, replicas) = (self.places(), f64::from(self.replicas));
        let capacity_rps = replicas * self.pace.rate(f64::from(self.batch_max));
        let target = (replicas * self.pace.batch_within(self.targets_s.1) * (1.0 + 1e-12)).floor();
        let sums = self.sum(places, target.min(places));
        // Those who find every place taken: states full, full + 1, ... up to the patience.
        let rho = self.rate_rps / capacity_rps;
        let queue = (capacity_rps * self.patience_s).floor();
        let (before, last) = tail(rho, queue);
        let all = sums.all + sums.full * (before - 1.0 + last);
        let refused = sums.full * last / all;
        let waits = sums.full * before / all / (1.0 - refused).max(f64::MIN_POSITIVE);
        let beyond = sums.full * (before - 1.0 + last);
        let decay_per_s = capacity_rps * (1.0 - rho) * 2.0 / (1.0 + self.burstiness);
        let read_share = self.rate_rps * (1.0 - refused) * self.pace.prompt_s / replicas;
        let in_batches = (sums.requests + beyond * places) / all;
        let first_token = FirstToken {
            shift_s: 0.5 * (self.step_s.0 + self.step_s.1 * in_batches / replicas),
            prompts_per_s: (1.0 - read_share).max(1e-9) / self.pace.prompt_s.max(1e-9),
            waits: waits.min(1.0),
            decay_per_s,
            patience_s: self.patience_s,
        };
        let by = self.targets_s.0;
        let within = if target >= places {
            (1.0 - refused) * first_token.by(by)
        } else {
            sums.below_target / all
                * FirstToken {
                    waits: 0.0,
                    ..first_token
                }
                .by(by)
        };
        Served {
            refused,
            within,
            in_batches,
            occupied: (sums.occupied + beyond) / all,
            first_token,
        }
    }

    /// Sums over the states without a queue, up to every place taken; `target`: a request that finds fewer gets its
    /// tokens fast enough.
    fn sum(&self, places: f64, target: f64) -> Sums {
        let replicas = f64::from(self.replicas);
        let q = (self.rate_rps * self.pace.each_s / replicas).min(0.99);
        let mode = (self.rate_rps * self.pace.fixed_s / (1.0 - q))
            .floor()
            .clamp(0.0, places);
        let deviation = (mode.max(1.0) / (1.0 - q)).sqrt();
        let stride = (deviation / STEPS).floor().max(1.0);
        let mut sums = Sums::default();
        let mut add = |n: f64, weight: f64| {
            let mass = weight * stride;
            sums.all += mass;
            sums.requests += mass * n;
            sums.occupied += mass * (n / replicas).min(1.0);
            // A state stands for its stride; the target falls somewhere within one of them.
            let share = ((target - n) / stride + 0.5 - 0.5 / stride).clamp(0.0, 1.0);
            sums.below_target += mass * share;
        };
        add(mode, 1.0);
        // The ratio of neighbours changes slowly, so that of the middle, to the power of the stride, stands for all.
        let (half, power) = (0.5 * (stride - 1.0), stride as i32);
        let (mut n, mut weight) = (mode, 1.0_f64);
        while n >= stride && weight > NEGLIGIBLE {
            weight /= self.ratio(n - half).powi(power);
            n -= stride;
            add(n, weight);
        }
        (n, weight) = (mode, 1.0);
        while n + stride <= places && weight > NEGLIGIBLE {
            n += stride;
            weight *= self.ratio(n - half).powi(power);
            add(n, weight);
        }
        if places - n < stride && weight > NEGLIGIBLE {
            let left = places - n;
            sums.full = weight * self.ratio(n + 0.5 * (left + 1.0)).powi(left as i32);
            // The last stride ends before every place is taken, or beyond.
            let missed = (left - half) * sums.full;
            sums.all += missed;
            sums.requests += missed * places;
            sums.occupied += missed;
            if target >= places {
                sums.below_target += missed;
            }
        }
        sums
    }
}

/// Of a queue that grows by the ratio `rho` and holds `queue`: the weight of all its states but the last, and of the last,
/// over that of the state in which it is empty.
fn tail(rho: f64, queue: f64) -> (f64, f64) {
    let last = rho.powf(queue);
    let off = rho - 1.0;
    let before = if off.abs() < 1e-9 {
        queue
    } else {
        (last - 1.0) / off
    };
    if last.is_finite() && before.is_finite() {
        (before, last)
    } else {
        // So far beyond capacity that the queue is always full: only the ratio of both counts.
        (1e200, 1e200 * off)
    }
}

impl FirstToken {
    /// The share of requests answered that have their first token within so many seconds.
    pub fn by(&self, seconds: f64) -> f64 {
        let t = seconds - self.shift_s;
        if t <= 0.0 {
            return 0.0;
        }
        let mu = self.prompts_per_s;
        let read = -(-mu * t).exp_m1();
        if self.waits <= 1e-12 {
            return read;
        }
        let cut = t.min(self.patience_s);
        let (waited, still) = self.waited(t, cut);
        (1.0 - self.waits) * read + self.waits * (waited - still).clamp(0.0, 1.0)
    }

    /// Of those who wait, the share that has a place by `cut`, and of these the share whose prompt is still being read at
    /// `t`. The wait's density is `e^(-theta w)` on `[0, patience]`, over its integral; both sides are scaled by the
    /// greatest exponential, so that nothing overflows however far beyond capacity the rate is.
    fn waited(&self, t: f64, cut: f64) -> (f64, f64) {
        let (theta, whole, mu) = (self.decay_per_s, self.patience_s, self.prompts_per_s);
        if whole <= 0.0 {
            return (1.0, (-mu * t).exp());
        }
        let scale = (-theta).max(0.0) * whole;
        // The integral of e^(-theta w) over [0, to].
        let integral = |to: f64| {
            if (theta * to).abs() < 1e-9 {
                to
            } else {
                ((-scale).exp() - (-theta * to - scale).exp()) / theta
            }
        };
        let all = integral(whole);
        // The integral of e^(-theta w) e^(-mu (t - w)) over [0, cut].
        let still = if ((mu - theta) * cut).abs() < 1e-9 {
            cut * (-mu * t - scale).exp()
        } else {
            ((-mu * (t - cut) - theta * cut - scale).exp() - (-mu * t - scale).exp()) / (mu - theta)
        };
        (integral(cut) / all, still / all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A replica that answers one request after another alike, whatever the batch: the queue of so many servers.
    fn servers(replicas: u32, batch_max: u32, rate_rps: f64, patience_s: f64) -> Load {
        Load {
            replicas,
            batch_max,
            rate_rps,
            pace: Pace {
                fixed_s: 1.0,
                each_s: 0.0,
                prompt_s: 1e-9,
                written: 1.0,
            },
            step_s: (0.0, 0.0),
            burstiness: 1.0,
            patience_s,
            targets_s: (1.0, 1e9),
        }
    }

    /// Erlang's C of `servers` and an offered load, by the recursion of his B.
    fn erlang_c(servers: u32, load: f64) -> f64 {
        let blocking = (1..=servers).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
        let rho = load / f64::from(servers);
        blocking / (1.0 - rho * (1.0 - blocking))
    }

    #[test]
    fn without_interference_it_is_the_queue_of_as_many_servers_as_places() {
        for (replicas, batch, rate) in [(1, 4, 3.0), (3, 8, 21.0), (10, 20, 190.0), (200, 64, 12_700.0)] {
            let served = servers(replicas, batch, rate, 1e4).serve();
            let places = replicas * batch;
            let c = erlang_c(places, rate);
            // 200 replicas are summed in strides.
            let close = if places > 1_000 { 1e-3 } else { 1e-9 };
            assert!(
                (served.first_token.waits / c - 1.0).abs() < close,
                "{places}: {served:?} {c}"
            );
            assert!(
                (served.in_batches / rate - 1.0).abs() < close,
                "{places}: {served:?}"
            );
            assert!(served.refused < 1e-9);
            // The wait of those who wait is exponential with the spare rate.
            let spare = f64::from(places) - rate;
            let late = c * (-spare).exp();
            assert!(
                (1.0 - served.within - late).abs() < 1e-6 + close * late,
                "{places}: {served:?} {late}"
            );
        }
    }

    #[test]
    fn without_patience_it_is_the_loss_of_erlang_and_beyond_capacity_the_rest_is_refused() {
        let served = servers(2, 5, 8.0, 0.0).serve();
        let blocking = (1..=10).fold(1.0, |b, n| 8.0 * b / (f64::from(n) + 8.0 * b));
        assert!((served.refused - blocking).abs() < 1e-12, "{served:?}");
        for rate in [20.0, 1e3, 1e6] {
            let served = servers(2, 5, rate, 30.0).serve();
            assert!(
                (served.refused - (1.0 - 10.0 / rate)).abs() < 1e-6,
                "{rate}: {served:?}"
            );
            // All waits are near the patience of 30 s: none within a second.
            assert!(served.within < 1e-6, "{rate}: {served:?}");
            assert!((served.first_token.by(31.0) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_batch_is_the_negative_binomial_of_its_closed_form() {
        let load = Load {
            pace: Pace {
                fixed_s: 2.4,
                each_s: 0.14,
                prompt_s: 0.015,
                written: 276.0,
            },
            ..servers(12, 4_096, 60.0, 30.0)
        };
        let served = load.serve();
        let (r, q) = (2.4 * 12.0 / 0.14 + 1.0, 60.0 * 0.14 / 12.0);
        assert!(
            (served.in_batches / (r * q / (1.0 - q)) - 1.0).abs() < 1e-6,
            "{served:?}"
        );
    }

    #[test]
    fn nobody_comes_or_nobody_answers() {
        let idle = servers(3, 8, 0.0, 30.0).serve();
        assert_eq!((idle.refused, idle.within, idle.occupied), (0.0, 1.0, 0.0));
        let dark = servers(0, 8, 5.0, 30.0).serve();
        assert_eq!((dark.refused, dark.within, dark.in_batches), (1.0, 0.0, 0.0));
    }

    #[test]
    fn the_law_of_the_first_token_rises_from_nought_to_one_whatever_the_load() {
        for rate in [1.0, 9.0, 9.999, 10.0, 10.001, 14.0, 1e5] {
            let law = servers(2, 5, rate, 30.0).serve().first_token;
            let mut last = 0.0;
            for step in 0..400 {
                let by = law.by(f64::from(step) * 0.1);
                assert!(
                    (last - 1e-9..=1.0 + 1e-9).contains(&by),
                    "{rate} {step}: {by} after {last}"
                );
                last = by;
            }
            assert!((last - 1.0).abs() < 1e-9, "{rate}: {last}");
        }
    }
}
