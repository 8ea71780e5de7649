//! Wires and records that cut, split, merge and change what an honest peer says.

use std::thread;

use crypto::tls13::group::Group;
use crypto::tls13::suite::Suite;
use messages::tls13::HandshakeMessage;
use messages::tls13::extension::Extension;
use tls::{ClientConfig, ServerConfig, TlsError, TlsStream};

use crate::peer::{Hook, Peer, at, client_hello, honest};
use crate::pipe::{End, Wire, pair};
use crate::{
    client_against, client_config, connect, read_all, roots, server_against, server_config,
};

type Ends = (Result<Vec<u8>, TlsError>, Result<Vec<u8>, TlsError>);

const PING: &[u8] = b"a question";
const PONG: &[u8] = b"an answer";

/// Our client and our server on two wires: each side's result, and the bytes of each.
fn converse(
    (client, server): (&ClientConfig, &ServerConfig),
    (there, back): (Wire, Wire),
) -> (Ends, (Vec<u8>, Vec<u8>)) {
    fn half(stream: Result<TlsStream<End>, TlsError>, say: &[u8]) -> Result<Vec<u8>, TlsError> {
        let mut stream = stream?;
        stream.write(say)?;
        stream.close()?;
        read_all(&mut stream)
    }
    let (ours, theirs) = pair();
    let (ours, theirs) = (ours.over(there), theirs.over(back));
    thread::scope(|scope| {
        let accepting = scope.spawn(|| {
            let read = half(tls::accept(theirs.clone(), server), PONG);
            theirs.close();
            (read, theirs.said())
        });
        let read = half(connect(ours.clone(), client), PING);
        ours.close();
        let (theirs, back) = accepting.join().unwrap();
        ((read, theirs), (ours.said(), back))
    })
}

fn configs() -> (ClientConfig, ServerConfig) {
    let suites = vec![Suite::Aes128GcmSha256];
    let client = ClientConfig { groups: vec![Group::X25519], suites, ..client_config() };
    (client, server_config())
}

#[test]
fn bytes_may_arrive_in_any_portions() {
    let (client, server) = configs();
    for chunk in [1, 2, 3, 5, 7, 64, 1_000] {
        let wire = Wire { chunk: Some(chunk), ..Wire::default() };
        let ((ours, theirs), _) = converse((&client, &server), (wire, wire));
        assert_eq!((ours.unwrap(), theirs.unwrap()), (PONG.to_vec(), PING.to_vec()), "{chunk}");
    }
}

/// The numbers of bytes to change: all of what is in the clear but the versions of its records, which section 5.1 has
/// everyone ignore; all headers and first and last bytes of sealed records, and every fourth byte between. The last two
/// records are behind the handshake.
fn numbers(said: &[u8]) -> (Vec<usize>, Vec<usize>) {
    let mut records = Vec::new();
    let mut start = 0;
    while start < said.len() {
        let len = 5 + usize::from(u16::from_be_bytes([said[start + 3], said[start + 4]]));
        let is_plain = said[start] != 23;
        let is_taken = |place: &usize| match place {
            1 | 2 => !is_plain,
            _ => is_plain || *place < 8 || *place > len - 3 || place.is_multiple_of(4),
        };
        records.push((0..len).filter(is_taken).map(|place| start + place).collect::<Vec<_>>());
        start += len;
    }
    let behind = records.split_off(records.len() - 2).concat();
    (records.concat(), behind)
}

/// Every byte that either side says, changed once: nobody is ever content, nobody panics, nobody waits.
#[test]
fn no_byte_can_be_changed() {
    let configs = configs();
    let configs = (&configs.0, &configs.1);
    let still = Wire::default();
    let ((ours, theirs), (there, back)) = converse(configs, (still, still));
    assert_eq!((ours.unwrap(), theirs.unwrap()), (PONG.to_vec(), PING.to_vec()));
    let ((there, data_there), (back, data_back)) = (numbers(&there), numbers(&back));
    assert!(there.len() > 200 && back.len() > 250, "{} {}", there.len(), back.len());
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in there {
                let flip = Wire { flip: Some(number), ..still };
                let ((ours, theirs), _) = converse(configs, (flip, still));
                assert!(ours.is_err() && theirs.is_err(), "{number} there: {ours:?}, {theirs:?}");
            }
        });
        for number in back {
            let flip = Wire { flip: Some(number), ..still };
            let ((ours, theirs), _) = converse(configs, (still, flip));
            assert!(ours.is_err() && theirs.is_err(), "{number} back: {ours:?}, {theirs:?}");
        }
    });
    for number in data_there {
        let flip = Wire { flip: Some(number), ..still };
        let ((_, theirs), _) = converse(configs, (flip, still));
        assert!(theirs.is_err(), "{number} there");
    }
    for number in data_back {
        let flip = Wire { flip: Some(number), ..still };
        let ((ours, _), _) = converse(configs, (still, flip));
        assert!(ours.is_err(), "{number} back");
    }
}

/// An end in front of every seventh byte, and of each of the last.
#[test]
fn no_end_goes_unnoticed() {
    let configs = configs();
    let configs = (&configs.0, &configs.1);
    let still = Wire::default();
    let (_, (there, back)) = converse(configs, (still, still));
    let (there, back) = (there.len(), back.len());
    let is_end = |error: &TlsError| {
        matches!(
            error,
            TlsError::Ended { .. }
                | TlsError::Truncated { .. }
                | TlsError::Frame(framing::reader::FrameError::Truncated { .. })
        )
    };
    for number in (0..there).step_by(7).chain(there - 24..there) {
        let cut = Wire { cut: Some(number), ..still };
        let ((_, theirs), _) = converse(configs, (cut, still));
        assert!(is_end(&theirs.unwrap_err()), "the client's byte {number}");
    }
    for number in (0..back).step_by(7).chain(back - 24..back) {
        let cut = Wire { cut: Some(number), ..still };
        let ((ours, _), _) = converse(configs, (still, cut));
        assert!(is_end(&ours.unwrap_err()), "the server's byte {number}");
    }
}

/// Says each message in records of at most this many bytes, or each flight in as few records as can be.
fn fragmented(
    fragment: usize,
    gathers: bool,
) -> impl Fn(&mut Peer, &'static str, HandshakeMessage) {
    move |peer, due, message| {
        peer.fragment = fragment;
        peer.gathers = gathers;
        if due == "data" {
            peer.gathers = false;
            peer.record(23, b"data");
            peer.record(21, &[1, 0]);
        } else {
            honest(peer, due, message);
        }
    }
}

#[test]
fn messages_may_be_cut_at_every_byte_and_flights_be_one_record() {
    let with_clients = ServerConfig { client_roots: Some(roots()), ..server_config() };
    for fragment in [1, 2, 3, 4, 5, 7, 64, 250] {
        let hook = fragmented(fragment, false);
        let (read, alert) = client_against(&client_config(), &hook);
        assert_eq!((read.unwrap(), alert), (b"data".to_vec(), None), "{fragment}");
        let (read, alert) = server_against(&with_clients, &hook);
        assert_eq!((read.unwrap(), alert), (b"data".to_vec(), None), "{fragment}");
    }
    for fragment in [1, 7, 1 << 14] {
        let hook = fragmented(fragment, true);
        let (read, alert) = client_against(&client_config(), &hook);
        assert_eq!((read.unwrap(), alert), (b"data".to_vec(), None), "{fragment}");
        let (read, alert) = server_against(&with_clients, &hook);
        assert_eq!((read.unwrap(), alert), (b"data".to_vec(), None), "{fragment}");
    }
}

/// Bytes drawn by a generator that any seed starts.
fn garbage(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn garbage_is_refused_wherever_it_stands() {
    for seed in 1..200 {
        let len = usize::try_from(seed * 7 % 300).unwrap();
        let bytes = garbage(seed, len);
        let (ours, theirs) = pair();
        let mut other = theirs.clone();
        std::io::Write::write_all(&mut other, &bytes).unwrap();
        theirs.close();
        assert!(tls::accept(ours, &server_config()).is_err(), "{bytes:02x?}");
    }
    // In the place of a message, in a record of the right type, with a length that is right or not.
    for due in ["ServerHello", "EncryptedExtensions", "CertificateVerify", "Finished", "data"] {
        for seed in 1..12 {
            let hook = at(due, move |peer, _| {
                let mut bytes = garbage(seed, 200);
                if seed % 2 == 0 {
                    let kind = [2, 8, 11, 13, 15, 20, 24][bytes[0] as usize % 7];
                    bytes[..4].copy_from_slice(&[kind, 0, 0, 196]);
                }
                peer.record(22, &bytes);
                peer.close();
            });
            assert!(client_against(&client_config(), &*hook).0.is_err(), "{due} {seed}");
        }
    }
}

/// What a peer takes is kept to, and padding hides how long a message is.
#[test]
fn records_are_as_long_as_the_peer_takes_and_this_side_wants() {
    for (limit, pad_to, lens) in [
        (64, 1, &[64, 64, 64, 11 + 1][..]),
        (100, 1, &[100, 100, 2 + 1]),
        (u16::MAX, 256, &[256]),
        (100, 64, &[100, 100, 64]),
        (u16::MAX, 1, &[201]),
    ] {
        let hook = move |peer: &mut Peer, due: &'static str, message: HandshakeMessage| match due {
            "ClientHello" => peer.say(&client_hello(message, |hello| {
                hello.extensions.push(Extension::RecordSizeLimit(limit));
            })),
            "data" => {
                peer.lens.clear();
                peer.record(23, b"how long");
                peer.hear_data(200);
                // A change of keys may stand in front.
                let data = peer.lens.clone();
                assert_eq!(data, lens, "{limit} {pad_to}");
                peer.record(21, &[1, 0]);
            }
            _ => honest(peer, due, message),
        };
        let config = ServerConfig { pad_to, ..server_config() };
        let (ours, theirs) = pair();
        thread::scope(|scope| {
            let client = scope.spawn(|| {
                let peer = Peer::new(theirs);
                peer.call(&hook as &Hook)
            });
            let mut stream = tls::accept(ours.clone(), &config).unwrap();
            let mut buffer = [0; 8];
            assert_eq!(stream.read(&mut buffer).unwrap(), 8);
            stream.write(&[b'.'; 200]).unwrap();
            assert_eq!(stream.read(&mut buffer).unwrap(), 0);
            ours.close();
            client.join().unwrap();
        });
    }
}

#[test]
fn a_side_that_has_closed_says_nothing_more_and_still_listens() {
    let (ours, theirs) = pair();
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let mut stream = tls::accept(theirs.clone(), &server_config()).unwrap();
            assert_eq!(read_all(&mut stream).unwrap(), b"last words");
            // The client has closed, and is told the rest all the same.
            stream.write(b"noted").unwrap();
            stream.close().unwrap();
            stream.close().unwrap();
            assert!(matches!(stream.write(b"more"), Err(TlsError::Closed)));
            theirs.close();
        });
        let mut stream = connect(ours.clone(), &client_config()).unwrap();
        std::io::Write::write_all(&mut stream, b"last words").unwrap();
        stream.close().unwrap();
        assert!(matches!(stream.write(b"more"), Err(TlsError::Closed)));
        assert!(matches!(stream.update_keys(true), Err(TlsError::Closed)));
        let error = std::io::Write::write_all(&mut stream, b"more").unwrap_err();
        assert!(error.to_string().contains("close_notify"));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
        assert_eq!(text, "noted");
        assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0);
        server.join().unwrap();
    });
}
