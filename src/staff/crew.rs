//! The crews of a site's data halls at run time: vacancies, recruits, trainees, people who leave.
//!
//! Once a week the crew is looked at. Who was hired begins his training, who is trained counts; people leave at a
//! constant rate; what then lacks to the headcount is advertised, as far as recruitments may run at once. Miners of a hall
//! that stops mining go into training before anybody else is looked for. Halls are crewed in the order in which they
//! came: a hall serves while every role holds its minimum for it and all halls before it.

use rand_distr::{Binomial, Distribution as _};

use super::people::{PeopleSpec, Terms};
use crate::random::Stream;
use crate::random::distribution::Distribution;
use crate::time::{DAY_S, SimTime, Span};
use crate::units::Money;

/// How often the crew is looked at.
pub const LOOK: Span = Span::from_seconds(7 * DAY_S);
const DAYS_PER_YEAR: f64 = 365.25;

/// A data hall that has or wants a crew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Post {
    /// Grid power, MW.
    pub grid_mw: f64,
    /// Whether it is let, not a cloud of our own.
    pub let_out: bool,
}

/// Somebody on his way.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Recruit {
    joins: SimTime,
    counts: SimTime,
    paid: bool,
}

#[derive(Debug, Clone)]
struct Role {
    spec: Terms,
    hire: Distribution,
    train: Distribution,
    trained: u32,
    coming: Vec<Recruit>,
    /// Miners who will be retrained when their hall stops, people.
    promised: f64,
    /// Parts of people among those who came from the mine.
    part: f64,
}

/// People who were hired and who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turnover {
    /// Vacancies advertised.
    pub recruited: u32,
    /// Miners retrained.
    pub retrained: u32,
    /// Left.
    pub left: u32,
}

/// The crew of a site.
#[derive(Debug, Clone)]
pub struct Crew {
    minimum: f64,
    hiring_cost: f64,
    on_cost: f64,
    roles: Vec<Role>,
    stream: Stream,
    /// Until when people were counted, and until when wages.
    looked: SimTime,
    paid: SimTime,
    cost_usd: f64,
    /// So far.
    pub turnover: Turnover,
}

impl Role {
    fn new(spec: &Terms) -> Self {
        Self {
            hire: spec.hire_months.build(),
            train: spec.train_months.build(),
            spec: spec.clone(),
            trained: 0,
            coming: Vec::new(),
            promised: 0.0,
            part: 0.0,
        }
    }
    /// Headcount for halls: by megawatts, and never below the posts around the clock.
    fn headcount(&self, halls: &[Post]) -> u32 {
        if halls.is_empty() {
            return 0;
        }
        let each = |hall: &Post| {
            hall.grid_mw
                * if hall.let_out {
                    self.spec.landlord_fte_per_mw
                } else {
                    self.spec.gpu_cloud_fte_per_mw
                }
        };
        let by_power: f64 = halls.iter().map(each).sum();
        // A thousandth of a person is rounding.
        (by_power.max(self.spec.least_fte) - 1e-3).ceil().max(0.0) as u32
    }
    fn on_payroll(&self) -> u32 {
        self.trained + self.coming.iter().filter(|r| r.paid).count() as u32
    }
    /// Those whose day has come join, and count.
    fn arrive(&mut self, now: SimTime) {
        for recruit in &mut self.coming {
            recruit.paid |= recruit.joins <= now;
        }
        let before = self.coming.len();
        self.coming.retain(|r| r.counts > now);
        self.trained += (before - self.coming.len()) as u32;
    }
    fn leave(&mut self, span: Span, stream: &mut Stream) -> u32 {
        let rate = self.spec.attrition_percent_per_year / 100.0;
        let chance = 1.0 - (-rate * span.as_days() / DAYS_PER_YEAR).exp();
        if self.trained == 0 || chance <= 0.0 {
            return 0;
        }
        let draws = Binomial::new(u64::from(self.trained), chance).expect("a chance below one");
        let left = draws.sample(stream) as u32;
        self.trained -= left;
        left
    }
    /// Advertises what lacks, and gives how many vacancies that are.
    fn recruit(&mut self, target: u32, now: SimTime, stream: &mut Stream) -> u32 {
        let running = self.coming.iter().filter(|r| !r.paid).count() as u32;
        let known = self.trained + self.coming.len() as u32 + self.promised.floor() as u32;
        let room = self.spec.recruitments_at_once.saturating_sub(running);
        let vacancies = target.saturating_sub(known).min(room);
        for _ in 0..vacancies {
            let joins = now + months(self.hire.sample(stream));
            let counts = joins + months(self.train.sample(stream));
            self.coming.push(Recruit {
                joins,
                counts,
                paid: false,
            });
        }
        vacancies
    }
}

fn months(months: f64) -> Span {
    Span::from_days_f64(months * DAYS_PER_YEAR / 12.0)
}

impl Crew {
    /// Nobody yet, for a checked spec; `serving` halls have their whole headcount from the start.
    pub fn new(
        spec: &PeopleSpec,
        on_cost_percent: f64,
        serving: &[Post],
        stream: Stream,
        now: SimTime,
    ) -> Self {
        let shares = (spec.minimum_percent / 100.0, spec.hiring_cost_percent / 100.0);
        Self::of(&spec.terms(), shares, on_cost_percent, serving, (stream, now))
    }
    fn of(
        roles: &[Terms],
        (minimum, hiring_cost): (f64, f64),
        on_cost_percent: f64,
        serving: &[Post],
        (stream, now): (Stream, SimTime),
    ) -> Self {
        let mut roles: Vec<Role> = roles.iter().map(Role::new).collect();
        for role in &mut roles {
            role.trained = role.headcount(serving);
        }
        Self {
            minimum,
            hiring_cost,
            on_cost: 1.0 + on_cost_percent / 100.0,
            roles,
            stream,
            looked: now,
            paid: now,
            cost_usd: 0.0,
            turnover: Turnover::default(),
        }
    }
    /// A hall that mines will be converted: so many of its miners will be free when it stops.
    pub fn promise_miners(&mut self, people: f64) {
        for role in &mut self.roles {
            role.promised += people * role.spec.from_mining_percent / 100.0;
        }
    }
    /// It has stopped: they begin their retraining.
    pub fn retrain_miners(&mut self, people: f64, now: SimTime) {
        self.pay(now);
        for role in &mut self.roles {
            let came = people * role.spec.from_mining_percent / 100.0;
            role.promised = (role.promised - came).max(0.0);
            role.part += came;
            let whole = role.part.floor();
            role.part -= whole;
            self.turnover.retrained += whole as u32;
            let counts = now + months(role.spec.retrain_months);
            role.coming.extend((0..whole as u32).map(|_| Recruit {
                joins: now,
                counts,
                paid: true,
            }));
        }
    }
    /// The crews of these halls are there at once: they were hired before.
    pub fn fill(&mut self, halls: &[Post], now: SimTime) {
        self.pay(now);
        for role in &mut self.roles {
            role.trained = role.trained.max(role.headcount(halls));
        }
    }
    /// A week later: who comes, who goes, who is looked for, for all `halls` that have or want a crew.
    pub fn look(&mut self, halls: &[Post], now: SimTime) {
        let span = now - std::mem::replace(&mut self.looked, now);
        self.pay(now);
        for role in &mut self.roles {
            role.arrive(now);
            self.turnover.left += role.leave(span, &mut self.stream);
            let vacancies = role.recruit(role.headcount(halls), now, &mut self.stream);
            self.turnover.recruited += vacancies;
            self.cost_usd += f64::from(vacancies) * self.hiring_cost * role.spec.wage_usd_per_year;
        }
    }
    /// How many of the halls, in their order, hold their minimum in every role.
    pub fn crewed(&self, halls: &[Post]) -> usize {
        let holds = |count: &usize| {
            let first = &halls[..*count];
            self.roles.iter().all(|role| {
                let least = f64::from(role.headcount(first)) * self.minimum;
                f64::from(role.trained) >= least - 1e-9
            })
        };
        (0..=halls.len()).take_while(holds).last().unwrap_or(0)
    }
    /// Trained people of each role, as in [`PeopleSpec::terms`].
    pub fn trained(&self) -> [u32; 3] {
        std::array::from_fn(|role| self.roles[role].trained)
    }
    /// Everybody on the payroll.
    pub fn headcount(&self) -> u32 {
        self.roles.iter().map(Role::on_payroll).sum()
    }
    /// Adds the wages since the last look.
    fn pay(&mut self, now: SimTime) {
        let years = (now - self.paid).as_days() / DAYS_PER_YEAR;
        self.paid = now;
        for role in &self.roles {
            let people = f64::from(role.on_payroll());
            self.cost_usd += people * role.spec.wage_usd_per_year * self.on_cost * years;
        }
    }
    /// What the crew cost since this was asked last: wages with on-cost, and recruitments.
    pub fn take_cost(&mut self, now: SimTime) -> Money {
        self.pay(now);
        Money::from_usd(std::mem::take(&mut self.cost_usd))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::random::distribution::DistributionSpec;

    const CLOUD: Post = Post {
        grid_mw: 20.0,
        let_out: false,
    };
    const SHELL: Post = Post {
        grid_mw: 20.0,
        let_out: true,
    };

    fn start() -> SimTime {
        SimTime::from_unix_s(1_767_225_600)
    }
    fn fixed(value: f64) -> DistributionSpec {
        DistributionSpec::Fixed { value }
    }
    /// Everybody needs a month to be found and two to be trained; nobody leaves or comes from the mine.
    fn calm() -> [Terms; 3] {
        PeopleSpec::default().terms().map(|role| Terms {
            hire_months: fixed(1.0),
            train_months: fixed(2.0),
            attrition_percent_per_year: 0.0,
            from_mining_percent: 0.0,
            ..role
        })
    }
    fn crew(roles: &[Terms], minimum: f64, serving: &[Post]) -> Crew {
        let stream = Streams::new(1, 0).stream("crew/a");
        Crew::of(roles, (minimum, 0.2), 30.0, serving, (stream, start()))
    }
    fn weeks(count: i64) -> SimTime {
        start() + Span::from_seconds(count * LOOK.as_seconds())
    }

    #[test]
    fn headcounts_follow_power_and_never_fall_below_the_posts() {
        let trained = |serving: &[Post]| crew(&PeopleSpec::default().terms(), 0.7, serving).trained();
        // 0.5, 0.3 and 0.2 of 20, rounded up; a shell of 20 MW needs 6.2 operators; two posts need ten.
        assert_eq!(trained(&[CLOUD, SHELL]), [10, 13, 4]);
        assert_eq!(trained(&[SHELL]), [0, 10, 0]);
        assert_eq!(trained(&[]), [0, 0, 0]);
    }

    #[test]
    fn a_crew_stands_after_hiring_and_training_and_costs_wages_from_the_day_it_joins() {
        let mut crew = crew(&calm(), 0.7, &[]);
        let halls = [CLOUD];
        let mut stands = None;
        for week in 0..=20 {
            crew.look(&halls, weeks(week));
            if stands.is_none() && crew.crewed(&halls) == 1 {
                stands = Some(week);
            }
        }
        // Three months are 91.3 days: the look of week 14, 98 days, is the first after them.
        assert_eq!(stands, Some(14));
        // Ten technicians at 75,000, ten operators at 114,500 and four engineers at 170,000 join after 30.4 days, seen at
        // the look of day 35; each recruitment costs a fifth of a wage.
        let wages = 10.0 * 75_000.0 + 10.0 * 114_500.0 + 4.0 * 170_000.0;
        let by_hand = wages * (0.2 + 1.3 * (140.0 - 35.0) / 365.25);
        assert!((crew.take_cost(weeks(20)).as_usd() - by_hand).abs() < 1e-6);
        assert_eq!(crew.take_cost(weeks(20)), Money::ZERO);
    }

    #[test]
    fn recruitments_at_once_stretch_the_hiring() {
        let mut roles = calm();
        roles[0].recruitments_at_once = 2;
        let mut crew = crew(&roles, 1.0, &[]);
        let stands = (0..200).find(|week| {
            crew.look(&[CLOUD], weeks(*week));
            crew.crewed(&[CLOUD]) == 1
        });
        // Two at once, found in 30.4 days and seen at the look of the fifth week: five pairs are advertised in weeks 0, 5,
        // 10, 15, 20. The last is found 30.4 days after day 140 and trained 60.9 days later, day 231.3: week 34.
        assert_eq!(stands, Some(34));
    }

    #[test]
    fn miners_are_retrained_before_anybody_is_looked_for() {
        let mut roles = calm();
        roles[0].from_mining_percent = 50.0;
        roles[0].retrain_months = 1.0;
        let mut crew = crew(&roles, 0.7, &[]);
        // 7.6 miners of 20 MW, half of them: 3.8 people, of whom three come whole.
        crew.promise_miners(7.6);
        crew.look(&[CLOUD], weeks(0));
        assert_eq!(crew.turnover.recruited, 7 + 10 + 4);
        crew.retrain_miners(7.6, weeks(2));
        assert_eq!((crew.turnover.retrained, crew.headcount()), (3, 3));
        crew.look(&[CLOUD], weeks(7));
        assert_eq!(crew.trained(), [3, 0, 0]);
    }

    #[test]
    fn people_leave_at_their_rate_and_the_last_hall_stands_first() {
        let roles = calm().map(|role| Terms {
            attrition_percent_per_year: 20.0,
            hire_months: fixed(60.0),
            ..role
        });
        let halls = [CLOUD; 40];
        let mut crew = crew(&roles, 0.7, &halls);
        assert_eq!(crew.trained(), [400, 240, 160]);
        crew.look(&halls, weeks(0));
        assert_eq!(crew.crewed(&halls), 40);
        for week in 1..=52 {
            crew.look(&halls, weeks(week));
        }
        // 800 e^-0.2 x 364 / 365.25 = 655.5 stay, with a standard deviation of 10.9.
        let stay: u32 = crew.trained().iter().sum();
        assert!((f64::from(stay) - 655.5).abs() < 3.0 * 10.9, "{stay}");
        // About four fifths of the headcount is more than seven tenths of it: all serve; a second year is too much.
        assert_eq!(crew.crewed(&halls), 40);
        for week in 53..=104 {
            crew.look(&halls, weeks(week));
        }
        let crewed = crew.crewed(&halls);
        let trained = crew.trained();
        let least = trained
            .iter()
            .zip([10.0, 6.0, 4.0])
            .map(|(have, each)| f64::from(*have) / (each * 0.7));
        assert_eq!(crewed, least.fold(f64::INFINITY, f64::min).floor() as usize);
        assert!(crewed < 40, "{crewed}");
    }

    #[test]
    fn a_spec_is_checked_whole() {
        let mut spec = PeopleSpec::default();
        spec.technicians.recruitments_at_once = 0;
        spec.operators.hire_months = fixed(-1.0);
        spec.engineers.from_mining_percent = 80.0;
        spec.minimum_percent = 120.0;
        let mut problems = crate::problem::Problems::new();
        crate::problem::Check::check(&spec, &crate::problem::FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 4, "{problems:?}");
    }
}
