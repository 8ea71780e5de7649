//! Builds the clients and servers, and knows where they are.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use framing::Stage;
use serde_json::Value;
use transcript::Role;

/// For programs with the other engine.
const AWS_LC_RS: &str = "--features=part1/aws-lc-rs,part2/aws-lc-rs";

/// Executables by name.
#[derive(Clone, Debug)]
pub struct Programs(HashMap<String, PathBuf>);

impl Programs {
    /// Builds the programs of part 1 and part 2. Cargo's own progress goes to standard error.
    ///
    /// # Errors
    /// When cargo cannot be run, or the build fails.
    pub fn build(release: bool) -> Result<Self> {
        let args = ["--package=part1", "--package=part2", "--bins"];
        let engine = cfg!(feature = "aws-lc-rs").then_some(AWS_LC_RS);
        Self::built(args.into_iter().chain(engine).chain(release.then_some("--release")))
    }

    /// Builds the victim of the nonce lab, `nonce_reuse_victim`, which no other build contains.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_nonce_reuse_victim() -> Result<Self> {
        Self::built(["--package=part2", "--features=nonce-reuse", "--bin=nonce_reuse_victim"])
    }

    /// Builds one program of the package `exercises`, which no other build contains.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_exercise(name: &str) -> Result<PathBuf> {
        let built = Self::built(["--package=exercises", "--features=unfinished", "--bin", name])?;
        built.named(name).map(Path::to_owned)
    }

    /// The same programs, but for `program` in place of the client or the server of a stage.
    #[must_use]
    pub fn with(&self, stage: &Stage, role: Role, program: &Path) -> Self {
        let mut programs = self.clone();
        programs.0.insert(stage.program(&role.to_string()), program.to_owned());
        programs
    }

    /// What a `cargo build` with these arguments makes, in the folder of this package.
    pub(crate) fn built<'a>(args: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["build", "--message-format=json-render-diagnostics"])
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run cargo")?;
        ensure!(output.status.success(), "the programs do not build");
        let messages = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
        let mut paths = HashMap::new();
        for message in messages {
            let message = message.context("cannot understand cargo's messages")?;
            let name = message["target"]["name"].as_str();
            if let (Some(name), Some(path)) = (name, message["executable"].as_str()) {
                paths.insert(name.to_owned(), path.into());
            }
        }
        Ok(Self(paths))
    }

    /// The client or the server of a stage: `part2-hmac-seq` has `hmac_seq_client`.
    ///
    /// # Errors
    /// When no such program was built.
    pub fn of(&self, stage: &Stage, role: Role) -> Result<&Path> {
        self.named(&stage.program(&role.to_string()))
    }

    /// The program of this name.
    ///
    /// # Errors
    /// When no such program was built.
    pub fn named(&self, name: &str) -> Result<&Path> {
        self.0
            .get(name)
            .map(PathBuf::as_path)
            .with_context(|| format!("no program {name} was built"))
    }
}
