//! What must hold between conversions, the crews and the calendars of construction.

use std::collections::BTreeSet;

use crate::conversion::archetype::kind;
use crate::conversion::calendar::CALENDARS_MAX;
use crate::conversion::resource::{RESOURCES_MAX, check_needs};
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::scenario::horizon::Horizon;
use crate::scenario::spec::{ConversionSpec, ScenarioSpec};
use crate::time::parse_date;

/// Pools and calendars themselves.
pub(super) fn check(spec: &ScenarioSpec, root: &FieldPath, problems: &mut Problems) {
    let at = root.key("resources");
    let names = spec.resources.iter().map(|r| &r.id);
    check_names(names, (&at, "resource", RESOURCES_MAX), problems);
    for (i, resource) in spec.resources.iter().enumerate() {
        resource.check(&at.index(i), problems);
    }
    let at = root.key("calendars");
    let names = spec.calendars.iter().map(|c| &c.id);
    check_names(names, (&at, "calendar", CALENDARS_MAX), problems);
    for (i, calendar) in spec.calendars.iter().enumerate() {
        calendar.check(&at.index(i), problems);
    }
    check_kinds(spec, &root.key("archetypes"), problems);
}

fn check_names<'a>(
    names: impl Iterator<Item = &'a Name>,
    (at, what, most): (&FieldPath, &str, usize),
    problems: &mut Problems,
) {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for name in names {
        let here = at.index(count).key("id");
        problems.name(&here, name);
        if !seen.insert(name) {
            problems.error(&here, format!("the {what} `{name}` exists twice"));
        }
        count += 1;
    }
    if count > most {
        problems.error(at, format!("{count} entries: at most {most}"));
    }
}

/// What stages of kinds that the scenario states name of them.
fn check_kinds(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    kind::check_all(&spec.archetypes, at, problems);
    for (i, own) in spec.archetypes.iter().enumerate() {
        for (j, stage) in own.stages.iter().enumerate() {
            let at = at.index(i).key("stages").index(j);
            check_calendar(spec, stage.calendar.as_ref(), &at, problems);
            check_needs(&stage.needs, &spec.resources, &at.key("needs"), problems);
        }
    }
}

fn check_calendar(spec: &ScenarioSpec, name: Option<&Name>, at: &FieldPath, problems: &mut Problems) {
    if let Some(name) = name.filter(|n| !spec.calendars.iter().any(|c| c.id == **n)) {
        let known = spec.calendars.iter().map(|c| c.id.as_str());
        problems.unknown(&at.key("calendar"), "calendar", name.as_str(), known);
    }
}

/// What a conversion names of them, and dates that it plans.
pub(super) fn check_conversion(
    spec: &ScenarioSpec,
    conversion: &ConversionSpec,
    at: &FieldPath,
    problems: &mut Problems,
) {
    check_calendar(spec, conversion.calendar.as_ref(), at, problems);
    for (i, stage) in conversion.stages.iter().enumerate() {
        let at = at.key("stages").index(i);
        check_calendar(spec, stage.calendar.as_ref(), &at, problems);
        let needs = stage.needs.as_deref().unwrap_or_default();
        check_needs(needs, &spec.resources, &at.key("needs"), problems);
    }
    let Some(horizon) = Horizon::of(spec) else { return };
    for (i, refreeze) in conversion.refreezes.iter().enumerate() {
        if refreeze.date().is_some_and(|date| date >= horizon.end) {
            problems.error(
                &at.key("refreezes").index(i).key("when").key("date"),
                "a planned change of the design after the horizon changes nothing",
            );
        }
    }
    check_deliveries(spec, conversion, (&horizon, at), problems);
}

/// Orders are planned to be delivered within the horizon where the start is dated; one that is drawn later is a result.
fn check_deliveries(
    spec: &ScenarioSpec,
    conversion: &ConversionSpec,
    (horizon, at): (&Horizon, &FieldPath),
    problems: &mut Problems,
) {
    use crate::conversion::StartSpec;
    let StartSpec::Date(date) = &conversion.start else {
        return;
    };
    let Some(start) = parse_date(date).and_then(|d| horizon.calendar.start_of(d)) else {
        return;
    };
    for (i, stage) in conversion.stages.iter().enumerate() {
        let Some(duration) = stage.duration_months.filter(|d| d.planned().is_finite()) else {
            continue;
        };
        let left = (duration.planned() - stage.elapsed_months).max(0.0);
        let planned = start + crate::conversion::months(left.min(1e4));
        let order = conversion.programme(&spec.archetypes).resolved_stages();
        let is_order = order.iter().any(|s| s.spec.id == stage.id && s.spec.is_order());
        if is_order && !stage.done && planned >= horizon.end && start < horizon.end {
            problems.error_with_help(
                &at.key("stages").index(i).key("duration_months"),
                format!(
                    "order `{}` is planned to be delivered after the horizon, {left} months after {date}",
                    stage.id
                ),
                "shorten its lead time, start earlier, or lengthen `years`; a drawn delivery may be that late",
            );
        }
    }
}
