//! One end of a tunnel, or a file with new keys for both.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Error, Result};
use transcript::{output, visible, visible_lines};
use tunnel::{KeyFile, Options, Task, Tunnel, key_file};

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::NewKey(path) => key_file::create(&path).map(|()| tell_where(&path)),
        Task::Run(options) => run(options),
    };
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
    // Taken out once, for all connections: a key counts the records that are sealed under it.
    let own = |path| KeyFile::read(path)?.of_stage(stage);
    let own = options.key_file.as_deref().map(own).transpose()?;
    let new_pair = || match &own {
        Some(new_pair) => Ok(new_pair()),
        None => demo_keys::sealer_and_opener(stage)
            .with_context(|| format!("there are no demo keys for {}", stage.name)),
    };
    // Missing keys are noticed here, before anyone can connect.
    new_pair()?;
    Ok(Tunnel::new(options).run(new_pair))
}
