//! The cost of watching: the throughput of a tap beside that of a relay that only copies.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use attacker::Tap;

const WRITES: usize = 20_000;
const WRITE_LEN: usize = 16 * 1024;
const ROUNDS: usize = 7;

fn main() -> io::Result<()> {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (relay, tap) = (throughput(plain_relay)?, throughput(tap)?);
        println!("plain relay {relay:.2} GB/s, tap {tap:.2} GB/s: {:.2} of it", tap / relay);
        ratios.push(tap / relay);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median of {ROUNDS} rounds: a tap passes {:.2} of a plain relay", ratios[ROUNDS / 2]);
    Ok(())
}

/// GB/s from a client through a relay to a server that discards everything.
fn throughput(relay: fn(SocketAddr) -> io::Result<SocketAddr>) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(relay(listener.local_addr()?)?)?;
    let (mut server, _) = listener.accept()?;
    let sink = thread::spawn(move || io::copy(&mut server, &mut io::sink()));
    let began = Instant::now();
    let bytes = vec![7; WRITE_LEN];
    for _ in 0..WRITES {
        client.write_all(&bytes)?;
    }
    client.shutdown(Shutdown::Write)?;
    let passed = sink.join().map_err(|_| io::ErrorKind::Other)??;
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(passed as f64 / began.elapsed().as_secs_f64() / 1e9)
}

/// The same as the tap, without watching.
fn plain_relay(server: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || -> io::Result<()> {
        let (mut client, _) = listener.accept()?;
        let mut server = TcpStream::connect(server)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match client.read(&mut buffer)? {
                0 => return server.shutdown(Shutdown::Write),
                n => server.write_all(&buffer[..n])?,
            }
        }
    });
    Ok(addr)
}

/// A tap whose watcher takes a copy of each piece to another thread.
fn tap(server: SocketAddr) -> io::Result<SocketAddr> {
    let tap = Tap::new(server, None)?;
    let addr = tap.addr()?;
    let (watcher, pieces) = mpsc::sync_channel::<Vec<u8>>(64);
    thread::spawn(move || pieces.into_iter().map(|piece| piece.len()).sum::<usize>());
    thread::spawn(move || {
        tap.relay(|chunk| {
            if let Some(bytes) = chunk.bytes {
                _ = watcher.send(bytes.to_vec());
            }
        })
    });
    Ok(addr)
}
