//! What the documents say of files, columns, commands and crates is what the code has.

use std::fs;
use std::path::{Path, PathBuf};

use repower::finance::account::Account;
use repower::metric::Metric;
use repower::results::csv_table::Table;
use repower::results::tables as t;
use repower::scenario::load::{DEFAULT_SCENARIO, LoadOptions, load};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn table_of<T: Table>() -> (&'static str, &'static [&'static str]) {
    (T::FILE, T::COLUMNS)
}

#[test]
fn every_file_column_metric_and_account_is_described() {
    let outputs = text("docs/OUTPUTS.md");
    let tables = [
        table_of::<t::SummaryRow>(),
        table_of::<t::ComparisonRow>(),
        table_of::<t::AnswerRow>(),
        table_of::<t::CashflowRow>(),
        table_of::<t::StatementRow>(),
        table_of::<t::SettlementRow>(),
        table_of::<t::MonthlyRow>(),
        table_of::<t::HourlyRow>(),
        table_of::<t::CapacityRow>(),
        table_of::<t::ScheduleRow>(),
        table_of::<t::JobRow>(),
        table_of::<t::EventRow>(),
        table_of::<t::AssumptionRow>(),
        table_of::<t::FidelityRow>(),
        table_of::<t::FinanceRow>(),
        table_of::<t::LevelRow>(),
        table_of::<t::HallStateRow>(),
        table_of::<t::FanRow>(),
        table_of::<repower::results::npv_profile::NpvProfileRow>(),
        table_of::<t::MiningBreakEvenRow>(),
        table_of::<t::MiningBatchRow>(),
    ];
    let words: Vec<&str> = outputs
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .map(|w| w.trim_matches('.'))
        .collect();
    let mut missing: Vec<String> = Vec::new();
    for (file, columns) in tables {
        let named = std::iter::once(&file).chain(columns);
        missing.extend(
            named
                .filter(|n| !words.contains(n))
                .map(|n| format!("{file}: {n}")),
        );
    }
    for metric in Metric::ALL {
        let definition = metric.definition();
        let row = format!("| `{}` | {} |", definition.id, definition.unit);
        if !outputs.contains(&row) {
            missing.push(row);
        }
    }
    for account in Account::ALL {
        if !outputs.contains(&format!("| `{}` |", account.id())) {
            missing.push(account.id().to_owned());
        }
    }
    assert!(missing.is_empty(), "docs/OUTPUTS.md says nothing of {missing:#?}");
}

/// The fenced blocks of a language in a Markdown text.
fn blocks<'a>(markdown: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    markdown
        .split(fence.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn every_example_of_the_guide_is_a_scenario() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("texas.toml"), DEFAULT_SCENARIO).unwrap();
    let guide = text("docs/USER-GUIDE.md");
    let examples = blocks(&guide, "toml");
    assert!(examples.len() >= 5, "{} examples", examples.len());
    for (index, example) in examples.into_iter().enumerate() {
        let path: PathBuf = folder.path().join(format!("example-{index}.toml"));
        fs::write(&path, example).unwrap();
        if let Err(failure) = load(Some(&path), &LoadOptions::default()) {
            panic!("{:#?}\n{example}", failure.problems);
        }
    }
}

#[test]
fn every_dependency_has_its_reason_and_every_link_its_file() {
    let reasons = text("docs/DEPENDENCIES.md");
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    for section in ["dependencies", "dev-dependencies"] {
        for name in manifest[section].as_table().unwrap().keys() {
            assert!(
                reasons.contains(&format!("`{name}`")),
                "docs/DEPENDENCIES.md has no word on {name}"
            );
        }
    }
    for (file, folder) in [
        ("README.md", ""),
        ("docs/USER-GUIDE.md", "docs"),
        ("docs/OUTPUTS.md", "docs"),
        ("docs/ARCHITECTURE.md", "docs"),
        ("docs/BOOK.md", "docs"),
        ("docs/HOW-TO-ADD.md", "docs"),
    ] {
        for link in text(file)
            .split("](")
            .skip(1)
            .map(|l| l.split(')').next().unwrap().to_owned())
        {
            let target = link.split('#').next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                assert!(
                    root().join(folder).join(target).exists(),
                    "{file} links {target}, which is not there"
                );
            }
        }
    }
}

/// Keys such as `S23` in a text.
fn source_keys(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let is_key = |w: &&str| {
        w.strip_prefix('S')
            .is_some_and(|n| (1..=2).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
    };
    words.filter(is_key).map(str::to_owned).collect()
}

#[test]
fn every_source_that_a_field_names_is_listed() {
    let listed = text("docs/SOURCES.md");
    // `S19` and `S21` are also names of miners; they are listed too.
    for key in source_keys(&repower::scenario::schema::text()) {
        assert!(
            listed.contains(&format!("| {key} |")),
            "docs/SOURCES.md lacks {key}"
        );
    }
}

/// A scenario, a page or a command that nobody is told of is as good as none.
#[test]
fn every_scenario_page_and_command_is_told() {
    let mut silent = Vec::new();
    let scenarios = text("scenarios/README.md");
    for folder in ["scenarios", "scenarios/with-data"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension().is_some_and(|e| e == "toml") && !scenarios.contains(&name) {
                silent.push(format!("scenarios/README.md: {name}"));
            }
        }
    }
    let book = text("docs/BOOK.md");
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if Path::new(&name).extension().is_some_and(|e| e == "md")
            && name != "BOOK.md"
            && !book.contains(&name)
        {
            silent.push(format!("docs/BOOK.md: {name}"));
        }
    }
    let help = crate::support::repower(root()).arg("--help").assert().success();
    let help = String::from_utf8(help.get_output().stdout.clone()).unwrap();
    let commands = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("Options:")
        .next()
        .unwrap();
    let names = commands
        .lines()
        .filter(|l| l.starts_with("  "))
        .filter_map(|l| l.split_whitespace().next());
    let (guide, readme) = (text("docs/USER-GUIDE.md"), text("README.md"));
    for name in names.filter(|n| *n != "help") {
        if !guide.contains(&format!("`repower {name}")) {
            silent.push(format!("docs/USER-GUIDE.md: repower {name}"));
        }
        if !readme.contains(&format!("`{name}`")) {
            silent.push(format!("README.md: {name}"));
        }
    }
    assert!(silent.is_empty(), "nothing is said of {silent:#?}");
}

/// What the page shows is what compiles: every block stands in the file that is named above it.
#[test]
fn worked_examples_are_the_program() {
    let page = text("docs/HOW-TO-ADD.md");
    let mut shown = 0;
    let mut parts = page.split("```rust\n");
    let mut before = parts.next().unwrap();
    for part in parts {
        let (block, after) = part.split_once("```").unwrap();
        let file = before.trim_end().rsplit('`').nth(1).unwrap();
        let source = text(file).replace("\r\n", "\n");
        assert!(source.contains(block.trim_end()), "{file} no longer has\n{block}");
        (before, shown) = (after, shown + 1);
    }
    assert!(shown >= 8, "{shown} examples");
}
