//! Stages of a conversion: what a file says about one, and how the file's entries change an archetype's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::DurationSpec;
use super::order::OrderTermsSpec;
use super::resource::NeedSpec;
use super::risk::TestSpec;
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};

/// The most tests of one stage.
pub const TESTS_MAX: usize = 10;
/// The most stages of one conversion.
pub const STAGES_MAX: usize = 64;

/// What becomes of mining in a hall while a stage runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MiningDuring {
    /// It goes on.
    #[default]
    Continues,
    /// It stops when the stage starts.
    Stops,
}

/// Whether a stage is done once for all halls of the conversion or for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageScope {
    /// Once, for all halls together.
    Shared,
    /// For each hall.
    #[default]
    Hall,
}

/// What a stage means to the hall and to the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageRole {
    /// Work that leaves the hall's phase alone: studies, permits, design, works beside the hall.
    #[default]
    Work,
    /// An order with a lead time: deposit when placed, balance on delivery; may be placed at risk.
    Order,
    /// The order of the GPU systems: like an order, but its price is that of the hardware.
    Hardware,
    /// Miners are switched off and taken out.
    WindDown,
    /// Works inside the hall.
    Build,
    /// Power comes to the hall.
    Energise,
    /// Tests, which may fail and be repeated.
    Commission,
    /// Racks come in.
    Install,
    /// People are hired and trained.
    Staff,
    /// The hall is ready for service; takes no time.
    Ready,
}

/// One stage of a conversion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageSpec {
    /// Name of the stage, unique in its conversion.
    pub id: Name,
    /// What people call it. Default: nothing.
    #[serde(default)]
    pub name: String,
    /// Stages that must end before it starts.
    #[serde(default)]
    pub after: Vec<Name>,
    /// How long it takes, months.
    pub duration_months: DurationSpec,
    /// Its share of the facility's cost, percent. Shares of a conversion add up to 100.
    #[serde(default)]
    pub capex_share_percent: f64,
    /// Whether mining in the hall goes on while it runs. Default: it continues.
    #[serde(default)]
    pub mining: MiningDuring,
    /// What the stage means. Default: plain work.
    #[serde(default)]
    pub role: StageRole,
    /// Once for all halls or for each. Default: for each.
    #[serde(default)]
    pub scope: StageScope,
    /// Where given, the stage starts as late as the forecast allows, less so many months; otherwise as soon as possible.
    #[serde(default)]
    pub just_in_time_buffer_months: Option<f64>,
    /// Crews and machines that it needs while it runs, by the names of `resources`. Default: none.
    #[serde(default)]
    pub needs: Vec<NeedSpec>,
    /// Its working calendar, by the names of `calendars`. Default: the conversion's for works at the hall, every day for
    /// the others.
    #[serde(default)]
    pub calendar: Option<Name>,
    /// Terms of an order. Default: the deposit of the conversion, lost on cancellation; one price, one delivery.
    #[serde(default)]
    pub order: OrderTermsSpec,
    /// Tests at the end of the stage, one after another, each of which may fail and be repeated. Default: none, and the
    /// one of `risk` where the role is `commission`.
    #[serde(default)]
    pub tests: Vec<TestSpec>,
}

/// A change of one stage of the archetype, or one stage more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageOverrideSpec {
    /// The stage; with `add = true` the name of a new one.
    pub id: Name,
    /// Adds a stage instead of changing one. Default: false.
    #[serde(default)]
    pub add: bool,
    /// What people call it. Default: the archetype's; of a new stage its id.
    #[serde(default)]
    pub name: Option<String>,
    /// Stages that must end before it starts. Default: the archetype's; of a new stage none.
    #[serde(default)]
    pub after: Option<Vec<Name>>,
    /// Stages that wait for it besides those that already do. Default: none.
    #[serde(default)]
    pub before: Vec<Name>,
    /// How long it takes, months. Default: the archetype's; a new stage must say it.
    #[serde(default)]
    pub duration_months: Option<DurationSpec>,
    /// Share of the facility's cost, percent. Default: the archetype's; of a new stage 0.
    #[serde(default)]
    pub capex_share_percent: Option<f64>,
    /// Whether mining goes on meanwhile. Default: the archetype's.
    #[serde(default)]
    pub mining: Option<MiningDuring>,
    /// What the stage means. Default: the archetype's.
    #[serde(default)]
    pub role: Option<StageRole>,
    /// Once for all halls or for each. Default: the archetype's.
    #[serde(default)]
    pub scope: Option<StageScope>,
    /// Months before the latest start at which it begins. Default: the archetype's.
    #[serde(default)]
    pub just_in_time_buffer_months: Option<f64>,
    /// Crews and machines that it needs while it runs, by the names of `resources`. Default: the archetype's.
    #[serde(default)]
    pub needs: Option<Vec<NeedSpec>>,
    /// Its working calendar, by the names of `calendars`. Default: the archetype's.
    #[serde(default)]
    pub calendar: Option<Name>,
    /// Terms of an order. Default: the archetype's.
    #[serde(default)]
    pub order: Option<OrderTermsSpec>,
    /// Tests at its end, each of which may fail and be repeated. Default: the archetype's.
    #[serde(default)]
    pub tests: Option<Vec<TestSpec>>,
    /// A slip that is known to come: so many months longer than planned. The plan does not show it; stages that begin
    /// just in time wait for it. Default: 0.
    #[serde(default)]
    pub delay_months: f64,
    /// Months of the stage that were over when the scenario starts. Default: 0.
    #[serde(default)]
    pub elapsed_months: f64,
    /// The stage was complete, and paid, when the scenario starts. Default: false.
    #[serde(default)]
    pub done: bool,
}

/// A stage with what the file says about this project's course.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The stage.
    pub spec: StageSpec,
    /// A slip that is known to come, months.
    pub delay_months: f64,
    /// Months that are already over.
    pub elapsed_months: f64,
    /// Complete and paid at the start.
    pub done: bool,
}

impl StageSpec {
    /// A stage of plain work at each hall that waits for nothing.
    pub fn of(id: &str, duration_months: DurationSpec) -> Self {
        Self {
            id: Name::from(id),
            name: id.to_owned(),
            after: Vec::new(),
            duration_months,
            capex_share_percent: 0.0,
            mining: MiningDuring::default(),
            role: StageRole::default(),
            scope: StageScope::default(),
            just_in_time_buffer_months: None,
            needs: Vec::new(),
            calendar: None,
            order: OrderTermsSpec::default(),
            tests: Vec::new(),
        }
    }
    /// Whether it is bought, with a lead time, rather than worked on.
    pub fn is_order(&self) -> bool {
        matches!(self.role, StageRole::Order | StageRole::Hardware)
    }
    /// Whether it is work at the hall, which follows the conversion's working calendar.
    pub fn is_works(&self) -> bool {
        matches!(
            self.role,
            StageRole::WindDown
                | StageRole::Build
                | StageRole::Energise
                | StageRole::Commission
                | StageRole::Install
        )
    }
    /// The tests at its end: its own, or the one of `risk`.
    pub fn tests<'a>(&'a self, risk: &'a TestSpec) -> &'a [TestSpec] {
        if self.tests.is_empty() && self.role == StageRole::Commission {
            std::slice::from_ref(risk)
        } else {
            &self.tests
        }
    }
}

impl Check for StageSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("id"), &self.id);
        self.duration_months.check(&at.key("duration_months"), problems);
        problems.percent(&at.key("capex_share_percent"), self.capex_share_percent, 100.0);
        if let Some(buffer) = self.just_in_time_buffer_months {
            problems.within(&at.key("just_in_time_buffer_months"), buffer, 0.0, 120.0);
        }
        self.order.check(&at.key("order"), problems);
        check_tests(&self.tests, &at.key("tests"), problems);
    }
}

fn check_tests(tests: &[TestSpec], at: &FieldPath, problems: &mut Problems) {
    if tests.len() > TESTS_MAX {
        problems.error(at, format!("{} tests: at most {TESTS_MAX}", tests.len()));
    }
    for (i, test) in tests.iter().enumerate() {
        test.check(&at.index(i), problems);
    }
}

impl Stage {
    fn new(spec: StageSpec) -> Self {
        Self {
            spec,
            delay_months: 0.0,
            elapsed_months: 0.0,
            done: false,
        }
    }
}

impl StageOverrideSpec {
    /// A change that changes nothing yet.
    pub fn of(id: impl Into<String>) -> Self {
        Self {
            id: Name::new(id),
            add: false,
            name: None,
            after: None,
            before: Vec::new(),
            duration_months: None,
            capex_share_percent: None,
            mining: None,
            role: None,
            scope: None,
            just_in_time_buffer_months: None,
            needs: None,
            calendar: None,
            order: None,
            tests: None,
            delay_months: 0.0,
            elapsed_months: 0.0,
            done: false,
        }
    }
    /// The new stage that it describes; `None` without a duration.
    fn to_stage(&self) -> Option<StageSpec> {
        Some(StageSpec::of(self.id.as_str(), self.duration_months?))
    }
    fn apply(&self, stage: &mut Stage) {
        let spec = &mut stage.spec;
        set(&mut spec.name, self.name.as_ref());
        set(&mut spec.after, self.after.as_ref());
        set(&mut spec.duration_months, self.duration_months.as_ref());
        set(&mut spec.capex_share_percent, self.capex_share_percent.as_ref());
        set(&mut spec.mining, self.mining.as_ref());
        set(&mut spec.role, self.role.as_ref());
        set(&mut spec.scope, self.scope.as_ref());
        set(&mut spec.needs, self.needs.as_ref());
        set(&mut spec.order, self.order.as_ref());
        set(&mut spec.tests, self.tests.as_ref());
        if self.calendar.is_some() {
            spec.calendar.clone_from(&self.calendar);
        }
        if self.just_in_time_buffer_months.is_some() {
            spec.just_in_time_buffer_months = self.just_in_time_buffer_months;
        }
        stage.delay_months = self.delay_months;
        stage.elapsed_months = self.elapsed_months;
        stage.done = self.done;
    }
}

fn set<T: Clone>(field: &mut T, given: Option<&T>) {
    if let Some(value) = given {
        field.clone_from(value);
    }
}

impl Check for StageOverrideSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("id"), &self.id);
        if let Some(duration) = &self.duration_months {
            duration.check(&at.key("duration_months"), problems);
        } else if self.add {
            let help = "write `duration_months.fixed.value = 3`, or `triangular` with `low`, `mode`, `high`";
            problems.error_with_help(
                at,
                format!("new stage `{}` has no `duration_months`", self.id),
                help,
            );
        }
        if let Some(share) = self.capex_share_percent {
            problems.percent(&at.key("capex_share_percent"), share, 100.0);
        }
        if let Some(buffer) = self.just_in_time_buffer_months {
            problems.within(&at.key("just_in_time_buffer_months"), buffer, 0.0, 120.0);
        }
        if let Some(order) = &self.order {
            order.check(&at.key("order"), problems);
        }
        check_tests(
            self.tests.as_deref().unwrap_or_default(),
            &at.key("tests"),
            problems,
        );
        problems.within(&at.key("delay_months"), self.delay_months, 0.0, 120.0);
        problems.within(&at.key("elapsed_months"), self.elapsed_months, 0.0, 240.0);
    }
}

/// The archetype's stages with the file's changes. Entries that the check refuses are left out.
pub fn resolve(archetype: Vec<StageSpec>, overrides: &[StageOverrideSpec]) -> Vec<Stage> {
    let mut stages: Vec<Stage> = archetype.into_iter().map(Stage::new).collect();
    for change in overrides.iter().filter(|c| c.add) {
        if let Some(spec) = change.to_stage()
            && !stages.iter().any(|s| s.spec.id == spec.id)
        {
            stages.push(Stage::new(spec));
        }
    }
    for change in overrides {
        if let Some(stage) = stages.iter_mut().find(|s| s.spec.id == change.id) {
            change.apply(stage);
        }
        for later in &change.before {
            if let Some(stage) = stages.iter_mut().find(|s| s.spec.id == *later)
                && !stage.spec.after.contains(&change.id)
            {
                stage.spec.after.push(change.id.clone());
            }
        }
    }
    stages
}

/// Reports references to stages that do not exist: ids, `before`, `after`.
pub fn check_references(
    archetype: &[StageSpec],
    overrides: &[StageOverrideSpec],
    at: &FieldPath,
    problems: &mut Problems,
) {
    let added = overrides.iter().filter(|c| c.add).map(|c| c.id.as_str());
    let known: Vec<&str> = archetype.iter().map(|s| s.id.as_str()).chain(added).collect();
    for (i, change) in overrides.iter().enumerate() {
        let at = at.index(i);
        let exists = archetype.iter().any(|s| s.id == change.id);
        if change.add && exists {
            let help = "leave out `add` to change it";
            problems.error_with_help(
                &at.key("id"),
                format!("stage `{}` exists already", change.id),
                help,
            );
        } else if !change.add && !exists {
            problems.unknown(&at.key("id"), "stage", change.id.as_str(), known.iter().copied());
        }
        if overrides[..i].iter().any(|c| c.id == change.id) {
            problems.error(&at.key("id"), format!("stage `{}` is changed twice", change.id));
        }
        check_names(
            change.after.as_deref().unwrap_or_default(),
            &known,
            &at.key("after"),
            problems,
        );
        check_names(&change.before, &known, &at.key("before"), problems);
    }
    if known.len() > STAGES_MAX {
        problems.error(at, format!("{} stages: at most {STAGES_MAX}", known.len()));
    }
}

fn check_names(names: &[Name], known: &[&str], at: &FieldPath, problems: &mut Problems) {
    for (j, name) in names.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            problems.unknown(&at.index(j), "stage", name.as_str(), known.iter().copied());
        }
    }
}

/// Reports what is wrong with a resolved network as a whole: cycles, shares, milestones.
pub fn check_network(stages: &[Stage], at: &FieldPath, problems: &mut Problems) {
    if let Some(cycle) = find_cycle(stages) {
        let names: Vec<String> = cycle
            .iter()
            .map(|i| format!("`{}`", stages[*i].spec.id))
            .collect();
        problems.error(at, format!("stages wait for each other: {}", names.join(" -> ")));
    }
    let total: f64 = stages.iter().map(|s| s.spec.capex_share_percent).sum();
    if (total - 100.0).abs() > 0.5 {
        problems.error(at, format!("shares of cost add up to {total} percent, not 100"));
    }
    let ready = stages.iter().filter(|s| s.spec.role == StageRole::Ready).count();
    if ready != 1 {
        problems.error(
            at,
            format!("{ready} stages have the role `ready`: there must be exactly one"),
        );
    }
    if stages
        .iter()
        .any(|s| s.spec.role == StageRole::Ready && s.spec.scope == StageScope::Shared)
    {
        problems.error(at, "the stage with the role `ready` must be for each hall");
    }
}

/// A cycle of stages, each waiting for the next, closed by the first again; unknown names are ignored.
pub fn find_cycle(stages: &[Stage]) -> Option<Vec<usize>> {
    let index = |name: &Name| stages.iter().position(|s| s.spec.id == *name);
    // 0: not seen, 1: on the path, 2: done. An explicit stack keeps hostile depth off the call stack.
    let mut state = vec![0u8; stages.len()];
    for root in 0..stages.len() {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if state[root] == 0 {
            state[root] = 1;
            path.push((root, 0));
        }
        while let Some((node, next)) = path.last_mut() {
            let Some(name) = stages[*node].spec.after.get(*next) else {
                state[*node] = 2;
                path.pop();
                continue;
            };
            *next += 1;
            match index(name).map(|i| (i, state[i])) {
                Some((i, 0)) => {
                    state[i] = 1;
                    path.push((i, 0));
                }
                Some((i, 1)) => {
                    let from = path.iter().position(|(n, _)| *n == i).unwrap_or(0);
                    let mut cycle: Vec<usize> = path[from..].iter().map(|(n, _)| *n).collect();
                    cycle.push(i);
                    return Some(cycle);
                }
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(id: &str, after: &[&str], months: f64) -> StageSpec {
        StageSpec {
            after: after.iter().map(|a| Name::from(*a)).collect(),
            ..StageSpec::of(id, DurationSpec::Fixed { value: months })
        }
    }

    fn problems_of(archetype: &[StageSpec], overrides: &[StageOverrideSpec]) -> Vec<String> {
        let mut problems = Problems::new();
        let at = FieldPath::root().key("stages");
        for (i, change) in overrides.iter().enumerate() {
            change.check(&at.index(i), &mut problems);
        }
        check_references(archetype, overrides, &at, &mut problems);
        let text = |p: &crate::problem::Problem| format!("{}: {} {:?}", p.path, p.message, p.help);
        problems.as_slice().iter().map(text).collect()
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let base = vec![stage("a", &[], 1.0), stage("b", &["a"], 2.0)];
        let mut change = StageOverrideSpec::of("b");
        change.delay_months = 2.0;
        change.capex_share_percent = Some(7.0);
        let stages = resolve(base.clone(), &[change]);
        assert_eq!(stages[1].spec.after, base[1].after);
        assert_eq!(
            (stages[1].delay_months, stages[1].spec.capex_share_percent),
            (2.0, 7.0)
        );
        assert_eq!(stages[0], Stage::new(base[0].clone()));
    }

    #[test]
    fn a_new_stage_stands_where_the_file_puts_it() {
        let base = vec![stage("a", &[], 1.0), stage("b", &["a"], 2.0)];
        let mut new = StageOverrideSpec::of("flood-wall");
        new.add = true;
        new.after = Some(vec![Name::from("a")]);
        new.before = vec![Name::from("b")];
        assert_eq!(
            problems_of(&base, std::slice::from_ref(&new)).len(),
            1,
            "no duration"
        );
        new.duration_months = Some(DurationSpec::Fixed { value: 3.0 });
        assert_eq!(
            problems_of(&base, std::slice::from_ref(&new)),
            Vec::<String>::new()
        );
        let stages = resolve(base, &[new]);
        assert_eq!(stages[2].spec.after, [Name::from("a")]);
        assert_eq!(stages[1].spec.after, [Name::from("a"), Name::from("flood-wall")]);
    }

    #[test]
    fn unknown_stages_are_answered_with_the_one_meant() {
        let base = vec![
            stage("transformer", &[], 1.0),
            stage("fit-out", &["transformer"], 2.0),
        ];
        let mut typo = StageOverrideSpec::of("transfomer");
        typo.before = vec![Name::from("fitout")];
        let found = problems_of(&base, &[typo]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("stages[0].id: unknown stage `transfomer`"),
            "{found:?}"
        );
        assert!(
            found[0].contains("did you mean `transformer`?") && found[1].contains("`fit-out`"),
            "{found:?}"
        );
    }

    #[test]
    fn a_cycle_is_named() {
        let mut stages = resolve(
            vec![
                stage("a", &["c"], 1.0),
                stage("b", &["a"], 1.0),
                stage("c", &["b"], 1.0),
                stage("d", &["a"], 1.0),
            ],
            &[],
        );
        let mut problems = Problems::new();
        check_network(&stages, &FieldPath::root().key("stages"), &mut problems);
        let first = &problems.as_slice()[0].message;
        assert_eq!(first, "stages wait for each other: `a` -> `c` -> `b` -> `a`");
        assert_eq!(problems.as_slice().len(), 3, "cycle, shares, no `ready`");
        stages[0].spec.after.clear();
        assert_eq!(find_cycle(&stages), None);
    }
}
