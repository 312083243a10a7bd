//! Exit codes, which are promises to scripts, and the failures that lead to them.

use std::process::ExitCode;

use crate::cli::Colour;
use crate::results;
use crate::scenario::diagnostic::{Located, render};
use crate::scenario::load::LoadFailure;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is "no".
    No,
    /// 2: the user's input is wrong; nothing was written.
    Input,
    /// 3: reading or writing failed; what was complete stays.
    Io,
    /// 4: an invariant broke.
    Invariant,
    /// 75: stopped by SIGTERM; run again to go on.
    Stopped,
    /// 130: interrupted by Ctrl-C; run again to go on.
    Interrupted,
}

impl Exit {
    /// The number that a script sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Input => 2,
            Self::Io => 3,
            Self::Invariant => 4,
            Self::Stopped => 75,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What is shown.
    pub shown: Shown,
}

/// What is shown of a failure.
#[derive(Debug)]
pub enum Shown {
    /// A sentence and, where there is one, a next step.
    Text(String, Option<String>),
    /// Problems with places.
    Problems(Vec<Located>),
}

impl Failure {
    /// The user's input is wrong.
    pub fn input(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Input,
            shown: Shown::Text(message.into(), None),
        }
    }
    /// Reading or writing failed.
    pub fn io(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Io,
            shown: Shown::Text(message.into(), None),
        }
    }
    /// A failure of a command that knows its exit code: 2 is wrong input, anything else reading or writing.
    pub fn of_code(code: u8, message: impl Into<String>) -> Self {
        if code == 2 {
            Self::input(message)
        } else {
            Self::io(message)
        }
    }
    /// Adds a next step.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        if let Shown::Text(_, place) = &mut self.shown {
            *place = Some(help.into());
        }
        self
    }
    /// Prints the failure on stderr and gives the exit.
    pub fn report(self, colour: Colour) -> Exit {
        let text = match &self.shown {
            Shown::Text(message, help) => {
                let help = help
                    .as_ref()
                    .map(|h| format!("  help: {h}\n"))
                    .unwrap_or_default();
                format!(
                    "error: {}\n{help}",
                    crate::scenario::diagnostic::printable(message)
                )
            }
            Shown::Problems(problems) => render(problems, colour.on_stderr()),
        };
        crate::cli::output::stderr(&text);
        self.exit
    }
}

impl From<LoadFailure> for Failure {
    fn from(failure: LoadFailure) -> Self {
        let exit = if failure.unreadable { Exit::Io } else { Exit::Input };
        Self {
            exit,
            shown: Shown::Problems(failure.problems),
        }
    }
}

impl From<results::Error> for Failure {
    fn from(error: results::Error) -> Self {
        let exit = if error.exit_code() == 2 {
            Exit::Input
        } else {
            Exit::Io
        };
        Self {
            exit,
            shown: Shown::Text(error.to_string(), None),
        }
    }
}
