//! The investment memo: two pages that a committee reads, then what it looks up.
//!
//! Owns the order of things and their words. Every figure names the file of the run it comes from; there is no
//! clock in it, so that equal runs give equal bytes.

use crate::report::chart::Drawn;
use crate::report::view::View;
use crate::results::tables::RunTables;

pub mod document;
pub mod html;
pub mod markdown;

mod appendix;
mod breaks;
mod conversion;
mod debt;
mod decision;
mod figures;
mod funding;
mod hosting;
mod hot_hours;
mod mining;
mod operations;
mod plan;
mod record;
mod tenants;
mod verdict;

use document::{Document, Section, Text};

/// Charts by id; each stands in the memo once.
struct Charts(Vec<Drawn>);

impl Charts {
    fn take(&mut self, id: &str) -> Option<Drawn> {
        let index = self.0.iter().position(|chart| chart.id == id)?;
        Some(self.0.remove(index))
    }
}

/// Builds the memo from the tables of a run and its charts.
pub fn build(tables: &RunTables, charts: Vec<Drawn>) -> Document {
    let view = View::new(tables);
    let mut charts = Charts(charts);
    let manifest = &tables.manifest;
    let mut body = vec![
        decision::recommendation(&view),
        decision::capital(&view),
        plan::dates(&view),
        decision::returns(&view),
        decision::comparison(&view, charts.take("npv_distribution")),
        breaks::drivers(&view),
        breaks::breaks(&view),
        record::standing(&view),
    ];
    let mut appendix = vec![
        decision::cash(charts.take("cash_flow_fan")),
        decision::cash_by_year(&view),
        decision::comparison_in_full(&view, charts.take("npv_profile")),
        appendix::risks(&view),
        appendix::cases(&view),
        debt::debt(&view, &mut charts),
        conversion::conversion(&view, &mut charts),
        operations::drivers(&view, charts.take("value_by_account")),
        operations::energy(&view, &mut charts),
        mining::fleet(&view, charts.take("fleet_curve")),
        hosting::hosting(&view),
        record::notes(&view),
        record::limits(&view),
        record::assumptions(&view),
        record::identity(&view),
    ];
    body.retain(|section: &Section| !section.blocks.is_empty());
    appendix.retain(|section| !section.blocks.is_empty());
    let name = if manifest.scenario.is_empty() {
        "unnamed scenario"
    } else {
        &manifest.scenario
    };
    Document {
        title: format!("Investment memo: {name}"),
        subtitle: Text::new("Run ").code(&manifest.run_id).text(format!(
            ", {} of each strategy, {}. Money in millions of nominal US dollars unless stated.",
            crate::report::format::count_of(manifest.replications as usize, "replication"),
            decision::horizon(&view)
        )),
        body,
        appendix,
        footer: format!("Repower {}, run {}.", manifest.tool_version, manifest.run_id),
    }
}
