use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use certificates::Identity;
use channel::ChannelError;
use crypto::secret::SharedSecret;
use crypto::signature::IdentityKey;
use crypto::{dh, x25519};
use framing::FrameError;
use handshake::{HandshakeError, Told, Wire, cert};
use messages::cert::ServerAuth;
use messages::{MAX_HELLO_LEN, Message};

use crate::Choices;
use crate::certificates::{KNOWN, NOW, VECTORS, WANTED, certificate};
use crate::messages::{fields, message};

/// The private key of the side that is tried, whatever it agrees on.
const PRIVATE: [u8; 32] = [7; 32];

/// Either side of each handshake goes through with a message that a few lines here find good, and with no other:
/// then it has the secret that belongs to it. Whatever else comes is refused for the right reason, which is told
/// once; and nothing is answered to it.
///
/// # Panics
/// Where that does not hold.
pub fn handshakes(input: &[u8]) {
    let mut choices = Choices::new(input);
    // Classic Diffie-Hellman takes long, and least long where the client's group is compared first.
    let side = match choices.below(16) {
        0 => Side::DhClient,
        1..6 => Side::DhServer,
        6..9 => Side::X25519Client,
        9..12 => Side::X25519Server,
        12..15 => Side::CertClient,
        _ => Side::CertServer,
    };
    let stream = Stream::new(side, &mut choices);
    let incoming: Vec<u8> = stream.0.borrow().pieces.iter().flatten().copied().collect();
    let rejections = Arc::new(AtomicUsize::new(0));
    let counted = rejections.clone();
    let mut wire = Wire::new(stream.clone()).observed_by(Arc::new(move |told| {
        if matches!(told, Told::Rejected { .. }) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let outcome = side.run(&mut wire);
    let refusal = outcome.as_ref().err();

    assert_eq!(refusal.map(Refusal::of), side.refusal(&incoming));
    let is_rejection = refusal.is_some_and(|error| error.rejection().is_some());
    assert_eq!(rejections.load(Ordering::Relaxed), usize::from(is_rejection));
    let sent = stream.0.take().written;
    let expected = match (side, &outcome) {
        (Side::DhServer | Side::X25519Server | Side::CertServer, Err(_)) => vec![],
        (Side::DhServer | Side::DhClient, _) => side.hello(&DH_PUBLIC),
        (Side::X25519Server | Side::X25519Client | Side::CertClient, _) => {
            side.hello(&*X25519_PUBLIC)
        }
        (Side::CertServer, Ok(_)) => [side.hello(&*X25519_PUBLIC), auth(&GOOD)].concat(),
    };
    // A signature is another each time.
    let free = if side == Side::CertServer && outcome.is_ok() { 256 } else { 0 };
    assert_eq!(sent.len(), expected.len());
    assert_eq!(sent[..sent.len() - free], expected[..expected.len() - free]);
}

/// The public values of the private key.
static DH_PUBLIC: LazyLock<Vec<u8>> =
    LazyLock::new(|| dh::PrivateKey::from(PRIVATE).public_value().to_wire().to_vec());
static X25519_PUBLIC: LazyLock<[u8; 32]> =
    LazyLock::new(|| x25519::PrivateKey::from(PRIVATE).public_key());

/// A server's private key for one connection, whose public key the client's peer often sends.
const OTHER_PRIVATE: [u8; 32] = [9; 32];
static OTHER_PUBLIC: LazyLock<[u8; 32]> =
    LazyLock::new(|| x25519::PrivateKey::from(OTHER_PRIVATE).public_key());

/// Who the server is, to a client that wants just this one.
static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let key = hex::decode(VECTORS["keys"]["server"].as_str().unwrap_or_default());
    let key = IdentityKey::from_pkcs8(&key.expect("it is hex")).expect("it is a key");
    Identity { certificates: KNOWN[..2].to_vec(), key }
});

/// A good `ServerAuth` behind [`OTHER_PUBLIC`].
static GOOD: LazyLock<ServerAuth> = LazyLock::new(|| {
    let signed = [X25519_PUBLIC.as_slice(), OTHER_PUBLIC.as_slice()].concat();
    let signature = IDENTITY.key.sign(&signed).expect("it signs");
    ServerAuth { certificates: IDENTITY.certificates.clone(), signature }
});

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    DhClient,
    DhServer,
    X25519Client,
    X25519Server,
    CertClient,
    CertServer,
}

/// Why a handshake ends.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Ended,
    Truncated,
    TooLong,
    Malformed,
    WrongGroup,
    BadPublicValue,
    LowOrderKey,
    Certificate,
    BadSignature,
}

impl Refusal {
    fn of(error: &HandshakeError) -> Self {
        match error {
            HandshakeError::Ended { .. } => Self::Ended,
            HandshakeError::Channel { error: ChannelError::Frame { error, .. }, .. } => match error
            {
                FrameError::Truncated { .. } => Self::Truncated,
                FrameError::TooLong { .. } => Self::TooLong,
                error => panic!("{error}"),
            },
            HandshakeError::Malformed { .. } => Self::Malformed,
            HandshakeError::WrongGroup => Self::WrongGroup,
            HandshakeError::BadPublicValue { .. } => Self::BadPublicValue,
            HandshakeError::LowOrderKey { .. } => Self::LowOrderKey,
            HandshakeError::Certificate(_) => Self::Certificate,
            HandshakeError::BadSignature => Self::BadSignature,
            error => panic!("{error}"),
        }
    }
}

impl Side {
    fn run(self, wire: &mut Wire<Stream>) -> Result<SharedSecret, HandshakeError> {
        match self {
            Self::DhClient => handshake::dh::client(wire, PRIVATE.into()),
            Self::DhServer => handshake::dh::server(wire, PRIVATE.into()),
            Self::X25519Client => handshake::x25519::client(wire, PRIVATE.into()),
            Self::X25519Server => handshake::x25519::server(wire, PRIVATE.into()),
            Self::CertClient => cert::client_at(NOW, wire, PRIVATE.into(), &WANTED),
            Self::CertServer => cert::server(wire, PRIVATE.into(), &IDENTITY),
        }
    }

    /// The tags of the message that it sends or receives.
    fn tags(self, sends: bool) -> &'static [u16] {
        match self {
            Self::DhClient | Self::DhServer if sends == (self == Self::DhClient) => &[1, 2, 3],
            Self::DhClient | Self::DhServer => &[3],
            _ => &[0x10],
        }
    }

    /// The record that it sends.
    fn hello(self, public: &[u8]) -> Vec<u8> {
        let prime = dh::prime();
        let mut hello = Vec::new();
        for tag in self.tags(true) {
            let value = match tag {
                1 => &prime[..],
                2 => &[2],
                _ => public,
            };
            hello.extend(tag.to_be_bytes());
            hello.extend(u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
            hello.extend(value);
        }
        record(&hello)
    }

    /// Why it must refuse these bytes, or `None` where it must take them.
    fn refusal(self, incoming: &[u8]) -> Option<Refusal> {
        let (message, rest) = match first(incoming, MAX_HELLO_LEN) {
            Ok(first) => first,
            Err(refusal) => return Some(refusal),
        };
        let Some(mut fields) = fields(message) else { return Some(Refusal::Malformed) };
        let tags = self.tags(false);
        fields.retain(|(tag, _)| tags.contains(tag));
        if !fields.iter().map(|(tag, _)| tag).eq(tags) {
            return Some(Refusal::Malformed);
        }
        match *fields {
            [(1, p), (2, g), _] if p != dh::prime() || g != [2] => Some(Refusal::WrongGroup),
            [.., (3, value)] => {
                dh::PublicValue::from_wire(value).is_none().then_some(Refusal::BadPublicValue)
            }
            [(_, key)] => match key.try_into() {
                Err(_) => Some(Refusal::Malformed),
                Ok(key) => match x25519::PrivateKey::from(PRIVATE).agree(&key) {
                    None => Some(Refusal::LowOrderKey),
                    Some(_) if self == Self::CertClient => refusal_of_auth(key, rest),
                    Some(_) => None,
                },
            },
            _ => panic!("as many fields as tags"),
        }
    }
}

/// Why a client that was sent this key must refuse what comes behind it, or `None` where it must take it.
fn refusal_of_auth(key: [u8; 32], incoming: &[u8]) -> Option<Refusal> {
    let message = match first(incoming, 16_384) {
        Ok((message, _)) => message,
        Err(refusal) => return Some(refusal),
    };
    let Some(mut fields) = fields(message) else { return Some(Refusal::Malformed) };
    fields.retain(|(tag, _)| [0x20, 0x21].contains(tag));
    let Some(((0x21, signature), certificates)) = fields.split_last() else {
        return Some(Refusal::Malformed);
    };
    let only_certificates = certificates.iter().all(|(tag, _)| *tag == 0x20);
    if !only_certificates || !(1..=8).contains(&certificates.len()) {
        return Some(Refusal::Malformed);
    }
    let chain: Vec<_> = certificates.iter().map(|(_, der)| der.to_vec()).collect();
    if WANTED.verify(&chain, NOW).is_err() {
        return Some(Refusal::Certificate);
    }
    // Nobody finds another one.
    let public_key = IDENTITY.key.public_key_info();
    let is_of_leaf = chain[0].windows(public_key.len()).any(|it| it == public_key);
    let is_good = key == *OTHER_PUBLIC && is_of_leaf && *signature == GOOD.signature;
    (!is_good).then_some(Refusal::BadSignature)
}

/// The payload of the first record of these bytes, and what stands behind it.
fn first(bytes: &[u8], max: usize) -> Result<(&[u8], &[u8]), Refusal> {
    let Some((len, rest)) = bytes.split_first_chunk() else {
        return Err(if bytes.is_empty() { Refusal::Ended } else { Refusal::Truncated });
    };
    let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
    if len > max {
        return Err(Refusal::TooLong);
    }
    rest.split_at_checked(len).ok_or(Refusal::Truncated)
}

/// A message as a record.
fn record(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap_or_default().to_be_bytes(), message].concat()
}

fn auth(auth: &ServerAuth) -> Vec<u8> {
    record(&auth.encode())
}

/// Any message; or a `ServerAuth` of known certificates, changed or not, with the good signature or another.
fn any_auth(choices: &mut Choices<'_>) -> Vec<u8> {
    if choices.below(4) == 3 {
        return message(choices);
    }
    let mut auth = GOOD.clone();
    for _ in 0..choices.below(4) {
        let at = choices.below(auth.certificates.len() + 1);
        auth.certificates.insert(at, certificate(choices));
    }
    match choices.below(8) {
        1 => auth.certificates.truncate(choices.below(4)),
        2 => _ = auth.certificates.remove(0),
        _ => {}
    }
    if choices.below(4) == 1 {
        let (at, change) = (choices.byte(), choices.byte());
        auth.signature[usize::from(at)] ^= change;
    }
    auth.encode()
}

/// A stream whose every byte is laid down beforehand.
#[derive(Clone)]
struct Stream(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    pieces: VecDeque<Vec<u8>>,
    written: Vec<u8>,
}

impl Stream {
    /// A message as a record, most often; its length as it is or not, in two pieces, and something behind it.
    fn new(side: Side, choices: &mut Choices<'_>) -> Self {
        let how = choices.below(16);
        let split = choices.byte();
        let len = choices.number();
        let is_behind_hello = side == Side::CertClient && choices.below(4) != 3;
        let mut bytes = match how {
            0 => choices.rest().to_vec(),
            _ if is_behind_hello => any_auth(choices),
            _ => message(choices),
        };
        if how > 0 {
            let len = if how == 1 { len } else { bytes.len() };
            let header = u32::try_from(len).unwrap_or_default().to_be_bytes();
            bytes.splice(..0, header);
        }
        if how == 2 {
            bytes.truncate(len);
        } else if how == 3 {
            bytes.extend_from_within(..);
        }
        if is_behind_hello {
            bytes.splice(..0, Side::X25519Server.hello(&*OTHER_PUBLIC));
        }
        let rest = bytes.split_off(bytes.len().min(split.into()));
        let pieces = [bytes, rest].into_iter().filter(|piece| !piece.is_empty()).collect();
        Self(Rc::new(RefCell::new(State { pieces, ..State::default() })))
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let Some(piece) = state.pieces.front_mut() else { return Ok(0) };
        let len = piece.len().min(room.len());
        room[..len].copy_from_slice(&piece[..len]);
        piece.drain(..len);
        if piece.is_empty() {
            state.pieces.pop_front();
        }
        Ok(len)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
