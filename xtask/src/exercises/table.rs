//! The six exercises, with their hints.

use super::{Exercise, attacks, cut, defences};

/// All exercises.
pub const EXERCISES: [Exercise; 6] = [
    Exercise {
        number: 1,
        title: "recover a request from a nonce used twice",
        file: "1_nonce_reuse.rs",
        hints: &[
            "key and nonce make the keystream: what is the same in both records?",
            "ciphertext xor plaintext is keystream, and you have both of the first record.",
            "xor that keystream into the second ciphertext, byte by byte, as far as it goes.",
        ],
        check: attacks::nonce_reuse,
    },
    Exercise {
        number: 2,
        title: "turn 100 into 900 at ctr",
        file: "2_bit_flip.rs",
        hints: &[
            "what becomes of the plaintext when one bit of the ciphertext is flipped? cargo xtask \
             attack bit-flip part1-ctr shows it.",
            "b'1' is 0x31 and b'9' is 0x39: what must be xored into the one to get the other?",
            "the 1 is at GUESS.find(\"100\") in the plaintext. In front of the ciphertext stand the \
             length and the nonce.",
        ],
        check: attacks::bit_flip,
    },
    Exercise {
        number: 3,
        title: "write the receiver's check for hmac-seq, in the right order",
        file: "3_receiver_check.rs",
        hints: &[
            "until you know that the record is genuine, each field of it is whatever somebody wrote \
             there. Which of the three steps tells you?",
            "a genuine record may still be an old one: know its place before you decrypt it.",
            "a record that is refused has not been received: expected moves on when nothing can be \
             refused any more.",
        ],
        check: defences::receiver_check,
    },
    Exercise {
        number: 4,
        title: "find the planted bug in a record reader",
        file: "4_record_reader.rs",
        hints: &[
            "the stream may end in three places: between records, inside a length, inside a payload. \
             Follow each of them through the code.",
            "fill says that the stream has ended. What does it not say?",
            "let fill return how many bytes came. Which number is a clean end, and where?",
        ],
        check: cut::record_reader,
    },
    Exercise {
        number: 5,
        title: "reflect a request at aead",
        file: "5_reflect.rs",
        hints: &[
            "the client checks tag and seq of its answer. Who can make a right tag, and which seq does \
             the client expect first?",
            "you hold a record with a right tag and seq 0: the one the client has just sent.",
            "what you take from session.requests can be sent on session.answers.",
        ],
        check: attacks::reflect,
    },
    Exercise {
        number: 6,
        title: "make the channel refuse reflection without changing the wire, and say what that costs",
        file: "6_refuse_reflection.rs",
        hints: &[
            "which bytes of a payload tell your records from the server's? Its seq does not: both count \
             from 0.",
            "keep the tag of each payload that you send. Several may be on their way before the first \
             answer comes.",
            "your record 3, sent back, can only be taken for the server's record 3. When can you forget \
             its tag?",
        ],
        check: defences::refuse_reflection,
    },
];
