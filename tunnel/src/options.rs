//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{
    Arg, ArgMatches, Args as _, CommandFactory, FromArgMatches, Parser, ValueEnum, value_parser,
};
use program::identity::{IdentityOptions, VerifierOptions};
use program::options::{Common, count, exit, host_and_port, seconds};
use stages::{STAGES, Stage};
use transcript::Role;

use crate::relay::Limits;

const ABOUT: &str = "\
The records of a stage around any TCP service

One end stands beside the clients, the other beside the service:

  tunnel --stage aead --side client --listen 127.0.0.1:7000 --connect 127.0.0.1:7001
  tunnel --stage aead --side server --listen 127.0.0.1:7001 --connect 127.0.0.1:8000
  curl http://127.0.0.1:7000/";

const NOT_PROTECTED: &str = "\
For learning: the stages leave open what only fresh keys, identities and a marked end can close.
Someone on the path who has no key can still
  - send a recorded connection again, whole or from its beginning: the service acts on it twice;
  - mix two connections, or send each client the other's answers;
  - send either side its own records back as the other's;
  - end a connection between two records, and it looks as if it was meant to end there;
  - see who talks to whom, when, how much and in pieces of what length;
  - at hmac, besides: repeat, reorder and leave out records within a connection.
Whoever has the key can be either side, and can read whatever was recorded before.
One key is good for 2^31 records of each end at aead; then it seals no more.
At hkdf both ends agree on fresh keys for each connection, without a key file. That closes the first three for
anyone who only has recordings. But nobody knows with whom they agree: someone on the path who is there from the
start reads everything and changes it.
At cert the server end proves its name to the client end, which closes that too. But anyone can be a client end.
docs/src/further/tunnel.md shows each of these.";

/// What to do.
#[derive(Debug)]
pub enum Task {
    /// Be an end of a tunnel.
    Run(Box<Options>),
    /// Make a file with new keys.
    NewKey(PathBuf),
}

/// The options of an end of a tunnel.
#[derive(Parser, Debug)]
pub struct Options {
    /// How records are protected
    #[arg(long, value_parser = stage_parser())]
    pub stage: &'static Stage,

    /// Which end this is: the one clients connect to, or the one beside the service
    #[arg(long)]
    pub side: Side,

    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub listen: String,

    /// Where to connect to: the server end, or from there the service
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub connect: String,

    /// The keys, made by `--new-key`: the same file on both ends. Without it, those everyone has; at `hkdf` and
    /// `cert` there is none
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// Who the server end is, at a stage where it has to prove that.
    #[command(flatten)]
    pub identity: IdentityOptions,

    /// Whom the client end wants, at such a stage.
    #[command(flatten)]
    pub wanted: VerifierOptions,

    /// How many connections to carry at the same time; further ones wait until one ends
    #[arg(long, value_name = "N", default_value = "100")]
    #[arg(value_parser = count::<u16>)]
    pub max_connections: u16,

    /// Show how many connections there are and how much they carry, on a line that is refreshed
    #[arg(long)]
    pub status: bool,

    /// What applies to every program.
    #[command(flatten)]
    pub common: Common,

    /// Longest time in which nothing moves in a connection, either way, before it is broken off
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    pub idle_timeout: Duration,
}

/// Which end of the tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// Clients connect here
    Client,
    /// Connects to the service
    Server,
}

impl Task {
    /// Reads the command line, or exits and says what is wrong with it.
    ///
    /// # Errors
    /// Options that are of no use to this end at this stage.
    pub fn parse() -> Result<Self> {
        let timeout =
            "Longest silence: while connecting, before the first record, and in the middle of one";
        let message_timeout = "Time limit for a whole record, from its first byte to its last, however steadily its bytes arrive";
        let new_key = Arg::new("new-key")
            .long("new-key")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .exclusive(true)
            .help("Make a file with new keys, which nobody else may read, and exit");
        let matches = Options::command()
            .name("tunnel")
            .about(ABOUT)
            .after_help(NOT_PROTECTED)
            .mut_arg("timeout", |arg| arg.help(timeout))
            .mut_arg("message_timeout", |arg| arg.help(message_timeout))
            .arg(new_key)
            .try_get_matches()
            .unwrap_or_else(|error| exit(&error));
        if let Some(path) = matches.get_one::<PathBuf>("new-key") {
            return Ok(Self::NewKey(path.clone()));
        }
        let options = Options::from_arg_matches(&matches).unwrap_or_else(|error| exit(&error));
        options.check_identities(&matches)?;
        Ok(Self::Run(Box::new(options)))
    }
}

impl Options {
    /// Checks that nothing says who somebody is where nobody proves it: that would be taken for protection.
    fn check_identities(&self, matches: &ArgMatches) -> Result<()> {
        let Self { stage, side, .. } = self;
        for (of, group, names) in [
            (Side::Server, IdentityOptions::group_id(), "--certificate and --key"),
            (Side::Client, VerifierOptions::group_id(), "--roots and --name"),
        ] {
            let is_given = group.is_some_and(|group| matches.contains_id(group.as_str()));
            ensure!(
                !is_given || (stage.has_certificates() && *side == of),
                "{names} are for the {} end, where the server has certificates, and this is the {} end of {}: \
                 leave them out",
                of.role(),
                side.role(),
                stage.name
            );
        }
        Ok(())
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits { record: self.common.limits(), idle: self.idle_timeout }
    }
}

impl Side {
    pub(crate) fn role(self) -> Role {
        match self {
            Self::Client => Role::Client,
            Self::Server => Role::Server,
        }
    }
}

/// The stages a tunnel can have: without a tag on its records, anyone could change what it carries. TLS is spoken by
/// programs that need no tunnel.
fn tunnelled_stages() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| stage.has(stages::Role::Tag) && !stage.has_types())
}

/// Takes a stage by its short name, `aead`, or in full, `part2-aead`.
fn stage_parser() -> impl TypedValueParser<Value = &'static Stage> {
    let name =
        |stage: &Stage| PossibleValue::new(stage.short_name()).alias(stage.name).help(stage.title);
    PossibleValuesParser::new(tunnelled_stages().map(name)).try_map(|name| {
        let is_meant = |stage: &&Stage| [stage.short_name(), stage.name].contains(&&*name);
        tunnelled_stages().find(is_meant).ok_or("no such stage")
    })
}
