//! What a record costs in memory, counted by the allocator.

use allocation_counter::measure;
use channel::{Channel, Receiver};
use crypto::{Open, Seal};
use framing::{Header, MAX_PLAINTEXT_LEN};

use crate::common::{REQUEST, every_stage};
use crate::wire::{End, channel};

fn a_thousand_further_round_trips_allocate_nothing<S: Seal, O: Open>(
    [mut here, mut there]: [Channel<End, S, O>; 2],
) {
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

#[test]
fn a_thousand_further_round_trips_allocate_nothing_with_a_boxed_sealer_and_opener() {
    for stage in every_stage() {
        let (here, there) = End::pair();
        a_thousand_further_round_trips_allocate_nothing(
            [here, there].map(|end| channel(stage, end)),
        );
    }
}

#[test]
fn a_thousand_further_round_trips_allocate_nothing_with_a_bare_sealer_and_opener() {
    macro_rules! channels {
        ($module:ident) => {{
            let (here, there) = End::pair();
            let keys = demo_keys::$module();
            [here, there].map(|end| {
                let sealer = crypto::$module::Sealer::new(&keys);
                Channel::new(end, Header::LENGTH, sealer, crypto::$module::Opener::new(&keys))
            })
        }};
    }
    a_thousand_further_round_trips_allocate_nothing(channels!(ctr));
    a_thousand_further_round_trips_allocate_nothing(channels!(hmac));
    a_thousand_further_round_trips_allocate_nothing(channels!(hmac_seq));
    a_thousand_further_round_trips_allocate_nothing(channels!(aead));
}

/// Whatever the header announces: at most 4 KiB.
#[test]
fn a_header_that_announces_4_gib_costs_the_receiver_next_to_nothing() {
    let opener = crypto::aead::Opener::new(&demo_keys::aead());
    let mut receiver = Receiver::new(&[0xff; 4][..], Header::LENGTH, opener);
    let cost = measure(|| assert!(receiver.recv().is_err()));
    assert!(cost.bytes_max <= 4 * 1024, "{} bytes", cost.bytes_max);
}
