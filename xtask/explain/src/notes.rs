//! Sentences about what was found in the files besides what is explained.

use sessions::capture::{Besides, MAX_CONNECTIONS};
use sessions::keylog::{Found, Lines};

/// Returns what a capture holds that is not explained.
pub fn of_capture(besides: &Besides) -> Vec<String> {
    let Besides { cut, fragments, datagrams, quic, uncounted, .. } = besides;
    let mut notes = Vec::new();
    if let Some(damage) = &besides.damage {
        notes.push(format!("the capture is damaged: {damage}"));
    }
    if *cut > 0 {
        notes.push(format!(
            "{} captured only in part: the program that captured has a limit for each packet (tcpdump -s 0 has none)",
            were(*cut, "packet")
        ));
    }
    if *fragments > 0 {
        notes.push(format!(
            "{} fragments of IP packets, which are not put together here",
            were(*fragments, "packet")
        ));
    }
    if *quic > 0 {
        notes.push(format!(
            "{} of UDP, {quic} of them from or to port 443, as QUIC's are. QUIC has TLS 1.3 inside, and is not explained",
            some(*datagrams, "datagram")
        ));
    }
    if *uncounted > 0 {
        notes.push(format!(
            "more than {MAX_CONNECTIONS} connections: {} of others passed over",
            were(*uncounted, "packet")
        ));
    }
    notes
}

/// Returns what was noticed when the connection that is explained was put in order.
pub fn of_connection(besides: &Besides) -> Vec<String> {
    let mut notes = Vec::new();
    if besides.differing > 0 {
        notes.push(format!(
            "{} sent twice, and not with the same bytes: the first copy is explained. A sender does not do that: the \
             capture is damaged, or someone else has sent one of them",
            were(besides.differing, "segment")
        ));
    }
    if besides.astray > 0 {
        notes.push(format!(
            "{} passed over: their numbers are far from those of the connection",
            were(besides.astray, "segment")
        ));
    }
    notes
}

/// Returns what is odd about a key log.
pub fn of_key_log(name: &str, found: &Found) -> Vec<String> {
    let mut notes = Vec::new();
    let Found { odd, differing, .. } = found;
    if odd.count > 0 {
        notes.push(format!("{name}: {} nothing that a key log has, and passed over", these(odd)));
    }
    if differing.count > 0 {
        notes.push(format!(
            "{name}: {} with another secret than an earlier line of the same label and client. The earlier one is used",
            these(differing)
        ));
    }
    if found.tls13 == 0 && found.secrets > 0 {
        notes.push(format!(
            "{name}: {}, none of them of TLS 1.3. TLS 1.2 is not explained",
            some(found.secrets, "secret")
        ));
    }
    notes
}

fn these(lines: &Lines) -> String {
    match lines.count {
        1 => format!("line {} is", lines.first),
        count => format!("line {} and {} more are", lines.first, count - 1),
    }
}

fn some(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn were(count: u64, what: &str) -> String {
    format!("{} {}", some(count, what), if count == 1 { "was" } else { "were" })
}
