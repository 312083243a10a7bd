//! Readers of job traces: one file per format, all to [`Trace`].
//!
//! Each reader states what it assumed in [`Trace::assumptions`] and refuses what it cannot read, with the line.

mod acme;
mod helios;
mod json;
mod native;
mod openb;
mod opendc;
mod pai;
mod philly;
mod rows;
mod stamps;
mod swf;

use std::io::Read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::workload::text::{LINE_MAX, ROWS_MAX, TraceError};

use super::job::Trace;
use super::replay::CapacityChange;
use crate::workload::text::{self, Lines, Table};

/// A format of job traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceFormat {
    /// `job_id,submit_s,gpus,duration_s[,class,tenant,power_fraction,checkpoint_s,deadline_s,residency]`, in
    /// seconds from the trace's start.
    Native,
    /// Microsoft Philly: `cluster_job_log` in JSON as published, or as a table `timestamp,duration,num_gpus[,gpu_time,
    /// cluster]`; local stamps.
    Philly,
    /// `SenseTime` Helios: `cluster_log.csv` of one cluster, local stamps.
    Helios,
    /// Shanghai AI Lab Acme: `trace_seren.csv` or `trace_kalos.csv`, stamps with an offset.
    Acme,
    /// Alibaba GPU cluster 2023 (`openb`): the list of pods, seconds from an unknown instant.
    Openb,
    /// Alibaba PAI 2020: `pai_task_table.csv`, with or without a header.
    Pai,
    /// `OpenDC` tasks, as of the SURF traces: milliseconds, cores read as GPUs where no GPUs are given.
    Opendc,
    /// Standard Workload Format, version 2: processors read as GPUs.
    Swf,
}

impl TraceFormat {
    /// All formats.
    pub const ALL: [Self; 8] = [
        Self::Native,
        Self::Philly,
        Self::Helios,
        Self::Acme,
        Self::Openb,
        Self::Pai,
        Self::Opendc,
        Self::Swf,
    ];
    /// The word used in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Philly => "philly",
            Self::Helios => "helios",
            Self::Acme => "acme",
            Self::Openb => "openb",
            Self::Pai => "pai",
            Self::Opendc => "opendc",
            Self::Swf => "swf",
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
                "job_id,submit_s,gpus,duration_s[,class,tenant,power_fraction,checkpoint_s,deadline_s,residency]"
            }
            Self::Philly => "cluster_job_log (JSON), or timestamp,duration,num_gpus (local time, seconds)",
            Self::Helios => "cluster_log.csv: job_id,user,vc,gpu_num,...,submit_time,...,duration (seconds)",
            Self::Acme => {
                "trace_seren.csv, trace_kalos.csv: job_id,user,node_num,gpu_num,...,submit_time,...,gpu_time"
            }
            Self::Openb => {
                "openb_pod_list: name,...,num_gpu,gpu_milli,...,creation_time,deletion_time,scheduled_time (seconds)"
            }
            Self::Pai => {
                "pai_task_table, headless: job_name,task_name,inst_num,status,start_time,end_time,...,plan_gpu (seconds, 1/100 GPU)"
            }
            Self::Opendc => "id,submission_time,duration,cpu_count[,gpu_count] (milliseconds)",
            Self::Swf => "Standard Workload Format 2.2: 18 fields apart by blanks (seconds, processors)",
        }
    }
    /// The columns by which a header is known; empty for formats without one.
    const fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Native => native::MARKS,
            Self::Philly => philly::MARKS,
            Self::Helios => helios::MARKS,
            Self::Acme => acme::MARKS,
            Self::Openb => openb::MARKS,
            Self::Pai => pai::MARKS,
            Self::Opendc => opendc::MARKS,
            Self::Swf => &[],
        }
    }
    /// The format that a first line shows, if any.
    fn guess(first: &str) -> Option<Self> {
        if swf::shows(first) {
            return Some(Self::Swf);
        }
        let names: Vec<&str> = first
            .split(',')
            .map(|name| name.trim().trim_matches('"'))
            .collect();
        let fits = |format: &Self| {
            let marks = format.marks();
            !marks.is_empty() && marks.iter().all(|mark| names.contains(mark))
        };
        let found = Self::ALL.into_iter().find(fits);
        found.or_else(|| pai::shows(first).then_some(Self::Pai))
    }
}

/// Reads a trace; `file` is the name that messages show. Without a format it is guessed from the first line.
pub fn read(source: impl Read, format: Option<TraceFormat>, file: &str) -> Result<Trace, TraceError> {
    let mut lines = Lines::new(source, file);
    // A JSON text may be one line of any length.
    let json = matches!(lines.first_byte()?, Some(b'[' | b'{'));
    if json && matches!(format, None | Some(TraceFormat::Philly)) {
        return philly::read(lines);
    }
    let guess = match lines.peek()? {
        Some(first) => TraceFormat::guess(first),
        None => return Err(lines.error(None, "the file is empty; a trace was expected")),
    };
    let Some(format) = format.or(guess) else {
        let known: Vec<String> = TraceFormat::ALL
            .iter()
            .filter(|f| !f.marks().is_empty())
            .map(|f| format!("{} ({})", f.as_str(), f.marks().join(",")))
            .collect();
        let hint = lines.peek()?.map_or("", text::delimiter_hint);
        return Err(lines.error(
            None,
            format!("the header fits no known format{hint}: {}", known.join("; ")),
        ));
    };
    match format {
        TraceFormat::Native => native::read(Table::open(lines)?),
        TraceFormat::Philly => philly::read(lines),
        TraceFormat::Helios => helios::read(Table::open(lines)?),
        TraceFormat::Acme => acme::read(Table::open(lines)?),
        TraceFormat::Openb => openb::read(Table::open(lines)?),
        TraceFormat::Pai => pai::read(lines),
        TraceFormat::Opendc => opendc::read(Table::open(lines)?),
        TraceFormat::Swf => swf::read(lines),
    }
}

/// Reads a table `t_s,gpus` of changes of capacity, in order of time.
pub fn read_capacity(source: impl Read, file: &str) -> Result<Vec<CapacityChange>, TraceError> {
    let mut table = Table::open(Lines::new(source, file))?;
    let (at, gpus) = (table.column("t_s")?, table.column("gpus")?);
    let mut changes: Vec<CapacityChange> = Vec::new();
    while table.next_row()? {
        let at_s = table.integer(at)?;
        let found = table.integer(gpus)?;
        let fits = |gpus: &u32| *gpus <= super::job::GPUS_MAX;
        let Some(gpus) = u32::try_from(found).ok().filter(fits) else {
            return Err(table.error(
                gpus,
                format!("expected between 0 and 16777216 GPUs, found `{found}`"),
            ));
        };
        if changes.last().is_some_and(|last| last.at_s >= at_s) || at_s.abs() > super::job::SECONDS_MAX {
            return Err(table.error(at, format!("times must increase, found `{at_s}`")));
        }
        changes.push(CapacityChange { at_s, gpus });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::job::Job;
    use proptest::prelude::*;
    use rstest::rstest;

    fn failure(text: &[u8]) -> String {
        read(text, None, "t.csv").unwrap_err().to_string()
    }

    #[rstest]
    #[case(b"", "t.csv:1: the file is empty")]
    #[case(b"a,b\n1,2\n", "t.csv:1: the header fits no known format")]
    #[case(
        b"job_id;submit_s;gpus;duration_s\n",
        "t.csv:1: the header fits no known format"
    )]
    #[case(
        b"job_id,submit_s,gpus,duration_s\n1,2,3\n",
        "t.csv:2: 3 fields where the header has 4"
    )]
    #[case(
        b"job_id,submit_s,gpus,duration_s\n1,0,0,5\n",
        "t.csv:2: column `gpus`: expected at least 1 GPU"
    )]
    #[case(
        b"job_id,submit_s,gpus,duration_s\n1,0,1,5\n\n2,0,1,-5\n",
        "t.csv:4: column `duration_s`"
    )]
    #[case(
        b"job_id,submit_s,gpus,duration_s\n1,0,1,NaN\n",
        "expected a finite number, found `NaN`"
    )]
    #[case(b"job_id,submit_s,gpus,duration_s\n1,x,1,1\n", "t.csv:2: column `submit_s`")]
    #[case(
        b"job_id,submit_s,gpus,duration_s\n1,\xff,1,1\n",
        "t.csv:2: the line is not UTF-8 text"
    )]
    #[case(
        b"job_id,submit_s,gpus,duration_s\n\"1,0,1,1\n",
        "t.csv:2: a quoted field does not end"
    )]
    #[case(
        b"job_id,submit_s,gpus,duration_s,gpus\n",
        "column `gpus`: the header names this column twice"
    )]
    #[case(
        b"timestamp,duration,num_gpus\n2017-13-01 00:00:00,1.0,1\n",
        "t.csv:2: column `timestamp`"
    )]
    #[case(
        b"timestamp,duration,num_gpus\n2017-10-01 00:00:00,1e30,1\n",
        "t.csv:2: column `duration`"
    )]
    fn what_cannot_be_read_is_refused_with_its_place(#[case] text: &[u8], #[case] message: &str) {
        let failure = failure(text);
        assert!(failure.contains(message), "{failure}");
    }

    #[test]
    fn a_huge_line_is_refused_before_it_is_held() {
        let huge = [
            b"job_id,submit_s,gpus,duration_s\n1,".as_slice(),
            &vec![b'1'; 2 << 20],
        ]
        .concat();
        assert!(failure(&huge).contains("t.csv:2: the line is longer than"));
    }

    #[test]
    fn byte_order_marks_windows_line_ends_and_quotes_are_read() {
        let text = b"\xEF\xBB\xBF\"job_id\",submit_s,gpus,duration_s\r\n\"7\",5,\"2\",3\r\n8,1,1,0.5\r\n";
        let trace = read(text.as_slice(), None, "t.csv").unwrap();
        assert_eq!(trace.jobs(), [Job::new(8, 1, 1, 1), Job::new(7, 5, 2, 3)]);
        assert!(trace.assumptions().iter().any(|a| a.contains("run back 1 times")));
    }

    #[test]
    fn a_table_without_the_named_formats_columns_says_which() {
        let text = b"timestamp;duration;num_gpus\n".as_slice();
        let failure = read(text, Some(TraceFormat::Philly), "p.csv")
            .unwrap_err()
            .to_string();
        assert!(
            failure.contains("lacks column `timestamp`") && failure.contains("not `;`"),
            "{failure}"
        );
    }

    /// Headers of all formats, with rows of fields that are often wrong.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let header =
            prop::sample::select(TraceFormat::ALL.to_vec()).prop_map(|format| format.marks().join(","));
        let field = prop_oneof![
            Just("1"),
            Just("0"),
            Just("-1"),
            Just(""),
            Just("NaN"),
            Just("inf"),
            Just("1e300"),
            Just("0.5"),
            Just("9223372036854775807"),
            Just("-9223372036854775808"),
            Just("2017-10-09 07:01:55"),
            Just("9999-12-31 23:59:59-23:00"),
            Just("\"a,b\""),
            Just("\""),
            Just("\u{feff}"),
            Just("\r"),
            Just("; 1 2 3"),
        ];
        let row = (prop::collection::vec(field, 1..12), any::<bool>())
            .prop_map(|(fields, blanks)| fields.join(if blanks { " " } else { "," }));
        (
            header,
            prop::collection::vec(row, 0..6),
            prop::collection::vec(any::<u8>(), 0..4),
        )
            .prop_map(|(header, rows, tail)| {
                [header.as_bytes(), b"\n", rows.join("\n").as_bytes(), &tail].concat()
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_text_stops_the_program(text in hostile(), format in prop::sample::select(TraceFormat::ALL.to_vec())) {
            for format in [None, Some(format)] {
                if let Ok(trace) = read(text.as_slice(), format, "t") {
                    prop_assert!(trace.jobs().iter().all(|job| job.problem().is_none()));
                }
            }
            let _ = read_capacity(text.as_slice(), "t");
        }
    }
}
