//! What stands behind the figures: notes on data and model, assumptions, limits, identity of the run.

use crate::report::format;
use crate::report::memo::document::{Cite, Section, Table, Text};
use crate::report::view::View;
use crate::results::tables::{AssumptionRow, Note};

/// Rows of the assumptions table that the memo shows; `assumptions.csv` has all.
const ASSUMPTIONS_MAX: usize = 250;
/// Characters of a cell that come from outside.
const CELL_MAX: usize = 240;

/// How firm all this is, in a few lines of the first pages; the appendix has the whole.
pub(crate) fn standing(view: &View<'_>) -> Section {
    let mut section = Section::new("Assumptions, risks and limits");
    // Words are choices of the model; what a reader must doubt are numbers that nobody published.
    let is_guess = |a: &&AssumptionRow| a.label == "assumption" && a.value.parse::<f64>().is_ok();
    let count = view.tables.assumptions.iter().filter(is_guess).count();
    let mut items = Vec::new();
    if count > 0 {
        let text = match count {
            1 => "One number stands".to_owned(),
            _ => format!("{} numbers stand", format::number(count as f64, 0)),
        };
        let text = Text::new(format!(
            "{text} behind these figures without a published source: "
        ));
        let text = text
            .link("inputs and assumptions", "#inputs-and-assumptions")
            .text(", ");
        items.push(text.link("assumptions.csv", "assumptions.csv").text("."));
    }
    let link = |lead: &str, name: &str, anchor: &str| Text::new(lead).link(name, anchor).text(".");
    items.push(link(
        "What can go wrong, with its share of replications: ",
        "risks in figures",
        "#risks-in-figures",
    ));
    let limits = "Intervals cover the chance of these replications under the stated distributions, not errors of the model: ";
    items.push(link(limits, "limits of the model", "#limits-of-the-model"));
    let notes = "What was read, repaired, simplified: ";
    items.push(link(
        notes,
        "notes on fidelity, data and model",
        "#notes-on-fidelity-data-and-model",
    ));
    let figures = "A figure that is a link names its row of a file of this run; the head of a file is row 1";
    items.push(Text::new(figures).text("."));
    section.list(items);
    section
}

/// What a reader must know of the data and of the fidelity.
pub(crate) fn notes(view: &View<'_>) -> Section {
    let manifest = &view.tables.manifest;
    let mut section = Section::new("Notes on fidelity, data and model");
    let fidelity = match manifest.fidelity.as_str() {
        "sampled_weeks" => {
            "Job queues were simulated in sampled weeks; the notes below say how many. In between GPU demand was a flow."
        }
        "jobs" => "Every job of every week was simulated.",
        "multilevel" => {
            "In most replications GPU demand was a flow and one hour of each day was looked at; a few with weeks simulated job by job correct means and intervals."
        }
        "fluid" => "GPU demand was a flow with a backlog; no single job was simulated.",
        "sampled_hours" => "GPU demand was a flow with a backlog, and one hour of each day was looked at.",
        _ => "",
    };
    if !manifest.fidelity.is_empty() {
        let text = Text::default()
            .strong("Demand fidelity: ")
            .code(&manifest.fidelity);
        section.paragraph(text.text(format!(". {fidelity}")));
    }
    let item = |name: &str, note: &Note| literals(Text::default().strong(name).text(" "), &note.text);
    // Warnings stand with the decision; here they would be read twice.
    let known = [("data", "Data."), ("model", "Model.")];
    let mut items: Vec<Text> = Vec::new();
    for (kind, name) in known {
        items.extend(
            manifest
                .notes
                .iter()
                .filter(|n| n.kind == kind)
                .map(|n| item(name, n)),
        );
    }
    let other = manifest
        .notes
        .iter()
        .filter(|n| n.kind != "warning" && known.iter().all(|k| k.0 != n.kind));
    items.extend(other.map(|n| item("Note.", n)));
    if manifest.inputs.is_empty() && !manifest.scenario_hash.is_empty() {
        let synthetic = "No data file was read: prices, weather, bitcoin, rents and jobs are seeded processes, and \
            what they were fitted to is in the tool's method notes.";
        items.push(Text::default().strong("Data.").text(format!(" {synthetic}")));
    }
    section.list(items);
    if !view.tables.fidelity.is_empty() {
        section.table(fidelity_error(view));
    }
    section.table(inputs(view));
    section
}

/// What the fidelity is off, against a year in which every job was simulated.
fn fidelity_error(view: &View<'_>) -> Table {
    let decimals = |value: f64| if value.abs() < 100.0 { 2 } else { 0 };
    let rows = view.tables.fidelity.iter().map(|row| {
        let value = |value: f64| Text::new(format::number(value, decimals(value)));
        let error = if row.error_percent.is_nan() {
            "none to compare with".to_owned()
        } else if row.unit == "s" {
            // A large share of a few seconds is little.
            format!(
                "{} % ({} s)",
                format::number_signed(row.error_percent, 2),
                format::number_signed(row.value - row.jobs, 1)
            )
        } else {
            format!("{} %", format::number_signed(row.error_percent, 2))
        };
        vec![
            Text::default().code(format::shorten(&row.strategy, CELL_MAX)),
            Text::new(format!("{}, {}", format::words(&row.quantity), row.unit)),
            value(row.jobs),
            value(row.value),
            Text::new(error),
        ]
    });
    let first = &view.tables.fidelity[0];
    let day = |text: &str| text.get(..10).unwrap_or_default().to_owned();
    Table {
        caption: format!(
            "Error of `{}` against `jobs`, on-demand pools, {} to {}",
            first.fidelity,
            day(&first.from),
            day(&first.to)
        ),
        source: Text::default()
            .link("fidelity.csv", "fidelity.csv")
            .text("; one year on random numbers that no replication uses."),
        head: ["Strategy", "Quantity", "jobs", "This run", "Error"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
        is_prose: false,
    }
}

/// Goes on with a note, in which backticks stand round literals.
pub(crate) fn literals(text: Text, note: &str) -> Text {
    let pieces: Vec<&str> = note.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        // An odd backtick marks nothing.
        return text.text(note);
    }
    let steps = pieces
        .into_iter()
        .enumerate()
        .filter(|(_, piece)| !piece.is_empty());
    steps.fold(text, |text, (index, piece)| {
        if index.is_multiple_of(2) {
            text.text(piece)
        } else {
            text.code(piece)
        }
    })
}

fn inputs(view: &View<'_>) -> Table {
    let rows = view.tables.manifest.inputs.iter().map(|file| {
        vec![
            Text::default().code(format::shorten(&file.name, CELL_MAX)),
            Text::new(match file.repaired {
                0 => "none".to_owned(),
                count => format::count_of(count as usize, "interval"),
            }),
            Text::default().code(format::shorten(&file.sha256, 20)),
        ]
    });
    Table {
        caption: "Input files".to_owned(),
        source: Text::default().link("manifest.json", "manifest.json").text("."),
        head: ["File", "Repaired gaps", "SHA-256, beginning"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
        is_prose: true,
    }
}

/// What the figures do not cover.
pub(crate) fn limits(view: &View<'_>) -> Section {
    let mut section = Section::new("Limits of the model");
    let rate = format::percent(view.tables.manifest.discount_rate, 2);
    let lines = [
        format!(
            "Money is nominal US dollars. A month's cash is discounted at {rate} a year, effective, from its \
             middle: factor (1 + rate)^\u{2212}((m + 0.5)/12), m whole months from the start."
        ),
        "Intervals cover the chance of these replications under the stated distributions, not errors of the \
         model or of an assumption; more replications narrow the former only."
            .to_owned(),
        "All strategies met the same weather, prices and delays in each replication, so differences are firmer \
         than either figure alone."
            .to_owned(),
        "Charts of hours, halls and bills show one replication, the lower median of equity net present value of \
         its strategy; its months need not be median months."
            .to_owned(),
        "The owner's prices do not move markets: no effect of these halls on power prices, GPU rents or network \
         difficulty is simulated."
            .to_owned(),
        "What the residual at the horizon is worth is a stated convention; net present value is therefore shown \
         with and without it."
            .to_owned(),
    ];
    section.list(lines.into_iter().map(Text::new).collect());
    section
}

/// Inputs that the run used, those without a source first.
pub(crate) fn assumptions(view: &View<'_>) -> Section {
    let mut section = Section::new("Inputs and assumptions");
    let all = &view.tables.assumptions;
    let rank = |label: &str| match label {
        "assumption" => 0,
        "computed" => 1,
        "sourced" => 2,
        _ => 3,
    };
    let mut order: Vec<(usize, &AssumptionRow)> = all.iter().enumerate().collect();
    // Stable: rows of one label keep the order of the file.
    order.sort_by_key(|(_, row)| rank(&row.label));
    let count = |label: &str| all.iter().filter(|r| r.label == label).count();
    if !all.is_empty() {
        section.paragraph(
            Text::new(format!(
                "{}: {} given by the scenario, {} sourced, {} computed, {} assumed without a source. {} All are in ",
                format::count_of(all.len(), "input"),
                format::number(count("given") as f64, 0),
                format::number(count("sourced") as f64, 0),
                format::number(count("computed") as f64, 0),
                format::number(count("assumption") as f64, 0),
                if all.len() > ASSUMPTIONS_MAX {
                    format!("The first {ASSUMPTIONS_MAX} are shown, assumptions before others.")
                } else {
                    "Assumptions come first.".to_owned()
                }
            ))
            .link("assumptions.csv", "assumptions.csv")
            .text("."),
        );
    }
    let cell = |text: &str| Text::new(format::shorten(text, CELL_MAX));
    let rows = order.into_iter().take(ASSUMPTIONS_MAX).map(|(index, row)| {
        let is_assumed = row.label == "assumption";
        let label = if is_assumed {
            Text::default().strong("ASSUMPTION")
        } else {
            cell(&row.label)
        };
        vec![
            Text::default().figure(
                format::shorten(&row.path, CELL_MAX),
                Cite::record("assumptions.csv", index, row.path.clone()),
            ),
            cell(&row.value),
            cell(&row.unit),
            label,
            cell(&row.source),
        ]
    });
    section.table(Table {
        caption: "Inputs that the run used".to_owned(),
        source: Text::default()
            .link("assumptions.csv", "assumptions.csv")
            .text("."),
        head: ["Path", "Value", "Unit", "Label", "Source"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
        is_prose: true,
    });
    section
}

/// What another run must share to give the same bytes.
pub(crate) fn identity(view: &View<'_>) -> Section {
    let manifest = &view.tables.manifest;
    let mut section = Section::new("Identity of the run");
    let overrides: Vec<String> = manifest
        .overrides
        .iter()
        .take(50)
        .map(|o| format::shorten(o, CELL_MAX))
        .collect();
    let facts = [
        ("Scenario", manifest.scenario.clone()),
        ("Run id", manifest.run_id.clone()),
        ("Scenario hash (SHA-256)", manifest.scenario_hash.clone()),
        ("Seed", manifest.seed.to_string()),
        ("Replications", manifest.replications.to_string()),
        ("Cases", manifest.cases.join(", ")),
        ("Demand fidelity", manifest.fidelity.clone()),
        ("Overrides", overrides.join("; ")),
        ("Tool version", manifest.tool_version.clone()),
    ];
    let rows = facts.into_iter().filter(|(_, value)| !value.is_empty());
    section.table(Table {
        caption: "The same scenario, data, seed and version give the same bytes".to_owned(),
        source: Text::default().link("manifest.json", "manifest.json").text("."),
        head: ["", ""].map(str::to_owned).to_vec(),
        rows: rows
            .map(|(name, value)| vec![Text::new(name), Text::default().code(value)])
            .collect(),
        is_prose: true,
    });
    section
}
