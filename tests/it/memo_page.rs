//! The memo as a browser shows and prints it: no complaint, no request, no script, no chart cut by a page.
//!
//! Drives headless Chromium and poppler's `pdftotext`; where they are absent the tests say so and pass, but fail where
//! the slow checks are on, which install them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;

use rstest::rstest;

use crate::support::{CONVERSION, INSTALL, Place, SMALL};

/// A question that would like to be a page of its own.
const HOSTILE: &str = "question = \"</title></style><script>document.title='taken'</script><img src='http://memo.invalid/q.png' \
    onerror='document.title=1'>\"\n";

/// A program in the path, or `None`, which must not be where the slow checks run.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|file| file.is_file());
    if found.is_none() {
        let must = cfg!(feature = "slow-tests") || std::env::var_os("CI").is_some();
        assert!(!must, "none of {names:?} is installed");
        eprintln!("skipped: none of {names:?} is installed");
    }
    found
}

struct Browser {
    program: PathBuf,
    profile: tempfile::TempDir,
}

impl Browser {
    fn find() -> Option<Self> {
        let program = program(&["chromium", "chromium-browser", "google-chrome"])?;
        let profile = tempfile::tempdir().unwrap();
        Some(Self { program, profile })
    }
    /// Opens a file with these further flags, all requests through a proxy.
    fn open(&self, page: &Path, proxy: u16, flags: &[String]) -> Output {
        let mut command = Command::new(&self.program);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--v=0",
            "--proxy-bypass-list=<-loopback>",
        ]);
        command.arg(format!("--proxy-server=127.0.0.1:{proxy}"));
        command.arg(format!("--user-data-dir={}", self.profile.path().display()));
        command.args(flags).arg(format!("file://{}", page.display()));
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done
    }
}

/// Takes connections and tells the first line of each.
fn proxy() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let _ = BufReader::new(stream).read_line(&mut line);
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    (port, told)
}

/// What pages said to the console, errors and all else.
fn console(done: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    said.lines()
        .filter(|line| line.contains("CONSOLE"))
        .map(str::to_owned)
        .collect()
}

/// Attributes of a page through which a browser would fetch something, but links and anchors.
fn fetches(html: &str) -> Vec<&str> {
    let lures = [
        " src=",
        "srcset=",
        "url(",
        "@import",
        "<link",
        "<iframe",
        "<object",
        "<embed",
        "<base",
        "xlink:href",
    ];
    lures.into_iter().filter(|lure| html.contains(lure)).collect()
}

fn converting(question: &str) -> Place {
    let head = SMALL.replacen("start =", &format!("{question}start ="), 1);
    let place = Place::with(&format!("{head}{CONVERSION}{INSTALL}"));
    let args = ["run", "x.toml", "--out", "out", "--replications", "3"];
    place.repower(&args).assert().success();
    place
}

#[test]
fn the_page_says_nothing_to_the_console_and_asks_nobody_for_anything() {
    let Some(browser) = Browser::find() else { return };
    let place = converting(HOSTILE);
    let page = place.path("out/memo.html");
    let html = std::fs::read_to_string(&page).unwrap();
    // The question is there, as text.
    assert!(
        html.contains("&lt;script&gt;document.title="),
        "the question is not shown"
    );
    assert!(!html.contains("<script"));
    let bare = html.replace("http://www.w3.org/2000/svg", "");
    assert_eq!(fetches(&bare.replace(" src='http://memo.invalid", "")), [""; 0]);

    let (port, told) = proxy();
    let done = browser.open(&page, port, &["--dump-dom".to_owned()]);
    assert_eq!(console(&done), [""; 0]);
    let dom = String::from_utf8_lossy(&done.stdout);
    assert!(
        dom.contains("<title>Investment memo: small</title>"),
        "a script ran"
    );
    assert!(!dom.contains("<script") && !dom.contains("<img"));
    // Chromium asks its maker for the time and for updates, whatever page it shows.
    let asked: Vec<String> = told.try_iter().filter(|line| !line.contains("google")).collect();
    assert_eq!(asked, [""; 0]);

    // The same eyes see a page that does what the memo must not do.
    let bad = "<!DOCTYPE html><title>a</title><img src='http://memo.invalid/q.png'><script>document.title='taken';\
               console.error('seen')</script>";
    place.write("bad.html", bad);
    let done = browser.open(&place.path("bad.html"), port, &["--dump-dom".to_owned()]);
    assert!(
        console(&done).iter().any(|line| line.contains("seen")),
        "{:?}",
        console(&done)
    );
    assert!(String::from_utf8_lossy(&done.stdout).contains("<title>taken</title>"));
    let asked = told.recv_timeout(std::time::Duration::from_secs(20)).into_iter();
    let asked: Vec<String> = asked
        .chain(told.try_iter())
        .filter(|line| line.contains("memo.invalid"))
        .collect();
    assert!(!asked.is_empty(), "the proxy is blind");
}

/// The texts of the pages of a page's print.
fn printed(browser: &Browser, page: &Path, to: &Path) -> Option<Vec<String>> {
    let reader = program(&["pdftotext"])?;
    let (port, _told) = proxy();
    let flags = [
        "--no-pdf-header-footer".to_owned(),
        format!("--print-to-pdf={}", to.display()),
    ];
    browser.open(page, port, &flags);
    let done = Command::new(reader)
        .arg("-layout")
        .arg(to)
        .arg("-")
        .output()
        .unwrap();
    assert!(done.status.success());
    let text = String::from_utf8(done.stdout).unwrap();
    Some(
        text.split('\u{c}')
            .filter(|page| !page.trim().is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

/// Titles of the charts of a page, in order.
fn chart_titles(html: &str) -> Vec<&str> {
    let charts = html.split("<figure").skip(1);
    charts
        .map(|c| {
            c.split_once("<title>")
                .unwrap()
                .1
                .split_once("</title>")
                .unwrap()
                .0
        })
        .collect()
}

/// Title, caption and the run's name at the foot of each chart stand on one page: no page cuts it.
fn assert_whole_charts(html: &str, pages: &[String]) {
    let titles = chart_titles(html);
    assert!(titles.len() >= 5, "{titles:?}");
    let mut on_page: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, title) in titles.iter().enumerate() {
        let caption = format!("Figure {}.", index + 1);
        let at = pages
            .iter()
            .position(|page| page.contains(&caption))
            .unwrap_or_else(|| panic!("{caption} is lost"));
        let title = title.replace("&amp;", "&");
        assert!(
            pages[at].contains(&title),
            "`{title}` is not on page {} with its caption",
            at + 1
        );
        *on_page.entry(at).or_default() += 1;
    }
    for (page, charts) in on_page {
        let feet = pages[page].matches("Repower \u{b7}").count();
        assert_eq!(feet, charts, "feet and captions of charts on page {}", page + 1);
    }
}

/// The default, and a scenario of four strategies, which has most to say.
#[rstest]
#[case::default(None)]
#[case::four_strategies(Some("staff-transformation"))]
fn a_memo_prints_its_decision_on_two_pages_and_cuts_no_chart(#[case] scenario: Option<&str>) {
    let Some(browser) = Browser::find() else { return };
    let place = Place::new();
    let file = scenario.map(|id| format!("{}/scenarios/{id}.toml", env!("CARGO_MANIFEST_DIR")));
    let mut args = vec!["run"];
    args.extend(file.as_deref());
    args.extend([
        "--out",
        "out",
        "--replications",
        "3",
        "--set",
        "run.fidelity=fluid",
    ]);
    place.repower(&args).assert().success();
    let page = place.path("out/memo.html");
    let Some(pages) = printed(&browser, &page, &place.path("memo.pdf")) else {
        return;
    };
    assert_whole_charts(&std::fs::read_to_string(&page).unwrap(), &pages);
    let appendix = pages
        .iter()
        .position(|page| page.trim_start().starts_with("Appendix"));
    assert_eq!(appendix, Some(2), "the appendix begins on page 3");
    for (page, heading) in [
        (0, "What is being asked"),
        (0, "Plan and dates"),
        (1, "What breaks it"),
    ] {
        assert!(
            pages[page].contains(heading),
            "{heading} is not on page {}",
            page + 1
        );
    }
}
