//! Stages against the network of their archetype, from outside: none starts before all that it waits for has ended.

use repower::conversion::archetype;
use repower::results::replication::Replication;
use repower::results::tables::ScheduleRow;
use repower::scenario::Scenario;

/// Strategies of one conversion, whose design is never opened again: rows can then be told apart by hall and stage.
pub(crate) fn precedence(scenario: &Scenario, record: &Replication) -> Result<(), String> {
    let [conversion] = &scenario.spec.strategies[record.strategy].conversions[..] else {
        return Ok(());
    };
    if !conversion.refreezes.is_empty() {
        return Ok(());
    }
    let Some(archetype) = archetype::find(conversion.archetype.as_str()) else {
        return Ok(());
    };
    for row in record.schedule.iter().filter(|r| !r.start.is_empty()) {
        let at_risk = conversion.at_risk_orders.iter().any(|o| o.as_str() == row.stage);
        let known = archetype.stages.iter().find(|s| s.id == row.stage);
        for before in known.filter(|_| !at_risk).map_or(&[][..], |s| s.after) {
            let first = record
                .schedule
                .iter()
                .filter(|r| r.stage == *before && near(r, row));
            for earlier in first {
                if earlier.end.is_empty() || earlier.end > row.start {
                    return Err(format!(
                        "a stage starts before what it waits for: {} of `{}` at {}, {before} ends `{}`",
                        row.stage, row.hall, row.start, earlier.end
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Of the same hall, or one of both is of all halls.
fn near(a: &ScheduleRow, b: &ScheduleRow) -> bool {
    a.hall.is_empty() || b.hall.is_empty() || (a.hall == b.hall && a.site == b.site)
}
