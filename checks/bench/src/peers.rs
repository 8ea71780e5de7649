//! Programs by others: tunnels, set up as their manuals say, and Python.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::chain::Places;
use crate::signatures::Operation;
use crate::tls;
use crate::window::Measured;

/// TLS 1.3 with AES-256-GCM; only the server shows a certificate, as the client is not asked for
/// one.
pub fn stunnel(folder: &Path, at: Places) -> Result<[Command; 2]> {
    let identity = tls::identity()?;
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&certificate, identity.cert.pem())?;
    fs::write(&key, identity.signing_key.serialize_pem())?;
    let common = "foreground = quiet\npid =\ndebug = err\nsslVersion = TLSv1.3\n\
                  ciphersuites = TLS_AES_256_GCM_SHA384\n\
                  socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n";
    let Places { first, second, server } = at;
    let client = format!(
        "{common}[first]\nclient = yes\naccept = {first}\nconnect = {second}\n\
         verifyChain = yes\nCAfile = {}\n",
        certificate.display()
    );
    let server = format!(
        "{common}[second]\naccept = {second}\nconnect = {server}\ncert = {}\nkey = {}\n",
        certificate.display(),
        key.display()
    );
    let side = |name: &str, configuration: &str| -> Result<Command> {
        let path = folder.join(name);
        fs::write(&path, configuration)?;
        let mut hop = Command::new("stunnel");
        hop.arg(path);
        Ok(hop)
    };
    Ok([side("client.conf", &client)?, side("server.conf", &server)?])
}

/// With a key of 32 random bytes in a file, which both ends read.
pub fn spiped(folder: &Path, at: Places) -> Result<[Command; 2]> {
    let key = folder.join("key");
    let mut random = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    fs::write(&key, random)?;
    let Places { first, second, server } = at;
    let side = |direction: &str, source: String, target: String| {
        let mut hop = Command::new("spiped");
        hop.args([direction, "-F", "-s", &source, "-t", &target, "-k"]).arg(&key);
        hop.arg("-p").arg(folder.join(format!("{}.pid", direction.trim_start_matches('-'))));
        hop
    };
    Ok([
        side(
            "-e",
            format!("[127.0.0.1]:{}", first.port()),
            format!("[127.0.0.1]:{}", second.port()),
        ),
        side(
            "-d",
            format!("[127.0.0.1]:{}", second.port()),
            format!("[127.0.0.1]:{}", server.port()),
        ),
    ])
}

/// Has Python do both sides of handshakes, or a part of one, and report how many.
pub fn python_handshakes(what: &str, length: Duration) -> Result<()> {
    let millis = length.as_millis().to_string();
    let mut python = Command::new("python3");
    python.args(["-c", include_str!("handshakes.py"), what, &millis]);
    ensure!(python.status().context("cannot start python3")?.success(), "python3 failed");
    Ok(())
}

/// Has OpenSSL sign and verify: `+R1:3628:2048:0.94` says that it made 3628 signatures in 0.94 s, `+R2` how many it
/// verified.
pub fn openssl_signatures(operation: Operation, length: Duration) -> Result<Measured> {
    let mark = match operation {
        Operation::Sign => "+R1:",
        Operation::Verify => "+R2:",
        Operation::VerifyChain => bail!("openssl speed has no chains"),
    };
    let seconds = length.as_secs().max(1).to_string();
    let output = Command::new("openssl")
        .args(["speed", "-mr", "-seconds", &seconds, "rsa2048"])
        .output()
        .context("cannot start openssl")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let numbers = said.lines().find_map(|line| line.strip_prefix(mark));
    let numbers = numbers.and_then(|numbers| {
        let mut numbers = numbers.split(':');
        Some((numbers.next()?.parse().ok()?, numbers.nth(1)?.parse().ok()?))
    });
    let (count, seconds) = numbers.with_context(|| format!("openssl speed says {said}"))?;
    Ok(Measured { count, seconds, latency: None })
}

/// Has Python seal and open records, and report how many.
pub fn python(stage: &str, len: usize, length: Duration) -> Result<()> {
    let numbers = [len.to_string(), length.as_millis().to_string()];
    let mut python = Command::new("python3");
    python.args(["-c", include_str!("articles.py"), stage]).args(numbers);
    ensure!(python.status().context("cannot start python3")?.success(), "python3 failed");
    Ok(())
}
