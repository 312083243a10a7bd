//! What happens to a run directory when writing or reading it goes wrong.

use std::fs;
use std::path::Path;

use super::*;
use crate::results::block::Shape;
use crate::results::fixture;
use crate::results::storage::Disk;
use crate::results::storage::Storage;
use crate::results::storage::faulty::{FullAfter, StopsAt};
use crate::results::tables::RunTables;
use crate::results::{BlockResult, Error};

const ALL: TableFiles = TableFiles {
    monthly: true,
    hourly: true,
};

fn request(dir: &Path, replications: u32) -> RunRequest {
    RunRequest {
        dir: dir.to_owned(),
        run_id: "1f00d".to_owned(),
        replications,
        files: vec!["summary.csv".to_owned()],
    }
}

fn writer(dir: &Path, replications: u32) -> RunWriter {
    match RunWriter::open(request(dir, replications)).unwrap() {
        Opened::Write(writer) => *writer,
        Opened::Done => panic!("the run is not done"),
    }
}

fn write(dir: &Path, tables: &RunTables, files: TableFiles) {
    let mut writer = writer(dir, tables.manifest.replications);
    writer.put_tables(tables, files).unwrap();
    writer.put("charts/data/a.csv", b"x\n1\n").unwrap();
    writer.commit(tables.manifest.clone()).unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// `NaN` is not equal to itself; its text is.
fn assert_same(a: &RunTables, b: &RunTables) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

#[test]
fn a_run_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("runs/a");
    let mut tables = fixture::tables(12);
    write(&dir, &tables, ALL);
    let reader = RunReader::open(&dir).unwrap();
    reader.verify(|_| true).unwrap();
    tables.manifest.outputs = reader.manifest().outputs.clone();
    assert_same(&reader.tables().unwrap(), &tables);
    assert!(!folder.path().join("runs/a.partial").exists());
    assert!(
        !names(&dir)
            .iter()
            .any(|n| ["lock", "run.json", "blocks"].contains(&n.as_str()))
    );
    assert_eq!(reader.file("charts/data/a.csv").unwrap().unwrap(), b"x\n1\n");
}

#[test]
fn tables_that_were_not_asked_for_are_empty_when_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    let tables = fixture::tables(2);
    let files = TableFiles {
        monthly: true,
        hourly: false,
    };
    write(&dir, &tables, files);
    assert!(!dir.join("hourly.csv").exists());
    let read = RunReader::open(&dir).unwrap().tables().unwrap();
    assert!(read.hourly.is_empty() && !read.monthly.is_empty());
}

#[test]
fn equal_runs_write_equal_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    write(&a, &fixture::tables(12), ALL);
    write(&b, &fixture::tables(12), ALL);
    assert_eq!(read_manifest(&a).unwrap(), read_manifest(&b).unwrap());
    for name in names(&a).iter().filter(|n| *n != "charts") {
        assert_eq!(
            fs::read(a.join(name)).unwrap(),
            fs::read(b.join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn headers_are_those_of_the_interface() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    write(&dir, &fixture::tables(2), ALL);
    let first = |name: &str| {
        fs::read_to_string(dir.join(name))
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        first("metrics.csv"),
        "strategy,case,fidelity,replication,scope,metric,unit,value"
    );
    assert_eq!(
        first("summary.csv"),
        "strategy,case,fidelity,scope,metric,unit,mean,sd,ci95_low,ci95_high,p5,p10,p50,p90,p95,min,max"
    );
    assert_eq!(
        first("settlement.csv"),
        "strategy,case,fidelity,site,month,contract,clause,quantity,unit,rate,usd,set_by"
    );
    assert_eq!(first("capacity.csv"), "strategy,case,fidelity,site,pool,t_s,gpus");
}

#[test]
fn a_writer_dropped_in_the_middle_leaves_only_a_partial_that_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    let shape = Shape::of(&fixture::manifest(25));
    let first = writer(&dir, 25);
    first.save_block(&fixture::block(0, 25)).unwrap();
    first.save_block(&fixture::block(2, 25)).unwrap();
    drop(first);
    assert_eq!(names(folder.path()), ["a.partial"]);
    assert_eq!(RunReader::open(&dir).unwrap_err().exit_code(), 2);

    let mut second = writer(&dir, 25);
    let found: Vec<u32> = second
        .completed_blocks(shape)
        .unwrap()
        .iter()
        .map(|b| b.index)
        .collect();
    assert_eq!(found, [0, 2]);
    second.put("summary.csv", b"half").unwrap();
    drop(second);

    let third = writer(&dir, 40);
    assert!(!folder.path().join("a.partial/summary.csv").exists());
    // The last block of 25 replications has 5 of them; of 40 it lacks 5, of 23 it has too many.
    let found = |writer: &RunWriter| -> Vec<(u32, u32)> {
        let blocks = writer.completed_blocks(shape).unwrap();
        blocks.iter().map(|b| (b.index, b.count)).collect()
    };
    assert_eq!(found(&third), [(0, 10), (2, 5)]);
    drop(third);
    assert_eq!(found(&writer(&dir, 23)), [(0, 10)]);
}

#[test]
fn a_broken_block_is_simulated_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    let shape = Shape::of(&fixture::manifest(10));
    let first = writer(&dir, 10);
    first.save_block(&fixture::block(0, 10)).unwrap();
    let path = folder.path().join("a.partial/blocks/0000.block");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    assert_eq!(first.completed_blocks(shape).unwrap(), Vec::<BlockResult>::new());
}

#[test]
fn a_second_writer_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    let first = writer(&dir, 2);
    let error = RunWriter::open(request(&dir, 2)).unwrap_err();
    assert!(matches!(error, Error::Taken { .. }), "{error}");
    assert_eq!(error.exit_code(), 3);
    first.commit(fixture::tables(2).manifest).unwrap();
    assert!(dir.join(MANIFEST).exists());
}

#[test]
fn a_full_disk_keeps_what_is_complete_and_is_never_taken_for_a_result() {
    let tables = fixture::tables(12);
    let block = fixture::block(0, 12);
    let whole = block.to_bytes("1f00d").len() as u64;
    for room in [0, 30, whole, whole + 100, whole + 5_000, whole + 20_000] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("a");
        let run = || -> Result<PathBuf, Error> {
            let storage = Box::new(FullAfter::bytes(room));
            let Opened::Write(mut writer) = RunWriter::open_on(storage, request(&dir, 12))? else {
                panic!("nothing is done yet")
            };
            writer.save_block(&block)?;
            writer.put_tables(&tables, ALL)?;
            writer.commit(tables.manifest.clone())
        };
        let error = run().unwrap_err();
        assert_eq!(error.exit_code(), 3, "{error}");
        assert!(!dir.exists(), "{room} bytes");
        let kept = writer(&dir, 12)
            .completed_blocks(Shape::of(&tables.manifest))
            .unwrap();
        assert_eq!(kept.len(), usize::from(room > whole), "{room} bytes");
    }
}

#[test]
fn a_whole_run_is_done_extended_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    write(
        &dir,
        &fixture::tables(12),
        TableFiles {
            monthly: true,
            hourly: false,
        },
    );
    assert!(matches!(
        RunWriter::open(request(&dir, 12)).unwrap(),
        Opened::Done
    ));
    assert!(matches!(
        RunWriter::open(request(&dir, 11)),
        Err(Error::Fewer {
            found: 12,
            wanted: 11,
            ..
        })
    ));
    let other = RunRequest {
        run_id: "beef".to_owned(),
        ..request(&dir, 12)
    };
    assert!(matches!(RunWriter::open(other), Err(Error::Mismatch { .. })));
    assert_eq!(names(folder.path()), ["a"]);

    fs::write(dir.join("notes.txt"), "mine").unwrap();
    write(&dir, &fixture::tables(20), ALL);
    assert_eq!(read_manifest(&dir).unwrap().replications, 20);
    assert_eq!(fs::read_to_string(dir.join("notes.txt")).unwrap(), "mine");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn further_files_that_are_asked_for_make_a_run_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    write(
        &dir,
        &fixture::tables(12),
        TableFiles {
            monthly: true,
            hourly: false,
        },
    );
    let more = RunRequest {
        files: vec!["hourly.csv".to_owned()],
        ..request(&dir, 12)
    };
    assert!(matches!(RunWriter::open(more).unwrap(), Opened::Write(_)));
}

#[test]
fn a_replacement_cut_between_its_two_renames_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    write(&dir, &fixture::tables(12), ALL);
    fs::rename(&dir, folder.path().join("a.previous")).unwrap();
    assert!(matches!(
        RunWriter::open(request(&dir, 12)).unwrap(),
        Opened::Done
    ));
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn another_runs_blocks_are_not_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    let first = writer(&dir, 10);
    first.save_block(&fixture::block(0, 10)).unwrap();
    drop(first);
    let other = RunRequest {
        run_id: "beef".to_owned(),
        ..request(&dir, 10)
    };
    let error = RunWriter::open(other).unwrap_err();
    assert!(
        matches!(error, Error::Mismatch { .. }) && error.exit_code() == 3,
        "{error}"
    );
    writer(&dir, 10).abandon().unwrap();
    assert!(names(folder.path()).is_empty());
}

#[test]
fn files_that_are_no_run_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    for taken in [dir.clone(), folder.path().join("b.partial")] {
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("thesis.txt"), "years of work").unwrap();
    }
    for dir in [dir, folder.path().join("b")] {
        let error = RunWriter::open(request(&dir, 2)).unwrap_err();
        assert!(matches!(error, Error::Taken { .. }), "{error}");
    }
    assert!(
        folder.path().join("a/thesis.txt").exists() && folder.path().join("b.partial/thesis.txt").exists()
    );
}

#[test]
fn names_cannot_leave_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder.path().join("a"), 2);
    for name in [
        "../x",
        "/etc/x",
        "a/../../x",
        "",
        "a//b",
        "manifest.json",
        "blocks/0000.block",
        "c:x",
        "a\\b",
    ] {
        assert_eq!(writer.put(name, b"").unwrap_err().exit_code(), 3, "{name}");
    }
    writer.put("inputs/with space é.toml", b"").unwrap();
    assert!(writer.put("inputs/with space é.toml", b"").is_err());
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_of_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = RunWriter::open(request(&file.join("a"), 2)).unwrap_err();
    assert_eq!(error.exit_code(), 3, "{error}");
}

#[test]
fn a_broken_row_is_named_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    write(&dir, &fixture::tables(3), ALL);
    let broken = |name: &str, from: &str, to: &str| {
        let path = dir.join(name);
        let text = fs::read_to_string(&path).unwrap();
        let third = text.lines().nth(2).unwrap();
        fs::write(&path, text.replacen(third, &third.replacen(from, to, 1), 1)).unwrap();
        let error = RunReader::open(&dir).unwrap().tables().err().unwrap();
        fs::write(&path, text).unwrap();
        assert_eq!(error.exit_code(), 2);
        error.to_string().replace(&path.display().to_string(), name)
    };
    assert_eq!(
        broken("summary.csv", ",usd,", ",usd,nan"),
        "summary.csv:3: `nan1000000` in column `mean` is not a finite number"
    );
    assert_eq!(
        broken("metrics.csv", ",0,", ",7,"),
        "metrics.csv:3: replication 7 of a run of 3"
    );
    assert_eq!(
        broken("metrics.csv", "npv_equity_usd", "npv_usd"),
        "metrics.csv:3: `npv_usd` of replication 0 stands here twice"
    );
    assert_eq!(
        broken("cashflow.csv", ",base", ""),
        "cashflow.csv:3: 6 cells, but the header has 7"
    );
}

#[test]
fn missing_and_edited_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    write(&dir, &fixture::tables(3), ALL);
    let path = dir.join("summary.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen('1', "2", 1)).unwrap();
    let reader = RunReader::open(&dir).unwrap();
    let error = reader.verify_tables().unwrap_err();
    assert!(
        error.to_string().ends_with("changed after the run: summary.csv"),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    assert!(matches!(reader.tables(), Err(Error::Missing { .. })));
    fs::write(dir.join(MANIFEST), "{\n  \"format\": 1,\n  oops").unwrap();
    assert!(
        RunReader::open(&dir)
            .unwrap_err()
            .to_string()
            .contains("manifest.json:3")
    );
}

#[test]
fn an_edited_manifest_cannot_ask_for_all_memory() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    write(&dir, &fixture::tables(3), ALL);
    let path = dir.join(MANIFEST);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("\"replications\": 3", "\"replications\": 4000000000"),
    )
    .unwrap();
    assert_eq!(
        RunReader::open(&dir).unwrap().tables().unwrap_err().exit_code(),
        2
    );
    fs::write(&path, text.replace("\"summary.csv\"", "\"../summary.csv\"")).unwrap();
    assert_eq!(
        RunReader::open(&dir)
            .unwrap()
            .verify(|_| true)
            .unwrap_err()
            .exit_code(),
        2
    );
}

#[test]
fn a_file_of_a_whole_run_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    write(&dir, &fixture::tables(3), ALL);
    let mut amender = RunAmender::open(&dir).unwrap();
    amender.put("charts/npv.svg", b"<svg/>").unwrap();
    amender.put("charts/data/a.csv", b"x\n2\n").unwrap();
    assert!(matches!(RunAmender::open(&dir), Err(Error::Taken { .. })));
    amender.finish().unwrap();
    RunReader::open(&dir).unwrap().verify(|_| true).unwrap();
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn a_directory_that_cannot_be_synced_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let error = Disk.sync_directory(&folder.path().join("gone"));
    assert_eq!(error.is_err(), cfg!(unix));
}

#[test]
fn names_that_look_like_formulas_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a");
    let mut tables = fixture::tables(2);
    tables.manifest.strategies[1].id = "=cmd|' /c calc'!A1".to_owned();
    tables.manifest.scopes[1] = "'quoted".to_owned();
    write(&dir, &tables, ALL);
    let text = fs::read_to_string(dir.join("metrics.csv")).unwrap();
    assert!(text.contains("\n'=cmd|") && !text.contains("\n=cmd|"));
    let read = RunReader::open(&dir).unwrap().tables().unwrap();
    assert_eq!(format!("{:?}", read.metrics), format!("{:?}", tables.metrics));
}

/// The whole of writing a run of a few files, cut at an operation.
fn write_until(operation: u64, dir: &Path, replications: u32) -> Result<(), Error> {
    let storage = Box::new(StopsAt::operation(operation));
    if let Opened::Write(mut writer) = RunWriter::open_on(storage, request(dir, replications))? {
        writer.save_block(&fixture::block(0, replications))?;
        for name in ["metrics.csv", "summary.csv", "charts/a.svg", "charts/data/a.csv"] {
            writer.put(name, format!("{name} of {replications}").as_bytes())?;
        }
        writer.commit(fixture::manifest(replications))?;
    }
    Ok(())
}

#[test]
fn wherever_a_write_is_cut_there_is_a_whole_run_or_none_and_the_next_one_goes_through() {
    for replaces in [false, true] {
        let mut cuts = 0;
        loop {
            let folder = tempfile::tempdir().unwrap();
            let dir = folder.path().join("a");
            if replaces {
                write_until(u64::MAX, &dir, 12).unwrap();
                fs::write(dir.join("notes.txt"), "mine").unwrap();
            }
            let cut = write_until(cuts, &dir, 20);
            if dir.exists() {
                RunReader::open(&dir).unwrap().verify(|_| true).unwrap();
            }
            let done = cut.is_ok();
            if let Err(error) = cut {
                assert_eq!(error.exit_code(), 3, "{error}");
            }
            write_until(u64::MAX, &dir, 20).unwrap();
            let reader = RunReader::open(&dir).unwrap();
            reader.verify(|_| true).unwrap();
            assert_eq!(reader.manifest().replications, 20);
            assert_eq!(names(folder.path()), ["a"], "cut at operation {cuts}");
            assert_eq!(
                dir.join("notes.txt").exists(),
                replaces,
                "cut at operation {cuts}"
            );
            if done {
                break;
            }
            cuts += 1;
        }
        assert!(cuts >= 15, "only {cuts} operations were cut");
    }
}
