//! What enters the build: licences, sources, bans and doubled versions of `deny.toml`, and the Rust that is stated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn deny() -> Value {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    toml::from_str(&text).unwrap()
}

/// The packages of the lock file as cargo knows them; none where it does not have them all at hand.
fn packages() -> Option<Vec<Value>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo)
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .output()
        .ok()?;
    if !done.status.success() {
        println!("left out: {}", String::from_utf8_lossy(&done.stderr));
        return None;
    }
    let metadata: Value = serde_json::from_slice(&done.stdout).unwrap();
    Some(metadata["packages"].as_array().unwrap().clone())
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or("")
}

/// Whether one alternative of a licence consists of allowed ones only. `/` is how old crates write `OR`.
fn is_allowed(licence: &str, allowed: &[&str]) -> bool {
    let plain = licence.replace(['(', ')'], "").replace('/', " OR ");
    let all = |words: &str| words.split(" AND ").all(|one| allowed.contains(&one.trim()));
    // `(A OR B) AND C` needs C besides one of the first.
    match licence.rsplit_once(") AND ") {
        Some((first, rest)) => is_allowed(first.trim_start_matches('('), allowed) && all(rest),
        None => plain.split(" OR ").any(all),
    }
}

#[test]
fn licences_are_told_apart() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"];
    for good in [
        "MIT",
        "MIT/GPL-3.0",
        "GPL-2.0 OR Apache-2.0",
        "MIT AND Apache-2.0",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
    ] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Apache-2.0) AND OpenSSL",
    ] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}

#[test]
fn licences_sources_and_bans_are_those_of_deny_toml() {
    let Some(packages) = packages() else { return };
    let deny = deny();
    let list = |value: &Value| -> Vec<String> {
        let names = value.as_array().unwrap().iter();
        names
            .map(|v| v.as_str().or(v["name"].as_str()).unwrap().to_owned())
            .collect()
    };
    let allowed = list(&deny["licenses"]["allow"]);
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    let banned = list(&deny["bans"]["deny"]);
    let registry = format!(
        "registry+{}",
        deny["sources"]["allow-registry"][0].as_str().unwrap()
    );
    let mut wrong = Vec::new();
    for package in &packages {
        let name = text(package, "name");
        if !is_allowed(text(package, "license"), &allowed) {
            wrong.push(format!("{name}: licence `{}`", text(package, "license")));
        }
        if name != "repower" && text(package, "source") != registry {
            wrong.push(format!("{name}: source {}", package["source"]));
        }
        if banned.iter().any(|b| b == name) {
            wrong.push(format!("{name} is banned"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(packages.len() > 100, "{}", packages.len());
}

/// Versions of crates that are built on Linux: what only other systems need does not count.
#[test]
fn no_crate_is_built_in_two_versions_but_those_listed() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo)
        .current_dir(root())
        .args([
            "tree",
            "--offline",
            "--locked",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .output();
    let Some(done) = done.ok().filter(|d| d.status.success()) else {
        println!("left out: cargo does not have all crates at hand");
        return;
    };
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&done.stdout).lines() {
        if let Some((name, rest)) = line.split_once(' ') {
            let version = rest.split(' ').next().unwrap_or("");
            versions
                .entry(name.to_owned())
                .or_default()
                .insert(version.to_owned());
        }
    }
    let doubled: BTreeSet<String> = versions
        .into_iter()
        .filter(|(_, v)| v.len() > 1)
        .map(|(n, _)| n)
        .collect();
    let deny = deny();
    let skipped = deny["bans"]["skip"].as_array().unwrap().iter();
    let skipped: BTreeSet<String> = skipped.map(|s| s["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        doubled, skipped,
        "doubled crates against those that deny.toml lists"
    );
}

#[test]
fn no_dependency_asks_for_a_newer_rust_than_is_stated() {
    let Some(packages) = packages() else { return };
    let number = |text: &str| -> Vec<u32> { text.split('.').map(|n| n.parse().unwrap_or(0)).collect() };
    let own = packages.iter().find(|p| text(p, "name") == "repower").unwrap();
    let stated = number(text(own, "rust_version"));
    assert!(stated.len() >= 2 && stated[0] >= 1, "{stated:?}");
    let newer = packages
        .iter()
        .filter(|p| number(text(p, "rust_version")) > stated);
    let newer: Vec<&str> = newer.map(|p| text(p, "name")).collect();
    assert!(newer.is_empty(), "{newer:?} need a newer Rust than {stated:?}");
}
