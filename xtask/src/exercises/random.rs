//! Requests that nobody can know beforehand: a constant solves no exercise.

use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;

/// Returns a number of this range. The keys of a hash map are the one source of randomness in the standard
/// library, and good enough for a test.
pub(super) fn number(range: RangeInclusive<usize>) -> usize {
    let (first, last) = range.into_inner();
    let random = RandomState::new().hash_one(first) % (last - first + 1) as u64;
    first + usize::try_from(random).unwrap_or(0)
}

/// Returns a word of this many letters.
pub(super) fn word(len: usize) -> String {
    let letters = || char::from(b'a' + u8::try_from(number(0..=25)).unwrap_or(0));
    (0..len).map(|_| letters()).collect()
}

/// Returns a request like the articles', with a name and a host of this many letters.
pub(super) fn request(name_len: usize, host_len: usize) -> String {
    let (name, host, amount) = (word(name_len), word(host_len), number(100..=499));
    format!("GET /transfer?to={name}&amount={amount} HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

/// Returns one client with this many requests, 8 at most, each of a different length, for a
/// scenario. They are kept until the process ends, which is soon.
pub(super) fn one_client(requests: usize) -> &'static [&'static [&'static str]] {
    let (start, host_len) = (number(0..=7), number(4..=12));
    let requests = (start..start + requests).map(|turn| request(3 + turn % 8, host_len));
    let requests: Vec<&str> = requests.map(|request| &*request.leak()).collect();
    vec![&*requests.leak()].leak()
}
