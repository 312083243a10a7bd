//! `docs/LIMITS.md` holds every limit of the code, with its value; `REPOWER_BLESS=1 cargo test limits` writes it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Files whose `..._MAX` are properties of nature or of a model, no limits of an input.
const NO_LIMITS: &[&str] = &[
    "cooling/plant/",
    "cooling/weather/synthetic.rs",
    "market/price_process.rs",
    "report/format.rs",
    "finance/irr.rs",
];

const HEADER: &str = "# Limits\n\n\
    Every limit of an input, a loop or an output, as it stands in the code. What goes beyond one is refused with a\n\
    message that names it, or (where a table is only shown) cut with a word that says so. A test keeps this page and\n\
    the constants the same: `REPOWER_BLESS=1 cargo test --test it limits` writes it anew.\n\n\
    | what | value | constant | file |\n|---|---|---|---|\n";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Name, value and description of the limits of a text.
fn limits(text: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut about = String::new();
    for line in text.lines().take_while(|line| *line != "#[cfg(test)]") {
        let line = line.trim();
        if let Some(more) = line.strip_prefix("///") {
            about = format!("{about} {}", more.trim());
            continue;
        }
        let constant = line
            .split_once("const ")
            .filter(|(before, _)| before.is_empty() || before.starts_with("pub"));
        if let Some((name, rest)) = constant.and_then(|(_, rest)| rest.split_once(':')) {
            let value = rest
                .split_once('=')
                .and_then(|(_, value)| value.split(';').next());
            let limit = name.ends_with("_MAX") || name == "START_YEARS";
            if let Some(value) = value.filter(|_| limit) {
                let about = about.trim().trim_end_matches('.').replace('|', "\\|");
                found.push((name.to_owned(), value.trim().to_owned(), about));
            }
        }
        about.clear();
    }
    found
}

#[test]
fn the_table_of_limits_is_the_code_s() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut page = HEADER.to_owned();
    let mut silent = Vec::new();
    for path in files {
        let name = path
            .strip_prefix(root.join("src"))
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        if NO_LIMITS.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        for (constant, value, about) in limits(&std::fs::read_to_string(&path).unwrap()) {
            if about.is_empty() {
                silent.push(format!("{name}: {constant}"));
            }
            writeln!(page, "| {about} | `{value}` | `{constant}` | `src/{name}` |").unwrap();
        }
    }
    assert!(
        silent.is_empty(),
        "limits without a description: {}",
        silent.join(", ")
    );
    let path = root.join("docs/LIMITS.md");
    if std::env::var_os("REPOWER_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let gone: Vec<&str> = kept.lines().filter(|line| !page.contains(line)).collect();
    let new: Vec<&str> = page.lines().filter(|line| !kept.contains(line)).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "docs/LIMITS.md has drifted: `REPOWER_BLESS=1 cargo test --test it limits`\nno longer so: {gone:#?}\nnew: {new:#?}"
    );
}
