//! The files under `deploy/`, started in earnest on this one machine: a worker is killed in the middle, and the run that is
//! merged is to the byte the one that `run` writes. Where an engine is not installed the test says so and passes; with
//! `--features slow-tests`, as in CI, it fails.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{CONVERSION, INSTALL, Place, SMALL, results_of};

/// Enough replications that a shard takes a second or two: there must be a middle to be killed in.
const REPLICATIONS: &str = "600";

fn place() -> Place {
    let place = Place::with(&format!("{SMALL}\n{CONVERSION}{INSTALL}"));
    let what = [
        "run",
        "x.toml",
        "--quiet",
        "--out",
        "whole",
        "--replications",
        REPLICATIONS,
    ];
    place.repower(&what).assert().code(0);
    place
}

#[track_caller]
fn assert_merged(place: &Place, out: &str) {
    let (whole, merged) = (results_of(&place.path("whole")), results_of(&place.path(out)));
    assert_eq!(whole.len(), merged.len());
    for ((name, bytes), (other, found)) in whole.iter().zip(&merged) {
        assert!(name == other && bytes == found, "{name} differs");
    }
}

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)
}

/// Whether all programs answer; says which do not.
fn installed(engine: &str, probes: &[&[&str]]) -> bool {
    let answers = |probe: &&[&str]| {
        let mut command = Command::new(probe[0]);
        let quiet = command
            .args(&probe[1..])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    };
    let missing: Vec<&str> = probes.iter().filter(|p| !answers(p)).map(|p| p[0]).collect();
    if missing.is_empty() {
        return true;
    }
    let must = cfg!(feature = "slow-tests");
    assert!(!must, "{engine} is not installed: no {missing:?}");
    eprintln!("{engine} is not installed (no {missing:?}): its deployment is not tried");
    false
}

/// Processes that end with the test, whatever its end.
#[derive(Default)]
struct Daemons(Vec<Child>);

impl Daemons {
    fn start(&mut self, command: &mut Command, log: &Path) -> u32 {
        let log = fs::File::create(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.0.push(child);
        self.0.last().unwrap().id()
    }
}

impl Drop for Daemons {
    fn drop(&mut self) {
        for child in self.0.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[track_caller]
fn until(what: &str, seconds: u64, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(
            began.elapsed() < Duration::from_secs(seconds),
            "after {seconds} s not yet: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Ports that were free a moment ago.
fn ports<const N: usize>() -> [u16; N] {
    let open = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    open.map(|listener| listener.local_addr().unwrap().port())
}

/// Processes whose command line holds a text: id, parent.
fn processes_with(needle: &str) -> Vec<(u32, u32)> {
    let output = Command::new("ps")
        .args(["-eo", "pid=,ppid=,args="])
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = listed.lines().filter(|line| line.contains(needle));
    found
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect()
}

fn kill(ids: &[u32]) {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let _ = Command::new("kill")
        .arg("-9")
        .args(&ids)
        .stderr(Stdio::null())
        .status();
}

/// Whether a shard is in its middle: some blocks are complete, and it is not.
fn in_the_middle(shard: &Path) -> bool {
    let partial = format!("{}.partial/blocks", shard.display());
    !shard.exists() && fs::read_dir(partial).is_ok_and(|entries| entries.count() > 0)
}

/// A Slurm cluster of two nodes on this machine.
struct Slurm {
    daemons: Daemons,
    folder: PathBuf,
    first_node: u32,
}

impl Slurm {
    fn start(folder: &Path) -> Self {
        for part in ["state", "spool-n1", "spool-n2"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let key: Vec<u8> = (0..128_u8).map(|i| i.wrapping_mul(37).wrapping_add(11)).collect();
        fs::write(folder.join("key"), key).unwrap();
        let only_mine = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(folder.join("key"), only_mine).unwrap();
        let mut slurm = Self {
            daemons: Daemons::default(),
            folder: folder.to_owned(),
            first_node: 0,
        };
        let at = |name: &str| folder.join(name);
        let mut munged = Command::new("munged");
        munged.args(["--foreground", "--force"]);
        let files = [
            ("key-file", "key"),
            ("socket", "m.sock"),
            ("pid-file", "m.pid"),
            ("log-file", "m.log"),
            ("seed-file", "seed"),
        ];
        for (option, name) in files {
            munged.arg(format!("--{option}={}", at(name).display()));
        }
        slurm.daemons.start(&mut munged, &at("munged.log"));
        until("munged answers", 20, || at("m.sock").exists());
        fs::write(at("slurm.conf"), slurm.conf()).unwrap();
        let conf = at("slurm.conf");
        let mut daemon = |program: &str, node: &[&str]| {
            let mut command = Command::new(program);
            command.arg("-D").arg("-f").arg(&conf).args(node);
            let log = at(&format!("{program}{}.log", node.concat()));
            slurm.daemons.start(&mut command, &log)
        };
        daemon("slurmctld", &[]);
        let first = daemon("slurmd", &["-N", "n1"]);
        daemon("slurmd", &["-N", "n2"]);
        slurm.first_node = first;
        until("both nodes are idle", 60, || {
            text(&slurm.ask("sinfo", &["-h", "-o", "%D %t"])).trim() == "2 idle"
        });
        slurm
    }

    /// One machine as two nodes; what a production cluster has besides is left out.
    fn conf(&self) -> String {
        let output = |program: &str, args: &[&str]| {
            let output = Command::new(program).args(args).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let (host, user) = (output("hostname", &["-s"]), output("id", &["-un"]));
        let [controller, one, two] = ports();
        let folder = self.folder.display();
        format!(
            "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={controller}\n\
             SlurmUser={user}\nSlurmdUser={user}\n\
             AuthType=auth/munge\nAuthInfo=socket={folder}/m.sock,cred_expire=5\n\
             StateSaveLocation={folder}/state\nSlurmdSpoolDir={folder}/spool-%n\n\
             SlurmctldPidFile={folder}/controller.pid\nSlurmdPidFile={folder}/%n.pid\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSwitchType=switch/none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_Core\n\
             JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none\n\
             MpiDefault=none\nReturnToService=2\nSlurmdTimeout=5\nJobRequeue=1\nRequeueExit=75\n\
             CommunicationParameters=block_null_hash\nSchedulerParameters=sched_interval=2\n\
             NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={one} CPUs=1\n\
             NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={two} CPUs=1\n\
             PartitionName=all Nodes=ALL Default=YES State=UP\n"
        )
    }

    fn ask(&self, program: &str, args: &[&str]) -> Output {
        let conf = self.folder.join("slurm.conf");
        Command::new(program)
            .args(args)
            .env("SLURM_CONF", conf)
            .output()
            .unwrap()
    }

    /// Kills the first node at once: its daemon, the keeper of its job, the job and what that had started.
    fn kill_first_node(&self) {
        let spool = self.folder.join("spool-n1/").display().to_string();
        let jobs: Vec<(u32, u32)> = processes_with(&spool)
            .into_iter()
            .filter(|(pid, _)| *pid != self.first_node)
            .collect();
        assert!(!jobs.is_empty(), "the first node had no job to lose");
        let mut ids = vec![self.first_node];
        for (job, keeper) in jobs {
            ids.extend([keeper, job]);
            let children = Command::new("ps")
                .args(["-o", "pid=", "--ppid", &job.to_string()])
                .output()
                .unwrap();
            ids.extend(
                text(&children)
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
        }
        kill(&ids);
    }
}

/// The shard that the first node works on.
fn shard_of_first_node(slurm: &Slurm) -> Option<u32> {
    let queue = text(&slurm.ask("squeue", &["-h", "-t", "RUNNING", "-o", "%K %N"]));
    let on_first = queue.lines().find(|line| line.ends_with(" n1"))?;
    on_first.split(' ').next()?.parse().ok()
}

#[test]
fn slurm_runs_the_shards_of_a_dead_node_on_another() {
    let probes: [&[&str]; 4] = [
        &["munged", "--version"],
        &["slurmctld", "-V"],
        &["slurmd", "-V"],
        // It answers nothing, not even its version, before it knows a cluster.
        &["sh", "-c", "command -v sbatch"],
    ];
    if !installed("Slurm", &probes) {
        return;
    }
    let place = place();
    let slurm = Slurm::start(&place.path("slurm"));
    let submit = Command::new(deploy("slurm/submit"))
        .current_dir(place.path("."))
        .args(["4", "shards", "merged", "x.toml", "--replications", REPLICATIONS])
        .env("REPOWER", env!("CARGO_BIN_EXE_repower"))
        .env("SLURM_CONF", place.path("slurm/slurm.conf"))
        .output()
        .unwrap();
    assert!(submit.status.success(), "{}", text(&submit));
    let mut lost = 0;
    until("the first node is in the middle of a shard", 60, || {
        let Some(shard) = shard_of_first_node(&slurm) else {
            return false;
        };
        lost = shard;
        in_the_middle(&place.path(&format!("shards/{shard}.shard")))
    });
    slurm.kill_first_node();
    assert!(
        !place.path(&format!("shards/{lost}.shard")).exists(),
        "it was done already"
    );
    until("all jobs are over", 180, || {
        text(&slurm.ask("squeue", &["-h"])).trim().is_empty()
    });
    assert!(place.path("merged").exists(), "{}", logs(&place.path("shards")));
    assert_merged(&place, "merged");
}

fn logs(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let log = |path: &Path| path.extension().is_some_and(|e| e == "log");
    let logs = entries.map(|e| e.path()).filter(|path| log(path));
    let told = logs.map(|path| {
        let text = fs::read_to_string(&path).unwrap_or_default();
        format!(
            "{}:
{text}",
            path.display()
        )
    });
    told.collect::<Vec<_>>().concat()
}

#[test]
fn dask_runs_the_shards_of_a_dead_worker_on_another() {
    if !installed("Dask", &[&["python3", "-c", "import distributed"]]) {
        return;
    }
    let place = place();
    let [port] = ports();
    let address = format!("tcp://127.0.0.1:{port}");
    let mut daemons = Daemons::default();
    let dask = |what: &str, args: &[&str]| {
        let mut command = Command::new("python3");
        command
            .current_dir(place.path("."))
            .args(["-m", &format!("distributed.cli.dask_{what}")]);
        command.args(args).args(["--host", "127.0.0.1", "--no-dashboard"]);
        command
    };
    daemons.start(
        &mut dask("scheduler", &["--port", &port.to_string()]),
        &place.path("scheduler.log"),
    );
    // Without its nanny, which would start it again: a machine that is gone stays gone.
    let alone = [address.as_str(), "--nthreads", "1", "--no-nanny", "--name"];
    let worker = |name: &'static str| dask("worker", &[alone.as_slice(), &[name]].concat());
    let first = daemons.start(&mut worker("first"), &place.path("first.log"));
    daemons.start(&mut worker("second"), &place.path("second.log"));
    let mut run = Command::new("python3");
    run.arg(deploy("dask/run.py")).current_dir(place.path("."));
    run.args([
        "--scheduler",
        &address,
        "--shards",
        "4",
        "--folder",
        "shards",
        "--out",
        "merged",
    ]);
    run.args([
        "--repower",
        env!("CARGO_BIN_EXE_repower"),
        "--",
        "x.toml",
        "--replications",
        REPLICATIONS,
    ]);
    let client = daemons.start(&mut run, &place.path("client.log"));

    let mut shard = Vec::new();
    until("the first worker is in the middle of a shard", 120, || {
        let begun = (0..4).filter(|i| in_the_middle(&place.path(&format!("shards/{i}.shard"))));
        let of_first = begun.filter_map(|i| {
            let path = place.path(&format!("shards/{i}.shard")).display().to_string();
            processes_with(&path)
                .into_iter()
                .find(|(_, parent)| *parent == first)
        });
        shard = of_first.map(|(process, _)| process).collect();
        !shard.is_empty()
    });
    shard.push(first);
    kill(&shard);
    let status = daemons
        .0
        .iter_mut()
        .find(|child| child.id() == client)
        .unwrap()
        .wait()
        .unwrap();
    assert!(status.success(), "{}", logs(&place.path(".")));
    assert_merged(&place, "merged");
}

#[test]
fn snakemake_makes_the_run_from_its_shards() {
    // Not installed for CI: it is tried where it is.
    let version = Command::new("snakemake").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("Snakemake is not installed: its workflow is not tried");
        return;
    }
    let place = place();
    let what = format!("what=x.toml --replications {REPLICATIONS}");
    let repower = format!("repower={}", env!("CARGO_BIN_EXE_repower"));
    let done = Command::new("snakemake")
        .current_dir(place.path("."))
        .arg("-s")
        .arg(deploy("snakemake/Snakefile"))
        .args([
            "--cores",
            "2",
            "--retries",
            "2",
            "--config",
            "shards=3",
            "run=merged",
            &what,
            &repower,
        ])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", text(&done));
    assert_merged(&place, "merged");
}

/// There is no cluster here to try them on: what can be held is that they say what the program understands.
#[test]
fn the_kubernetes_manifests_have_the_shape_of_an_indexed_job() {
    let job = fs::read_to_string(deploy("kubernetes/job.yaml")).unwrap();
    for line in [
        "completionMode: Indexed",
        "backoffLimitPerIndex: 4",
        "restartPolicy: Never",
        "kind: Job",
    ] {
        assert!(job.contains(line), "{line}");
    }
    let completions = job.split("completions: ").nth(1).unwrap().lines().next().unwrap();
    assert!(
        job.contains(&format!("\"--of\", \"{completions}\"")),
        "{completions} indices, other shards"
    );
    // The command line with an index filled in is one that `shard` takes: it gets as far as looking for the scenario.
    let list = |key: &str| -> Vec<String> {
        let line = job
            .lines()
            .find_map(|line| line.trim().strip_prefix(key))
            .unwrap();
        serde_json::from_str(line.trim()).unwrap()
    };
    let words: Vec<String> = [list("command:"), list("args:")].concat();
    let words: Vec<String> = words
        .iter()
        .map(|w| w.replace("$(JOB_COMPLETION_INDEX)", "7"))
        .collect();
    assert_eq!(words[0], "repower");
    let place = Place::with(SMALL);
    place.write("my.toml", SMALL);
    let words: Vec<&str> = words[1..]
        .iter()
        .map(|w| if w == "100000" { "64" } else { w })
        .collect();
    place.repower(&words).assert().code(0);
    assert!(place.path("shards/7.shard").exists());
}
