//! The five stages: their names, ports and limits, and where each field of a payload lies.
//!
//! This table is the one place that knows a record's layout from outside, without a key: diagrams, the
//! transcript and everyone on the path read it. The cryptography states the same lengths for itself, and a
//! test in the `channel` crate holds the two together.

use std::fmt;

use crate::Limits;

/// One stage of the articles.
#[derive(PartialEq, Eq)]
pub struct Stage {
    /// The name on the command line and in events, such as `part2-hmac-seq`.
    pub name: &'static str,
    /// What protects a record, in the field's terms.
    pub title: &'static str,
    /// The TCP port the articles use for it.
    pub port: u16,
    /// Whether bytes travel in records. The plain stage has raw bytes and no length in front.
    pub has_records: bool,
    /// The fields of a payload, in order. Exactly one has no fixed length: it takes what the others leave.
    pub fields: &'static [Field],
    /// What this stage adds to the one before it.
    pub adds: &'static str,
    /// What someone on the path can no longer do.
    pub stops: &'static str,
    /// What someone on the path can still do.
    pub lets_through: &'static str,
}

/// One field of a payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, such as `nonce`.
    pub name: &'static str,
    /// Its length in bytes, or `None` for the field as long as the plaintext.
    pub len: Option<usize>,
}

/// A field as it lies in a certain payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'p> {
    /// The field's name.
    pub name: &'static str,
    /// Where it starts, in bytes from the start of the payload.
    pub offset: usize,
    /// Its bytes.
    pub bytes: &'p [u8],
}

const fn fixed(name: &'static str, len: usize) -> Field {
    Field { name, len: Some(len) }
}

const fn rest(name: &'static str) -> Field {
    Field { name, len: None }
}

/// Part 1, step 1: raw bytes on TCP.
pub const PART1_PLAIN: Stage = Stage {
    name: "part1-plain",
    title: "raw bytes on TCP",
    port: 8081,
    has_records: false,
    fields: &[rest("plaintext")],
    adds: "a request and a response",
    stops: "nothing",
    lets_through: "reading, changing and forging everything",
};

/// Part 1, steps 2 to 4: records, encrypted with AES-256-CTR.
pub const PART1_CTR: Stage = Stage {
    name: "part1-ctr",
    title: "AES-256-CTR",
    port: 8081,
    has_records: true,
    fields: &[fixed("nonce", 16), rest("ciphertext")],
    adds: "records, and encryption under a shared key",
    stops: "reading along",
    lets_through: "changing any bit, forging from a known plaintext, cutting, replay, reordering, dropping, reflection",
};

/// Part 2, stage 1: encrypt-then-MAC.
pub const PART2_HMAC: Stage = Stage {
    name: "part2-hmac",
    title: "AES-256-CTR, then HMAC-SHA256",
    port: 9001,
    has_records: true,
    fields: &[fixed("nonce", 16), rest("ciphertext"), fixed("tag", 32)],
    adds: "a tag over nonce and ciphertext, under a second key",
    stops: "changing or forging a record, cutting inside one",
    lets_through: "replay, reordering, dropping, reflection, a cut between records, a record of hmac-seq",
};

/// Part 2, stage 2: encrypt-then-MAC with a sequence number.
pub const PART2_HMAC_SEQ: Stage = Stage {
    name: "part2-hmac-seq",
    title: "AES-256-CTR, then HMAC-SHA256 with a sequence number",
    port: 9003,
    has_records: true,
    fields: &[fixed("seq", 8), fixed("nonce", 16), rest("ciphertext"), fixed("tag", 32)],
    adds: "a sequence number under the tag, and each side's memory of what comes next",
    stops: "also replay, reordering and dropping within a connection",
    lets_through: "reflection, replay in a new connection, a cut between records",
};

/// Part 2, stage 3: authenticated encryption with associated data.
pub const PART2_AEAD: Stage = Stage {
    name: "part2-aead",
    title: "AES-256-GCM with the sequence number as associated data",
    port: 9002,
    has_records: true,
    fields: &[fixed("seq", 8), fixed("nonce", 12), rest("ciphertext"), fixed("tag", 16)],
    adds: "the same protection from one primitive and one key, in 20 bytes less",
    stops: "the same as hmac-seq",
    lets_through: "reflection, replay in a new connection, a cut between records",
};

/// All stages, in the articles' order.
pub const STAGES: [&Stage; 5] =
    [&PART1_PLAIN, &PART1_CTR, &PART2_HMAC, &PART2_HMAC_SEQ, &PART2_AEAD];

/// The name alone says it all.
impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Stage {
    /// The stage of this name.
    pub fn find(name: &str) -> Option<&'static Stage> {
        STAGES.into_iter().find(|stage| stage.name == name)
    }

    /// The name of its program of this role: `part2-hmac-seq` has `hmac_seq_client`.
    pub fn program(&self, role: &str) -> String {
        format!("{}_{role}", self.short_name().replace('-', "_"))
    }

    /// The name without its part: `hmac-seq` of `part2-hmac-seq`.
    pub fn short_name(&self) -> &'static str {
        self.name.split_once('-').map_or(self.name, |(_part, name)| name)
    }

    /// Bytes of a payload beside the ciphertext.
    pub fn overhead(&self) -> usize {
        self.fields.iter().filter_map(|field| field.len).sum()
    }

    /// The payload lengths a receiver at this stage accepts.
    pub fn limits(&self) -> Limits {
        Limits::with_overhead(self.overhead())
    }

    /// Cuts a payload into its fields, which tile it from end to end. `None` if it is too short to hold them.
    pub fn split<'p>(&self, payload: &'p [u8]) -> Option<Vec<Part<'p>>> {
        let flexible = payload.len().checked_sub(self.overhead())?;
        let mut unread = payload;
        let mut parts = Vec::with_capacity(self.fields.len());
        for field in self.fields {
            let (bytes, behind) = unread.split_at_checked(field.len.unwrap_or(flexible))?;
            parts.push(Part { name: field.name, offset: payload.len() - unread.len(), bytes });
            unread = behind;
        }
        Some(parts)
    }
}
