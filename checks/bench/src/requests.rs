//! Requests and answers, one after the other on each connection.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::end::End;
use crate::protocol::Protocol;
use crate::window::{Latency, Measured, Window};

/// The articles' request: 61 bytes.
const REQUEST: &[u8] = b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// The articles' answer: 78 bytes.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nhello, client";

/// Measures exchanges per second over all of `connections`, each with a thread at either end.
pub fn measure(protocol: Protocol, connections: usize, length: Duration) -> Result<Measured> {
    ensure!(connections > 0, "nobody asks without a connection");
    let ends = (0..connections).map(|_| protocol.connect()).collect::<Result<Vec<_>>>()?;
    let window = &Window::default();
    thread::scope(|scope| {
        let mut clients = Vec::new();
        let mut servers = Vec::new();
        for (mut here, mut there) in ends {
            clients.push(scope.spawn(move || ask(here.as_mut(), window)));
            servers.push(scope.spawn(move || answer(there.as_mut())));
        }
        let mut measured = window.watch(length);
        let mut latencies = Vec::new();
        for client in clients {
            latencies.extend(client.join().ok().context("a client panicked")??);
        }
        for server in servers {
            server.join().ok().context("a server panicked")??;
        }
        measured.latency = Some(Latency::of(latencies));
        Ok(measured)
    })
}

fn ask(end: &mut dyn End, window: &Window) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    while !window.is_over() {
        let began = Instant::now();
        end.write(REQUEST)?;
        end.flush()?;
        ensure!(arrives(end, ANSWER)?, "the answer did not come");
        latencies.push(began.elapsed());
        window.add_one();
    }
    end.close()?;
    Ok(latencies)
}

fn answer(end: &mut dyn End) -> Result<()> {
    while arrives(end, REQUEST)? {
        end.write(ANSWER)?;
        end.flush()?;
    }
    Ok(())
}

/// Returns whether `message` comes next, or `false` at the end. Anything else is an error.
fn arrives(end: &mut dyn End, message: &[u8]) -> Result<bool> {
    let mut missing = message;
    while !missing.is_empty() {
        let Some(arrived) = end.read()? else {
            ensure!(missing == message, "the connection ended inside a message");
            return Ok(false);
        };
        missing = missing.strip_prefix(arrived).context("another message arrived than was sent")?;
    }
    Ok(true)
}

impl Latency {
    fn of(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let at = |hundredths: usize| {
            let last = latencies.len().saturating_sub(1);
            latencies.get(last * hundredths / 100).map_or(0.0, |l| l.as_secs_f64() * 1e6)
        };
        Self { p50: at(50), p99: at(99) }
    }
}
