//! `repower import`: every kind on a small file of its published form, and on hostile changes of it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use repower::cli::import::{Imported, Kind, Misread, ReadOptions};
use repower::ingest::GapPolicy;
use repower::time::Calendar;
use repower::workload::trace;
use tempfile::TempDir;

/// A file of each kind in its published form: columns as published, two or three rows.
#[expect(clippy::too_many_lines, reason = "a table of samples, one arm a kind")]
fn sample(kind: &str) -> String {
    let text: &str = match kind {
        "jobs" => "job_id,submit_s,gpus,duration_s,class,tenant\n0,0,8,3600,reserved,acme\n1,30,1,60,spot,\n",
        "philly" => {
            "timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,66.0,1,66.0,11cb48\n\
             2017-10-09 08:01:55,66.0,8,528.0,6214e9\n"
        }
        "helios" => {
            "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n\
             1425511,uXBbc,vcJkd,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0\n\
             1425512,uVMrF,vchbv,4,16,1,FAILED,2020-06-09 18:41:27,2020-06-09 18:41:27,2020-06-09 18:45:36,249,0\n"
        }
        "acme" => {
            "job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration,queue,gpu_time\n\
             5778432,u5907,1,8,128,Other,FAILED,2023-03-01 00:18:22+08:00,2023-03-01 00:18:54+08:00,2023-03-01 00:20:51+08:00,117,32,936.0\n\
             5778469,u5907,1,8,128,Other,COMPLETED,2023-03-01 00:23:58+08:00,2023-03-01 00:24:11+08:00,2023-03-01 01:09:04+08:00,2693,13,21544.0\n"
        }
        "openb" => {
            "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n\
             openb-pod-0017,88000,327680,8,1000,,Burstable,Succeeded,9437497,10769854,9437497\n\
             openb-pod-0022,4000,15258,1,220,,BE,Running,9679175,9973826,9679175\n"
        }
        "pai" => {
            "4f057009a5d481acec67b088,tensorflow,1.0,Terminated,1739162.0,1739200.0,600.0,29.296875,50.0,MISC\n\
             4f057009a5d481acec67b089,worker,4.0,Failed,1739262.0,1749200.0,600.0,29.296875,100.0,T4\n"
        }
        "opendc" => {
            "id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n2133099,1665093600000,27930000,16,33600.0,100000\n\
             2133100,1665093660000,27930000,16,33600.0,100000\n"
        }
        "swf" => {
            "; Version: 2.2\n; UnixStartTime: 1356998400\n1 0 5 100 64 1 1024 128 86400 -1 1 62 1 1 -1 1 -1 -1\n\
             2 10 0 50 8 -1 -1 -1 -1 -1 1 1 1 1 1 1 -1 -1\n"
        }
        "requests" => "t_s,rate_rps,tokens_in,tokens_out\n0,2.5,100,20\n60,4,200,30\n",
        "azure_llm" => {
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:18:04.0319600,3180,8\n"
        }
        "burstgpt" => {
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n\
             118,ChatGPT,417,276,693,API log\n"
        }
        "mooncake" => {
            "{\"timestamp\": 27482, \"input_length\": 6955, \"output_length\": 52, \"hash_ids\": [46, 47]}\n\
             {\"timestamp\": 90535, \"input_length\": 6472, \"output_length\": 26, \"hash_ids\": [46, 47]}\n"
        }
        "servegen" => "0,1.5,1.1,Gamma,1,1\n600,2.5,1.1,Weibull,1,1\n",
        "genai" => {
            "timestamp_anon,value,container_ip,request_type\n1662859404.0,0.09,dfe0,Generative Requests\n\
             1662859461.0,0.25,cbfb,Generative Requests\n"
        }
        "price" => "start_utc,usd_per_mwh\n2024-01-01T00:00:00Z,10\n2024-01-01T01:00:00Z,-3.5\n",
        "ercot" | "two_column" => {
            "Datetime,Price (USD/MWh)\n2023-03-12 01:00:00-06:00,19.06\n2023-03-12 03:00:00-05:00,16.91\n"
        }
        "ercot_hb" => {
            "delivery_date,hour_ending,dam_lmp,rtm_lmp\n2024-01-01,1,19.79,15.4925\n2024-01-01,2,20.9,16.705\n"
        }
        "ercot_spp" => {
            "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag\n01/01/2024,01:00,HB_WEST,1.5,N\n\
             01/01/2024,02:00,HB_WEST,2.5,N\n"
        }
        "day_ahead_cet" => "Datetime,Price (EUR/MWh)\n2023-01-01 00:00:00,-5.17\n2023-01-01 01:00:00,-1.07\n",
        "entsoe" => {
            "MTU (CET/CEST),Day-ahead Price [EUR/MWh],Currency,BZN|NO1\n01.01.2023 00:00 - 01.01.2023 01:00,119.32,EUR,\n\
             01.01.2023 01:00 - 01.01.2023 02:00,108.83,EUR,\n"
        }
        "nord_pool" => {
            "time_start,time_end,SEK_per_kWh,EUR_per_kWh,EXR\n\
             2024-01-01T00:00:00+01:00,2024-01-01T01:00:00+01:00,0.32915,0.02956,11.134982\n\
             2024-01-01T01:00:00+01:00,2024-01-01T02:00:00+01:00,0.32915,0.02956,11.134982\n"
        }
        "pjm" => {
            "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,total_lmp_da\n\
             1/1/2024 11:00:00 PM,1/1/2024 6:00:00 PM,51291,DOM,31.5\n1/2/2024 12:00:00 AM,1/1/2024 7:00:00 PM,51291,DOM,-2\n"
        }
        "weather" => {
            "start_utc,dry_bulb_c,relative_humidity,wet_bulb_c,pressure_pa\n2024-01-01T00:00:00Z,10,0.5,6,101325\n\
             2024-01-01T01:00:00Z,11,0.5,7,101325\n"
        }
        "bitcoin" => {
            "date,btc_usd,difficulty,fees_btc\n2023-01-01,16500,3.5e13,20.5\n2023-01-02,16600,3.5e13,21\n"
        }
        "mining_daily" => {
            "date,price_usd,hashrate_hs,difficulty,fees_btc\n2023-01-01,16500,1e20,3.5e13,20.5\n2023-01-02,16600,1e20,3.5e13,21\n"
        }
        "coin_metrics" => {
            "date,DiffMean,FeeTotNtv,PriceUSD\n2018-01-01,1.9e12,300.5,13000\n2018-01-02,1.9e12,300.5,14000\n"
        }
        "daily" => "date,price,difficulty\n2020-01-01,7200,1.3e13\n2020-01-02,7250,1.3e13\n",
        "epex" => return epex(),
        _ => "",
    };
    text.to_owned()
}

fn epex() -> String {
    let names: Vec<String> = (0..24).map(|h| format!("{h:02}-{:02}", (h + 1) % 24)).collect();
    let prices: Vec<String> = (0..24).map(|h| format!("{h}.5")).collect();
    let row = |day: &str| format!("{day},{},12,13\n", prices.join(","));
    format!(
        "Date,{},Baseload,Peakload\n{}{}",
        names.join(","),
        row("2025-01-24"),
        row("2025-01-25")
    )
}

/// Kinds with a small sample here; the others (of many lines, or JSON) have their tests beside their readers.
pub(crate) fn sampled() -> Vec<(Kind, String)> {
    let all = Kind::all().into_iter().map(|kind| (kind, sample(&kind.name())));
    all.filter(|(_, text)| !text.is_empty()).collect()
}

fn read(kind: Kind, bytes: &[u8]) -> Result<Imported, Misread> {
    let zone = Calendar::of_zone(kind.zone()).unwrap();
    let options = ReadOptions {
        file: "input",
        gaps: GapPolicy::Refuse,
        zone: &zone,
        column: None,
        usd_per_unit: None,
        step_s: None,
        year: 2026,
        elevation_m: None,
    };
    kind.read(bytes, &options)
}

/// The native file.
fn native(imported: &Imported) -> String {
    let mut bytes = Vec::new();
    imported.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn refused(kind: Kind, bytes: &[u8], case: &str) -> String {
    match read(kind, bytes) {
        Ok(imported) => panic!("{}, {case}: read as\n{}", kind.name(), native(&imported)),
        Err(misread) => {
            let place = misread.message.starts_with("input");
            assert!(
                place && !misread.unreadable,
                "{}, {case}: {}",
                kind.name(),
                misread.message
            );
            misread.message
        }
    }
}

#[test]
fn most_kinds_are_sampled_and_every_sample_is_read_again_from_its_native_form() {
    let sampled = sampled();
    assert!(sampled.len() >= 28, "{}", sampled.len());
    for (kind, text) in sampled {
        let first = read(kind, text.as_bytes()).unwrap_or_else(|m| panic!("{}: {}", kind.name(), m.message));
        let once = native(&first);
        assert!(once.lines().count() > 2, "{}: {once}", kind.name());
        let own = Kind::parse(kind.gives()).unwrap();
        let again = read(own, once.as_bytes()).unwrap_or_else(|m| panic!("{}: {}", kind.name(), m.message));
        assert_eq!(native(&again), once, "{}", kind.name());
    }
}

#[test]
fn windows_line_ends_byte_order_marks_and_quotes_change_nothing() {
    for (kind, text) in sampled() {
        let name = kind.name();
        let plain = native(&read(kind, text.as_bytes()).unwrap());
        let same = |bytes: &[u8], case: &str| {
            let imported = read(kind, bytes).unwrap_or_else(|m| panic!("{name}, {case}: {}", m.message));
            assert_eq!(native(&imported), plain, "{name}, {case}");
        };
        same(text.replace('\n', "\r\n").as_bytes(), "CRLF");
        same(format!("\u{feff}{text}").as_bytes(), "BOM");
        if !matches!(name.as_str(), "swf" | "mooncake") {
            let quoted: Vec<String> = text
                .lines()
                .map(|line| {
                    line.split(',')
                        .map(|field| format!("\"{field}\""))
                        .collect::<Vec<_>>()
                        .join(",")
                })
                .collect();
            same((quoted.join("\n") + "\n").as_bytes(), "quotes");
        }
    }
}

#[test]
fn broken_files_are_refused_with_their_place() {
    for (kind, text) in sampled() {
        let name = kind.name();
        refused(kind, b"", "empty");
        let lines: Vec<&str> = text.lines().collect();
        let data = lines.len() - 1;
        if !matches!(name.as_str(), "pai" | "servegen" | "mooncake") {
            refused(
                kind,
                (lines[..data - 1].join("\n") + "\n").as_bytes(),
                "header only",
            );
        }
        if !matches!(name.as_str(), "swf" | "mooncake") {
            refused(kind, text.replace(',', ";").as_bytes(), "semicolons");
            refused(kind, text.replace(',', "\t").as_bytes(), "tabs");
        }
        let with = |line: &[u8]| [lines[..data].join("\n").as_bytes(), b"\n", line, b"\n"].concat();
        let huge = refused(kind, &with(&vec![b'7'; 2 << 20]), "a huge field");
        assert!(huge.contains(&format!("input:{}", data + 1)), "{name}: {huge}");
        refused(kind, &with(b"\xff\xfe\xfd"), "no UTF-8");
        refused(kind, &with(b"\0\0\0\0"), "zero bytes");
        let inside = lines[data].replacen(['0', '1', '2', '3'], "\0", 1);
        refused(kind, &with(inside.as_bytes()), "a zero byte in a field");
        refused(kind, &with(b"\"unclosed"), "an open quote");
        refused(kind, &with(b"what"), "one word");
    }
}

#[test]
fn a_file_that_was_cut_off_is_refused_or_said_to_be() {
    for (kind, text) in sampled() {
        let (name, last) = (kind.name(), text.trim_end().rfind('\n').unwrap() + 1);
        for cut in last + 1..text.len() {
            if !text.is_char_boundary(cut) {
                continue;
            }
            let Ok(imported) = read(kind, &text.as_bytes()[..cut]) else {
                continue;
            };
            let said = imported
                .notes()
                .iter()
                .any(|note| note.contains("may have been cut off"));
            let whole = native(&imported);
            // Series have as many fields in every row, so a cut loses a field or digits of the last one.
            assert!(
                said || !matches!(kind.gives(), "jobs" | "requests"),
                "{name}, cut at {cut}: {whole}"
            );
        }
    }
}

#[test]
fn numbers_out_of_this_world_are_refused_wherever_they_stand() {
    let wild = [
        "NaN",
        "inf",
        "-inf",
        "1e300",
        "-1e300",
        "-5",
        "9223372036854775807",
        "99999999999999999999999",
        "0x10",
        "1_000",
    ];
    for (kind, text) in sampled()
        .into_iter()
        .filter(|(kind, _)| kind.name() != "mooncake")
    {
        let blanks = kind.name() == "swf";
        let separator = if blanks { ' ' } else { ',' };
        let lines: Vec<&str> = text.lines().collect();
        let (before, last) = (lines[..lines.len() - 1].join("\n"), lines[lines.len() - 1]);
        let fields: Vec<&str> = last.split(separator).collect();
        for place in 0..fields.len() {
            for number in wild {
                let mut changed = fields.clone();
                changed[place] = number;
                let row = changed.join(&separator.to_string());
                // No panic, and whatever is read is finite and possible: the native readers take no less.
                if let Ok(imported) = read(kind, format!("{before}\n{row}\n").as_bytes()) {
                    let (own, text) = (Kind::parse(kind.gives()).unwrap(), native(&imported));
                    let again = read(own, text.as_bytes());
                    assert!(
                        again.is_ok(),
                        "{}: {row}: {}",
                        kind.name(),
                        again.unwrap_err().message
                    );
                    if let Imported::Jobs(trace) = &imported {
                        assert!(trace.jobs().iter().all(|job| job.problem().is_none()), "{row}");
                    }
                }
            }
        }
    }
}

#[test]
fn times_that_run_back_and_negative_lengths_are_told() {
    for (kind, text) in sampled() {
        let mut lines: Vec<&str> = text.lines().collect();
        let data = lines.len() - 2;
        lines.swap(data, data + 1);
        let swapped = lines.join("\n") + "\n";
        match read(kind, swapped.as_bytes()) {
            Err(misread) => assert!(misread.message.starts_with("input:"), "{}", misread.message),
            Ok(Imported::Jobs(trace)) => {
                let told = trace.assumptions().iter().any(|note| note.contains("run back"));
                assert!(
                    told && trace.jobs().is_sorted_by_key(|job| job.submit_s),
                    "{}",
                    kind.name()
                );
            }
            Ok(Imported::Requests(trace)) => {
                let told = trace.assumptions().iter().any(|note| note.contains("run back"));
                assert!(told || kind.name() == "genai", "{}", kind.name());
            }
            // Series are laid on their grid.
            Ok(series) => assert_eq!(native(&series), native(&read(kind, text.as_bytes()).unwrap())),
        }
    }
    let negative = [
        ("jobs", "job_id,submit_s,gpus,duration_s\n0,0,1,-5\n"),
        (
            "philly",
            "timestamp,duration,num_gpus\n2017-10-09 07:01:55,-66.0,1\n",
        ),
        (
            "helios",
            "vc,gpu_num,submit_time,duration\nv,1,2020-06-09 18:41:01,-1\n",
        ),
        (
            "acme",
            "node_num,gpu_num,submit_time,duration,gpu_time\n1,8,2023-03-01 00:18:22+08:00,-117,936.0\n",
        ),
        (
            "opendc",
            "id,submission_time,duration,cpu_count\n1,1665093600000,-27930000,16\n",
        ),
        ("requests", "t_s,rate_rps\n0,-1\n"),
    ];
    for (name, text) in negative {
        let message = refused(Kind::parse(name).unwrap(), text.as_bytes(), "negative");
        assert!(message.starts_with("input:2: "), "{message}");
    }
}

fn repower() -> Command {
    Command::new(env!("CARGO_BIN_EXE_repower"))
}

fn file(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_command_writes_whole_files_or_none() {
    let folder = TempDir::new().unwrap();
    let input = file(folder.path(), "philly.csv", &sample("philly"));
    let out = folder.path().join("jobs.csv");
    let import = |input: &Path, out: &Path| {
        let mut command = repower();
        command
            .args(["import", "philly"])
            .arg(input)
            .arg("--out")
            .arg(out);
        command
    };
    let line = contains("kind=philly jobs=2 gpu_hours=0.165 gpus_max=8 last_submit_s=3600 out=");
    import(&input, &out)
        .assert()
        .success()
        .stdout(line)
        .stderr(contains("note: ids are row numbers"));
    let written = fs::read(&out).unwrap();
    let jobs = trace::read(written.as_slice(), None, "jobs.csv").unwrap();
    assert_eq!((jobs.jobs().len(), jobs.tenants().name(1)), (2, "11cb48"));
    // The place is taken; only --force replaces it.
    import(&input, &out)
        .assert()
        .code(3)
        .stderr(contains("exists already").and(contains("--force")));
    import(&input, &out).arg("--force").assert().success();
    assert_eq!(fs::read(&out).unwrap(), written);
    // Nothing is left of an attempt that failed.
    let broken = file(
        folder.path(),
        "broken.csv",
        "timestamp,duration,num_gpus\n2017-10-09 07:01:55,x,1\n",
    );
    let none = folder.path().join("none.csv");
    import(&broken, &none)
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("broken.csv:2: column `duration`"));
    import(&folder.path().join("absent.csv"), &none).assert().code(2);
    import(folder.path(), &none).assert().code(3);
    import(&input, &folder.path().join("no/such/folder.csv"))
        .assert()
        .code(3);
    let mut left: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["broken.csv", "jobs.csv", "philly.csv"]);
}

#[test]
fn the_list_names_every_kind_and_unknown_ones_are_refused_with_the_nearest() {
    let listed = repower().args(["import", "--list"]).assert().success();
    let text = String::from_utf8(listed.get_output().stdout.clone()).unwrap();
    for kind in Kind::all() {
        let row = text
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{} ", kind.name())));
        assert!(
            row.is_some_and(|row| row.contains(kind.columns())),
            "{}",
            kind.name()
        );
    }
    let mut wrong = repower();
    wrong.args(["import", "phily", "a.csv", "--out", "b.csv"]);
    wrong.assert().code(2).stderr(contains("did you mean `philly`?"));
    repower().args(["import", "philly"]).assert().code(2);
}

#[test]
fn a_price_in_another_currency_is_converted_at_the_stated_rate_only() {
    let folder = TempDir::new().unwrap();
    let input = file(folder.path(), "epex.csv", &epex());
    let run = |out: &str, rate: &[&str]| {
        let out = folder.path().join(out);
        let mut command = repower();
        command
            .args(["import", "epex"])
            .arg(&input)
            .arg("--out")
            .arg(&out)
            .args(rate);
        (command.assert().success(), fs::read_to_string(out).unwrap())
    };
    let (plain, text) = run("eur.csv", &[]);
    plain.stderr(contains("are not converted"));
    assert!(
        text.starts_with("start_utc,usd_per_mwh\n2025-01-23T23:00:00Z,0.5\n"),
        "{text}"
    );
    let (converted, text) = run("usd.csv", &["--usd-per-unit", "1.5"]);
    converted.stderr(contains("converted at 1.5 USD"));
    assert!(
        text.starts_with("start_utc,usd_per_mwh\n2025-01-23T23:00:00Z,0.75\n"),
        "{text}"
    );
}
