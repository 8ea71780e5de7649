//! A field of a record: its role, meaning and protection.

/// One field of a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, such as `nonce`.
    pub name: &'static str,
    /// Its length in bytes, or `None` for the field as long as the plaintext.
    pub len: Option<usize>,
    /// Its purpose.
    pub role: Role,
    /// Whether the tag covers it.
    pub is_covered: bool,
    /// Its meaning, in a sentence or two.
    pub what: &'static str,
    /// Those who can read it.
    pub readers: &'static str,
    /// Its protection at this stage.
    pub protection: &'static str,
}

/// The purpose of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Tells what kind of record it is.
    ContentType,
    /// Tells a version of the protocol.
    Version,
    /// Tells how many bytes of payload follow. It is the last field of the header.
    Length,
    /// Counts the records of a direction.
    Seq,
    /// A number used once.
    Nonce,
    /// Carries the text as it is.
    Plaintext,
    /// Carries the text encrypted.
    Ciphertext,
    /// Tells what kind of record it truly is, encrypted.
    InnerType,
    /// Authenticates the fields it covers.
    Tag,
    /// Carries a message of the handshake.
    Message,
}

impl Field {
    /// Returns whether only those with the key can read it.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.role, Role::Ciphertext | Role::InnerType)
    }

    /// Returns whether its bytes are a number, big-endian.
    pub fn is_number(&self) -> bool {
        matches!(self.role, Role::ContentType | Role::Length | Role::Seq)
    }

    /// Returns the value of its bytes, where they are a number.
    pub fn number(&self, bytes: &[u8]) -> Option<u64> {
        let number = || bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        self.is_number().then(number)
    }
}

/// Length in bytes of the `length` in front of a payload, at every stage of parts 1 and 2.
pub(crate) const LENGTH_LEN: usize = 4;

pub(crate) const EVERYONE: &str = "Everyone on the path.";
pub(crate) const NOT_SECRET: &str =
    "Everyone on the path. It need not be secret; it must never repeat under one key.";
pub(crate) const WITH_KEY: &str =
    "Those with the key: client and server. Everyone else sees how long it is.";
pub(crate) const WITH_SECOND_KEY: &str =
    "Everyone on the path. Only someone with the second key can make it, or check it.";

const LENGTH: Field = Field {
    name: "length",
    len: Some(LENGTH_LEN),
    role: Role::Length,
    is_covered: false,
    what: "How many bytes of payload follow, as a big-endian number. TCP carries a stream without message \
           boundaries; this puts them back.",
    readers: EVERYONE,
    protection: "",
};

/// The length at a stage without a tag.
pub(crate) const UNPROTECTED_LENGTH: Field = Field {
    protection: "Nothing. A smaller length, with the rest left out, cuts the message short, and nobody is told.",
    ..LENGTH
};

/// The length at a stage with a tag.
pub(crate) const UNCOVERED_LENGTH: Field = Field {
    protection: "Nothing: it is neither secret nor authenticated. But a changed length hands other bytes to \
                 the check of the tag, which then fails.",
    ..LENGTH
};

/// The sequence number under a tag.
pub(crate) const SEQ: Field = Field {
    name: "seq",
    len: Some(8),
    role: Role::Seq,
    is_covered: true,
    what: "Which record of its direction and connection this is, counted from 0, as a big-endian number. \
           Each side remembers which comes next.",
    readers: EVERYONE,
    protection: "The tag covers it: any change is refused. The receiver compares it with the number it \
                 expects, so a replay, a reordering or a gap within the connection shows.",
};

/// The nonce of AES-256-CTR under a tag.
pub(crate) const CTR_NONCE: Field = Field {
    name: "nonce",
    len: Some(16),
    role: Role::Nonce,
    is_covered: true,
    what: "A number used once: random bytes, fresh for every record. It is the first counter block of \
           AES-256-CTR, so that no two records share a keystream.",
    readers: NOT_SECRET,
    protection: "The tag covers it: any change is refused.",
};

/// The ciphertext of AES-256-CTR under a tag.
pub(crate) const CTR_CIPHERTEXT: Field = Field {
    name: "ciphertext",
    len: None,
    role: Role::Ciphertext,
    is_covered: true,
    what: "The plaintext xor the keystream of AES-256-CTR, byte for byte: as long as the plaintext.",
    readers: WITH_KEY,
    protection: "Encryption keeps it from being read. The tag covers it: any change is refused.",
};

/// A tag of HMAC-SHA256.
pub(crate) const HMAC_TAG: Field = Field {
    name: "tag",
    len: Some(32),
    role: Role::Tag,
    is_covered: false,
    what: "",
    readers: WITH_SECOND_KEY,
    protection: "Itself: a changed tag does not verify. A copied record's tag verifies; its number gives it \
                 away.",
};
