//! Options of a stage at which the server says who it is: files of certificates and keys, and a name.

use std::env;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use certificates::{Identity, PemError, Roots, ServerName, Verifier, server_name};
use clap::Args;
use zeroize::Zeroizing;

/// The longest file that is read, in bytes: far more than any chain or list of roots has.
const MAX_FILE_LEN: u64 = 4 * 1024 * 1024;

/// Options that say who a server is. Their defaults are absolute paths, which help would show as those of this machine.
#[derive(Args, Debug)]
pub struct IdentityOptions {
    #[arg(long, value_name = "CHAIN.pem", default_value_os_t = made("server_chain.pem"))]
    #[arg(hide_default_value = true)]
    #[arg(help = "The server's certificates in PEM, its own first, then the intermediates \
                  [default: target/certificates/server_chain.pem]")]
    certificate: PathBuf,

    #[arg(long, value_name = "KEY.pem", default_value_os_t = made("server_key.pem"))]
    #[arg(hide_default_value = true)]
    #[arg(help = "The private key that belongs to the first certificate, in PEM (PKCS #8) \
                  [default: target/certificates/server_key.pem]")]
    key: PathBuf,
}

/// Options that say whom a client trusts, and whom it wants.
#[derive(Args, Debug)]
pub struct VerifierOptions {
    #[arg(long, value_name = "FILE.pem", default_value_os_t = made("roots.pem"))]
    #[arg(hide_default_value = true)]
    #[arg(help = "The certificates that the client trusts for themselves, in PEM \
                  [default: target/certificates/roots.pem]")]
    roots: PathBuf,

    /// The name that the server's certificate has to be for
    #[arg(long, value_name = "NAME", default_value = "localhost", value_parser = server_name)]
    name: ServerName<'static>,
}

/// Options that a stage has beside those of every stage, and what they name.
pub trait Load: Args {
    /// The content of the files they name.
    type Loaded;

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with which file, for the person who named it.
    fn load(&self) -> Result<Self::Loaded, String>;

    /// Where to connect to, if they say so themselves.
    fn addr(&self) -> Option<&str> {
        None
    }

    /// Whether standard output is for something else than events: those then go to standard error.
    fn takes_stdout(&self) -> bool {
        false
    }
}

/// No options: a stage without certificates.
impl Load for () {
    type Loaded = ();

    fn load(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Load for IdentityOptions {
    type Loaded = Identity;

    fn load(&self) -> Result<Identity, String> {
        let wrong = |path: &Path, error: PemError| format!("{}: {error}", path.display());
        let chain = Identity::chain(&read(&self.certificate)?);
        let chain = chain.map_err(|error| wrong(&self.certificate, error))?;
        Identity::new(chain, &read(&self.key)?).map_err(|error| wrong(&self.key, error))
    }
}

impl Load for VerifierOptions {
    type Loaded = Verifier;

    fn load(&self) -> Result<Verifier, String> {
        Ok(Verifier { roots: roots(&self.roots)?, name: self.name.clone() })
    }
}

/// Returns the path of a file that `cargo xtask certificates` makes: beside the folder that this program was built into.
pub fn made(name: &str) -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(2).unwrap_or(Path::new("target"));
    target.join("certificates").join(name)
}

/// Reads a file of certificates that are trusted for themselves.
///
/// # Errors
/// What is wrong with it, for the person who named it.
pub fn roots(path: &Path) -> Result<Roots, String> {
    Roots::from_pem(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a file of certificates or of a key.
///
/// # Errors
/// What is wrong with it, for the person who named it.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let cannot = |error: io::Error| {
        let hint = if error.kind() == io::ErrorKind::NotFound {
            "; `cargo xtask certificates` makes certificates to try with"
        } else {
            ""
        };
        format!("cannot read {}: {error}{hint}", path.display())
    };
    let mut file = File::open(path).map_err(cannot)?.take(MAX_FILE_LEN + 1);
    // As long as it can get, so that no copy of a key is left behind by growing.
    let len = file.get_ref().metadata().map_or(0, |it| it.len().min(MAX_FILE_LEN));
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(len).unwrap_or(0) + 1));
    let read = file.read_to_end(&mut content).map_err(cannot)?;
    if read as u64 > MAX_FILE_LEN {
        return Err(format!("{}: it is longer than {MAX_FILE_LEN} bytes", path.display()));
    }
    Ok(content)
}
