use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use channel::ChannelError;
use crypto::secret::SharedSecret;
use crypto::{dh, x25519};
use framing::FrameError;
use handshake::{HandshakeError, Told, Wire};
use messages::MAX_HELLO_LEN;

use crate::Choices;
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
        6..11 => Side::X25519Client,
        _ => Side::X25519Server,
    };
    let stream = Stream::new(&mut choices);
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
        (Side::DhServer | Side::X25519Server, Err(_)) => vec![],
        (Side::DhServer | Side::DhClient, _) => side.hello(&DH_PUBLIC),
        (Side::X25519Server | Side::X25519Client, _) => side.hello(&*X25519_PUBLIC),
    };
    assert_eq!(sent, expected);
}

/// The public values of the private key.
static DH_PUBLIC: LazyLock<Vec<u8>> =
    LazyLock::new(|| dh::PrivateKey::from(PRIVATE).public_value().to_wire().to_vec());
static X25519_PUBLIC: LazyLock<[u8; 32]> =
    LazyLock::new(|| x25519::PrivateKey::from(PRIVATE).public_key());

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    DhClient,
    DhServer,
    X25519Client,
    X25519Server,
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
        }
    }

    /// The tags of the message that it sends or receives.
    fn tags(self, sends: bool) -> &'static [u16] {
        match self {
            Self::DhClient | Self::DhServer if sends == (self == Self::DhClient) => &[1, 2, 3],
            Self::DhClient | Self::DhServer => &[3],
            Self::X25519Client | Self::X25519Server => &[0x10],
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
        [&u32::try_from(hello.len()).unwrap_or_default().to_be_bytes()[..], &hello].concat()
    }

    /// Why it must refuse these bytes, or `None` where it must take them.
    fn refusal(self, incoming: &[u8]) -> Option<Refusal> {
        let Some((len, rest)) = incoming.split_first_chunk() else {
            return Some(if incoming.is_empty() { Refusal::Ended } else { Refusal::Truncated });
        };
        let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
        if len > MAX_HELLO_LEN {
            return Some(Refusal::TooLong);
        }
        let Some(message) = rest.get(..len) else { return Some(Refusal::Truncated) };
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
                Ok(key) => {
                    let secret = x25519::PrivateKey::from(PRIVATE).agree(&key);
                    secret.is_none().then_some(Refusal::LowOrderKey)
                }
            },
            _ => panic!("as many fields as tags"),
        }
    }
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
    fn new(choices: &mut Choices<'_>) -> Self {
        let how = choices.below(16);
        let split = choices.byte();
        let len = choices.number();
        let mut bytes = if how == 0 { choices.rest().to_vec() } else { message(choices) };
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
