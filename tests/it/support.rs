//! What tests from outside share: a small scenario, a folder of its own, the binary.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// One hall that mines for a year at fixed prices: a tenth of a second.
pub(crate) const SMALL: &str = include_str!("fixtures/small.toml");

/// A strategy that converts the one hall; `INSTALL` makes it whole.
pub(crate) const CONVERSION: &str = "[[strategies]]\nid = \"gpu\"\n[[strategies.conversions]]\n\
    halls = [\"here/h\"]\narchetype = \"rebuild-on-pad\"\nstart.date = \"2026-03-01\"\n";
/// What the conversion installs.
pub(crate) const INSTALL: &str =
    "install = { model = \"gb300-nvl72\", cooling.direct_to_chip_dry = { facility_water_c = 40 } }\n";

/// The command, within a folder, without colours, terminal or home.
pub(crate) fn repower(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
    command
        .current_dir(folder)
        .env_remove("HOME")
        .env_remove("RUST_BACKTRACE");
    command
}

/// A folder with files in it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }
    /// With a scenario `x.toml`.
    pub(crate) fn with(scenario: &str) -> Self {
        let place = Self::new();
        place.write("x.toml", scenario);
        place
    }
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    pub(crate) fn repower(&self, args: &[&str]) -> Command {
        let mut command = repower(self.folder.path());
        command.args(args);
        command
    }
    /// `run x.toml --out out --replications 1` and more.
    pub(crate) fn run(&self, more: &[&str]) -> Command {
        let mut command = self.repower(&["run", "x.toml", "--out", "out", "--replications", "1"]);
        command.args(more);
        command
    }
    /// What the run says of a scenario that it refuses with 2, having written nothing.
    pub(crate) fn refused(&self, more: &[&str]) -> String {
        let done = self.run(more).assert().code(2).stdout("");
        assert!(!self.path("out").exists() && !self.path("out.partial").exists());
        assert!(!self.path("outputs").exists());
        said(&done)
    }
}

/// What went to stderr, line breaks within messages taken out.
pub(crate) fn said(done: &assert_cmd::assert::Assert) -> String {
    let text = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    text.replace("\n  │ ", " ")
}

/// Exchanges one text of the small scenario; the text must be there.
pub(crate) fn changed(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "`{from}` is not in the small scenario");
    SMALL.replacen(from, to, 1)
}

/// Every file below a folder with its bytes, in order of name.
pub(crate) fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The files of a run but its manifest, which tells the time.
pub(crate) fn results_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = files_of(folder);
    files.retain(|(name, _)| name != "manifest.json");
    files
}
