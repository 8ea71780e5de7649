//! Options on the command line.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use framing::MAX_PLAINTEXT_LEN;
use stages::Stage;
use transcript::lines::fit_to_terminal;
use transcript::{Format, Role, output, visible, visible_lines};

use crate::progress::TimeLimits;
use crate::queue::PATIENCE;
use crate::reporter::Reporter;
use crate::serve::ServeOptions;
use crate::{REQUEST, exit, exit_with_stdin};

/// Options of every program.
#[derive(Args, Debug)]
pub struct Common {
    /// Longest silence: while connecting, before the first message, and between any two bytes,
    /// whether the peer is sending or receiving them
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,

    /// Time limit for a whole message, however steadily its bytes pass; and for the next one to begin
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub message_timeout: Duration,

    /// Write events as JSON, one object per line
    #[arg(long)]
    json: bool,

    /// End when standard input does, for a launcher that must leave nothing behind
    #[arg(long, hide = true)]
    exit_with_stdin: bool,
}

impl Common {
    /// Returns the time limits of a message.
    pub fn limits(&self) -> TimeLimits {
        TimeLimits { silence: self.timeout, message: self.message_timeout }
    }

    /// Sets the program up to report, and to go on without its reader once that has taken nothing
    /// for `patience`: at once if the program is a service.
    pub fn reporter(&self, role: Role, stage: &'static Stage, patience: Duration) -> Reporter {
        self.reporter_to(role, stage, patience, anstream::stdout(), io::stderr())
    }

    /// Sets the program up to report to `output`, and to complain to `errors`. Exits if that cannot
    /// be done.
    pub fn reporter_to(
        &self,
        role: Role,
        stage: &'static Stage,
        mut patience: Duration,
        output: impl Write + Send + 'static,
        errors: impl Write + Send + 'static,
    ) -> Reporter {
        if self.exit_with_stdin {
            exit_with_stdin();
            // A launcher loses nothing of a run, however long its reader stops. A service waits for nobody.
            if !patience.is_zero() {
                patience = Duration::MAX;
            }
        }
        fit_to_terminal();
        let format = if self.json { Format::Json } else { Format::Text };
        Reporter::new(role, stage, format, patience, output, errors).unwrap_or_else(|error| {
            _ = writeln!(io::stderr(), "cannot start a thread: {error}");
            process::exit(exit::NETWORK.into())
        })
    }
}

/// A client's options, with those that its stage has beside.
#[derive(Parser)]
pub(crate) struct ClientOptions<M: Args> {
    /// Where to connect to
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub(crate) addr: String,

    #[command(flatten)]
    pub(crate) more: M,

    #[command(flatten)]
    pub(crate) common: Common,

    /// What to send, instead of the articles' request; repeat it to send several, in order
    #[arg(long = "request", value_name = "TEXT")]
    texts: Vec<OsString>,

    /// How many requests to send, cycling through those given
    #[arg(long = "requests", value_name = "N", value_parser = count::<u64>)]
    count: Option<u64>,
}

impl<M: Args> ClientOptions<M> {
    pub(crate) fn parse(stage: &Stage, args: impl Iterator<Item = OsString>) -> Self {
        let mut options: Self = parse(stage, Role::Client, args);
        let several = options.texts.len() > 1 || options.count.is_some();
        if several && !stage.has_records() {
            let why = "the plain stage has no records, so a connection carries one request";
            usage_error::<Self>(stage, Role::Client, ErrorKind::ArgumentConflict, why);
        }
        if (options.count.is_some() || !options.texts.is_empty()) && !stage.has_data() {
            let why = "the stage ends with its handshake: no request is sent, and none answered";
            usage_error::<Self>(stage, Role::Client, ErrorKind::ArgumentConflict, why);
        }
        if options.texts.iter().any(|text| text.len() > MAX_PLAINTEXT_LEN) {
            let why = format!("a request is longer than the {MAX_PLAINTEXT_LEN} bytes of a record");
            usage_error::<Self>(stage, Role::Client, ErrorKind::ValueValidation, &why);
        }
        if options.texts.is_empty() {
            options.texts.push(REQUEST.into());
        }
        options
    }

    /// Returns the requests to send, one by one.
    pub(crate) fn requests(&self) -> impl Iterator<Item = &[u8]> {
        let given = u64::try_from(self.texts.len()).unwrap_or(u64::MAX);
        let mut requests = self.texts.iter().map(|text| text.as_encoded_bytes()).cycle();
        (0..self.count.unwrap_or(given)).filter_map(move |_| requests.next())
    }
}

/// A server's options, with those that its stage has beside.
#[derive(Parser)]
pub(crate) struct ServerOptions<M: Args> {
    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    addr: String,

    #[command(flatten)]
    pub(crate) more: M,

    #[command(flatten)]
    pub(crate) common: Common,

    /// How many connections to serve, one after the other, before ending
    #[arg(long, value_name = "N", default_value = "1", conflicts_with = "forever")]
    #[arg(value_parser = count::<u64>)]
    connections: u64,

    /// Serve until interrupted, several connections at a time
    #[arg(long)]
    forever: bool,

    /// How many connections to serve at the same time; further ones wait until one ends
    #[arg(long, value_name = "N", default_value = "100", requires = "forever")]
    #[arg(value_parser = count::<u16>)]
    max_connections: u16,
}

impl<M: Args> ServerOptions<M> {
    pub(crate) fn parse(stage: &Stage) -> Self {
        parse(stage, Role::Server, env::args_os())
    }

    /// Returns the connections to serve: a counted few one after the other, or several at a time for ever.
    pub(crate) fn serving(&self) -> ServeOptions<'_> {
        let (connections, at_once) =
            if self.forever { (u64::MAX, self.max_connections) } else { (self.connections, 1) };
        ServeOptions { addr: &self.addr, connections, at_once }
    }

    /// Returns how long a reader of the events is waited for. A service does not depend on one.
    pub(crate) fn patience(&self) -> Duration {
        if self.forever { Duration::ZERO } else { PATIENCE }
    }
}

/// Reads the command line of this stage's program, or ends with what is wrong with it.
fn parse<T: CommandFactory + FromArgMatches>(
    stage: &Stage,
    role: Role,
    args: impl Iterator<Item = OsString>,
) -> T {
    let matches = command::<T>(stage, role).try_get_matches_from(args);
    let parsed = matches.and_then(|matches| T::from_arg_matches(&matches));
    parsed.unwrap_or_else(|error| exit(&error))
}

/// Says what is wrong with the command line, or prints the help that it asks for, and ends the process.
pub fn exit(error: &clap::Error) -> ! {
    if error.use_stderr() {
        // In it is what was typed.
        _ = writeln!(io::stderr(), "{}", visible_lines(&error.render().to_string()));
        process::exit(error.exit_code());
    }
    output::help(&error.render().ansi().to_string())
}

fn command<T: CommandFactory>(stage: &Stage, role: Role) -> clap::Command {
    let default_addr = format!("127.0.0.1:{}", stage.port);
    T::command()
        .name(stage.program(&role.to_string()))
        .about(format!("The {role} of stage {}: {}", stage.name, stage.title))
        .mut_arg("addr", |addr| addr.default_value(default_addr).required(false))
        .mut_args(|arg| {
            let is_of_no_use = match arg.get_id().as_str() {
                "count" => !stage.has_records() || !stage.has_data(),
                "texts" => !stage.has_data(),
                _ => false,
            };
            if is_of_no_use { arg.hide(true) } else { arg }
        })
}

/// Says that a file that is named on the command line is of no use, and ends the process.
pub(crate) fn bad_file(stage: &Stage, role: Role, why: &str) -> ! {
    let name = stage.program(&role.to_string());
    _ = writeln!(io::stderr(), "{name}: {}", visible(why));
    process::exit(exit::USAGE.into())
}

fn usage_error<T: CommandFactory>(stage: &Stage, role: Role, kind: ErrorKind, why: &str) -> ! {
    exit(&command::<T>(stage, role).error(kind, why))
}

/// `HOST:PORT`, whose host may still be a name.
///
/// # Errors
/// The expected form, for the person who typed it.
pub fn host_and_port(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
            Ok(text.to_owned())
        }
        _ => Err("expected HOST:PORT, such as 127.0.0.1:9002".to_owned()),
    }
}

/// A whole number above 0.
///
/// # Errors
/// The range, for the person who typed something else.
pub fn count<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    let most = u64::MAX >> (64 - 8 * size_of::<N>());
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| format!("expected a whole number, from 1 to {most}"))
}

/// A number of seconds above 0, a day at most.
///
/// # Errors
/// The expected form, for the person who typed it.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or("expected seconds, from 0.001 to 86400".to_owned())
}
