//! Crews, cranes and whatever else works in one place at a time: named pools that all conversions of a strategy share.
//!
//! Work that needs a pool waits until enough of it is free, keeps it from its start to its end, and gives it back. Who
//! waits is served by planned start, then in the order of the file; one that fits may pass one that does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};

/// The most pools of one scenario.
pub const RESOURCES_MAX: usize = 100;
/// The largest pool.
pub const UNITS_MAX: u32 = 10_000;

/// A pool of crews or machines that all conversions of a strategy share, at whatever site they work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceSpec {
    /// Name of the pool, unique; stages name it in `needs`.
    pub id: Name,
    /// How many there are, 1 to 10,000.
    pub units: u32,
}

/// What a stage needs of a pool while it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeedSpec {
    /// The pool.
    pub resource: Name,
    /// How many of it. Default 1.
    #[serde(default = "one")]
    pub units: u32,
}

fn one() -> u32 {
    1
}

impl Check for ResourceSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("units"), f64::from(self.units), 1.0, f64::from(UNITS_MAX));
    }
}

/// Reports needs of pools that do not exist or are smaller than the need.
pub fn check_needs(needs: &[NeedSpec], resources: &[ResourceSpec], at: &FieldPath, problems: &mut Problems) {
    for (i, need) in needs.iter().enumerate() {
        let at = at.index(i);
        if needs[..i].iter().any(|other| other.resource == need.resource) {
            problems.error(
                &at.key("resource"),
                format!("resource `{}` is named twice", need.resource),
            );
        }
        match resources.iter().find(|r| r.id == need.resource) {
            None => problems.unknown(
                &at.key("resource"),
                "resource",
                need.resource.as_str(),
                resources.iter().map(|r| r.id.as_str()),
            ),
            Some(pool) if need.units > pool.units => problems.error_with_help(
                &at.key("units"),
                format!(
                    "needs {} of `{}`, of which there are {}: the stage could never start",
                    need.units, pool.id, pool.units
                ),
                "raise `units` of the resource or lower the need",
            ),
            Some(_) if need.units == 0 => problems.error(&at.key("units"), "a need of 0 is no need"),
            Some(_) => {}
        }
    }
}

/// Units of pools that a stage needs: index of the pool and how many.
pub type Needs = [(u16, u32)];

/// Work that waits, in the order in which it is served: planned start, project, node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// Planned start, seconds since the epoch.
    pub planned_s: i64,
    /// Index of the project in its strategy.
    pub project: u32,
    /// Node of its network.
    pub node: u32,
}

/// The pools at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crews {
    units: Vec<u32>,
    free: Vec<u32>,
    waiting: Vec<Ticket>,
    /// Who gave units of each pool back last: project and node.
    last: Vec<(u32, u32)>,
}

impl Crews {
    /// All free.
    pub fn new(units: &[u32]) -> Self {
        Self {
            units: units.to_vec(),
            free: units.to_vec(),
            waiting: Vec::new(),
            last: vec![(u32::MAX, u32::MAX); units.len()],
        }
    }
    /// All free again, nobody waits.
    pub fn reset(&mut self) {
        self.free.copy_from_slice(&self.units);
        self.waiting.clear();
    }
    /// Work waits.
    pub fn wait(&mut self, ticket: Ticket) {
        let place = self.waiting.partition_point(|other| *other < ticket);
        self.waiting.insert(place, ticket);
    }
    /// Work that waited gives up.
    pub fn withdraw(&mut self, project: u32) {
        self.waiting.retain(|t| t.project != project);
    }
    /// The first of those that wait for which enough is free; it has it from now.
    pub fn grant<'a>(&mut self, needs: impl Fn(Ticket) -> &'a Needs) -> Option<Ticket> {
        let free = &self.free;
        let fits = |t: &Ticket| needs(*t).iter().all(|(pool, n)| free[usize::from(*pool)] >= *n);
        let place = self.waiting.iter().position(fits)?;
        let ticket = self.waiting.remove(place);
        for (pool, n) in needs(ticket) {
            self.free[usize::from(*pool)] -= n;
        }
        Some(ticket)
    }
    /// Work gives back what it had.
    pub fn give_back(&mut self, needs: &Needs, by: (u32, u32)) {
        for (pool, n) in needs {
            let pool = usize::from(*pool);
            self.last[pool] = by;
            self.free[pool] += n;
            assert!(
                self.free[pool] <= self.units[pool],
                "{} of {} units of pool {pool} are free",
                self.free[pool],
                self.units[pool]
            );
        }
    }
    /// Who last gave back units of any of the pools that are needed, as (project, node).
    pub fn freed_by(&self, needs: &Needs) -> Option<(u32, u32)> {
        let last = needs.iter().map(|(pool, _)| self.last[usize::from(*pool)]);
        last.rev().find(|by| by.0 != u32::MAX)
    }
    /// Whether anybody waits.
    pub fn is_wanted(&self) -> bool {
        !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(planned_s: i64, project: u32, node: u32) -> Ticket {
        Ticket {
            planned_s,
            project,
            node,
        }
    }

    #[test]
    fn those_planned_first_are_served_first_and_the_small_pass_the_large() {
        let mut crews = Crews::new(&[2]);
        // Node 0 wants both units, nodes 1 and 2 one each.
        let needs = |t: Ticket| -> &'static Needs { if t.node == 0 { &[(0, 2)] } else { &[(0, 1)] } };
        crews.wait(ticket(30, 0, 2));
        crews.wait(ticket(10, 0, 1));
        assert_eq!(crews.grant(needs), Some(ticket(10, 0, 1)));
        crews.wait(ticket(20, 0, 0));
        assert_eq!(crews.grant(needs), Some(ticket(30, 0, 2)), "node 0 does not fit");
        assert_eq!(crews.grant(needs), None);
        crews.give_back(&[(0, 1)], (0, 1));
        assert_eq!(crews.grant(needs), None);
        crews.give_back(&[(0, 1)], (0, 1));
        assert_eq!(crews.grant(needs), Some(ticket(20, 0, 0)));
        assert!(!crews.is_wanted());
    }

    #[test]
    fn a_crew_below_the_largest_need_and_unknown_pools_are_refused() {
        let pools = [ResourceSpec {
            id: Name::from("crane"),
            units: 2,
        }];
        let need = |resource: &str, units| NeedSpec {
            resource: Name::from(resource),
            units,
        };
        let mut problems = Problems::new();
        let needs = [need("crane", 3), need("carne", 1), need("crane", 0)];
        check_needs(&needs, &pools, &FieldPath::root().key("needs"), &mut problems);
        let found: Vec<String> = problems
            .as_slice()
            .iter()
            .map(|p| format!("{}: {} {:?}", p.path, p.message, p.help))
            .collect();
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[0].contains("needs[0].units: needs 3 of `crane`, of which there are 2"));
        assert!(found[1].contains("unknown resource `carne`") && found[1].contains("did you mean `crane`"));
        assert!(found[2].contains("named twice"));
    }
}
