//! `repower verify`: published figures and closed forms beside what the program makes of their inputs.

use std::fmt::Write as _;

use clap::Args;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::verify::{self, Claim, six_digits};

/// Arguments of `repower verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  repower verify --json")]
pub struct VerifyArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Computes every claim and prints the table; the answer is "no" where one misses.
pub fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let claims = verify::all();
    let text = if args.json { json(&claims) } else { table(&claims) };
    output::stdout(text.as_bytes())?;
    let missed = claims.iter().filter(|c| !c.holds()).count();
    Ok(if missed == 0 { Exit::Done } else { Exit::No })
}

fn json(claims: &[Claim]) -> String {
    let rows: Vec<serde_json::Value> = claims
        .iter()
        .map(|claim| {
            let mut row = serde_json::to_value(claim).expect("a claim is plain data");
            row["ok"] = claim.holds().into();
            row
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&rows).expect("rows are plain data");
    text.push('\n');
    text
}

fn table(claims: &[Claim]) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<10} {:>12} {:>12} {:<12} {:<20} {:<4} what (source)",
        "id", "expected", "got", "unit", "tolerance", "ok"
    );
    for claim in claims {
        let _ = writeln!(
            text,
            "{:<10} {:>12} {:>12} {:<12} {:<20} {:<4} {} ({})",
            claim.id,
            six_digits(claim.expected),
            six_digits(claim.got),
            claim.unit,
            claim.tolerance.to_string(),
            if claim.holds() { "yes" } else { "NO" },
            claim.what,
            claim.source
        );
    }
    let missed = claims.iter().filter(|c| !c.holds()).count();
    let _ = writeln!(text, "{} of {} hold", claims.len() - missed, claims.len());
    text
}
