//! What can go wrong with a run directory, and the exit code that each kind has.

use std::io;
use std::path::{Path, PathBuf};

/// A failure to read or write a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process writes there, or something else stands there.
    #[error("`{}` is taken: {reason}", path.display())]
    Taken {
        /// The place.
        path: PathBuf,
        /// By what.
        reason: String,
    },
    /// A run of another identity stands there.
    #[error("`{}` holds run `{found}`, not `{wanted}`; choose another `--out` or remove it", path.display())]
    Mismatch {
        /// The place.
        path: PathBuf,
        /// The run id found.
        found: String,
        /// The run id wanted.
        wanted: String,
    },
    /// The run that stands there has more replications than were asked for.
    #[error("`{}` already has {found} replications; {wanted} would throw some away", path.display())]
    Fewer {
        /// The place.
        path: PathBuf,
        /// Replications found.
        found: u32,
        /// Replications asked for.
        wanted: u32,
    },
    /// The operating system refused.
    #[error("failed to {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried: a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that was named, or that a run must have, is not there.
    #[error("`{}` does not exist", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// What was named as a run is none.
    #[error("`{}` is no run: {reason}", path.display())]
    NoRun {
        /// What was named.
        path: PathBuf,
        /// What it is instead, and what to name.
        reason: String,
    },
    /// A file does not say what it should.
    #[error("{}{}: {message}", file.display(), line.map(|l| format!(":{l}")).unwrap_or_default())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The line, from 1, where one is to blame.
        line: Option<u64>,
        /// What was found and what was expected.
        message: String,
    },
    /// Files are not those that the run wrote.
    #[error("`{}` was changed after the run: {}", path.display(), files.join(", "))]
    Altered {
        /// The run.
        path: PathBuf,
        /// Names of the files.
        files: Vec<String>,
    },
}

impl Error {
    /// An error of the operating system; a file that is absent is [`Error::Missing`].
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if action == "read" && source.kind() == io::ErrorKind::NotFound {
            return Self::Missing { path };
        }
        Self::Io { action, path, source }
    }
    /// A malformed file.
    pub fn malformed(file: &Path, line: Option<u64>, message: impl Into<String>) -> Self {
        Self::Malformed {
            file: file.to_owned(),
            line,
            message: message.into(),
        }
    }
    /// The exit code of the command that met it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Taken { .. } | Self::Mismatch { .. } | Self::Io { .. } => 3,
            Self::Fewer { .. }
            | Self::Missing { .. }
            | Self::NoRun { .. }
            | Self::Malformed { .. }
            | Self::Altered { .. } => 2,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io { source, .. } => source,
            other => io::Error::other(other),
        }
    }
}
