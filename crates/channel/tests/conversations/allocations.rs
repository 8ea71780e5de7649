//! What a record costs in memory, counted by the allocator.

use allocation_counter::measure;
use channel::Receiver;
use framing::MAX_PLAINTEXT_LEN;

use crate::stages::{REQUEST, Stage};
use crate::wire::{End, channel};

fn a_thousand_further_round_trips_allocate_nothing_at<S: Stage>() {
    let (here, there) = End::pair();
    let (mut here, mut there) = (channel::<S, _>(here), channel::<S, _>(there));
    let mut round_trip = |plaintext: &[u8]| {
        here.send(plaintext).unwrap();
        there.recv().unwrap().unwrap();
        there.send(plaintext).unwrap();
        assert!(here.recv().unwrap().unwrap() == plaintext);
    };
    // Until all buffers have grown as large as they get.
    let warming_up = measure(|| (0..5).for_each(|_| round_trip(&[7; MAX_PLAINTEXT_LEN])));
    assert!(warming_up.count_total > 0, "allocations are counted");
    let further = measure(|| (0..1_000).for_each(|_| round_trip(REQUEST)));
    assert_eq!(further.count_total, 0);
}
at! { a_thousand_further_round_trips_allocate_nothing_at: ctr(), hmac(), hmac_seq(), aead() }

/// Whatever the header announces: at most 4 KiB.
#[test]
fn a_header_that_announces_4_gib_costs_the_receiver_next_to_nothing() {
    let mut receiver = Receiver::new(&[0xff; 4][..], crypto::aead::Opener::opener());
    let cost = measure(|| assert!(receiver.recv().is_err()));
    assert!(cost.bytes_max <= 4 * 1024, "{} bytes", cost.bytes_max);
}
