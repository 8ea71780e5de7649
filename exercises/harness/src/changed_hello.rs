//! Gives an exercise a change to a `ClientHello`, and reports who it says notices it.

use std::env;
use std::process::ExitCode;

use stages::PART5_TLS13;
use transcript::{Event, EventKind, EventWriter, Format, Role};

/// What somebody does to a `ClientHello` on its way from the client to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another random: one bit is flipped.
    Random,
    /// Another server name: the last letter is replaced.
    ServerName,
    /// Another session id: one bit is flipped.
    SessionId,
    /// No TLS 1.3 among the versions: TLS 1.2 in its place.
    Version,
    /// Without the suite that the client and the server like best. The others stay.
    BestSuite,
    /// Without all public keys. The list of groups stays as it is.
    KeyShares,
    /// Another X25519 key: that of the attacker. The other keys are taken out.
    OtherKey,
    /// Without all signature schemes but `ed25519`. The server's key is for ECDSA.
    Schemes,
    /// Cut into two records.
    Cut,
}

/// Who notices it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that sent the `ClientHello`.
    Client,
    /// The one that received another.
    Server,
}

/// What finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The tag of an encrypted record.
    RecordTag,
    /// The signature in `CertificateVerify`.
    Signature,
    /// The tag in `Finished`.
    Finished,
    /// The values in a message: one that may not stand there.
    Value,
    /// The version: there is none that both have.
    Version,
    /// A choice: of suites, groups or schemes there is none that both have.
    Choice,
}

const CHANGES: [Change; 9] = [
    Change::Random,
    Change::ServerName,
    Change::SessionId,
    Change::Version,
    Change::BestSuite,
    Change::KeyShares,
    Change::OtherKey,
    Change::Schemes,
    Change::Cut,
];

impl Check {
    /// Its name, as the real programs report it.
    fn name(self) -> &'static str {
        match self {
            Self::RecordTag => "bad_tag",
            Self::Signature => "bad_signature",
            Self::Finished => "bad_finished",
            Self::Value => "illegal_parameter",
            Self::Version => "protocol_version",
            Self::Choice => "nothing_in_common",
        }
    }
}

/// Takes a change from the command line, and reports what `noticed` says of it as that side would report it.
pub fn run(noticed: fn(Change) -> Option<(Side, Check)>) -> ExitCode {
    crate::begin(crate::LIMIT);
    let given = env::args().nth(1).unwrap_or_default();
    let Some(change) = CHANGES.into_iter().find(|change| format!("{change:?}") == given) else {
        eprintln!("{given:?} is no change to a ClientHello");
        return ExitCode::from(2);
    };
    if let Some((side, check)) = noticed(change) {
        let role = match side {
            Side::Client => Role::Client,
            Side::Server => Role::Server,
        };
        let kind = EventKind::Rejected {
            index: 0,
            step: None,
            error: check.name().to_owned(),
            message: format!("{check:?}"),
            expected_seq: None,
            record: None,
        };
        EventWriter::new(Format::Json).write(&Event { role, stage: &PART5_TLS13, kind });
    }
    ExitCode::SUCCESS
}
