//! A program of the attacker's for the lab: a server of TLS 1.3 to one side, a client to the other. It passes on what it
//! is told, with another amount, and the answer, with another ending. It has the certificates and the key that it is
//! given, and nothing else than anyone who uses the `tls` crate.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use certificates::{Identity, ServerName, server_name};
use clap::Args;
use part5::handshake;
use program::Connection;
use program::identity::{Load, made, read, roots};
use stages::PART5_TLS13;
use tls::{ClientConfig, Credentials, Observer, ServerConfig, Told};
use transcript::{EventKind, Record};

/// Options of the attacker.
#[derive(Args, Debug)]
struct MiddleOptions {
    /// Where the server is
    #[arg(long, value_name = "HOST:PORT")]
    server: SocketAddr,

    /// The certificates to show
    #[arg(long, value_name = "CHAIN.pem")]
    certificate: PathBuf,

    /// The certificates that belong to the key, if others are shown
    #[arg(long, value_name = "CHAIN.pem")]
    own: Option<PathBuf>,

    /// The key to sign with
    #[arg(long, value_name = "KEY.pem")]
    key: PathBuf,
}

struct Middle {
    server: SocketAddr,
    as_server: ServerConfig,
    as_client: ClientConfig,
    name: ServerName<'static>,
}

impl Load for MiddleOptions {
    type Loaded = Middle;

    fn load(&self) -> Result<Middle, String> {
        let chain = |path| Identity::chain(&read(path)?).map_err(|error| error.to_string());
        let own = chain(self.own.as_ref().unwrap_or(&self.certificate))?;
        let own = Credentials::for_tls(own, &read(&self.key)?);
        let own = own.map_err(|error| error.to_string())?;
        let shown = Credentials { certificates: chain(&self.certificate)?, key: own.key };
        Ok(Middle {
            server: self.server,
            as_server: ServerConfig::new(shown),
            as_client: ClientConfig::new(roots(&made("roots.pem"))?),
            name: server_name("localhost")?,
        })
    }
}

fn main() -> ExitCode {
    program::server_of::<MiddleOptions>(&PART5_TLS13, |connection, middle| {
        let server = TcpStream::connect(middle.server)?;
        server.set_nodelay(true)?;
        let (mut client, _) = handshake::accept(connection, &middle.as_server)?;
        let observer = Some(reporting(connection));
        let config = ClientConfig { observer, ..middle.as_client.clone() };
        let mut server = tls::connect(&server, &middle.name, &config)?;

        let mut buffer = [0; 4096];
        let len = client.read(&mut buffer)?;
        let request = buffer.get(..len).unwrap_or_default();
        server.write(&with(request, b"amount=1", b"amount=9"))?;

        let len = server.read(&mut buffer)?;
        let answer = buffer.get(..len).unwrap_or_default();
        client.write(&with(answer, b"client", b"victim"))?;

        while client.read(&mut buffer)? > 0 {}
        server.close()?;
        client.close()?;
        Ok(())
    })
}

/// Puts one text in the place of another of the same length.
fn with(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    if let Some(at) = text.windows(old.len()).position(|it| it == old) {
        text.splice(at..at + old.len(), new.iter().copied());
    }
    text
}

/// Reports the secret and the texts of the connection to the server among those of the connection to the client.
fn reporting(connection: &Arc<Connection>) -> Observer {
    let connection = Arc::clone(connection);
    Arc::new(move |told| {
        let record = |plaintext, payload| Record::new(&PART5_TLS13, 0, plaintext, payload);
        match *told {
            Told::Derived { secret, from, fingerprint: Some(fingerprint), .. } => {
                connection.report(EventKind::Derived {
                    label: secret.to_owned(),
                    from: from.to_owned(),
                    direction: None,
                    fingerprint: Some(fingerprint.as_slice().into()),
                });
            }
            Told::DataSent { plaintext, payload } => {
                connection.report(EventKind::Sent(record(plaintext, payload)));
            }
            Told::DataReceived { plaintext, payload } => {
                connection.report(EventKind::Received(record(plaintext, payload)));
            }
            _ => {}
        }
    })
}
