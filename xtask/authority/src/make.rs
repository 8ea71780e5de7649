//! `cargo xtask certificates make`: the certificates to try with, as files.

use std::collections::HashSet;
use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use certificates::{Identity, Roots, ServerName, Terms, Verifier};
use messages::x509::{Certificate, moment};
use transcript::lines::HEADING;
use transcript::visible;
use xtask::WrongArgument;
use xtask::views::Progress;
use zeroize::Zeroizing;

use crate::issue::{Party, Statement, key_identifiers, of_authority, of_client, of_server, pem};
use crate::options::MakeOptions;

/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many days the root's certificate is valid.
const DAYS_OF_ROOT: u32 = 3_650;

/// How many days the intermediate's certificate is valid.
pub const DAYS_OF_INTERMEDIATE: u32 = 1_825;

/// How many days the server's certificate is valid, if nobody says otherwise.
pub const DAYS: u32 = 730;

/// How many days a certificate is valid that a browser has to take: some take none of more than 398.
const DAYS_OF_BROWSERS: u32 = 397;

/// How long certificates have to be good for still, if they are not to be made anew: longer than anything takes.
const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// The name that the stages' clients ask for.
pub const LOCALHOST: &str = "localhost";

/// Other names for this machine, on the certificates that a person's own tools are shown.
const LOOPBACK: [&str; 2] = ["127.0.0.1", "::1"];

/// The name of the client that has a certificate.
const READER: &str = "reader.example";

/// The attacker's name, to which it has an honest certificate.
pub const EVE: &str = "eve.example";

/// The longest common name (RFC 5280, appendix A.1: ub-common-name).
const MAX_COMMON_NAME_LEN: usize = 64;

/// The folder in which files are made, inside the one that they are for, and the file that keeps two from it.
const MAKING: &str = ".making";
const LOCK: &str = ".lock";

/// The file of the root.
pub const ROOTS: &str = "roots.pem";
/// The file of the server's chain.
pub const SERVER_CHAIN: &str = "server_chain.pem";
const SERVER_KEY: &str = "server_key.pem";
const RENEWED_CHAIN: &str = "renewed_chain.pem";
const EVE_CHAIN: &str = "eve_chain.pem";
const EVE_KEY: &str = "eve_key.pem";
const ECDSA_CHAIN: &str = "ecdsa_chain.pem";
const ECDSA_KEY: &str = "ecdsa_key.pem";
const ED25519_CHAIN: &str = "ed25519_chain.pem";
const ED25519_KEY: &str = "ed25519_key.pem";
const CLIENT_CHAIN: &str = "client_chain.pem";
const CLIENT_KEY: &str = "client_key.pem";

/// The files, and what is in them.
const FILES: [(&str, &str); 12] = [
    (ROOTS, "the root, which a client trusts for itself"),
    (SERVER_CHAIN, "the server's certificate, and that of the intermediate"),
    (SERVER_KEY, "the server's private key: whoever has it is the server"),
    (RENEWED_CHAIN, "another certificate for the same name and the same key"),
    (EVE_CHAIN, "an attacker's certificate: honest, for a name of its own"),
    (EVE_KEY, "the attacker's private key"),
    (ECDSA_CHAIN, "for TLS 1.3: the server's certificate for a key on P-256"),
    (ECDSA_KEY, "its private key"),
    (ED25519_CHAIN, "for TLS 1.3: the server's certificate for a key of Ed25519"),
    (ED25519_KEY, "its private key"),
    (CLIENT_CHAIN, "for TLS 1.3: a client's certificate, for a key on P-256"),
    (CLIENT_KEY, "its private key"),
];

/// A chain, its key, what it is for, and the name in it that a client asks for.
type Chain = (&'static str, &'static str, Terms, Option<&'static str>);

const CHAINS: [Chain; 6] = [
    (SERVER_CHAIN, SERVER_KEY, Terms::PART4, Some(LOCALHOST)),
    (RENEWED_CHAIN, SERVER_KEY, Terms::PART4, Some(LOCALHOST)),
    (EVE_CHAIN, EVE_KEY, Terms::PART4, Some(EVE)),
    (ECDSA_CHAIN, ECDSA_KEY, Terms::TLS13_SERVER, Some(LOCALHOST)),
    (ED25519_CHAIN, ED25519_KEY, Terms::TLS13_SERVER, Some(LOCALHOST)),
    (CLIENT_CHAIN, CLIENT_KEY, Terms::TLS13_CLIENT, None),
];

/// Makes them, and says what was made.
///
/// # Errors
/// When the names are too many, or a file cannot be written.
pub fn command(options: &MakeOptions) -> Result<ExitCode> {
    let folder = options.out.clone().unwrap_or_else(|| folder_for(&options.names));
    let cannot = || format!("cannot write to {}", folder.display());
    fs::create_dir_all(&folder).with_context(cannot)?;
    let is_ours = folder.join(LOCK).exists();
    let other = FILES.iter().find(|(name, _)| folder.join(name).exists());
    if let (Some((name, _)), Some(_), false) = (other, &options.out, is_ours) {
        let why = format!(
            "--out {}: {name} is there already, and was not made by this command: it stays as it is",
            folder.display()
        );
        bail!(WrongArgument(why));
    }
    // Programs that start at the same time make them once.
    let lock = File::create(folder.join(LOCK)).with_context(cannot)?;
    lock.lock().with_context(cannot)?;
    if options.if_needed && are_good(&folder) {
        return Ok(ExitCode::SUCCESS);
    }
    let made = make(&options.names, options.validity())?;
    put(&folder, &made).with_context(cannot)?;
    if options.if_needed {
        return Ok(ExitCode::SUCCESS);
    }
    xtask::print(&told(&folder, &options.names, &made)?)
}

/// Makes those that the programs look for, if good ones are not there.
///
/// # Errors
/// When a file cannot be written.
pub fn if_needed() -> Result<()> {
    let names = vec![LOCALHOST.to_owned()];
    command(&MakeOptions { names, days: DAYS, out: None, if_needed: true }).map(drop)
}

/// The files that were made: their names and contents, in the order of [`FILES`].
type Made = [(&'static str, Zeroizing<Vec<u8>>); 12];

/// Makes a root, an intermediate, and what they sign.
fn make(names: &[String], validity: Duration) -> Result<Made> {
    let now = SystemTime::now();
    let until = |validity: Duration| (now, now + validity);
    let common_name = names.iter().find(|name| name.len() <= MAX_COMMON_NAME_LEN);
    let common_name = common_name.map_or("", String::as_str);
    let everyone = ["Root CA", "Intermediate CA", common_name, EVE];
    let progress = Mutex::new(Progress::before_output(everyone.len() as u64, "keys"));
    let advance = || progress.lock().unwrap_or_else(PoisonError::into_inner).advance(1);
    let [root, intermediate, server, eve] = Party::all(everyone, advance)?;
    drop(progress);

    let mut extensions = of_authority(1)?;
    extensions.extend(key_identifiers(&root, &root)?.into_iter().take(1));
    let validity_of_root = until(DAYS_OF_ROOT * DAY);
    let root_certificate =
        root.certify(&root, &Statement { validity: validity_of_root, extensions })?;

    let mut extensions = of_authority(0)?;
    extensions.extend(key_identifiers(&intermediate, &root)?);
    let statement = Statement { validity: until(DAYS_OF_INTERMEDIATE * DAY), extensions };
    let intermediate_certificate = root.certify(&intermediate, &statement)?;

    let chain = |subject: &Party, days, mut extensions: Vec<_>| -> Result<Zeroizing<Vec<u8>>> {
        extensions.extend(key_identifiers(subject, &intermediate)?);
        let statement = Statement { validity: until(days), extensions };
        let leaf = intermediate.certify(subject, &statement)?;
        Ok(text(&pem([&leaf, &intermediate_certificate])?))
    };
    let key =
        |party: &Party| -> Result<_> { Ok(Zeroizing::new(party.key_pem()?.as_ref().to_vec())) };
    let ecdsa = Party::with_p256(common_name)?;
    let ed25519 = Party::with_ed25519(common_name)?;
    let client = Party::with_p256(READER)?;
    let short = validity.min(DAYS_OF_BROWSERS * DAY);
    let mut all_names = names.to_vec();
    if names.iter().any(|name| name == LOCALHOST) {
        let more = LOOPBACK.map(str::to_owned);
        all_names.extend(more.into_iter().filter(|name| !names.contains(name)));
    }
    let made = [
        (ROOTS, text(&pem([&root_certificate])?)),
        (SERVER_CHAIN, chain(&server, validity, of_server(&server, names)?)?),
        (SERVER_KEY, key(&server)?),
        (RENEWED_CHAIN, chain(&server, validity, of_server(&server, names)?)?),
        (EVE_CHAIN, chain(&eve, validity, of_server(&eve, &[EVE])?)?),
        (EVE_KEY, key(&eve)?),
        (ECDSA_CHAIN, chain(&ecdsa, short, of_server(&ecdsa, &all_names)?)?),
        (ECDSA_KEY, key(&ecdsa)?),
        (ED25519_CHAIN, chain(&ed25519, short, of_server(&ed25519, &all_names)?)?),
        (ED25519_KEY, key(&ed25519)?),
        (CLIENT_CHAIN, chain(&client, short, of_client(&client, &[READER])?)?),
        (CLIENT_KEY, key(&client)?),
    ];
    check(&made, names)?;
    Ok(made)
}

fn text(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

/// Makes sure that a server can send what was made, and that a client takes it for each of the names.
fn check(made: &Made, names: &[String]) -> Result<()> {
    let [(_, roots), (_, chain), (_, key), ..] = made;
    let many = |error| WrongArgument(format!("--name is given {} times: {error}", names.len()));
    let chain = Identity::chain(chain).map_err(many)?;
    let identity = Identity::new(chain, key)?;
    for name in names {
        let wanted = name.strip_prefix('*').map_or(name.clone(), |behind| format!("www{behind}"));
        let verifier =
            Verifier { roots: Roots::from_pem(roots)?, name: ServerName::try_from(wanted)? };
        let now = SystemTime::UNIX_EPOCH.elapsed()?;
        let refused = |error| anyhow!("a client would refuse it for {name}: {error}");
        verifier.verify(&identity.certificates, now).map_err(refused)?;
    }
    Ok(())
}

/// Puts the files in their places when all of them are written. What was left by one that was interrupted is removed.
fn put(folder: &Path, made: &Made) -> Result<()> {
    let making = folder.join(MAKING);
    match fs::remove_dir_all(&making) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir(&making)?,
    }
    for (name, content) in made {
        write(&making.join(name), content)?;
    }
    for (name, _) in made {
        fs::rename(making.join(name), folder.join(name))?;
    }
    Ok(fs::remove_dir(&making)?)
}

/// Writes a file that only its owner may read.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

/// Returns whether there are files that fit together and are good for another hour.
fn are_good(folder: &Path) -> bool {
    let read = |name: &str| fs::read(folder.join(name)).ok().map(Zeroizing::new);
    let later = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + AN_HOUR;
    let is_good = |(chain, key, terms, name): &Chain| -> Option<bool> {
        let roots = Roots::from_pem(&read(ROOTS)?).ok()?;
        let chain = Identity::chain(&read(chain)?).ok()?;
        let name = name.map(ServerName::try_from).transpose().ok()?;
        let is_believed = roots.verify(terms, name.as_ref(), &chain, later).is_ok();
        // TLS 1.3 takes the keys of part 4 too.
        Some(is_believed && Identity::for_tls(chain, &read(key)?).is_ok())
    };
    CHAINS.iter().all(|chain| is_good(chain) == Some(true))
}

/// Tells what was made: each file, who says what about whom in it, and what to do with it.
fn told(folder: &Path, names: &[String], made: &Made) -> Result<String> {
    let shown = |path: &Path| visible(&path.display().to_string());
    let place = relative(folder);
    let mut text = format!("made in {}, for {}:\n\n", shown(&place), names.join(", "));
    let mut told = HashSet::new();
    for ((name, what), (_, content)) in FILES.iter().zip(made) {
        _ = writeln!(text, "  {HEADING}{name:<18}{HEADING:#}  {what}");
        // A private key is no certificate.
        for der in Identity::chain(content).unwrap_or_default() {
            let certificate = Certificate::decode(&der)?;
            let Certificate { subject, issuer, not_after, .. } = &certificate;
            let [subject, issuer] = [subject, issuer].map(|name| visible(&name.text));
            let until = moment(*not_after);
            let line = format!("{subject}, signed by {issuer}, until {until}");
            if told.insert(der) {
                _ = writeln!(text, "{:<22}{line}", "");
            }
        }
    }
    let file = |name: &str| shown(&place.join(name));
    let asked = names.first().map_or(LOCALHOST, String::as_str).replace('*', "www");
    let next = if folder == self::folder() {
        vec!["cargo xtask certificates show".to_owned(), "cargo xtask run part4-cert".to_owned()]
    } else {
        let (roots, chain, key) = (file(ROOTS), file(SERVER_CHAIN), file(SERVER_KEY));
        vec![
            format!("cargo xtask certificates show {chain} --roots {roots} --name {asked}"),
            format!("cargo run -p part4 --bin cert_server -- --certificate {chain} --key {key}"),
            format!("cargo run -p part4 --bin cert_client -- --roots {roots} --name {asked}"),
        ]
    };
    _ = writeln!(text, "\nnext: {}", next.join("\n      "));
    Ok(text)
}

/// The path from the current folder, where it is shorter.
pub fn relative(path: &Path) -> PathBuf {
    let current = env::current_dir().unwrap_or_default();
    path.strip_prefix(current).unwrap_or(path).to_owned()
}

/// The folder for certificates of these names. Those for localhost are where the programs look for them; any other
/// has a folder of its own, so that neither takes the other's place.
fn folder_for(names: &[String]) -> PathBuf {
    match names.first() {
        Some(first) if !names.iter().any(|name| name == LOCALHOST) => {
            // What not every system allows in the name of a file.
            folder().join(first.replace(['*', ':'], "_"))
        }
        _ => folder(),
    }
}

/// The folder in which the programs look for them: beside the folder that this program was built into.
pub fn folder() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).unwrap_or(Path::new("target")).join("certificates")
}
