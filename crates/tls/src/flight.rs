//! What both sides do alike behind the Hellos: messages that count, and authentication (RFC 8446, section 4.4), which is
//! Certificate, CertificateVerify and Finished.

use std::io::{Read, Write};

use certificates::Believed;
use crypto::tls13::scheme::Scheme;
use crypto::tls13::secret::Secret;
use crypto::tls13::transcript::Transcript;
use messages::DecodeError;
use messages::tls13::certificate::{Certificate, CertificateEntry, CertificateVerify};
use messages::tls13::{HandshakeMessage, names};

use crate::TlsError;
use crate::config::Credentials;
use crate::records::Records;
use crate::schedule::signed;
use crate::stream::Role;

/// Records under the keys of the handshake, and the hash of all that was said.
pub(crate) struct Flight<'r, T> {
    pub(crate) records: &'r mut Records<T>,
    pub(crate) transcript: Transcript,
}

impl<T: Read + Write + Clone> Flight<'_, T> {
    /// Queues a message.
    pub(crate) fn send(&mut self, message: &HandshakeMessage) -> Result<(), TlsError> {
        self.transcript.add(&self.records.queue(message)?);
        Ok(())
    }

    /// Reads a message.
    pub(crate) fn recv(&mut self, due: &'static str) -> Result<HandshakeMessage, TlsError> {
        let received = self.records.recv(due)?;
        self.transcript.add(&received.bytes);
        Ok(received.message)
    }

    /// Certificate, and CertificateVerify: who this side is, and the proof. None says that it is nobody.
    pub(crate) fn send_certificate(
        &mut self,
        who: Role,
        ours: Option<&Credentials>,
    ) -> Result<(), TlsError> {
        let certificates = ours.map_or(&[][..], |ours| &ours.certificates);
        let entry = |der: &Vec<u8>| CertificateEntry { der: der.clone(), extensions: Vec::new() };
        let certificates = certificates.iter().map(entry).collect();
        let certificate = Certificate { context: Vec::new(), certificates };
        self.send(&HandshakeMessage::Certificate(certificate))?;
        let Some(ours) = ours else { return Ok(()) };
        let signature = ours.key.sign(&signed(who, &self.transcript))?;
        let scheme = ours.key.scheme().id();
        self.send(&HandshakeMessage::CertificateVerify(CertificateVerify { scheme, signature }))
    }

    /// CertificateVerify of the peer, whose certificate is believed.
    pub(crate) fn recv_certificate_verify(
        &mut self,
        who: Role,
        peer: &Believed<'_>,
    ) -> Result<Scheme, TlsError> {
        let message = "CertificateVerify";
        let illegal = |why| TlsError::Illegal { message, why };
        let said = signed(who, &self.transcript);
        let verify = match self.recv(message)? {
            HandshakeMessage::CertificateVerify(verify) => verify,
            other => return Err(unexpected(message, &other)),
        };
        let scheme = Scheme::find(verify.scheme);
        let scheme = scheme.ok_or(illegal("its scheme is not one that was offered"))?;
        if !peer.can_sign_by(scheme) {
            return Err(illegal("the certificate's key cannot sign by its scheme"));
        }
        if !peer.has_signed_by(scheme, &said, &verify.signature) {
            return Err(TlsError::BadSignature);
        }
        self.records.passed("the certificate's key has signed all that was said");
        Ok(scheme)
    }

    /// Finished: this is the handshake that this side saw.
    pub(crate) fn send_finished(&mut self, ours: &Secret) -> Result<(), TlsError> {
        let tag = ours.finished(&self.transcript.hash());
        self.send(&HandshakeMessage::Finished(tag.to_vec()))
    }

    /// Finished of the peer: it saw the same handshake, and has the secret.
    pub(crate) fn recv_finished(&mut self, theirs: &Secret) -> Result<(), TlsError> {
        let message = "Finished";
        let hash = self.transcript.hash();
        let tag = match self.recv(message)? {
            HandshakeMessage::Finished(tag) => tag,
            other => return Err(unexpected(message, &other)),
        };
        if tag.len() != hash.len() {
            let (len, expected) = (tag.len(), hash.len());
            let error = DecodeError::WrongLength { field: "verify_data", len, expected };
            return Err(TlsError::Malformed { message, error });
        }
        if !theirs.verify_finished(&hash, &tag) {
            return Err(TlsError::BadFinished);
        }
        self.records.passed("its tag is over all that was said, by the secret of both");
        self.records.accept();
        Ok(())
    }
}

/// Takes the certificates out of Certificate, none if the peer has none.
pub(crate) fn chain_of(message: HandshakeMessage) -> Result<Vec<Vec<u8>>, TlsError> {
    let due = "Certificate";
    let HandshakeMessage::Certificate(certificate) = message else {
        return Err(unexpected(due, &message));
    };
    if !certificate.context.is_empty() {
        let why = "its certificate_request_context is not empty, as it is in a handshake";
        return Err(TlsError::Illegal { message: due, why });
    }
    let mut extensions = certificate.certificates.iter().flat_map(|entry| &entry.extensions);
    match extensions.next() {
        Some(extension) => Err(not_asked_for(due, extension.kind())),
        None => Ok(certificate.certificates.into_iter().map(|entry| entry.der).collect()),
    }
}

/// The error about an extension that answers nothing.
pub(crate) fn not_asked_for(message: &'static str, kind: u16) -> TlsError {
    TlsError::UnsupportedExtension { message, extension: names::extension(kind) }
}

/// The error about a message that is not the one that is due.
pub(crate) fn unexpected(due: &'static str, got: &HandshakeMessage) -> TlsError {
    TlsError::Unexpected { due, got: got.name() }
}
