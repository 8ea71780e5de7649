//! What stands in front of a payload reaches its sealer before the payload is made, and its opener as it
//! arrived.

use std::cell::RefCell;
use std::rc::Rc;

use channel::{Receiver, Sender};
use crypto::{Open, OpenError, Seal, SealError};
use framing::Header;

use crate::wire::End;

/// The shape of the header of TLS 1.3: 3 bytes with another use and 2 of length (RFC 8446, section
/// 5.1).
const TLS: Header = Header { prefix_len: 3, length_len: 2 };

/// The headers that were handed over.
#[derive(Clone, Default)]
struct Headers(Rc<RefCell<Vec<Vec<u8>>>>);

impl Headers {
    fn record(&self, header: &[u8]) {
        self.0.borrow_mut().push(header.to_vec());
    }

    fn take(&self) -> Vec<Vec<u8>> {
        self.0.take()
    }
}

/// Adds 2 bytes and protects nothing.
impl Seal for Headers {
    fn overhead(&self) -> usize {
        2
    }

    fn seal(
        &mut self,
        header: &[u8],
        plaintext: &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        self.record(header);
        payload.extend_from_slice(b"<>");
        payload.extend_from_slice(plaintext);
        Ok(())
    }
}

impl Open for Headers {
    fn overhead(&self) -> usize {
        2
    }

    fn open<'p>(
        &mut self,
        header: &[u8],
        payload: &'p mut [u8],
    ) -> Result<&'p mut [u8], OpenError> {
        self.record(header);
        Ok(&mut payload[2..])
    }
}

#[test]
fn a_sealer_is_handed_the_header_that_is_written_in_front_of_its_payload() {
    for header in [TLS, Header::LENGTH] {
        let (end, headers) = (End::default(), Headers::default());
        let mut sender = Sender::new(end.clone(), header, headers.clone());
        sender.queue(b"hello").unwrap();
        sender.queue(&[7; 700]).unwrap();
        assert_eq!(end.writes.get(), 0, "before anything is written");
        let [first, second] = [7, 702].map(|payload_len| header.encode(payload_len).to_vec());
        assert_eq!(headers.take(), [first.clone(), second.clone()]);

        sender.flush().unwrap();
        let expected = [&first, &b"<>hello"[..], &second, b"<>", &[7; 700]].concat();
        assert_eq!(*end.outgoing.borrow(), expected);
    }
}

#[test]
fn an_opener_is_handed_the_header_as_it_arrived_prefix_and_all() {
    let stream = [&[23, 3, 3, 0, 7][..], b"<>hello", &[0xff, 0xfe, 0xfd, 0, 3], b"<>!"].concat();
    let headers = Headers::default();
    let mut receiver = Receiver::new(&stream[..], TLS, headers.clone());
    assert_eq!(receiver.recv().unwrap().unwrap(), b"hello");
    assert_eq!(receiver.recv().unwrap().unwrap(), b"!");
    assert_matches!(receiver.recv(), Ok(None));
    assert_eq!(headers.take(), [[23, 3, 3, 0, 7], [0xff, 0xfe, 0xfd, 0, 3]]);
}
