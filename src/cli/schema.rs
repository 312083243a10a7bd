//! `repower schema`.

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::scenario;

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  repower schema > schemas/scenario.schema.json\n  repower schema --reference > docs/REFERENCE.md"
)]
pub struct SchemaArgs {
    /// Print the same as a reference for people, in Markdown.
    #[arg(long)]
    pub reference: bool,
}

/// Prints the JSON Schema of scenario files, or the reference made from it.
pub fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let text = if args.reference {
        scenario::guide::markdown()
    } else {
        scenario::schema::text()
    };
    output::stdout(text.as_bytes())?;
    Ok(Exit::Done)
}
