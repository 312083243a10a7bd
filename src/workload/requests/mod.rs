//! Traces of inference requests: rates of arrival and tokens per request, on a stated step.
//!
//! Owns the type [`RequestTrace`], on which services are built, and one reader per published format. Single
//! requests are counted in steps of a stated length; published rates keep their own step. Each reader states what
//! it assumed in [`RequestTrace::assumptions`] and refuses what it cannot read, with the line.

mod azure_llm;
mod bins;
mod burstgpt;
mod genai;
mod mooncake;
mod native;
mod servegen;
mod trace;

use std::io::Read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use trace::{RequestStep, RequestTrace, STEPS_MAX};

use crate::workload::text::{self, Lines, Table, TraceError};

/// The step in which single requests are counted where the user names none, in seconds.
pub const STEP_S: i64 = 60;

/// A format of request traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestFormat {
    /// `t_s,rate_rps[,tokens_in,tokens_out]`: a rate holds from its time to the next row's.
    Native,
    /// Azure LLM inference of 2023 and 2024: `TIMESTAMP,ContextTokens,GeneratedTokens`, one request a row.
    AzureLlm,
    /// `BurstGPT`: `Timestamp,Model,Request tokens,Response tokens,...`, seconds from midnight of the first day.
    #[serde(rename = "burstgpt")]
    BurstGpt,
    /// Mooncake: a JSON object a request, `timestamp` in milliseconds, `input_length`, `output_length`.
    Mooncake,
    /// `ServeGen`: `start, rate, cv, pattern, two parameters` in windows of one client, or of many with a header
    /// `client,t_s,rate_rps,...`.
    #[serde(rename = "servegen")]
    ServeGen,
    /// Alibaba `GenTD26`: `qps.csv` (samples of each container) or `lora_request_trace.csv` (one request a row).
    #[serde(rename = "genai")]
    GenAi,
}

impl RequestFormat {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Native,
        Self::AzureLlm,
        Self::BurstGpt,
        Self::Mooncake,
        Self::ServeGen,
        Self::GenAi,
    ];
    /// The word used in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::AzureLlm => "azure_llm",
            Self::BurstGpt => "burstgpt",
            Self::Mooncake => "mooncake",
            Self::ServeGen => "servegen",
            Self::GenAi => "genai",
        }
    }
    /// From the word used in files and flags.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
    /// The columns that a file of this format holds, with their units.
    pub const fn columns(self) -> &'static str {
        match self {
            Self::Native => {
                "t_s,rate_rps[,tokens_in,tokens_out] (seconds, requests per second, tokens per request)"
            }
            Self::AzureLlm => "TIMESTAMP,ContextTokens,GeneratedTokens (UTC, tokens)",
            Self::BurstGpt => {
                "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type (seconds, tokens)"
            }
            Self::Mooncake => "JSON lines: timestamp,input_length,output_length (milliseconds, tokens)",
            Self::ServeGen => {
                "[client,]t_s,rate_rps,cv,dist,p1,p2, headless for one client (seconds, requests per second)"
            }
            Self::GenAi => {
                "timestamp_anon,value,container_ip,request_type, or gmt_create,... (seconds, requests per second)"
            }
        }
    }
    /// The format that a first line shows, if any.
    fn guess(first: &str) -> Option<Self> {
        if first.trim_start().starts_with('{') {
            return Some(Self::Mooncake);
        }
        let names: Vec<&str> = first
            .split(',')
            .map(|name| name.trim().trim_matches('"'))
            .collect();
        let fits = |format: &Self| {
            let sets: &[&[&str]] = match format {
                Self::Native => &[native::MARKS],
                Self::AzureLlm => &[azure_llm::MARKS],
                Self::BurstGpt => &[burstgpt::MARKS],
                Self::Mooncake => &[],
                Self::ServeGen => &[servegen::MARKS],
                Self::GenAi => &[genai::QPS_MARKS, genai::REQUEST_MARKS],
            };
            sets.iter()
                .any(|marks| marks.iter().all(|mark| names.contains(mark)))
        };
        // Native is asked last: others may hold its columns and more.
        Self::ALL
            .into_iter()
            .rev()
            .find(fits)
            .or_else(|| servegen::shows(first).then_some(Self::ServeGen))
    }
}

/// Reads a trace; `file` is the name that messages show. Without a format it is guessed from the first line.
/// Single requests are counted in steps of `step_s`, by default [`STEP_S`]; rates keep their own step, or are
/// averaged over steps of `step_s` where it is given.
pub fn read(
    source: impl Read,
    format: Option<RequestFormat>,
    step_s: Option<i64>,
    file: &str,
) -> Result<RequestTrace, TraceError> {
    let mut lines = Lines::new(source, file);
    if step_s.is_some_and(|step_s| !(1..=86_400).contains(&step_s)) {
        return Err(lines.error(None, "a step lies between 1 and 86400 s"));
    }
    let guess = match lines.peek()? {
        Some(first) => RequestFormat::guess(first),
        None => return Err(lines.error(None, "the file is empty; a trace of requests was expected")),
    };
    let Some(format) = format.or(guess) else {
        let known: Vec<String> = RequestFormat::ALL
            .iter()
            .map(|f| format!("{}: {}", f.as_str(), f.columns()))
            .collect();
        let hint = lines.peek()?.map_or("", text::delimiter_hint);
        let message = format!(
            "the first line fits no known format{hint}; known are {}",
            known.join("; ")
        );
        return Err(lines.error(None, message));
    };
    let counted_s = step_s.unwrap_or(STEP_S);
    let trace = match format {
        RequestFormat::Native => native::read(Table::open(lines)?)?,
        RequestFormat::AzureLlm => azure_llm::read(Table::open(lines)?, counted_s)?,
        RequestFormat::BurstGpt => burstgpt::read(Table::open(lines)?, counted_s)?,
        RequestFormat::Mooncake => mooncake::read(lines, counted_s)?,
        RequestFormat::ServeGen => servegen::read(lines)?,
        RequestFormat::GenAi => genai::read(Table::open(lines)?, counted_s)?,
    };
    let step_s = step_s.unwrap_or(trace.step_s());
    trace.with_step(step_s).map_err(|message| TraceError::Malformed {
        file: file.to_owned(),
        line: 1,
        column: None,
        message,
    })
}

#[cfg(test)]
mod tests;
