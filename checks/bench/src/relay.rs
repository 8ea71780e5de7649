//! A hop that passes bytes on unchanged: the cost of a tunnel before it encrypts.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::Result;

/// The most it takes and passes on at a time, in bytes: as much as the client of a measurement
/// writes.
const BUFFER_LEN: usize = 64 * 1024;

/// Passes on what connections to `listen` bring to `connect`, and back, until it is killed.
pub fn serve(listen: SocketAddr, connect: SocketAddr) -> Result<()> {
    for near in TcpListener::bind(listen)?.incoming() {
        let (near, far) = (Arc::new(near?), Arc::new(TcpStream::connect(connect)?));
        for (from, to) in [(near.clone(), far.clone()), (far, near)] {
            from.set_nodelay(true)?;
            thread::spawn(move || pass_on(&from, &to));
        }
    }
    Ok(())
}

/// Copies until one side has nothing more to say, and then passes that on to the other.
fn pass_on(mut from: &TcpStream, mut to: &TcpStream) {
    let mut buffer = vec![0; BUFFER_LEN];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..len]).is_err() {
            break;
        }
    }
    _ = to.shutdown(Shutdown::Write);
}
