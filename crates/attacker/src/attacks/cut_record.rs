//! Cuts a message short inside, so that `amount=100` becomes `amount=1`.
//!
//! **Needs** the layout of a record, and a guess at where the amount stands. The length in front is
//! nobody's secret and is made to fit; at the plain stage it is the empty line that has to come early.
//! **Uses** the lack of integrity.

use std::io;

use super::AMOUNT;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "cut-record",
    tries: "cut a message short inside, so that 100 becomes 1",
    property: "integrity",
    closed_by: "part2-hmac",
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let mut request = session.requests.take()?;

    let kept = AMOUNT + 1;
    if let Ok(nonce) = request.field("nonce") {
        let before = nonce.len() + request.field("seq").map_or(0, |seq| seq.len());
        request.cut_payload(before + kept);
    } else {
        let text = [&request.bytes()[..kept], b"\r\n\r\n"].concat();
        request.replace(&text);
    }

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}
