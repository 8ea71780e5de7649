//! Stands between a client and a server of hkdf that have not agreed on anything yet.

use std::env;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;

use anyhow::{Context, Result};
use channel::{ChannelError, Receiver, Sender};
use crypto::aead::{Opener, Sealer};
use crypto::x25519::{PrivateKey, PublicKey};
use crypto::{Open, Seal, hkdf};
use handshake::wire::Unprotected;
use messages::{Message, x25519::Hello};
use stages::PART3_HKDF;
use transcript::{Event, EventKind, EventWriter, Format, Role};

pub use crypto::aead::Keys as Key;
pub use crypto::hkdf::WriteKeys;
pub use crypto::x25519;

/// Two connections, and nothing between them but an exercise.
pub struct Middle {
    /// The connection of the client, which takes this for the server.
    pub client: Side,
    /// The connection to the server, which takes this for a client.
    pub server: Side,
}

/// A connection: records as they are, until [`protect`](Self::protect) is called.
pub struct Side {
    sender: Sender<TcpStream, Box<dyn Seal + Send>>,
    receiver: Receiver<TcpStream, Box<dyn Open + Send>>,
}

/// Draws a private key for one agreement.
///
/// # Errors
/// When the operating system has no random bytes to give.
pub fn draw() -> io::Result<PrivateKey> {
    PrivateKey::random().map_err(io::Error::other)
}

/// Agrees on a secret with the owner of `theirs`, and makes the keys of it that part 3's client and server make.
///
/// # Errors
/// When the secret would be zero.
pub fn agree(ours: PrivateKey, theirs: &PublicKey) -> io::Result<WriteKeys> {
    let secret = ours.agree(theirs).ok_or_else(|| io::Error::other("the secret is zero"))?;
    Ok(WriteKeys::derive(&secret, &hkdf::PART3))
}

impl Side {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let (header, twin) = (PART3_HKDF.header(), stream.try_clone()?);
        Ok(Self {
            sender: Sender::new(stream, header, Box::new(Unprotected)),
            receiver: Receiver::new(twin, header, Box::new(Unprotected)),
        })
    }

    /// Takes the Hello that comes next, and returns the public key in it.
    ///
    /// # Errors
    /// When it does not come, or is no Hello.
    pub fn take_key(&mut self) -> io::Result<PublicKey> {
        let hello = Hello::decode(&self.take()?).map_err(io::Error::other)?;
        Ok(hello.public_key)
    }

    /// Sends a Hello with this public key.
    ///
    /// # Errors
    /// When the other end is gone.
    pub fn send_key(&mut self, key: &PublicKey) -> io::Result<()> {
        self.send(&Hello { public_key: *key }.encode())
    }

    /// Seals what is sent from now on with one key, and opens what is taken with the other.
    pub fn protect(&mut self, seals: &Key, opens: &Key) {
        self.sender.rekey(Box::new(Sealer::new(seals)));
        self.receiver.rekey(Box::new(Opener::new(opens)));
    }

    /// Takes the record that comes next: its text once this side is protected, and till then its payload.
    ///
    /// # Errors
    /// When none comes any more, or it does not open.
    pub fn take(&mut self) -> io::Result<Vec<u8>> {
        let taken = self.receiver.recv().map_err(told)?;
        Ok(taken.ok_or(ErrorKind::UnexpectedEof)?.to_vec())
    }

    /// Sends this text once this side is protected, and till then this payload.
    ///
    /// # Errors
    /// When the other end is gone.
    pub fn send(&mut self, text: &[u8]) -> io::Result<()> {
        self.sender.send(text).map_err(told)
    }
}

fn told(error: ChannelError) -> io::Error {
    io::Error::other(error)
}

/// Waits for a client, connects to the server that is named first on the command line, and lets `attack` do what it
/// likes, with the amount that stands behind the server.
pub fn run(attack: fn(&mut Middle, amount: &str) -> io::Result<()>) -> ExitCode {
    crate::begin(crate::LIMIT);
    let given = |number| env::args().nth(number).unwrap_or_default();
    let attacked = stand_between(&given(1))
        .and_then(|mut middle| attack(&mut middle, &given(2)).context("the attack broke off"));
    attacked.map_or_else(
        |error| {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn stand_between(server: &str) -> Result<Middle> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.context("cannot listen between the two")?;
    let kind = EventKind::Listening { addr: listener.local_addr()? };
    EventWriter::new(Format::Json).write(&Event { role: Role::Wire, stage: &PART3_HKDF, kind });
    let (client, _) = listener.accept().context("no client comes")?;
    let server = TcpStream::connect(server)
        .with_context(|| format!("cannot connect to a server at {server:?}"))?;
    Ok(Middle { client: Side::new(client)?, server: Side::new(server)? })
}
