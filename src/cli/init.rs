//! `repower init`: a commented scenario to start from.

use std::io::Write;
use std::path::PathBuf;

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

/// A template: name, one line about it, text.
struct Template {
    name: &'static str,
    about: &'static str,
    text: &'static str,
}

const TEMPLATES: &[Template] = &[
    Template {
        name: "texas",
        about: "a 100 MW Texas mine: keep mining, GPU cloud or powered shell; synthetic prices and weather, no data needed",
        text: DEFAULT_SCENARIO,
    },
    Template {
        name: "texas-2023",
        about: "the same site replayed over 2023 with your own price, weather, bitcoin and job files",
        text: include_str!("../../scenarios/with-data/texas-2023.toml"),
    },
    Template {
        name: "texas-2024",
        about: "the same over 2024: real-time prices and weather of one year",
        text: include_str!("../../scenarios/with-data/texas-2024.toml"),
    },
];

/// Writes a template, never over a file that is there.
pub fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let Some(name) = &args.template else {
        let width = TEMPLATES.iter().map(|t| t.name.len()).max().unwrap_or(0);
        let line = |t: &Template| format!("{:<width$}  {}", t.name, t.about);
        let list = TEMPLATES.iter().map(line).collect::<Vec<_>>().join(
            "
",
        ) + "
";
        output::stdout(list.as_bytes())?;
        return Ok(Exit::Done);
    };
    let Some(template) = TEMPLATES.iter().find(|t| t.name == name) else {
        let near = nearest(name, TEMPLATES.iter().map(|t| t.name));
        let help = near.map_or("`repower init` lists them".to_owned(), |n| {
            format!("did you mean `{n}`?")
        });
        return Err(Failure::input(format!("there is no template `{name}`")).with_help(help));
    };
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    let io = |what: &str, e: std::io::Error| Failure::io(format!("cannot {what}: {e}"));
    std::fs::create_dir_all(&folder).map_err(|e| io(&format!("create `{}`", folder.display()), e))?;
    let path = folder.join(format!("{name}.toml"));
    let shown = path.display().to_string();
    let mut file = std::fs::File::create_new(&path).map_err(|e| io(&format!("create `{shown}`"), e))?;
    file.write_all(template.text.as_bytes())
        .map_err(|e| io(&format!("write `{shown}`"), e))?;
    output::stdout(format!("wrote {shown}; next: repower run {shown}\n").as_bytes())?;
    Ok(Exit::Done)
}
