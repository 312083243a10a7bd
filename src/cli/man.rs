//! `repower man`: manual pages out of the same definition as `--help`.

use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::problem::nearest;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  repower man | man -l -                  the page of the program\n  repower man run | man -l -              that of a command\n  repower man --out ~/.local/share/man/man1    every page as a file"
)]
pub struct ManArgs {
    /// The command; the program itself where left out.
    pub command: Option<String>,
    /// Write every page into this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}

/// Prints one page, or writes all.
pub fn run(args: &ManArgs, mut program: clap::Command) -> Result<Exit, Failure> {
    if let Some(folder) = &args.out {
        let shown = folder.display();
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(program, folder))
            .map_err(|e| Failure::io(format!("cannot write to `{shown}`: {e}")))?;
        return Ok(Exit::Done);
    }
    program.build();
    let page = match &args.command {
        None => program,
        Some(name) => command(&program, name)?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|e| Failure::io(format!("cannot make the page: {e}")))?;
    output::stdout(&text)?;
    Ok(Exit::Done)
}

fn command(program: &clap::Command, name: &str) -> Result<clap::Command, Failure> {
    let found = program.get_subcommands().find(|c| c.get_name() == name);
    found.cloned().ok_or_else(|| {
        let known = program.get_subcommands().map(clap::Command::get_name);
        let help = nearest(name, known).map_or_else(
            || "`repower --help` lists them".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Failure::input(format!("there is no command `{name}`")).with_help(help)
    })
}
