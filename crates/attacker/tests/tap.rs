//! A tap changes nothing, and misses nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;

use attacker::{Chunk, Tap};
use framing::Direction::{ToClient, ToServer};

/// Everything one direction carries: more than any buffer on the way holds, with no two stretches
/// alike.
fn stream(seed: u32, len: u32) -> Vec<u8> {
    (0..len)
        .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13).to_le_bytes()[0])
        .collect()
}

/// What a tap saw of a client and a server that both send, the client ending first.
fn tapped(request: &[u8], response: &[u8], segment: Option<usize>) -> Vec<(bool, Option<Vec<u8>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tap = Tap::new(listener.local_addr().unwrap(), segment).unwrap();
    let seen = Mutex::new(vec![]);
    thread::scope(|scope| {
        let relay = scope.spawn(|| {
            tap.relay(|Chunk { direction, bytes, .. }| {
                seen.lock().unwrap().push((direction == ToServer, bytes.map(<[u8]>::to_vec)));
            })
        });
        scope.spawn(|| {
            let (mut server, _) = listener.accept().unwrap();
            let mut got = vec![];
            server.read_to_end(&mut got).unwrap();
            assert!(got == request, "the request arrives unchanged, and its end does");
            server.write_all(response).unwrap();
        });
        let mut client = TcpStream::connect(tap.addr().unwrap()).unwrap();
        client.write_all(request).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut got = vec![];
        client.read_to_end(&mut got).unwrap();
        assert!(got == response, "the other direction goes on after the first has ended");
        relay.join().unwrap().unwrap();
    });
    seen.into_inner().unwrap()
}

#[test]
fn every_byte_passes_both_ways_and_is_seen() {
    let (request, response) = (stream(1, 3_000_000), stream(2, 1_000_000));
    let seen = tapped(&request, &response, None);
    for (to_server, expected) in [(true, request), (false, response)] {
        let of_direction: Vec<_> = seen.iter().filter(|(way, _)| *way == to_server).collect();
        let bytes: Vec<u8> =
            of_direction.iter().flat_map(|(_, bytes)| bytes.clone().unwrap_or_default()).collect();
        assert!(bytes == expected);
        let ends = of_direction.iter().filter(|(_, bytes)| bytes.is_none()).count();
        assert_eq!((ends, of_direction.last().unwrap().1.is_none()), (1, true));
    }
}

#[test]
fn pieces_are_no_longer_than_asked_for() {
    for segment in [1, 7, 1460] {
        let request = stream(3, 5_000);
        let seen = tapped(&request, b"short", Some(segment));
        let pieces: Vec<_> = seen.iter().filter_map(|(_, bytes)| bytes.as_ref()).collect();
        assert!(pieces.iter().all(|piece| piece.len() <= segment));
        assert_eq!(pieces.iter().map(|piece| piece.len()).sum::<usize>(), request.len() + 5);
    }
}

#[test]
fn an_answer_is_never_seen_before_what_it_answers() {
    let seen = tapped(b"ping", b"pong", None);
    let expected = [
        (true, Some(b"ping".to_vec())),
        (true, None),
        (false, Some(b"pong".to_vec())),
        (false, None),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_server_that_is_not_there_ends_the_connection() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tap = Tap::new(nobody, None).unwrap();
    let mut client = TcpStream::connect(tap.addr().unwrap()).unwrap();
    let refused = tap.relay(|_| panic!("nothing passes")).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_reset_on_one_side_ends_the_other() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tap = Tap::new(listener.local_addr().unwrap(), None).unwrap();
    let ends = Mutex::new(vec![]);
    thread::scope(|scope| {
        let relay = scope.spawn(|| tap.relay(|seen| ends.lock().unwrap().push(seen.direction)));
        let mut client = TcpStream::connect(tap.addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        client.write_all(b"unread").unwrap();
        server.peek(&mut [0]).unwrap();
        drop(server); // Dropped with unread bytes in it, so that the connection is reset.
        assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
        drop(client);
        relay.join().unwrap().unwrap();
    });
    assert!(ends.into_inner().unwrap().contains(&ToClient));
}
