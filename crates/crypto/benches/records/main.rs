//! What one record costs: sealing and opening at each stage, beside the bare primitives and a copy.
//!
//! `cargo bench -p crypto`, and for the other engine `cargo bench -p crypto --features aws-lc-rs`.

mod bare;

use crypto::{Open, Seal, aead, ctr, hmac, hmac_seq};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

use bare::{Bare, BareCtr, BareCtrHmac, BareGcm};

fn main() {
    divan::main();
}

/// Lengths of a plaintext in bytes: the articles' request, a page, the longest.
const LENGTHS: [usize; 3] = [61, 1024, 16 * 1024];

/// A stage under the articles' keys.
trait Stage {
    type Sealer: Seal;
    type Opener: Open;

    fn sealer() -> Self::Sealer;
    fn opener() -> Self::Opener;
}

macro_rules! stages {
    ($($name:ident = $stage:ident),*) => { $(
        struct $name;

        impl Stage for $name {
            type Sealer = $stage::Sealer;
            type Opener = $stage::Opener;

            fn sealer() -> Self::Sealer {
                $stage::Sealer::new(&$stage::Keys::demo())
            }

            fn opener() -> Self::Opener {
                $stage::Opener::new(&$stage::Keys::demo())
            }
        }
    )* };
}
stages! { Ctr = ctr, Hmac = hmac, HmacSeq = hmac_seq, Aead = aead }

#[divan::bench(types = [Ctr, Hmac, HmacSeq, Aead], args = LENGTHS)]
fn seal<S: Stage>(bencher: Bencher, len: usize) {
    let (mut sealer, plaintext) = (S::sealer(), vec![7; len]);
    let mut payload = Vec::with_capacity(2 * len + 100);
    bencher.counter(BytesCount::new(len)).bench_local(|| {
        payload.clear();
        sealer.seal(black_box(&plaintext), &mut payload)
    });
}

/// The primitives of `seal`, and the copy of the plaintext that appending it takes.
#[divan::bench(types = [BareCtr, BareCtrHmac, BareGcm], args = LENGTHS)]
fn seal_bare<B: Bare>(bencher: Bencher, len: usize) {
    let (bare, plaintext) = (B::new(), vec![7; len]);
    let mut payload = Vec::with_capacity(2 * len + 100);
    bencher.counter(BytesCount::new(len)).bench_local(|| {
        payload.clear();
        payload.extend_from_slice(black_box(&plaintext));
        bare.seal(&mut payload)
    });
}

#[divan::bench(types = [Ctr, Hmac, HmacSeq, Aead], args = LENGTHS)]
fn open<S: Stage>(bencher: Bencher, len: usize) {
    let (mut sealer, mut opener, plaintext) = (S::sealer(), S::opener(), vec![7; len]);
    let sealed = || {
        let mut payload = Vec::new();
        sealer.seal(&plaintext, &mut payload).expect("sealed");
        payload
    };
    bencher.counter(BytesCount::new(len)).with_inputs(sealed).bench_local_refs(|payload| {
        opener.open(black_box(payload)).map(|plaintext| plaintext.len())
    });
}

/// The primitives of `open`.
#[divan::bench(types = [BareCtr, BareCtrHmac, BareGcm], args = LENGTHS)]
fn open_bare<B: Bare>(bencher: Bencher, len: usize) {
    let bare = B::new();
    let sealed = || {
        let mut data = vec![7; len];
        let tag = bare.seal(&mut data);
        (data, tag)
    };
    bencher
        .counter(BytesCount::new(len))
        .with_inputs(sealed)
        .bench_local_refs(|(data, tag)| assert!(bare.open(black_box(data), tag)));
}

/// Both, as the articles' figures count them: a record sealed, then opened.
#[divan::bench(types = [Ctr, Hmac, HmacSeq, Aead], args = LENGTHS)]
fn seal_and_open<S: Stage>(bencher: Bencher, len: usize) {
    let (mut sealer, mut opener, plaintext) = (S::sealer(), S::opener(), vec![7; len]);
    let mut payload = Vec::with_capacity(2 * len + 100);
    bencher.counter(BytesCount::new(len)).bench_local(|| {
        payload.clear();
        sealer.seal(black_box(&plaintext), &mut payload).expect("sealed");
        opener.open(&mut payload).map(|plaintext| plaintext.len())
    });
}
