#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| invariants::opening::<crypto::ctr::Opener>(input));
