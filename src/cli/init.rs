//! `repower init`: a commented scenario to start from.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::problem::nearest;
use crate::scenario::load::DEFAULT_SCENARIO;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  repower init                    lists templates\n  repower init texas              writes texas.toml here\n  repower init texas plans/       writes plans/texas.toml"
)]
pub struct InitArgs {
    /// The template; lists them where left out.
    pub template: Option<String>,
    /// The folder to write to. Default: here.
    pub folder: Option<PathBuf>,
}

/// A template: name, one line about it, its files by their names, the scenario first.
struct Template {
    name: &'static str,
    about: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// A file of the repository's scenarios, by its name there.
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../scenarios/", $name)))),+]
    };
}

const TEMPLATES: &[Template] = &[
    Template {
        name: "texas",
        about: "a 100 MW Texas mine: keep mining, GPU cloud or powered shell; synthetic prices and weather, no data needed",
        files: &[("texas.toml", DEFAULT_SCENARIO)],
    },
    Template {
        name: "financed-lease",
        about: "the same with a bank that pays for a part of the leased shells",
        files: files!["financed-lease.toml", "default.toml"],
    },
    Template {
        name: "inference-service",
        about: "a hall of a mine that answers prompts on B200 servers",
        files: files!["inference-service.toml"],
    },
    Template {
        name: "arkon-to-nscale",
        about: "a portfolio of four sites: mine on, let, sell, become a cloud",
        files: files!["arkon-to-nscale.toml"],
    },
    Template {
        name: "narvik-reserved",
        about: "hydro power in northern Norway, one anchor with dated milestones, electricity tax by use",
        files: files!["narvik-reserved.toml"],
    },
    Template {
        name: "uk-sovereign",
        about: "a phased Scottish campus, tenants whose data must stay, growth-zone discount, grants",
        files: files!["uk-sovereign.toml"],
    },
    Template {
        name: "texas-flexible",
        about: "mining as the interruptible layer: resale, 4CP, calls of SB 6, pay for standing ready",
        files: files!["texas-flexible.toml"],
    },
    Template {
        name: "retrofit-lease",
        about: "archetype: a mining building let after a light retrofit (Riot and AMD)",
        files: files!["retrofit-lease.toml", "mine-72mw.toml"],
    },
    Template {
        name: "rebuild-on-pad",
        about: "archetype: a mining hall torn down and rebuilt for GPUs (Moses Lake)",
        files: files!["rebuild-on-pad.toml", "mine-72mw.toml"],
    },
    Template {
        name: "build-beside-the-mine",
        about: "archetype: a new hall beside a mine that goes on (Childress)",
        files: files!["build-beside-the-mine.toml", "mine-72mw.toml"],
    },
    Template {
        name: "sell-the-land",
        about: "archetype: the energised site sold, in part or whole",
        files: files!["sell-the-land.toml", "mine-72mw.toml"],
    },
    Template {
        name: "demand-surge",
        about: "one cloud without the jump in demand of 2022, with it, and with the fall of rents",
        files: files![
            "demand-surge.toml",
            "series/h100-rent.csv",
            "series/h100-rent-tight.csv"
        ],
    },
    Template {
        name: "staff-transformation",
        about: "two halls that wait for people rather than megawatts",
        files: files!["staff-transformation.toml"],
    },
    Template {
        name: "power-price-sensitivity",
        about: "the same farm on fixed, indexed, block-and-index and passed-through power",
        files: files!["power-price-sensitivity.toml"],
    },
    Template {
        name: "ethereum-merge",
        about: "a farm of graphics cards through September 2022",
        files: files!["ethereum-merge.toml"],
    },
    Template {
        name: "texas-2023",
        about: "the Texas site replayed over 2023 with your own price, weather, bitcoin and job files",
        files: &[(
            "texas-2023.toml",
            include_str!("../../scenarios/with-data/texas-2023.toml"),
        )],
    },
    Template {
        name: "texas-2024",
        about: "the same over 2024: real-time prices and weather of one year",
        files: &[(
            "texas-2024.toml",
            include_str!("../../scenarios/with-data/texas-2024.toml"),
        )],
    },
];

/// Writes a template, never over a file that is there.
pub fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let Some(name) = &args.template else {
        output::stdout(list().as_bytes())?;
        return Ok(Exit::Done);
    };
    let Some(template) = TEMPLATES.iter().find(|t| t.name == name) else {
        let near = nearest(name, TEMPLATES.iter().map(|t| t.name));
        let help = near.map_or(
            "`repower init` lists them; `repower init texas` writes texas.toml".to_owned(),
            |n| format!("did you mean `{n}`?"),
        );
        return Err(Failure::input(format!("there is no template `{name}`")).with_help(help));
    };
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    for (file, text) in template.files {
        write(&folder.join(file), text)?;
    }
    let shown = folder.join(template.files[0].0).display().to_string();
    output::stdout(format!("wrote {shown}; next: repower run {shown}\n").as_bytes())?;
    Ok(Exit::Done)
}

fn list() -> String {
    let width = TEMPLATES.iter().map(|t| t.name.len()).max().unwrap_or(0);
    let line = |t: &Template| format!("{:<width$}  {}\n", t.name, t.about);
    TEMPLATES.iter().map(line).collect()
}

/// Writes a file. One that another template wrote before, and nobody changed, may stay.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let io = |what: &str, e: std::io::Error| Failure::io(format!("cannot {what} `{}`: {e}", path.display()));
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .map_err(|e| Failure::io(format!("cannot create `{}`: {e}", folder.display())))?;
    let shared =
        path.extension().is_some_and(|e| e == "csv") || SHARED.iter().any(|name| path.ends_with(name));
    if shared && std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let mut file = std::fs::File::create_new(path).map_err(|e| io("create", e))?;
    file.write_all(text.as_bytes()).map_err(|e| io("write", e))
}

/// Files that several templates are laid upon.
const SHARED: [&str; 2] = ["mine-72mw.toml", "default.toml"];
