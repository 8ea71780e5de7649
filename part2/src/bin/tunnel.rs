//! The tunnel: the records of any stage of this part around any TCP service.

use std::process::ExitCode;

use anyhow::Result;
use crypto::{aead, hmac, hmac_seq};
use part2::tunnel::{KeyFile, Options, StageName, Task, Tunnel, key_file};

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::NewKey(path) => key_file::create(&path).map(|()| {
            println!("made {}: take it to the other end by a way you trust", path.display());
            ExitCode::SUCCESS
        }),
        Task::Run(options) => run(options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("tunnel: {error:#}");
        ExitCode::from(2)
    })
}

fn run(options: Options) -> Result<ExitCode> {
    let file = options.key_file.as_deref().map(KeyFile::read).transpose()?;
    let stage = options.stage;
    let tunnel = Tunnel::new(options);

    Ok(match stage {
        StageName::Hmac => {
            let keys = file.map_or_else(|| Ok(hmac::Keys::demo()), |file| file.hmac())?;
            tunnel.run(|| (hmac::Sealer::new(&keys), hmac::Opener::new(&keys)))
        }
        StageName::HmacSeq => {
            let keys = file.map_or_else(|| Ok(hmac_seq::Keys::demo()), |file| file.hmac_seq())?;
            tunnel.run(|| (hmac_seq::Sealer::new(&keys), hmac_seq::Opener::new(&keys)))
        }
        StageName::Aead => {
            let keys = file.map_or_else(|| Ok(aead::Keys::demo()), |file| file.aead())?;
            tunnel.run(|| (aead::Sealer::new(&keys), aead::Opener::new(&keys)))
        }
    })
}
