//! Builds the clients and servers, and knows where they are.

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::path::{self, Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use stages::{STAGES, Stage};
use transcript::Role;

/// The variable that names cargo's target folder.
pub const TARGET_DIR: &str = "CARGO_TARGET_DIR";

/// Name of the client that sends all its requests at once: of every stage whose keys are there beforehand. One that
/// goes through a handshake first has the stage's name in front.
const PIPELINED: &str = "pipelined_client";

/// The package, and the program, that makes certificates.
const AUTHORITY: &str = "authority";

/// Executables by name.
#[derive(Clone, Debug)]
pub struct Programs(HashMap<String, PathBuf>);

impl Programs {
    /// Builds the client and the server of each of `stages`, and makes certificates if one has them. Cargo's own
    /// progress goes to standard error.
    pub fn of_stages(stages: &[&Stage], release: bool) -> Result<Self> {
        Self::bins(needed(stages), release)?.with_certificates()
    }

    /// Builds every program of every stage, and the lab's own programs, and makes certificates.
    pub fn all() -> Result<Self> {
        Self::of_packages(STAGES)
    }

    /// The same, without the parts behind that of `last`: nobody waits for what they need.
    pub fn up_to(last: &Stage) -> Result<Self> {
        Self::of_packages(&stages_up_to(last))
    }

    fn of_packages(stages: &[&Stage]) -> Result<Self> {
        let packages: BTreeSet<_> = stages.iter().map(|stage| stage.package()).collect();
        let authority = authority(stages).map(|(package, _)| package);
        let packages = packages.into_iter().chain(authority);
        let packages = packages.map(|package| format!("--package={package}"));
        let engine = cfg!(feature = "aws-lc-rs").then(|| {
            let features = stages.iter().map(|stage| format!("{}/aws-lc-rs", stage.package()));
            format!("--features={}", features.collect::<Vec<_>>().join(","))
        });
        let args: Vec<_> = packages.chain(["--bins".to_owned()]).chain(engine).collect();
        Self::built(args.iter().map(String::as_str))?.with_certificates()
    }

    /// Makes the certificates that a server needs, if good ones are not there and there is the program for it.
    fn with_certificates(self) -> Result<Self> {
        if let Some(authority) = self.0.get(AUTHORITY) {
            let status = Command::new(authority).args(["make", "--if-needed"]).status();
            let status = status.context("cannot make certificates")?;
            ensure!(status.success(), "there are no certificates for the server");
        }
        Ok(self)
    }

    /// The folder of the certificates that were made: beside the folder that the programs were built into, where they
    /// look for them too.
    ///
    /// # Errors
    /// When nothing was built that makes any.
    pub fn certificates(&self) -> Result<PathBuf> {
        let authority = self.named(AUTHORITY)?;
        let target = authority.ancestors().nth(2).context("the programs are nowhere")?;
        Ok(target.join("certificates"))
    }

    /// Builds the tunnel for `stages`, and makes certificates if one has them.
    ///
    /// # Errors
    /// When that fails.
    pub fn tunnel(stages: &[&Stage], release: bool) -> Result<Self> {
        let tunnel = ("tunnel", "tunnel".to_owned());
        Self::bins(authority(stages).into_iter().chain([tunnel]), release)?.with_certificates()
    }

    fn bins<'a>(bins: impl IntoIterator<Item = (&'a str, String)>, release: bool) -> Result<Self> {
        let mut args = Vec::new();
        for (package, bin) in bins {
            args.extend([format!("--package={package}"), format!("--bin={bin}")]);
            if cfg!(feature = "aws-lc-rs") && package != AUTHORITY {
                args.push(format!("--features={package}/aws-lc-rs"));
            }
        }
        args.extend(release.then(|| "--release".to_owned()));
        Self::built(args.iter().map(String::as_str))
    }

    /// Builds the victim of the nonce lab, `nonce_reuse_victim`, which no other build contains.
    pub fn build_nonce_reuse_victim() -> Result<Self> {
        Self::built(["--package=part2", "--features=nonce-reuse", "--bin=nonce_reuse_victim"])
    }

    /// Returns the same programs with `program` in place of the client or the server of a stage.
    #[must_use]
    pub fn with(&self, stage: &Stage, role: Role, program: &Path) -> Self {
        let mut programs = self.clone();
        programs.0.insert(stage.program(&role.to_string()), program.to_owned());
        if role == Role::Client {
            programs.0.remove(PIPELINED);
            programs.0.remove(&stage.program(PIPELINED));
        }
        programs
    }

    /// Builds what `cargo build` with these arguments would, from the root of the workspace, in the
    /// target folder in which this program was built.
    pub fn built<'a>(args: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["build", "--message-format=json-render-diagnostics"])
            .args(args)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .envs(target_dir().map(|folder| (TARGET_DIR, folder)))
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

    /// Returns the client of a stage that sends all its requests before it reads the first answer,
    /// and its first argument. A program in place of the stage's client already does so.
    ///
    /// # Errors
    /// When no such program was built.
    pub fn pipelined_client(&self, stage: &Stage) -> Result<(&Path, Option<&'static str>)> {
        if let Some(path) = self.0.get(&stage.program(PIPELINED)) {
            return Ok((path, None));
        }
        match self.0.get(PIPELINED) {
            Some(path) => Ok((path, Stage::find(stage.name).map(|stage| stage.name))),
            None => Ok((self.of(stage, Role::Client)?, None)),
        }
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

/// The program that makes certificates, if one of `stages` has them: nobody waits for it at a stage without.
fn authority(stages: &[&Stage]) -> Option<(&'static str, String)> {
    let certified = stages.iter().any(|stage| stage.has_certificates());
    certified.then(|| (AUTHORITY, AUTHORITY.to_owned()))
}

/// The stages of all parts up to that of `last`.
fn stages_up_to(last: &Stage) -> Vec<&'static Stage> {
    let own = STAGES.iter().rposition(|stage| stage.package() == last.package());
    STAGES.iter().take(own.map_or(0, |at| at + 1)).copied().collect()
}

/// Lists the programs that these stages need, each behind its package.
fn needed<'s>(stages: &'s [&Stage]) -> impl Iterator<Item = (&'s str, String)> {
    let bins = stages.iter().flat_map(|stage| {
        let bins = [Role::Client, Role::Server].map(|role| stage.program(&role.to_string()));
        bins.map(|bin| (stage.package(), bin))
    });
    bins.chain(authority(stages))
}

/// Returns the target folder that the environment asks for, if any.
///
/// A relative one counts from where cargo was started, but the next cargo is started elsewhere, and
/// so are tests: it is above the program that is running. Only if cargo did not build this program
/// does it count from the current folder.
pub fn target_dir() -> Option<PathBuf> {
    let asked = env::var_os(TARGET_DIR).or_else(|| env::var_os("CARGO_BUILD_TARGET_DIR"))?;
    let asked = Path::new(&asked);
    if asked.is_absolute() {
        return Some(asked.to_owned());
    }
    let below: PathBuf =
        asked.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let program = env::current_exe().unwrap_or_default();
    // Below it are at least the profile's folder and the program.
    let found = program.ancestors().skip(2).find(|folder| folder.ends_with(&below));
    found.map(Path::to_owned).or_else(|| path::absolute(asked).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_the_parts_behind_the_own() {
        for stage in STAGES {
            let behind = STAGES.iter().skip_while(|it| it.package() != stage.package());
            let behind = behind.skip_while(|it| it.package() == stage.package());
            let built = stages_up_to(stage);
            assert_eq!(built.last().map(|it| it.package()), Some(stage.package()));
            assert_eq!(built.len() + behind.count(), STAGES.len());
        }
    }

    #[test]
    fn only_a_stage_with_certificates_needs_the_program_that_makes_them() {
        for stage in STAGES {
            let names: Vec<_> = needed(&[stage]).map(|(_, name)| name).collect();
            let own = [Role::Client, Role::Server].map(|role| stage.program(&role.to_string()));
            let authority = stage.has_certificates().then(|| AUTHORITY.to_owned());
            assert_eq!(names, own.into_iter().chain(authority).collect::<Vec<_>>());
        }
    }
}
