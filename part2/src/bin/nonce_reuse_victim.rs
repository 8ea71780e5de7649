//! The victim of `cargo xtask attack nonce-reuse`: a client that counts its records to make its nonces.
//! It seals a request for each of two connections, and reports what would go out.
//!
//! Counting is right where every connection has a key of its own, as in TLS 1.3 (RFC 8446, section 5.3).
//! Here all have the same one, and record 0 of both connections gets nonce 0.

use std::env;

use anyhow::{Result, bail};
use crypto::{Seal, aead, ctr, nonce_reuse};
use framing::Stage;
use framing::stage::{PART1_CTR, PART2_AEAD};
use program::REQUEST;
use transcript::{Event, Format, Record, Reporter, Role, What};

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let stage = args.next().unwrap_or_default();
    let format = if args.next().as_deref() == Some("--json") { Format::Json } else { Format::Text };
    let reporter = Reporter::new(format);
    let mut requests: Vec<_> = args.collect();
    if requests.is_empty() {
        requests = vec![REQUEST.to_owned(), REQUEST.replace("100", "900")];
    }
    match stage.as_str() {
        "part1-ctr" => connect_each(&PART1_CTR, &reporter, &requests, || {
            nonce_reuse::ctr(&ctr::Keys::demo(), [0; ctr::NONCE_LEN])
        }),
        "part2-aead" => connect_each(&PART2_AEAD, &reporter, &requests, || {
            nonce_reuse::aead(&aead::Keys::demo(), [0; aead::NONCE_LEN])
        }),
        _ => bail!("usage: nonce_reuse_victim part1-ctr|part2-aead [--json [REQUEST]...]"),
    }
}

/// Seals each request for a connection of its own, and reports what would go out.
fn connect_each<S: Seal>(
    stage: &'static Stage,
    reporter: &Reporter,
    requests: &[String],
    new_sealer: impl Fn() -> S,
) -> Result<()> {
    for request in requests {
        let mut payload = Vec::new();
        new_sealer().seal(request.as_bytes(), &mut payload)?;
        let record = Record::new(stage, 0, request.as_bytes(), &payload);
        reporter.report(&Event { role: Role::Client, stage, what: What::Sent(record) });
    }
    Ok(())
}
