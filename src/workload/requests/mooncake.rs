//! Mooncake (Kimi): a JSON object a request, with `timestamp` in milliseconds, `input_length`, `output_length` and
//! hashes of cached blocks, which are not read.
//!
//! Source: kvcache-ai/Mooncake, `FAST25-release/README.md`. One object a line.

use std::io::Read;

use serde::Deserialize;

use super::bins::Bins;
use super::native::TOKENS_MAX;
use super::trace::RequestTrace;
use crate::workload::job::SECONDS_MAX;
use crate::workload::text::{Lines, ROWS_MAX, TraceError, shown};

/// One request; further keys are not read.
#[derive(Deserialize)]
struct Request {
    timestamp: f64,
    input_length: f64,
    output_length: f64,
}

impl Request {
    /// What cannot be, if anything.
    fn problem(&self) -> Option<String> {
        if !(0.0..=SECONDS_MAX as f64 * 1e3).contains(&self.timestamp) {
            return Some(format!(
                "`timestamp`: expected milliseconds from the start, found `{}`",
                self.timestamp
            ));
        }
        let lengths = [
            ("input_length", self.input_length),
            ("output_length", self.output_length),
        ];
        let wrong = lengths
            .iter()
            .find(|(_, tokens)| !(0.0..=TOKENS_MAX).contains(tokens));
        wrong.map(|(name, tokens)| format!("`{name}`: expected 0 to 1e9 tokens, found `{tokens}`"))
    }
}

pub(super) fn read<R: Read>(mut lines: Lines<R>, step_s: i64) -> Result<RequestTrace, TraceError> {
    let (mut bins, mut rows) = (Bins::new(step_s), 0_usize);
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let request: Request = match serde_json::from_str(line) {
            Ok(request) => request,
            Err(error) => {
                let found = shown(line);
                let message = format!(
                    "expected a JSON object with `timestamp`, `input_length`, `output_length` ({error}), found {found}"
                );
                return Err(lines.error(None, message));
            }
        };
        if let Some(problem) = request.problem() {
            return Err(lines.error(None, problem));
        }
        rows += 1;
        if rows > ROWS_MAX {
            return Err(lines.error(None, format!("a trace has at most {ROWS_MAX} rows")));
        }
        let at_s = (request.timestamp / 1e3).floor() as i64;
        bins.add(at_s, Some(request.input_length), Some(request.output_length))
            .map_err(|message| lines.error(None, message))?;
    }
    if bins.is_empty() {
        return Err(lines.error(None, "the file has no requests"));
    }
    let mut assumptions = vec![
        "times are milliseconds from an instant that is not published; reuse of cached blocks is not read"
            .to_owned(),
    ];
    lines.note_cut(&mut assumptions);
    Ok(bins.finish(0, None, assumptions))
}
