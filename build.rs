//! Puts the commit into the binary, so that a run can say which code made it.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/logs/HEAD");
    println!("cargo:rerun-if-env-changed=REPOWER_GIT_HASH");
    let given = std::env::var("REPOWER_GIT_HASH").ok();
    let hash = given.or_else(git_hash).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=REPOWER_GIT_HASH={hash}");
}

fn git_hash() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
