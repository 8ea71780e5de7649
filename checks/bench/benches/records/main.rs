//! The cost of one record: sealing and opening at each stage, beside the bare primitives and a copy.
//!
//! `cargo bench --manifest-path checks/bench/Cargo.toml --bench records`, and for the other engine with
//! `--features aws-lc-rs`.

mod bare;

use std::fmt;
use std::ops::Deref;

use crypto::{Open, Seal};
use demo_keys::SealerAndOpener;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use stages::{STAGES, Stage};

use bare::{Bare, BareCtr, BareCtrHmac, BareGcm};

fn main() {
    divan::main();
}

/// Lengths of a plaintext in bytes: the articles' request, a page, the longest.
const LENGTHS: [usize; 3] = [61, 1024, 16 * 1024];

/// A record of a stage, sealed and opened with the articles' keys.
#[derive(Clone, Copy)]
struct Case {
    stage: &'static Stage,
    len: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stage.short_name(), self.len)
    }
}

impl Case {
    /// Every stage that has demo keys, at every length.
    fn all() -> impl Iterator<Item = Self> {
        let stages = STAGES.iter().filter(|stage| demo_keys::sealer_and_opener(stage).is_some());
        stages.flat_map(|stage| LENGTHS.map(|len| Self { stage, len }))
    }

    /// A sealer and an opener, the header of a record, and its plaintext.
    fn parts(self) -> (SealerAndOpener, impl Deref<Target = [u8]>, Vec<u8>) {
        let keyed = demo_keys::sealer_and_opener(self.stage).expect("a stage with demo keys");
        (keyed, self.stage.header().encode(self.len + self.stage.overhead()), vec![7; self.len])
    }
}

#[divan::bench(args = Case::all())]
fn seal(bencher: Bencher, case: Case) {
    let ((mut sealer, _), header, plaintext) = case.parts();
    let mut payload = Vec::with_capacity(2 * case.len + 100);
    bencher.counter(BytesCount::new(case.len)).bench_local(|| {
        payload.clear();
        sealer.seal(&header, black_box(&plaintext), &mut payload)
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

#[divan::bench(args = Case::all())]
fn open(bencher: Bencher, case: Case) {
    let ((mut sealer, mut opener), header, plaintext) = case.parts();
    let sealed = || {
        let mut payload = Vec::new();
        sealer.seal(&header, &plaintext, &mut payload).expect("sealed");
        payload
    };
    bencher.counter(BytesCount::new(case.len)).with_inputs(sealed).bench_local_refs(|payload| {
        opener.open(&header, black_box(payload)).map(|plaintext| plaintext.len())
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
#[divan::bench(args = Case::all())]
fn seal_and_open(bencher: Bencher, case: Case) {
    let ((mut sealer, mut opener), header, plaintext) = case.parts();
    let mut payload = Vec::with_capacity(2 * case.len + 100);
    bencher.counter(BytesCount::new(case.len)).bench_local(|| {
        payload.clear();
        sealer.seal(&header, black_box(&plaintext), &mut payload).expect("sealed");
        opener.open(&header, &mut payload).map(|plaintext| plaintext.len())
    });
}
