//! Holds the layer table of `docs/ARCHITECTURE.md` and the size rules of the style guide.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

struct Module {
    layer: usize,
    peers: Vec<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Reads the table: module -> layer and the modules of its own layer that it may import.
fn table() -> BTreeMap<String, Module> {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let mut modules = BTreeMap::new();
    for line in text.lines().filter(|l| l.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Ok(layer) = cells[1].parse::<usize>() else {
            continue;
        };
        let names = words(cells[2]);
        for name in &names {
            let peers = match cells[3] {
                "any" => names.clone(),
                rule => rule
                    .split(';')
                    .filter_map(|r| r.split_once(':'))
                    .filter(|(who, _)| words(who).contains(name))
                    .flat_map(|(_, whom)| words(whom))
                    .collect(),
            };
            modules.insert(name.clone(), Module { layer, peers });
        }
    }
    modules
}

fn words(cell: &str) -> Vec<String> {
    cell.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file without its unit tests, which may look anywhere.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]").map_or(text, |at| &text[..at])
}

fn imports(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + 7..];
        if let Some(list) = rest.strip_prefix('{') {
            let list = &list[..list.find('}').unwrap_or(list.len())];
            found.extend(
                list.split(',')
                    .map(|p| p.trim().split("::").next().unwrap().to_owned()),
            );
        } else {
            found.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    found
}

fn allowed(table: &BTreeMap<String, Module>, from: &str, to: &str) -> bool {
    let (a, b) = (&table[from], &table[to]);
    // Results, and the outputs that read them, know no domain and no simulation.
    let sees = match a.layer {
        4 => b.layer <= 1,
        7 => b.layer <= 1 || b.layer == 4,
        layer => b.layer < layer,
    };
    from == to || sees || a.peers.iter().any(|p| p == to)
}

#[test]
fn imports_only_point_down() {
    let table = table();
    assert!(
        table.len() >= 20,
        "the layer table was not read: {:?}",
        table.keys()
    );
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let from = module_of(&file);
        if from == "lib" || from == "main" {
            continue;
        }
        assert!(
            table.contains_key(&from),
            "`{from}` stands in no layer of docs/ARCHITECTURE.md"
        );
        let text = fs::read_to_string(&file).unwrap();
        for to in imports(without_tests(&text)) {
            if table.contains_key(&to) && !allowed(&table, &from, &to) {
                wrong.push(format!("{}: {from} imports {to}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_under_five_hundred_lines_and_main_under_twenty_five() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let texts: Vec<String> = files.iter().map(|f| fs::read_to_string(f).unwrap()).collect();
    // Modules that exist in tests only are tests, whatever their file is called.
    let of_tests = |file: &Path| {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        texts.iter().any(|t| {
            let names = t
                .match_indices("#[cfg(test)]")
                .filter_map(|(at, _)| t[at + 12..].trim_start().lines().next());
            let mut modules =
                names.map(|line| line.trim_start_matches("pub(crate) ").trim_start_matches("pub "));
            let path = t.contains(&format!("#[path = \"{stem}.rs\"]"));
            modules.any(|line| line == format!("mod {stem};")) || path
        })
    };
    for file in &files {
        if of_tests(file) {
            continue;
        }
        let text = fs::read_to_string(file).unwrap();
        let lines = without_tests(&text).lines().count();
        let limit = if file.ends_with("src/main.rs") { 25 } else { 500 };
        assert!(
            lines <= limit,
            "{} has {lines} lines outside its tests",
            file.display()
        );
    }
}
