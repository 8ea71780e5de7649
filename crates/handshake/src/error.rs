use certificates::CertificateError;
use channel::ChannelError;
use crypto::signature::SignError;
use messages::DecodeError;
use thiserror::Error;

/// A reason that no secret was agreed on.
#[derive(Debug, Error)]
pub enum HandshakeError {
    /// The bytes that arrived are no record, or the stream failed.
    #[error("no {message} was received: {error}")]
    Channel {
        /// The message that was due.
        message: &'static str,
        /// The reason.
        error: ChannelError,
    },
    /// A message could not be sent.
    #[error("the {message} was not sent: {error}")]
    NotSent {
        /// The message.
        message: &'static str,
        /// The reason.
        error: ChannelError,
    },
    /// The stream ended where a message was due.
    #[error("the peer closed the connection where its {message} was due")]
    Ended {
        /// The message.
        message: &'static str,
    },
    /// A message has not the form that it must have.
    #[error("{message} refused: {error}")]
    Malformed {
        /// The message.
        message: &'static str,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The client wants another group than the one this side accepts.
    #[error(
        "ClientHello refused: p and g are not those of RFC 3526's group 14, and in a group of the peer's \
         choice a secret may be easy to find"
    )]
    WrongGroup,
    /// A public value of classic Diffie-Hellman that no honest side sends.
    #[error(
        "{message} refused: its public value is not one that an honest side sends: from 2 to p - 2, a power of g, \
         no zero byte in front. Others can force a secret that anyone can guess"
    )]
    BadPublicValue {
        /// The message.
        message: &'static str,
    },
    /// A public key of X25519 that makes the secret zero.
    #[error(
        "{message} refused: with this key the secret is zero whatever the own key is, so anyone would know it: a \
         point of low order"
    )]
    LowOrderKey {
        /// The message.
        message: &'static str,
    },
    /// The chain of certificates is not to be believed.
    #[error("ServerAuth refused: {0}")]
    Certificate(CertificateError),
    /// The signature does not verify.
    #[error(
        "ServerAuth refused: its signature is not one over both X25519 keys of this connection by the key that the \
         certificate names. Whoever sent it does not have that key, or one of the two keys is another on the \
         server's side"
    )]
    BadSignature,
    /// The signature could not be made.
    #[error(transparent)]
    NotSigned(#[from] SignError),
    /// The operating system has no random bytes to give.
    #[error("no private key was drawn: {0}")]
    Random(#[from] getrandom::Error),
}

impl HandshakeError {
    /// The message that was due, sent or refused, if it failed at one.
    pub fn message(&self) -> Option<&'static str> {
        match *self {
            Self::Channel { message, .. }
            | Self::NotSent { message, .. }
            | Self::Ended { message }
            | Self::Malformed { message, .. }
            | Self::BadPublicValue { message }
            | Self::LowOrderKey { message } => Some(message),
            Self::WrongGroup => Some("ClientHello"),
            Self::Certificate(_) | Self::BadSignature => Some("ServerAuth"),
            Self::NotSigned(_) | Self::Random(_) => None,
        }
    }

    /// The name of the check that refused the peer's bytes, such as `wrong_group`, or `None` if it was not the
    /// peer's bytes that failed.
    pub fn rejection(&self) -> Option<&'static str> {
        match self {
            Self::Channel { error, .. } => error.rejection(),
            Self::Malformed { .. } => Some("malformed"),
            Self::WrongGroup => Some("wrong_group"),
            Self::BadPublicValue { .. } => Some("bad_public_value"),
            Self::LowOrderKey { .. } => Some("low_order_key"),
            Self::Certificate(error) => Some(error.name()),
            Self::BadSignature => Some("bad_signature"),
            Self::NotSent { .. } | Self::Ended { .. } | Self::NotSigned(_) | Self::Random(_) => {
                None
            }
        }
    }
}
