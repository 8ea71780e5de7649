use std::sync::LazyLock;

use messages::DecodeError;
use messages::decoder::MAX_SPANS;
use messages::tls13::HandshakeMessage;

use crate::Choices;
use crate::messages::assert_tiles;

/// The most bytes that an explanation says of one message.
const MAX_SAID: usize = 64 * 1_024;

/// The messages of RFC 8448's traces: Hellos, and requests for another, in the clear, and what follows under keys.
pub(crate) static KNOWN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let vectors = include_str!("../../tls/tests/vectors/rfc8448.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).expect("it is JSON");
    let bytes = |value: &serde_json::Value| {
        hex::decode(value.as_str().unwrap_or_default()).expect("it is hex")
    };
    let mut known = Vec::new();
    for trace in vectors["traces"].as_array().expect("there are some") {
        for name in ["ClientHello_1", "HelloRetryRequest", "ClientHello_2", "ServerHello"] {
            known.extend(bytes(&trace["records"][name]).get(5..).map(<[u8]>::to_vec));
        }
        for side in ["server_messages", "client_messages"] {
            let messages = trace[side].as_array().expect("there are some");
            known.extend(messages.iter().map(|message| bytes(&message[1])));
        }
        known.push(bytes(&trace["new_session_ticket"]));
    }
    known.sort_unstable();
    known.dedup();
    known
});

/// Any bytes are named to the last, in no more spans and text than is told of one message; and those that are a message
/// are written to the same bytes again, and read as the same again.
///
/// # Panics
/// Where that does not hold.
pub fn tls13_messages(input: &[u8]) {
    let message = message(&mut Choices::new(input));
    let explained = HandshakeMessage::explain(&message);
    assert_tiles(&explained.spans, 0, message.len());
    let leaves: Vec<_> = explained.leaves().cloned().collect();
    assert_tiles(&leaves, 0, message.len());
    assert!(leaves.len() <= MAX_SPANS + 4);
    assert!(leaves.iter().map(|leaf| leaf.says.len()).sum::<usize>() <= MAX_SAID);

    let decoded = HandshakeMessage::decode(&message);
    let has_rest = leaves.iter().any(|leaf| leaf.name == "rest");
    let decoded = match decoded {
        Ok(decoded) => decoded,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            // Whatever ends too early has nothing left that could not be read.
            assert!(has_rest || !matches!(error, DecodeError::Surplus { .. }));
            return;
        }
    };
    assert!(!has_rest);
    assert!(decoded.kind().is_known() && decoded.kind().0 == message[0]);
    let again = decoded.encode();
    let has_no_extensions = match &decoded {
        HandshakeMessage::ClientHello(hello) => hello.extensions.is_empty(),
        HandshakeMessage::ServerHello(hello) => hello.extensions.is_empty(),
        _ => false,
    };
    // A Hello of TLS 1.2 may leave out even their length.
    let is_shorter = has_no_extensions && message.len() + 2 == again.len();
    assert!(again == message || is_shorter && again[4..].starts_with(&message[4..]));
    assert_eq!(HandshakeMessage::decode(&again).as_ref(), Ok(&decoded));
}

/// Any bytes, or a known message: as it is, or with bytes changed, put in or taken out, its lengths true or not.
pub(crate) fn message(choices: &mut Choices<'_>) -> Vec<u8> {
    let Some(known) = KNOWN.get(usize::from(choices.byte())) else {
        return choices.rest().to_vec();
    };
    let mut message = known.clone();
    for _ in 0..choices.below(6) {
        let at = choices.number() % (message.len() + 1);
        match choices.below(6) {
            0 | 1 => {
                let change = choices.byte();
                if let Some(byte) = message.get_mut(at) {
                    *byte ^= change;
                }
            }
            2 => {
                let len = choices.byte();
                message.splice(at..at, choices.bytes(len.into()).iter().copied());
            }
            3 => {
                let end = message.len().min(at + usize::from(choices.byte()));
                message.drain(at..end);
            }
            4 => message.truncate(at),
            _ => {
                let end = message.len().min(at + choices.number());
                message.extend_from_within(at..end);
            }
        }
    }
    // Most often the length in front is true.
    if choices.below(8) > 0
        && let Some(len) = message.len().checked_sub(4)
    {
        message[1..4].copy_from_slice(&u32::try_from(len).unwrap_or_default().to_be_bytes()[1..]);
    }
    message
}
