//! The victim of `cargo xtask attack nonce-reuse`: a client that makes its nonces by counting its
//! records. It seals a request for each of two connections, and reports what would go out.
//!
//! Counting is right where every connection has a key of its own, as in TLS 1.3 (RFC 8446, section
//! 5.3). Here all have the same key, so record 0 of both connections gets nonce 0.

use std::env;

use anyhow::{Result, bail};
use crypto::{Seal, aead, ctr, nonce_reuse};
use program::REQUEST;
use stages::{PART1_CTR, PART2_AEAD, Stage};
use transcript::{Event, EventKind, EventWriter, Format, Record, Role, output};

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let stage = args.next().unwrap_or_default();
    let format = if args.next().as_deref() == Some("--json") { Format::Json } else { Format::Text };
    let writer = EventWriter::new(format);
    let mut requests: Vec<_> = args.collect();
    if requests.is_empty() {
        requests = vec![REQUEST.to_owned(), REQUEST.replace("100", "900")];
    }
    match stage.as_str() {
        "part1-ctr" => connect_each(&PART1_CTR, &writer, &requests, || {
            nonce_reuse::ctr(&demo_keys::ctr(), [0; ctr::NONCE_LEN])
        }),
        "part2-aead" => connect_each(&PART2_AEAD, &writer, &requests, || {
            nonce_reuse::aead(&demo_keys::aead(), [0; aead::NONCE_LEN])
        }),
        _ => bail!("usage: nonce_reuse_victim part1-ctr|part2-aead [--json [REQUEST]...]"),
    }?;
    Ok(output::all(writer.finish())?)
}

/// Seals each request for a connection of its own, and reports what would go out.
fn connect_each<S: Seal>(
    stage: &'static Stage,
    writer: &EventWriter,
    requests: &[String],
    new_sealer: impl Fn() -> S,
) -> Result<()> {
    for request in requests {
        let mut payload = Vec::new();
        new_sealer().seal(&[], request.as_bytes(), &mut payload)?;
        let record = Record::new(stage, 0, request.as_bytes(), &payload);
        writer.write(&Event { role: Role::Client, stage, kind: EventKind::Sent(record) });
    }
    Ok(())
}
