//! `cargo xtask tunnel`: both ends of a tunnel on this machine, around a service that is already
//! running.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use stages::{STAGES, Stage, field};
use transcript::{EventKind, EventWriter, Format, Role, output};

use super::{Driver, Programs, Report};
use crate::{WrongArgument, complain, stage_names};

/// Time limit for silence: none, since a service may be idle for as long as it likes.
const SILENCE: Duration = Duration::MAX;

/// Exit code of a program whose options are of no use, or the files that they name.
const USAGE: i32 = 2;

/// Options of `cargo xtask tunnel`.
#[derive(Args, Debug)]
pub struct TunnelOptions {
    /// The stage, one whose records carry a tag
    #[arg(value_parser = stage_names::one_of(tunnelled()))]
    stage: &'static Stage,

    /// Where the service is
    #[arg(long, value_name = "HOST:PORT")]
    to: String,

    /// Where clients connect to
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,

    /// Where the records travel [default: the stage's port on 127.0.0.1, where Wireshark knows them]
    #[arg(long, value_name = "HOST:PORT")]
    records: Option<String>,

    #[command(flatten)]
    identities: Identities,

    /// Write events as JSON, one object per line
    #[arg(long)]
    json: bool,

    /// Run optimised builds
    #[arg(long)]
    release: bool,
}

/// Options that the ends have at a stage with certificates. Without them, they use those that are made to try with.
#[derive(Args, Debug)]
struct Identities {
    /// The server end's certificates
    #[arg(long, value_name = "CHAIN.pem")]
    certificate: Option<OsString>,

    /// The server end's private key
    #[arg(long, value_name = "KEY.pem")]
    key: Option<OsString>,

    /// Whom the client end trusts
    #[arg(long, value_name = "FILE.pem")]
    roots: Option<OsString>,

    /// Whom the client end wants
    #[arg(long, value_name = "NAME")]
    name: Option<OsString>,
}

impl Identities {
    /// Returns what an end is told of them.
    fn of(&self, role: Role) -> Vec<&OsStr> {
        let options = match role {
            Role::Server => [("--certificate", &self.certificate), ("--key", &self.key)],
            _ => [("--roots", &self.roots), ("--name", &self.name)],
        };
        let given = options.iter().filter_map(|(option, value)| Some((*option, value.as_deref()?)));
        given.flat_map(|(option, value)| [OsStr::new(option), value]).collect()
    }
}

/// Lists the stages that a tunnel can have: those whose records carry a tag, but for TLS, which has programs of its own
/// for that.
fn tunnelled() -> impl Iterator<Item = &'static Stage> + Clone + Send + Sync {
    STAGES.iter().copied().filter(|stage| stage.has(field::Role::Tag) && !stage.has_types())
}

/// Starts both ends and shows what they do, until interrupted.
///
/// # Errors
/// When the programs cannot be built, or an end does not start.
pub fn tunnel(options: &TunnelOptions) -> Result<ExitCode> {
    let stage = options.stage;
    let programs = Programs::tunnel(&[stage], options.release)?;
    let program = programs.named("tunnel")?;
    let mut driver = Driver::new(SILENCE);
    let start = |driver: &mut Driver<Role>, role: Role, listen: &str, connect: &str| {
        let side = role.to_string();
        let args =
            ["--stage", stage.name, "--side", &side, "--listen", listen, "--connect", connect];
        let args = args.into_iter().map(OsStr::new).chain(options.identities.of(role));
        driver.start(role, program, args)
    };
    let records = options.records.clone().unwrap_or(format!("127.0.0.1:{}", stage.port));
    start(&mut driver, Role::Server, &records, &options.to)?;
    let mut between = None;
    let writer = EventWriter::new(if options.json { Format::Json } else { Format::Text });
    while let Some((role, report)) = driver.next_report()? {
        match report {
            Report::Event(event) => {
                writer.write(&event);
                match (&event.kind, role, between) {
                    (EventKind::Listening { addr }, Role::Server, None) => {
                        between = Some(*addr);
                        start(&mut driver, Role::Client, &options.listen, &addr.to_string())?;
                    }
                    (EventKind::Listening { addr }, Role::Client, Some(between))
                        if !options.json =>
                    {
                        let to = &options.to;
                        let port = between.port();
                        writer.write_text(&format!(
                            "\n{addr} ── client end ══ records on {between} ══ server end ── {to}\n\n\
                             use it:    curl http://{addr}/\n\
                             watch it:  wireshark -k -i lo -f 'tcp port {port}'\n\
                             end it:    Ctrl-C\n\n"
                        ));
                    }
                    _ => {}
                }
            }
            Report::Complaint(line) => complain(&line),
            Report::Ended(Some(status)) if status.code() == Some(USAGE) => {
                bail!(WrongArgument(format!("the {role} end cannot start")))
            }
            Report::Ended(_) => bail!("the {role} end is gone"),
        }
    }
    output::all(writer.finish())?;
    Ok(ExitCode::SUCCESS)
}
