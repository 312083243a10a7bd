//! `repower schema`.

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::scenario;

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  repower schema > schemas/scenario.schema.json")]
pub struct SchemaArgs {}

/// Prints the JSON Schema of scenario files.
pub fn run(_args: &SchemaArgs) -> Result<Exit, Failure> {
    output::stdout(scenario::schema::text().as_bytes())?;
    Ok(Exit::Done)
}
