//! Work that may wait for cheap hours: each job needs so much energy between its release and its deadline, at no more
//! than its rate, and all together no more than a capacity.
//!
//! [`cheapest`] is the least cost with every price known: a flow of least cost from jobs over hours, found by successive
//! cheapest paths, which is the optimum of the linear programme. [`earliest`] is what a queue does that knows no prices:
//! the job with the nearest deadline first, as soon as it can. Their difference is the price of not knowing. The queue of
//! a run does not look at prices; these are bounds for those who ask what it would be worth.

/// A job in plain numbers; hours count from the first price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deferrable {
    /// First hour in which it may run.
    pub release: usize,
    /// Hour by which it is done.
    pub deadline: usize,
    /// Energy that it needs, MWh.
    pub mwh: f64,
    /// The most that it takes in an hour, MWh.
    pub rate_mwh: f64,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schedule {
    /// What the energy cost, USD.
    pub cost_usd: f64,
    /// Energy that did not fit, MWh.
    pub unserved_mwh: f64,
    /// Energy taken in each hour, MWh.
    pub mwh: Vec<f64>,
}

/// The most pairs of a job and an hour.
const PAIRS_MAX: usize = 200_000;
/// The most paths.
const PATHS_MAX: usize = 1_000_000;
/// Energy that counts as none, MWh.
const ROUNDING_MWH: f64 = 1e-9;

/// The jobs as early as they can, the nearest deadline first; equals in their order.
pub fn earliest(jobs: &[Deferrable], usd_per_mwh: &[f64], capacity_mwh: f64) -> Schedule {
    let mut left: Vec<f64> = jobs.iter().map(|job| job.mwh.max(0.0)).collect();
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|job| jobs[*job].deadline);
    let mut done = Schedule {
        mwh: vec![0.0; usd_per_mwh.len()],
        ..Schedule::default()
    };
    for (hour, price) in usd_per_mwh.iter().enumerate() {
        let mut room = capacity_mwh;
        for &job in &order {
            if (jobs[job].release..jobs[job].deadline).contains(&hour) {
                let taken = jobs[job].rate_mwh.min(left[job]).min(room).max(0.0);
                left[job] -= taken;
                room -= taken;
                done.mwh[hour] += taken;
            }
        }
        done.cost_usd += done.mwh[hour] * price;
    }
    done.unserved_mwh = left.iter().sum();
    done
}

/// The cheapest schedule that serves as much as fits. `None` for figures that are no numbers or negative, or more jobs
/// times hours than fit.
pub fn cheapest(jobs: &[Deferrable], usd_per_mwh: &[f64], capacity_mwh: f64) -> Option<Schedule> {
    let sound = |v: f64| v.is_finite() && v >= 0.0;
    let fine = jobs.iter().all(|job| sound(job.mwh) && sound(job.rate_mwh));
    if !fine || !sound(capacity_mwh) || !usd_per_mwh.iter().all(|p| p.is_finite()) {
        return None;
    }
    let mut network = Network::new(jobs, usd_per_mwh, capacity_mwh)?;
    for _ in 0..PATHS_MAX {
        if !network.push() {
            return Some(network.schedule(usd_per_mwh));
        }
    }
    None
}

/// Jobs, hours, and how much of each job runs in each hour.
#[derive(Debug)]
struct Network {
    /// First hour of each job, and where its pairs begin; one more than jobs.
    release: Vec<usize>,
    begins: Vec<usize>,
    /// Energy of each pair so far, and its most.
    flow: Vec<f64>,
    rate: Vec<f64>,
    /// Energy that each job still needs, and room that each hour still has.
    needs: Vec<f64>,
    room: Vec<f64>,
    price: Vec<f64>,
    /// Shortest distances of this turn: jobs, then hours; and the node before.
    distance: Vec<f64>,
    before: Vec<usize>,
}

impl Network {
    fn new(jobs: &[Deferrable], usd_per_mwh: &[f64], capacity_mwh: f64) -> Option<Self> {
        let hours = usd_per_mwh.len();
        let span = |job: &Deferrable| job.deadline.min(hours).saturating_sub(job.release);
        let mut begins = vec![0];
        for job in jobs {
            begins.push(begins[begins.len() - 1] + span(job));
        }
        let pairs = begins[jobs.len()];
        (pairs <= PAIRS_MAX).then(|| Self {
            release: jobs.iter().map(|job| job.release).collect(),
            begins,
            flow: vec![0.0; pairs],
            rate: jobs.iter().map(|job| job.rate_mwh).collect(),
            needs: jobs.iter().map(|job| job.mwh).collect(),
            room: vec![capacity_mwh; hours],
            price: usd_per_mwh.to_vec(),
            distance: vec![f64::INFINITY; jobs.len() + hours],
            before: vec![usize::MAX; jobs.len() + hours],
        })
    }
    fn jobs(&self) -> usize {
        self.rate.len()
    }
    /// Hours of a job with the place of each pair.
    fn pairs(&self, job: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (from, release) = (self.begins[job], self.release[job]);
        (from..self.begins[job + 1]).map(move |pair| (release + pair - from, pair))
    }

    /// Sends energy along the cheapest path from a job in need to an hour with room; whether there was one.
    fn push(&mut self) -> bool {
        self.measure();
        let jobs = self.jobs();
        let open = (0..self.room.len()).filter(|h| self.room[*h] > ROUNDING_MWH);
        let Some(end) = open.min_by(|a, b| self.distance[jobs + a].total_cmp(&self.distance[jobs + b]))
        else {
            return false;
        };
        if !self.distance[jobs + end].is_finite() {
            return false;
        }
        let mut path = vec![jobs + end];
        while self.before[path[path.len() - 1]] != usize::MAX {
            path.push(self.before[path[path.len() - 1]]);
        }
        path.reverse();
        let mut most = self.needs[path[0]].min(self.room[end]);
        for step in path.windows(2) {
            let (pair, forward) = self.pair_of(step[0], step[1]);
            let job = if forward { step[0] } else { step[1] };
            most = most.min(if forward {
                self.rate[job] - self.flow[pair]
            } else {
                self.flow[pair]
            });
        }
        for step in path.windows(2) {
            let (pair, forward) = self.pair_of(step[0], step[1]);
            self.flow[pair] += if forward { most } else { -most };
        }
        self.needs[path[0]] -= most;
        self.room[end] -= most;
        true
    }

    /// The pair between two nodes of a path, and whether energy goes from the job to the hour.
    fn pair_of(&self, from: usize, to: usize) -> (usize, bool) {
        let jobs = self.jobs();
        let (job, hour) = if from < jobs {
            (from, to - jobs)
        } else {
            (to, from - jobs)
        };
        (self.begins[job] + hour - self.release[job], from < jobs)
    }

    /// Cheapest ways from any job in need to every node (Bellman and Ford, over a residual network without negative rings).
    fn measure(&mut self) {
        let jobs = self.jobs();
        self.distance.fill(f64::INFINITY);
        self.before.fill(usize::MAX);
        for job in 0..jobs {
            if self.needs[job] > ROUNDING_MWH {
                self.distance[job] = 0.0;
            }
        }
        // A cheapest way passes no node twice.
        for _ in 0..self.distance.len() {
            let mut changed = false;
            for job in 0..jobs {
                for (hour, pair) in self.pairs(job) {
                    changed |= self.relax(job, hour, pair);
                }
            }
            if !changed {
                break;
            }
        }
    }

    /// Shortens the ways over a pair, in both directions.
    fn relax(&mut self, job: usize, hour: usize, pair: usize) -> bool {
        let node = self.jobs() + hour;
        let (there, back) = (
            self.distance[job] + self.price[hour],
            self.distance[node] - self.price[hour],
        );
        let mut changed = false;
        // A way must be shorter by more than rounding, or ways of the same length would chase each other.
        if self.rate[job] - self.flow[pair] > ROUNDING_MWH && there < self.distance[node] - 1e-9 {
            (self.distance[node], self.before[node], changed) = (there, job, true);
        }
        if self.flow[pair] > ROUNDING_MWH && back < self.distance[job] - 1e-9 {
            (self.distance[job], self.before[job], changed) = (back, node, true);
        }
        changed
    }

    fn schedule(&self, usd_per_mwh: &[f64]) -> Schedule {
        let mut mwh = vec![0.0; usd_per_mwh.len()];
        for job in 0..self.jobs() {
            for (hour, pair) in self.pairs(job) {
                mwh[hour] += self.flow[pair];
            }
        }
        Schedule {
            cost_usd: mwh.iter().zip(usd_per_mwh).map(|(e, p)| e * p).sum(),
            unserved_mwh: self.needs.iter().sum(),
            mwh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference week and its twelve jobs.
    fn week() -> (Vec<Deferrable>, Vec<f64>) {
        let wave = |at: f64, period: f64| (std::f64::consts::TAU * at / period).sin();
        let price = |h: i32| {
            let spike = if h % 61 == 17 { 900.0 } else { 0.0 } - if h % 47 == 3 { 60.0 } else { 0.0 };
            45.0 + 25.0 * wave(f64::from(h - 9), 24.0) + 8.0 * wave(f64::from(h), 168.0) + spike
        };
        let job = |j: usize| {
            let release = (j * 37) % 120;
            let deadline = (release + 24 + (j * 13) % 40).min(168);
            let rate_mwh = 4.0;
            let mwh = ((20 + (j * 7) % 30) as f64).min(rate_mwh * (deadline - release) as f64);
            Deferrable {
                release,
                deadline,
                mwh,
                rate_mwh,
            }
        };
        ((0..12).map(job).collect(), (0..168).map(price).collect())
    }

    #[test]
    fn the_cheapest_schedule_is_the_optimum_of_the_linear_programme() {
        let (jobs, prices) = week();
        let best = cheapest(&jobs, &prices, 10.0).unwrap();
        assert!(
            (best.cost_usd - 7_443.340_701_515_139).abs() < 1e-6,
            "{}",
            best.cost_usd
        );
        assert!(best.unserved_mwh < 1e-6);
        assert!(best.mwh.iter().all(|e| *e <= 10.0 + 1e-6));
        let blind = earliest(&jobs, &prices, 10.0);
        assert!(
            (blind.cost_usd - 23_937.973_151_479_575).abs() < 1e-6,
            "{}",
            blind.cost_usd
        );
        assert!(blind.unserved_mwh < 1e-9);
        let regret = blind.cost_usd - best.cost_usd;
        assert!((regret - 16_494.632_449_964_436).abs() < 1e-6, "{regret}");
    }

    #[test]
    fn what_does_not_fit_is_left_and_what_is_no_number_refused() {
        let job = |mwh: f64| Deferrable {
            release: 1,
            deadline: 3,
            mwh,
            rate_mwh: 4.0,
        };
        let prices = [10.0, 20.0, 5.0, 1.0];
        let done = cheapest(&[job(6.0)], &prices, 3.0).unwrap();
        assert_eq!((done.cost_usd, done.unserved_mwh), (3.0 * 25.0, 0.0));
        let more = cheapest(&[job(9.0)], &prices, 3.0).unwrap();
        assert!((more.unserved_mwh - 3.0).abs() < 1e-9);
        assert_eq!(cheapest(&[job(f64::NAN)], &prices, 3.0), None);
        assert_eq!(cheapest(&[job(-1.0)], &prices, 3.0), None);
        assert_eq!(cheapest(&[], &prices, 3.0).unwrap().cost_usd, 0.0);
        let late = Deferrable {
            release: 9,
            ..job(1.0)
        };
        assert_eq!(cheapest(&[late], &prices, 3.0).unwrap().unserved_mwh, 1.0);
    }
}
