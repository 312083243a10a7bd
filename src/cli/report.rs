//! `repower report RUN`: charts and memo made again from a run directory, without simulating.

use std::io;
use std::path::PathBuf;

use crate::report::{self, ReportError};
use crate::results::directory::{RunAmender, RunReader};

/// Arguments of `report`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    about = "Makes the charts and the memo of a run again, without simulating",
    long_about = "Makes the charts and the memo of a run directory again, from its tables alone. What a chart needs \
        and no table holds is taken from `charts/data/`. Tables that were changed after the run are refused.",
    after_help = "Example:\n  repower report outputs/west-texas-100mw/4f1c09d2a7be6653"
)]
pub struct ReportArgs {
    /// Run directory.
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}

/// Why a report cannot be made again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The run cannot be read or changed.
    #[error(transparent)]
    Run(#[from] crate::results::Error),
    /// A chart cannot be drawn.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl Error {
    /// The exit code of the command.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Run(error) => error.exit_code(),
            Self::Report(ReportError::Chart(error)) if error.is_malformed() => 2,
            Self::Report(_) => 3,
        }
    }
}

/// Makes charts and memo again and gives the exit code; the error knows its own. Nothing is written unless
/// everything could be drawn.
pub fn run(args: &ReportArgs) -> Result<u8, Error> {
    let reader = RunReader::open(&args.run)?;
    reader.verify_tables()?;
    let tables = reader.tables()?;
    let stored = |id: &str| -> io::Result<Option<String>> {
        let bytes = reader
            .file(&format!("charts/data/{id}.csv"))
            .map_err(io::Error::from)?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    report::rewrite(&tables, &stored, &mut |name, bytes| {
        files.push((name.to_owned(), bytes.to_vec()));
        Ok(())
    })?;
    let mut amender = RunAmender::open(&args.run)?;
    for (name, bytes) in files {
        amender.put(&name, &bytes)?;
    }
    amender.finish()?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::results::directory::TableFiles;
    use crate::results::{Opened, RunRequest, RunWriter};
    use std::fs;
    use std::path::Path;

    fn write_run(dir: &Path) {
        let mut tables = fixture::full();
        tables.manifest.format = 1;
        let request = RunRequest {
            dir: dir.to_owned(),
            run_id: tables.manifest.run_id.clone(),
            replications: tables.manifest.replications,
            files: Vec::new(),
        };
        let Opened::Write(mut writer) = RunWriter::open(request).unwrap() else {
            panic!("the place is empty")
        };
        let files = TableFiles {
            monthly: true,
            hourly: false,
        };
        writer.put_tables(&tables, files).unwrap();
        report::write(&tables, &mut |name, bytes| Ok(writer.put(name, bytes)?)).unwrap();
        writer.commit(tables.manifest).unwrap();
    }

    #[test]
    fn a_report_made_again_is_the_same_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("run");
        write_run(&dir);
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
        let names = [
            "memo.html",
            "memo.md",
            "charts/power_stack.svg",
            "charts/capacity_by_hall.svg",
            "manifest.json",
        ];
        let before: Vec<String> = names.iter().map(|name| read(name)).collect();
        fs::write(dir.join("memo.md"), "scribble").unwrap();
        assert_eq!(run(&ReportArgs { run: dir.clone() }).unwrap(), 0);
        for (name, text) in names.iter().zip(before) {
            assert!(read(name) == text, "{name}");
        }
    }

    #[test]
    fn a_changed_table_and_an_absent_run_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("run");
        write_run(&dir);
        fs::write(dir.join("summary.csv"), "strategy\n").unwrap();
        assert_eq!(run(&ReportArgs { run: dir }).unwrap_err().exit_code(), 2);
        let absent = folder.path().join("absent");
        assert_eq!(run(&ReportArgs { run: absent }).unwrap_err().exit_code(), 2);
    }
}
