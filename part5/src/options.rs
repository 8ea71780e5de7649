//! Options: whom to trust, who one is, what to offer.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use certificates::{Identity, PemError, ServerName, server_name};
use clap::Args;
use crypto::tls13::group::Group;
use crypto::tls13::suite::Suite;
use messages::tls13::names;
use program::identity::{Load, made, read, roots};
use tls::{ClientConfig, Credentials, KeyLog, ServerConfig};

/// Options of both sides: what may be agreed on.
#[derive(Args, Debug)]
pub struct Offer {
    /// Protocols to speak inside of TLS (ALPN), the preferred one first
    #[arg(long, value_name = "PROTOCOL", value_delimiter = ',')]
    alpn: Vec<String>,

    /// Cipher suites, the preferred one first [default: all]
    #[arg(long = "suite", value_name = "NAME", value_delimiter = ',', value_parser = suite)]
    suites: Vec<Suite>,

    /// Groups, the preferred one first [default: all]
    #[arg(long = "group", value_name = "NAME", value_delimiter = ',', value_parser = group)]
    groups: Vec<Group>,

    /// Write the secrets of every connection to this file, for a program that looks into them
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
}

/// Options of the server.
#[derive(Args, Debug)]
pub struct TlsServerOptions {
    #[arg(long, value_name = "CHAIN.pem", default_value_os_t = made("ecdsa_chain.pem"))]
    #[arg(hide_default_value = true)]
    #[arg(help = "The server's certificates in PEM, its own first, then the intermediates \
                  [default: target/certificates/ecdsa_chain.pem]")]
    certificate: PathBuf,

    #[arg(long, value_name = "KEY.pem", default_value_os_t = made("ecdsa_key.pem"))]
    #[arg(hide_default_value = true)]
    #[arg(
        help = "The private key that belongs to the first certificate, in PEM (PKCS #8): RSA, P-256 or Ed25519 \
                  [default: target/certificates/ecdsa_key.pem]"
    )]
    key: PathBuf,

    /// Let in only clients with a certificate below one of these, in PEM
    #[arg(long, value_name = "FILE.pem")]
    roots: Option<PathBuf>,

    #[command(flatten)]
    offer: Offer,
}

/// Options of the client.
#[derive(Args, Debug)]
pub struct TlsClientOptions {
    #[arg(long, value_name = "FILE.pem", default_value_os_t = made("roots.pem"))]
    #[arg(hide_default_value = true)]
    #[arg(help = "The certificates that the client trusts for themselves, in PEM \
                  [default: target/certificates/roots.pem]")]
    roots: PathBuf,

    /// The name that the server's certificate has to be for [default: localhost, or that in the URL]
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    name: Option<ServerName<'static>>,

    /// The client's own certificates in PEM, for a server that wants to know who it is
    #[arg(long, value_name = "CHAIN.pem", requires = "key")]
    certificate: Option<PathBuf>,

    /// The private key that belongs to the first of them, in PEM (PKCS #8)
    #[arg(long, value_name = "KEY.pem", requires = "certificate")]
    key: Option<PathBuf>,

    #[command(flatten)]
    offer: Offer,

    /// Ask a server for this page, and print it; events then go to standard error
    #[arg(long, value_name = "URL", value_parser = Url::parse)]
    #[arg(conflicts_with_all = ["addr", "texts", "count"])]
    get: Option<Url>,
}

/// An address of the form `https://HOST[:PORT]/PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Host and port, as a connection needs them.
    addr: String,
    /// The host alone.
    name: ServerName<'static>,
    /// Host and port as they were written.
    authority: String,
    /// What to ask for.
    path: String,
}

/// What a client needs.
pub struct Wanted {
    /// The server.
    pub name: ServerName<'static>,
    /// The rest.
    pub config: ClientConfig,
    /// What to ask for, if it is not the articles' request.
    pub request: Option<Vec<u8>>,
}

impl Offer {
    /// What was asked for, where anything was.
    fn apply(
        &self,
        protocols: &mut Vec<Vec<u8>>,
        suites: &mut Vec<Suite>,
        groups: &mut Vec<Group>,
        key_log: &mut Option<KeyLog>,
    ) -> Result<(), String> {
        *protocols = self.alpn.iter().map(|it| it.clone().into_bytes()).collect();
        if !self.suites.is_empty() {
            suites.clone_from(&self.suites);
        }
        if !self.groups.is_empty() {
            groups.clone_from(&self.groups);
        }
        *key_log = self.keylog.as_deref().map(open_key_log).transpose()?;
        Ok(())
    }
}

impl Load for TlsServerOptions {
    type Loaded = ServerConfig;

    fn load(&self) -> Result<ServerConfig, String> {
        let mut config = ServerConfig::new(identity(&self.certificate, &self.key)?);
        config.client_roots = self.roots.as_deref().map(roots).transpose()?;
        let ServerConfig { protocols, suites, groups, key_log, .. } = &mut config;
        self.offer.apply(protocols, suites, groups, key_log)?;
        Ok(config)
    }
}

impl Load for TlsClientOptions {
    type Loaded = Wanted;

    fn load(&self) -> Result<Wanted, String> {
        let mut config = ClientConfig::new(roots(&self.roots)?);
        if let (Some(certificate), Some(key)) = (&self.certificate, &self.key) {
            config.credentials = Some(identity(certificate, key)?.into());
        }
        let ClientConfig { protocols, suites, groups, key_log, .. } = &mut config;
        self.offer.apply(protocols, suites, groups, key_log)?;
        let of_url = || self.get.as_ref().map(|url| url.name.clone());
        let name = self.name.clone().or_else(of_url).map_or_else(|| server_name("localhost"), Ok);
        let name = name?;
        Ok(Wanted { name, config, request: self.get.as_ref().map(Url::request) })
    }

    fn addr(&self) -> Option<&str> {
        self.get.as_ref().map(|url| url.addr.as_str())
    }

    fn takes_stdout(&self) -> bool {
        self.get.is_some()
    }
}

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "expected https://HOST[:PORT]/PATH".to_owned();
        let rest = text.strip_prefix("https://").ok_or_else(wrong)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse::<u16>().map_err(|_| wrong())?)
            }
            _ => (authority, 443),
        };
        let name = server_name(host.trim_matches(['[', ']']))?;
        if path.bytes().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) {
            return Err(wrong());
        }
        Ok(Self {
            addr: format!("{host}:{port}"),
            name,
            authority: authority.to_owned(),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        })
    }

    fn request(&self) -> Vec<u8> {
        let Self { path, authority, .. } = self;
        format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")
            .into_bytes()
    }
}

fn identity(certificate: &Path, key: &Path) -> Result<Credentials, String> {
    let wrong = |path: &Path, error: PemError| format!("{}: {error}", path.display());
    let chain = Identity::chain(&read(certificate)?).map_err(|error| wrong(certificate, error))?;
    Credentials::for_tls(chain, &read(key)?).map_err(|error| wrong(key, error))
}

/// Opens a file that secrets are appended to, which nobody else may read.
fn open_key_log(path: &Path) -> Result<KeyLog, String> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path);
    let file = file.map_err(|error| format!("cannot write to {}: {error}", path.display()))?;
    Ok(Arc::new(Mutex::new(file)))
}

fn suite(text: &str) -> Result<Suite, String> {
    find(text, &Suite::ALL, |suite| names::suite(suite.id()))
}

fn group(text: &str) -> Result<Group, String> {
    find(text, &Group::ALL, |group| names::group(group.id()))
}

fn find<T: Copy>(text: &str, all: &[T], name: impl Fn(&T) -> String) -> Result<T, String> {
    let found = all.iter().find(|it| name(it).eq_ignore_ascii_case(text)).copied();
    let known = || all.iter().map(&name).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("expected one of {}", known()))
}
