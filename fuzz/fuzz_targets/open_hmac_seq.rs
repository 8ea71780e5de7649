#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| invariants::opening::<crypto::hmac_seq::Opener>(input));
