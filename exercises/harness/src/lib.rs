//! Turns exercises into programs, which real clients and servers talk to.
//!
//! An exercise is a function, or a few. Its `main` hands them to one of these:
//!
//! - [`record_reader`]: a server of aead whose every record is read by the exercise.
//! - [`on_path`]: stands between a client and a server.
//! - [`oracle`]: gives a payload and a server to be questioned, and reports what comes back.
//! - [`receiver_check`]: a server of hmac-seq whose every record is opened by the exercise.
//! - [`reflection`]: a client of aead that asks the exercise about every record.
//! - [`sixth_stage`]: a client and a server whose records say what the exercise puts into them.
//! - [`key_schedule`]: a server of hkdf whose keys the exercise derives.
//! - [`middle`]: stands between a client and a server of hkdf that have not agreed on anything yet.
//! - [`chains`]: gives chains of certificates, and reports what the exercise says is wrong with them.
//! - [`bound`]: a client and a server of cert, whose exercise says what is signed and what goes into the keys; and someone
//!   on the path, who is told too.
//! - [`nonce_reuse`]: gives two payloads and a plaintext, and reports what comes back.
//!
//! With the feature `tls13`, for those of part 5:
//!
//! - `open_record`: gives a record of TLS 1.3 and its keys, and reports what the exercise finds in it.
//! - `finished`: gives a secret and what was said, and reports the tag that the exercise makes.
//! - `changed_hello`: gives a change to a `ClientHello`, and reports who the exercise says notices it.
//!
//! `utf8_server` is the server of the oracle.
//!
//! What a function does is observed from outside, by what its program does to the real ones. What
//! cannot be seen from there, such as the order of its steps, is observed here. A wrong order is a
//! *fault*, which ends the program; so are a panic, and running for ever.

pub mod bound;
pub mod chains;
#[cfg(feature = "tls13")]
pub mod changed_hello;
#[cfg(feature = "tls13")]
pub mod finished;
pub mod key_schedule;
pub mod middle;
pub mod nonce_reuse;
pub mod on_path;
#[cfg(feature = "tls13")]
pub mod open_record;
pub mod oracle;
pub mod receiver_check;
pub mod record_reader;
pub mod reflection;
pub mod sixth_stage;

use std::io::{self, Write};
use std::time::Duration;
use std::{panic, process, thread};

/// The exit code after a fault. The last line on standard error says what it was.
pub const FAULT: i32 = 4;

/// Time limit for most programs. What they are asked to do takes a fraction of a second.
const LIMIT: Duration = Duration::from_secs(10);

/// Ends the program within `limit` in any case, and says why.
fn begin(limit: Duration) {
    panic::set_hook(Box::new(|panic| fault(&format!("your code {panic}"))));
    thread::spawn(move || {
        thread::sleep(limit);
        let seconds = limit.as_secs();
        fault(&format!(
            "your code has not finished within {seconds} s: it loops, or waits for something that never comes"
        ))
    });
}

/// Says in one line what the exercise did that it must not do, and ends the program. The exercise
/// may have begun a line of its own, which ends here.
fn fault(what: &str) -> ! {
    _ = writeln!(io::stderr(), "\n{}", what.replace('\n', " "));
    process::exit(FAULT)
}
