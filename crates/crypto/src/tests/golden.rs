//! Every payload that the articles' own Python programs made opens here, and is made here again, byte
//! for byte, from its nonce and number.

use serde::Deserialize;

use super::{keys, vectors};
use crate::nonce::Nonces;
use crate::sequence::Sequence;
use crate::{Open, Seal, aead, ctr, hmac, hmac_seq};

#[derive(Deserialize)]
struct Vectors {
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    stage: String,
    #[serde(default)]
    seq: u64,
    #[serde(with = "hex")]
    nonce: Vec<u8>,
    #[serde(with = "hex")]
    plaintext: Vec<u8>,
    #[serde(with = "hex", rename = "record")]
    payload: Vec<u8>,
}

fn records(stage: &str) -> Vec<Record> {
    let Vectors { mut records } = vectors!("records.json");
    assert_eq!(records.len(), 130);
    records.retain(|record| record.stage == stage);
    records
}

fn opens_and_is_reproduced(record: &Record, mut sealer: impl Seal, mut opener: impl Open) {
    let mut payload = Vec::new();
    sealer.seal(&[], &record.plaintext, &mut payload).unwrap();
    assert_eq!(hex::encode(payload), hex::encode(&record.payload));

    let mut payload = record.payload.clone();
    let plaintext = opener.open(&[], &mut payload).unwrap();
    assert_eq!(hex::encode(plaintext), hex::encode(&record.plaintext));
}

/// A test for the `count` records of a stage, its sealer and opener set as each record says.
macro_rules! golden {
    ($test:ident, $stage:ident, $name:literal, $count:literal $(, $sequence:ident)?) => {
        #[test]
        fn $test() {
            let records = records($name);
            assert_eq!(records.len(), $count);
            for record in records {
                let keys = keys::$stage();
                let mut sealer = $stage::Sealer::new(&keys);
                sealer.nonces = Nonces::fixed(record.nonce[..].try_into().unwrap());
                #[allow(unused_mut)]
                let mut opener = $stage::Opener::new(&keys);
                $(
                    sealer.$sequence = Sequence::starting_at(record.seq);
                    opener.$sequence = Sequence::starting_at(record.seq);
                )?
                opens_and_is_reproduced(&record, sealer, opener);
            }
        }
    };
}

golden!(all_17_of_ctr_open_and_are_reproduced, ctr, "ctr", 17);
golden!(all_17_of_hmac_open_and_are_reproduced, hmac, "hmac", 17);
golden!(all_50_of_hmac_seq_open_and_are_reproduced, hmac_seq, "hmac-seq", 50, sequence);
golden!(all_46_of_aead_open_and_are_reproduced, aead, "aead", 46, sequence);
