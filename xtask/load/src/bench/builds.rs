//! The programs that measure and are measured, built once for each engine.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use xtask::launch::Programs;
use xtask::launch::programs::target_dir;

/// The library whose primitives a stage calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The crates of the `RustCrypto` project.
    Default,
    /// AWS-LC.
    AwsLcRs,
}

impl Engine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Default, Self::AwsLcRs];
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::AwsLcRs => "aws-lc-rs",
        })
    }
}

/// The folders of the programs.
#[derive(Debug)]
pub struct Builds {
    default: Build,
    aws_lc_rs: Build,
}

#[derive(Debug)]
struct Build {
    bench: PathBuf,
    tunnel: Option<PathBuf>,
}

impl Builds {
    /// Builds `checks/bench`, and the tunnel if that is measured. The AWS-LC engine is included
    /// when the peers are asked for.
    ///
    /// # Errors
    /// When cargo cannot be run, or the build fails.
    pub fn build(peers: bool, tunnel: bool) -> Result<Self> {
        let aws_lc_rs = if peers { "aws-lc-rs,peers" } else { "aws-lc-rs" };
        Ok(Self {
            default: Build::new(Engine::Default, "", tunnel)?,
            aws_lc_rs: Build::new(Engine::AwsLcRs, aws_lc_rs, tunnel)?,
        })
    }

    /// Returns the program that measures with this engine.
    pub fn bench(&self, engine: Engine) -> &Path {
        &self.of(engine).bench
    }

    /// Returns the tunnel with this engine.
    pub fn tunnel(&self, engine: Engine) -> Option<&Path> {
        self.of(engine).tunnel.as_deref()
    }

    fn of(&self, engine: Engine) -> &Build {
        match engine {
            Engine::Default => &self.default,
            Engine::AwsLcRs => &self.aws_lc_rs,
        }
    }
}

impl Build {
    /// Each engine has a folder of its own, so that neither build replaces the other's programs.
    fn new(engine: Engine, features: &str, tunnel: bool) -> Result<Self> {
        let target = target_dir().unwrap_or_else(|| "target".into());
        let folder = format!("--target-dir={}/bench/{engine}", target.display());
        let common = ["--release", "--locked", &folder, "--features"];
        let of_bench = [features, "--manifest-path=checks/bench/Cargo.toml"];
        let bench = Programs::built([&common[..], &of_bench].concat())?;
        let tunnel = if tunnel {
            let features = if engine == Engine::AwsLcRs { "aws-lc-rs" } else { "" };
            let of_tunnel = [features, "--package=tunnel", "--bin=tunnel"];
            let tunnel = Programs::built([&common[..], &of_tunnel].concat())?;
            Some(tunnel.named("tunnel")?.to_owned())
        } else {
            None
        };
        Ok(Self { bench: bench.named("bench")?.to_owned(), tunnel })
    }
}
