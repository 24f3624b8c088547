//! `loadgate init`: a first suite and a first workflow.

use anyhow::{Context as _, anyhow};
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, FromArgMatches};
use http::Method;

use super::{CliError, Exit};
use crate::import::{self, Frame, IMPORTERS, Importer, Request, Requests, Step, Template, workflow};
use crate::output::{atomic, text::plain};
use crate::suite::{self, LoadOptions};

const SUITE: &str = "loadgate.yml";
const WORKFLOW: &str = ".github/workflows/loadgate.yml";

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    #[command(flatten)]
    origin: Origin,
    /// Where the suite is written
    #[arg(long, value_name = "FILE", default_value = SUITE)]
    suite: Utf8PathBuf,
    /// Write no workflow
    #[arg(long)]
    no_workflow: bool,
    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
}

/// What the suite is made from: at most one importer with its values. The options come from the list of importers.
#[derive(Debug, Default)]
struct Origin {
    chosen: Option<(&'static Importer, Vec<String>)>,
}

impl Args for Origin {
    fn augment_args(command: Command) -> Command {
        let options = IMPORTERS.iter().map(|importer| {
            let action = if importer.repeated { ArgAction::Append } else { ArgAction::Set };
            let option = Arg::new(importer.name).long(importer.name).value_name(importer.value_name);
            option.help(importer.help).action(action)
        });
        let group =
            ArgGroup::new("origin").args(IMPORTERS.iter().map(|importer| importer.name)).multiple(false);
        command.args(options).group(group)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Origin {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = IMPORTERS.iter().find_map(|importer| {
            let values = matches.get_many::<String>(importer.name)?.cloned().collect();
            Some((importer, values))
        });
        Ok(Self { chosen: given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

pub(super) fn run(arguments: InitArguments) -> Result<Exit, CliError> {
    let files =
        [Some(arguments.suite.as_path()), (!arguments.no_workflow).then_some(Utf8Path::new(WORKFLOW))];
    if !arguments.force {
        refuse_to_overwrite(files.into_iter().flatten())?;
    }
    let requests = match arguments.origin.chosen {
        Some((importer, values)) => (importer.read)(&values).map_err(CliError::usage)?,
        None => first_request(),
    };
    if !requests.steps.iter().any(|step| matches!(step, Step::Request(_))) {
        let left: Vec<String> = left_out(&requests).collect();
        return Err(CliError::Usage(anyhow!("nothing is left to be sent:\n{}", left.join("\n"))));
    }
    let folder = arguments.suite.parent().unwrap_or(Utf8Path::new(""));
    let start = import::project::guess(Utf8Path::new("."));
    let name = import::suite_name(requests.title.as_deref(), here().as_deref());
    let frame = Frame { name: &name, start: start.as_ref(), folder };
    let text = import::write(&requests, &frame);
    // What does not pass `loadgate check` is not written: whoever starts with it would not know what is wrong.
    let plan = suite::load_text(arguments.suite.as_str(), &text, folder, &LoadOptions::default()).map_err(
        |wrong| {
            CliError::Usage(anyhow!(
                "the suite that came of it is wrong; please report this as a bug:\n{wrong}"
            ))
        },
    )?;
    write(&arguments.suite, &text)?;
    let starts = plan.target.start.is_some();
    let root = root_of_repository();
    let inside = root.as_deref().and_then(|root| here()?.strip_prefix(root).ok().map(Utf8Path::to_owned));
    let inside = inside.unwrap_or_default();
    if !arguments.no_workflow {
        let about = workflow::Workflow { suite: arguments.suite.as_str(), folder: inside.as_str(), starts };
        write(Utf8Path::new(WORKFLOW), &workflow::write(&requests, &about))?;
    }
    tell(&requests, &arguments.suite, starts, (!arguments.no_workflow).then_some(inside.as_path()));
    Ok(Exit::Pass)
}

/// Names all files that are there already, so that nobody has to ask twice.
fn refuse_to_overwrite<'a>(files: impl Iterator<Item = &'a Utf8Path>) -> Result<(), CliError> {
    // A link that leads nowhere is there as well.
    let there: Vec<&str> =
        files.filter(|file| file.symlink_metadata().is_ok()).map(Utf8Path::as_str).collect();
    if there.is_empty() {
        return Ok(());
    }
    let verb = if there.len() > 1 { "are" } else { "is" };
    let message =
        format!("{} {verb} there already, so nothing was written; `--force` overwrites", there.join(" and "));
    Err(CliError::Usage(anyhow!(message)))
}

/// Without anything to import: the page that every service has.
fn first_request() -> Requests {
    let request = Request::new("home", Method::GET, Template::literal("/"));
    Requests { steps: vec![Step::Request(Box::new(request))], ..Requests::default() }
}

fn here() -> Option<Utf8PathBuf> {
    Utf8PathBuf::from_path_buf(std::env::current_dir().ok()?).ok()
}

/// The folder around this one that git knows as a repository.
fn root_of_repository() -> Option<Utf8PathBuf> {
    let here = here()?;
    here.ancestors().find(|folder| folder.join(".git").exists()).map(Utf8Path::to_owned)
}

fn write(path: &Utf8Path, text: &str) -> Result<(), CliError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_str().is_empty()) {
        fs_err::create_dir_all(folder).map_err(CliError::usage)?;
    }
    Ok(atomic::write(path, text.as_bytes()).with_context(|| format!("failed to write {path}"))?)
}

fn left_out(requests: &Requests) -> impl Iterator<Item = String> {
    requests.left_out.iter().map(|left| format!("  {}: {}", plain(&left.what), plain(&left.why)))
}

/// What was written, what was not, and what to do next. `inside` is the folder in its repository, where there is a workflow.
fn tell(requests: &Requests, suite: &Utf8Path, starts: bool, inside: Option<&Utf8Path>) {
    let count = requests.steps.iter().filter(|step| matches!(step, Step::Request(_))).count();
    let from =
        if requests.source.is_empty() { String::new() } else { format!(" from {}", plain(&requests.source)) };
    let plural = if count == 1 { "" } else { "s" };
    anstream::println!("wrote {suite}: {count} request{plural}{from}");
    if inside.is_some() {
        anstream::println!("wrote {WORKFLOW}: the gate on each pull request");
    }
    if !requests.left_out.is_empty() {
        anstream::println!("\nleft out:");
        left_out(requests).for_each(|line| anstream::println!("{line}"));
    }
    for note in &requests.notes {
        anstream::println!("\nnote: {}", plain(note));
    }
    if let Some(inside) = inside.filter(|inside| !inside.as_str().is_empty()) {
        anstream::println!(
            "\nnote: GitHub reads workflows in the root of a repository only, and this folder is {inside}: move the file to \
             .github/workflows there."
        );
    }
    anstream::println!("\nnext:");
    for secret in requests.secrets.iter() {
        anstream::println!("  export {}=…{:>4}# {}", secret.environment(), "", plain(&secret.what));
    }
    let file = if suite == SUITE { String::new() } else { format!(" {suite}") };
    let is_known = starts || requests.origin.as_ref().is_some_and(import::is_loopback);
    let target = if is_known { "" } else { " --target http://127.0.0.1:PORT" };
    anstream::println!("  loadgate run{file}{target}");
    anstream::println!(
        "  loadgate baseline accept    # keeps the run in baselines/, to compare with; commit the file"
    );
}
