//! What a connection costs.

use std::thread;

use allocation_counter::measure;

use crate::pipe::pair;
use crate::{client_config, connect, server_config};

/// The most bytes of the heap that a connection may hold that nobody uses.
const MAX_IDLE: i64 = 64 * 1024;

#[test]
fn an_idle_connection_holds_little_and_data_costs_no_allocation() {
    const ROUNDS: usize = 8;
    let data = [7; 1 << 14];
    let (ours, theirs) = pair();
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let mut stream = None;
            let config = server_config();
            let idle = measure(|| stream = Some(tls::accept(theirs.clone(), &config).unwrap()));
            assert!((1..=MAX_IDLE).contains(&idle.bytes_current), "{idle:?}");
            let mut stream = stream.unwrap();
            // The buffers grow to what they have to hold.
            for _ in 0..ROUNDS {
                stream.write(&data).unwrap();
            }
            let mut answer = [0; 4];
            assert_eq!(stream.read(&mut answer).unwrap(), 4);
            let sealing = measure(|| stream.write(&data).unwrap());
            assert_eq!(sealing.count_total, 0, "{sealing:?}");
        });
        let mut stream = None;
        let config = client_config();
        let idle = measure(|| stream = Some(connect(ours.clone(), &config).unwrap()));
        assert!((1..=MAX_IDLE).contains(&idle.bytes_current), "{idle:?}");
        let mut stream = stream.unwrap();
        let mut buffer = [0; 5_000];
        let mut read = |len: usize, stream: &mut tls::TlsStream<_>| {
            let mut got = 0;
            while got < len {
                got += stream.read(&mut buffer[..5_000.min(len - got)]).unwrap();
            }
        };
        read((ROUNDS - 1) * data.len(), &mut stream);
        let opening = measure(|| read(data.len(), &mut stream));
        assert_eq!(opening.count_total, 0, "{opening:?}");
        stream.write(b"next").unwrap();
        read(data.len(), &mut stream);
        server.join().unwrap();
    });
}
