//! One end of a tunnel, or a file with new keys for both.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Error, Result};
use program::identity::Load;
use transcript::{output, visible, visible_lines};
use tunnel::options::Side;
use tunnel::{KeyFile, Keys, Options, Task, Tunnel, key_file};

fn main() -> ExitCode {
    let done = Task::parse().and_then(|task| match task {
        Task::NewKey(path) => key_file::create(&path).map(|()| tell_where(&path)),
        Task::Run(options) => run(*options),
    });
    done.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::from(2)
    })
}

fn complain(error: &Error) {
    _ = writeln!(io::stderr(), "tunnel: {}", visible_lines(&format!("{error:#}")));
}

fn tell_where(path: &Path) -> ExitCode {
    let name = visible(&path.display().to_string());
    let printed =
        output::print(&format!("made {name}: take it to the other end over a channel you trust\n"));
    match printed.with_context(|| format!("made {name}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(3)
        }
    }
}

fn run(options: Options) -> Result<ExitCode> {
    let stage = options.stage;
    let keys = match (options.key_file.as_deref(), options.side) {
        // Taken out once, for all connections: a key counts the records that are sealed under it.
        (Some(path), _) => Keys::Own(KeyFile::read(path)?.of_stage(stage)?),
        (None, Side::Server) if stage.has_certificates() => {
            Keys::AgreedAs(Box::new(options.identity.load().map_err(Error::msg)?))
        }
        (None, Side::Client) if stage.has_certificates() => {
            Keys::AgreedWith(options.wanted.load().map_err(Error::msg)?)
        }
        (None, _) if !stage.handshake.is_empty() => Keys::Agreed,
        (None, _) => Keys::Everyones,
    };
    Ok(Tunnel::new(options).run(&keys))
}
