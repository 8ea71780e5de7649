//! `cargo xtask tunnel`: both ends of a tunnel on this machine, around a service that runs already.

use std::process::ExitCode;
use std::sync::mpsc;

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use framing::Stage;
use framing::stage::{PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ};
use transcript::{Format, Reporter, Role, What};

use crate::print;
use crate::process::{Process, Said};
use crate::programs::Programs;

/// Events that wait to be told, at most: whoever says more waits.
const BACKLOG: usize = 64;

/// What can be said of a tunnel.
#[derive(Args, Debug)]
pub struct TunnelOptions {
    /// The stage, one whose records carry a tag
    #[arg(value_parser = PossibleValuesParser::new(stage_names()))]
    stage: String,

    /// Where the service is
    #[arg(long, value_name = "HOST:PORT")]
    to: String,

    /// Where clients connect to
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,

    /// Where the records travel [default: the stage's port on 127.0.0.1, where Wireshark knows them]
    #[arg(long, value_name = "HOST:PORT")]
    records: Option<String>,

    /// Write events as JSON, one object a line
    #[arg(long)]
    json: bool,

    /// Run optimised builds
    #[arg(long)]
    release: bool,
}

/// The stages that part 2's tunnel knows.
const STAGES: [&Stage; 3] = [&PART2_HMAC, &PART2_HMAC_SEQ, &PART2_AEAD];

/// `part2-aead`, or in short `aead`.
fn stage_names() -> [PossibleValue; 3] {
    STAGES.map(|stage| PossibleValue::new(stage.name).alias(stage.short_name()))
}

/// Starts both ends and shows what they do, until interrupted.
///
/// # Errors
/// When the programs cannot be built, or an end does not start.
pub fn tunnel(options: &TunnelOptions) -> Result<ExitCode> {
    let is_meant = |stage: &&Stage| [stage.name, stage.short_name()].contains(&&*options.stage);
    let stage = STAGES.into_iter().find(is_meant).context("no such stage")?;
    let programs = Programs::build(options.release)?;
    let program = programs.named("tunnel")?;
    let (listener, said) = mpsc::sync_channel(BACKLOG);
    let start = |role: Role, listen: &str, connect: &str| {
        let side = role.to_string();
        let args =
            ["--stage", stage.name, "--side", &side, "--listen", listen, "--connect", connect];
        Process::start(program, args, role, &listener)
    };
    let records = options.records.clone().unwrap_or(format!("127.0.0.1:{}", stage.port));
    let _server = start(Role::Server, &records, &options.to)?;
    let mut _client = None;
    let mut between = None;
    let reporter = Reporter::new(if options.json { Format::Json } else { Format::Text });
    loop {
        let (role, said) = said.recv()?;
        match said {
            Said::Event(event) => {
                reporter.report(&event);
                match (&event.what, between) {
                    (What::Listening { addr }, None) => {
                        between = Some(*addr);
                        _client = Some(start(Role::Client, &options.listen, &addr.to_string())?);
                    }
                    (What::Listening { addr }, Some(between)) if !options.json => {
                        let to = &options.to;
                        let port = between.port();
                        print(&format!(
                            "\n{addr} ── client end ══ records on {between} ══ server end ── {to}\n\n\
                             use it:    curl http://{addr}/\n\
                             watch it:  wireshark -k -i lo -f 'tcp port {port}'\n\
                             end it:    Ctrl-C\n\n"
                        ))?;
                    }
                    _ => {}
                }
            }
            Said::Complaint(line) => anstream::eprintln!("{line}"),
            Said::Garbled(why) => bail!("the {role} end wrote a line that is no event: {why}"),
            Said::End => bail!("the {role} end is gone"),
        }
    }
}
