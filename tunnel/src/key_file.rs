//! Your own keys, in a file that both ends have and nobody else may read.
//!
//! ```text
//! hmac.encryption = <64 hexadecimal digits>
//! hmac.mac = ...
//! hmac-seq.encryption = ...
//! hmac-seq.mac = ...
//! aead = ...
//! ```
//!
//! Each use has a key of its own, 32 random bytes, so that no stage's records mean anything at
//! another stage. They are not derived from each other, and do not change until someone makes a new
//! file.

use std::fmt::Write as _;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use crypto::keys::{self, AesKey, MacKey};
use crypto::{aead, hmac, hmac_seq};
use demo_keys::SealerAndOpener;
use stages::{PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Stage};
use transcript::read::utf_8;
use zeroize::Zeroizing;

/// The names of the keys in a file, in this order.
const NAMES: [&str; 5] =
    ["hmac.encryption", "hmac.mac", "hmac-seq.encryption", "hmac-seq.mac", "aead"];

/// The longest file in bytes: several times what is made here.
const MAX_LEN: usize = 4096;

/// Keys that were read from a file.
pub struct KeyFile(Vec<Key>);

/// Makes the sealer and the opener of a connection.
pub type NewPair = Box<dyn Fn() -> SealerAndOpener + Send + Sync>;

struct Key {
    name: &'static str,
    bytes: Zeroizing<[u8; AesKey::LEN]>,
}

/// Makes a file with new keys; on Unix only its owner can read it. It is an error if the file
/// exists.
pub fn create(path: &Path) -> Result<()> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_LEN));
    text.push_str("# The keys of a tunnel. Both ends need this file; nobody else may see it.\n");
    for name in NAMES {
        let key = keys::random().context("no random bytes from the operating system")?;
        _ = write!(text, "{name} = ");
        key.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
        text.push('\n');
    }
    let mut options = OpenOptions::new();
    // It may be the only copy of the keys in it, so an old file is never overwritten.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            anyhow!("{} already exists, and is left unchanged", path.display())
        }
        _ => anyhow!(error).context(format!("cannot make {}", path.display())),
    })?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // A file with half of the keys is useless, and would be in the way of the next try.
    let written = written.inspect_err(|_| _ = fs::remove_file(path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

impl KeyFile {
    /// Reads a file, which on Unix nobody but its owner may have access to. No error reveals its
    /// contents.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_private(path).with_context(|| format!("key file {}", path.display()))
    }

    fn read_private(path: &Path) -> Result<Self> {
        // Checks the open file, not the path, where there may be another one by now.
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        ensure!(metadata.is_file(), "not a file");
        check_access(&metadata)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN + 1));
        let len = file.take(MAX_LEN as u64 + 1).read_to_end(&mut bytes)?;
        ensure!(len <= MAX_LEN, "more than {MAX_LEN} bytes, so it is not a key file");
        let text = utf_8(&bytes).map_err(|utf_16| anyhow!("it is {utf_16}"))?;
        Self::parse(str::from_utf8(text).context("it is not text")?)
    }

    fn parse(text: &str) -> Result<Self> {
        let mut keys: Vec<Key> = Vec::with_capacity(NAMES.len());
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = number + 1;
            let (name, digits) = line
                .split_once('=')
                .with_context(|| format!("line {number}: expected NAME = DIGITS"))?;
            let name =
                NAMES.into_iter().find(|known| *known == name.trim()).with_context(|| {
                    format!("line {number}: no such key; the known ones are {}", NAMES.join(", "))
                })?;
            ensure!(keys.iter().all(|key| key.name != name), "line {number}: {name} again");
            let mut bytes = Zeroizing::new([0; AesKey::LEN]);
            if hex::decode_to_slice(digits.trim(), bytes.as_mut()).is_err() {
                bail!("line {number}: {name} must be {} hexadecimal digits", 2 * AesKey::LEN);
            }
            keys.push(Key { name, bytes });
        }
        Ok(Self(keys))
    }

    /// Takes out the keys of a stage. The result makes a sealer and an opener under them, as at the
    /// start of each connection.
    ///
    /// # Errors
    /// When a key of this stage is missing, or key files have none for it.
    pub fn of_stage(&self, stage: &Stage) -> Result<NewPair> {
        macro_rules! made {
            ($module:ident, $keys:expr) => {{
                let keys = $keys;
                Box::new(move || {
                    (Box::new($module::Sealer::new(&keys)), Box::new($module::Opener::new(&keys)))
                })
            }};
        }
        Ok(match stage {
            stage if *stage == PART2_HMAC => made!(hmac, self.pair("hmac.encryption", "hmac.mac")?),
            stage if *stage == PART2_HMAC_SEQ => {
                made!(hmac_seq, self.pair("hmac-seq.encryption", "hmac-seq.mac")?)
            }
            stage if *stage == PART2_AEAD => made!(aead, aead::Keys::new(self.aes("aead")?)),
            _ => bail!("key files have keys for hmac, hmac-seq and aead, not for {}", stage.name),
        })
    }

    fn pair(&self, encryption: &str, mac: &str) -> Result<hmac::Keys> {
        let (encryption, mac) = (self.aes(encryption)?, self.key(mac)?.to_vec());
        Ok(hmac::Keys { encryption, mac: MacKey::from(mac) })
    }

    fn aes(&self, name: &str) -> Result<AesKey> {
        Ok(AesKey::from(*self.key(name)?))
    }

    fn key(&self, name: &str) -> Result<&[u8; AesKey::LEN]> {
        let key = self.0.iter().find(|key| key.name == name);
        key.map(|key| &*key.bytes).with_context(|| format!("the key file has no {name}"))
    }
}

#[cfg(unix)]
fn check_access(file: &Metadata) -> Result<()> {
    let mode = std::os::unix::fs::MetadataExt::mode(file) & 0o777;
    let of_others = mode & 0o077;
    ensure!(
        of_others == 0,
        "others have access to it (mode {mode:04o}), so its keys may not be secret any more: \
         make new ones, or if you are sure, `chmod 600` it"
    );
    Ok(())
}

#[cfg(not(unix))]
fn check_access(_file: &Metadata) -> Result<()> {
    Ok(())
}
