//! A client and a server of cert whose exercise says what is signed and what goes into the keys; and someone on the
//! path, who knows the exercise too.

use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;
use std::{env, fs, io};

use attacker::Session;
use certificates::Identity;
use crypto::aead::{self, Opener, Sealer};
use crypto::by_hand::{bytes_of, hmac};
use crypto::hkdf::{PART4, WriteKeys};
use crypto::keys::AesKey;
use crypto::secret::SharedSecret;
use crypto::x25519::{PrivateKey, PublicKey};
use handshake::HandshakeError;
use messages::cert::ServerAuth;
use messages::fields::{CERTIFICATE, CERTIFICATE_VERIFY, Tag};
use messages::x25519::Hello;
use messages::{DecodeError, Message};
use program::{NoAnswer, RESPONSE};
use stages::PART4_CERT;

use crate::on_path;

/// What was said until the server signs: what one side sent, and what it received, as it stood on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The client's X25519 key.
    pub client_key: PublicKey,
    /// The server's X25519 key.
    pub server_key: PublicKey,
    /// `ClientHello`: a field with the client's key, and whatever other fields are in it.
    pub client_hello: Vec<u8>,
    /// `ServerHello`: the same with the server's key.
    pub server_hello: Vec<u8>,
    /// `ServerAuth` as far as the signature: a field for each certificate, the server's own first.
    pub certificates: Vec<u8>,
}

/// What an exercise puts under the signature and into the keys.
#[derive(Clone, Copy, Debug)]
pub struct Design {
    /// Returns what the server signs with its identity key, and the client verifies.
    pub signed: fn(&Said) -> Vec<u8>,
    /// Returns what goes into the keys besides the secret, on both sides.
    pub in_the_keys: fn(&Said) -> Vec<u8>,
}

/// Runs the client if it is told what to request, the server if it is told where to listen, and else whoever is on the
/// path.
pub fn run(design: Design) -> ExitCode {
    crate::begin(crate::LIMIT);
    let has = |option| env::args().any(|arg| arg == option);
    if has("--request") {
        client(design)
    } else if has("--addr") {
        server(design)
    } else {
        on_path(design)
    }
}

fn client(design: Design) -> ExitCode {
    program::verifying_client(&PART4_CERT, |connection, requests, wanted| {
        let mut wire = connection.handshake();
        let ours = PrivateKey::random()?;
        let client_hello = OnWire::of(Hello { public_key: ours.public_key() });
        wire.send("ClientHello", &client_hello)?;

        let server_hello: OnWire<Hello> = wire.recv("ServerHello")?;
        let low_order = HandshakeError::LowOrderKey { message: "ServerHello" };
        let secret = ours.agree(&server_hello.message.public_key).ok_or(low_order);
        let secret = wire.check("the secret is not zero", secret)?;

        let auth: OnWire<ServerAuth> = wire.recv("ServerAuth")?;
        let certificates =
            wire.check("nothing stands behind the signature", auth.certificates())?;
        let said = Said::new(&client_hello, &server_hello, certificates);
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let server = wanted.verify(&auth.message.certificates, now);
        let server = server.map_err(HandshakeError::Certificate);
        let server = wire.check("a chain of signatures leads from a root to the name", server)?;
        let has_signed = server.has_signed(&(design.signed)(&said), &auth.message.signature);
        let has_signed = has_signed.then_some(()).ok_or(HandshakeError::BadSignature);
        wire.check("the certificate's key has signed what was said", has_signed)?;
        wire.agreed("X25519", &secret);

        let keys = design.keys(&secret, &said);
        let (sealer, opener) = (Sealer::new(&keys.client), Opener::new(&keys.server));
        let mut channel = connection.secured(wire, sealer, opener);
        for request in requests {
            channel.send(request)?;
            channel.recv()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}

fn server(design: Design) -> ExitCode {
    program::identified_server(&PART4_CERT, |connection, identity| {
        design.must_tell_connections_apart();
        let mut wire = connection.handshake();
        let ours = PrivateKey::random()?;
        let server_hello = OnWire::of(Hello { public_key: ours.public_key() });
        let client_hello: OnWire<Hello> = wire.recv("ClientHello")?;
        let low_order = HandshakeError::LowOrderKey { message: "ClientHello" };
        let secret = ours.agree(&client_hello.message.public_key).ok_or(low_order);
        let secret = wire.check("the secret is not zero", secret)?;
        wire.send("ServerHello", &server_hello)?;

        let (said, auth) = design.auth(identity, &client_hello, &server_hello)?;
        wire.send("ServerAuth", &auth)?;
        wire.agreed("X25519", &secret);

        let keys = design.keys(&secret, &said);
        let (sealer, opener) = (Sealer::new(&keys.server), Opener::new(&keys.client));
        let mut channel = connection.secured(wire, sealer, opener);
        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}

impl Design {
    /// Returns what someone says who it is with, and signs.
    fn auth(
        &self,
        identity: &Identity,
        client_hello: &OnWire<Hello>,
        server_hello: &OnWire<Hello>,
    ) -> Result<(Said, ServerAuth), HandshakeError> {
        let certificates = identity.certificates.clone();
        let said = Said::new(client_hello, server_hello, fields(&certificates));
        let signature = identity.key.sign(&(self.signed)(&said))?;
        Ok((said, ServerAuth { certificates, signature }))
    }

    /// Derives the keys of part 4, with what the exercise wants in them behind each label. That is where HKDF has a
    /// place for it (RFC 5869, section 2.3).
    fn keys(&self, secret: &SharedSecret, said: &Said) -> WriteKeys {
        let even = hmac(&[0; 32], bytes_of(secret));
        let bound = (self.in_the_keys)(said);
        let key = |label: &str| {
            let key = hmac(&even, &[label.as_bytes(), &bound, &[1]].concat());
            aead::Keys::new(AesKey::from(key))
        };
        WriteKeys { client: key(PART4.client_write), server: key(PART4.server_write) }
    }

    /// Finds a signature that is good for other connections too.
    fn must_tell_connections_apart(&self) {
        let signed = |client: u8, server: u8| {
            let hello = |byte| OnWire::of(Hello { public_key: [byte; 32] });
            (self.signed)(&Said::new(&hello(client), &hello(server), fields(&[vec![0; 3]])))
        };
        for (other, whose) in [(signed(3, 2), "client"), (signed(1, 3), "server")] {
            if other == signed(1, 2) {
                crate::fault(&format!(
                    "what is signed is the same when the {whose}'s X25519 key is another: anyone who has seen the \
                     signature can use it in a connection of his own"
                ));
            }
        }
    }
}

impl Said {
    fn new(client: &OnWire<Hello>, server: &OnWire<Hello>, certificates: Vec<u8>) -> Self {
        Self {
            client_key: client.message.public_key,
            server_key: server.message.public_key,
            client_hello: client.payload.clone(),
            server_hello: server.payload.clone(),
            certificates,
        }
    }
}

/// A message together with its payload, as it was sent or received.
struct OnWire<M> {
    message: M,
    payload: Vec<u8>,
}

impl<M: Message> OnWire<M> {
    fn of(message: M) -> Self {
        Self { payload: message.encode(), message }
    }
}

impl<M: Message> Message for OnWire<M> {
    const MAX_LEN: usize = M::MAX_LEN;

    fn encode(&self) -> Vec<u8> {
        self.payload.clone()
    }

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self { message: M::decode(payload)?, payload: payload.to_vec() })
    }
}

impl OnWire<ServerAuth> {
    /// Returns all that stands in front of the signature. A field behind it would be under nobody's signature.
    fn certificates(&self) -> Result<Vec<u8>, HandshakeError> {
        let mut end = Vec::new();
        CERTIFICATE_VERIFY.append(&self.message.signature, &mut end);
        let certificates = self.payload.strip_suffix(&*end).map(<[u8]>::to_vec);
        let error = DecodeError::OutOfOrder { field: CERTIFICATE_VERIFY.name };
        certificates.ok_or(HandshakeError::Malformed { message: "ServerAuth", error })
    }
}

/// Certificates as `ServerAuth` has them.
fn fields(certificates: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = Vec::new();
    for certificate in certificates {
        CERTIFICATE.append(certificate, &mut fields);
    }
    fields
}

/// A kind of field that nobody knows.
const OWN: Tag = Tag { number: 0x0666, name: "a field of the attacker's", what: "" };

/// Runs whoever is on the path: takes the server, the attack and the folder of the certificates from the command line.
fn on_path(design: Design) -> ExitCode {
    let given = |number| env::args().nth(number).unwrap_or_default();
    let (attack, folder) = (given(2), given(3));
    on_path::run_from_the_start(&PART4_CERT, |session| {
        design.attack(session, &attack, Path::new(&folder))
    })
}

impl Design {
    /// Passes the messages of the handshake on, one or the other of them changed.
    fn attack(&self, session: &mut Session, attack: &str, folder: &Path) -> io::Result<()> {
        let mut own = Vec::new();
        OWN.append(b"eve was here", &mut own);
        let names = PART4_CERT.handshake.iter().map(|message| message.name);
        let mut said = Vec::new();
        session.change_handshake(|message| {
            let (payload, number) = (message.payload().to_vec(), said.len());
            let changed = match (attack, number) {
                ("certificate-swap", 2) => swapped(&payload, folder)?,
                ("unknown-key-share", 2) => self.signed_by_eve(&said, folder)?,
                ("moved-field", 0) => [&*payload, &own].concat(),
                ("moved-field", 1) => [&*own, &payload].concat(),
                _ if names.clone().nth(number) == Some(attack) => [&*own, &payload].concat(),
                _ => payload.clone(),
            };
            said.push(payload);
            message.replace_payload(&changed);
            Ok(())
        })
    }

    /// Says in the server's place that it is Eve, who signs as any server of the exercise does, with her own key.
    fn signed_by_eve(&self, said: &[Vec<u8>], folder: &Path) -> io::Result<Vec<u8>> {
        let [client_hello, server_hello] = said else { return Err(io::ErrorKind::NotFound.into()) };
        let chain = Identity::chain(&fs::read(folder.join("eve_chain.pem"))?);
        let key = fs::read(folder.join("eve_key.pem"))?;
        let eve = chain.and_then(|chain| Identity::new(chain, &key)).map_err(io::Error::other)?;
        let hello = |payload: &[u8]| OnWire::decode(payload).map_err(io::Error::other);
        let (_, auth) = self
            .auth(&eve, &hello(client_hello)?, &hello(server_hello)?)
            .map_err(io::Error::other)?;
        Ok(auth.encode())
    }
}

/// Puts another chain for the same name and key in place of the server's.
fn swapped(payload: &[u8], folder: &Path) -> io::Result<Vec<u8>> {
    let mut auth = ServerAuth::decode(payload).map_err(io::Error::other)?;
    let renewed = fs::read(folder.join("renewed_chain.pem"))?;
    auth.certificates = Identity::chain(&renewed).map_err(io::Error::other)?;
    Ok(auth.encode())
}
