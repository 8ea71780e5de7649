//! A client for the lab: sends all its requests before it reads the first answer, so that someone on the
//! path has several records in hand.
//!
//! Its first argument names the stage, any whose keys are known beforehand; the others are those of that stage's
//! client.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use program::NoAnswer;
use stages::Stage;

fn main() -> ExitCode {
    let has_keys = |stage: &&Stage| demo_keys::sealer_and_opener(stage).is_some();
    let stage = env::args().nth(1).and_then(|name| Stage::find(&name)).filter(has_keys);
    let Some(stage) = stage else {
        _ = writeln!(io::stderr(), "usage: pipelined_client STAGE [OPTION]...");
        return ExitCode::from(2);
    };
    program::client_with(stage, env::args_os().skip(1), |connection, requests| {
        let (sealer, opener) =
            demo_keys::sealer_and_opener(stage).context("this stage has no keys of its own")?;
        let mut channel = connection.channel(sealer, opener);

        let mut unanswered = 0;
        for request in requests {
            channel.queue(request)?;
            unanswered += 1;
        }
        channel.flush()?;
        for _ in 0..unanswered {
            channel.recv()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}
