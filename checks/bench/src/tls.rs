//! TLS by rustls, with the suite closest to part 2's last stage.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::DerefMut;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use rcgen::{CertifiedKey, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, RootCertStore, ServerConfig,
    ServerConnection, SideData, StreamOwned, version,
};

use crate::end::{End, Ends, READ_LEN};

/// The server's name.
const NAME: &str = "localhost";

/// A self-signed certificate for [`NAME`], and its key.
pub fn identity() -> Result<CertifiedKey<KeyPair>> {
    Ok(rcgen::generate_simple_self_signed([NAME.to_owned()])?)
}

/// A client and a server that have shaken hands over these two ends of a connection.
pub fn connect(here: TcpStream, there: TcpStream) -> Result<Ends> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384];
    let provider = Arc::new(provider);
    let identity = identity()?;
    let certificate = identity.cert.der().clone();
    let key = PrivateKeyDer::try_from(identity.signing_key.serialize_der())
        .map_err(|error| anyhow::anyhow!(error))?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;

    let mut server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    // A ticket is for another connection, and a client that only sends would never read it.
    server.send_tls13_tickets = 0;
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();

    let client = ClientConnection::new(Arc::new(client), ServerName::try_from(NAME)?)?;
    let server = ServerConnection::new(Arc::new(server))?;
    let mut client = Tls::new(client, here);
    let mut server = Tls::new(server, there);
    thread::scope(|scope| {
        let shaken = scope.spawn(|| client.stream.conn.complete_io(&mut client.stream.sock));
        server.stream.conn.complete_io(&mut server.stream.sock)?;
        shaken.join().ok().context("the handshake panicked")??;
        anyhow::Ok(())
    })?;
    Ok((Box::new(client), Box::new(server)))
}

/// One end of a TLS connection.
struct Tls<C> {
    stream: StreamOwned<C, TcpStream>,
    buffer: Vec<u8>,
}

impl<C, S> Tls<C>
where
    C: DerefMut<Target = ConnectionCommon<S>>,
    S: SideData,
{
    fn new(mut connection: C, socket: TcpStream) -> Self {
        // By default it accepts 64 KiB of a write and no more until they are sent.
        connection.set_buffer_limit(Some(2 * READ_LEN));
        Self { stream: StreamOwned::new(connection, socket), buffer: vec![0; READ_LEN] }
    }
}

impl<C, S> End for Tls<C>
where
    C: DerefMut<Target = ConnectionCommon<S>> + Send,
    S: SideData,
{
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(self.stream.flush()?)
    }

    fn read(&mut self) -> Result<Option<&[u8]>> {
        let len = self.stream.read(&mut self.buffer)?;
        Ok(Some(&self.buffer[..len]).filter(|bytes| !bytes.is_empty()))
    }

    fn close(&mut self) -> Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.flush()?;
        Ok(self.stream.sock.shutdown(Shutdown::Write)?)
    }
}
