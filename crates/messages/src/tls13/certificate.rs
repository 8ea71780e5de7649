//! CertificateRequest, Certificate and CertificateVerify (RFC 8446, sections 4.3.2, 4.4.2 and 4.4.3).

use super::extension::{self, Extension, In};
use super::names;
use super::vector::vector;
use crate::decoder::{DecodeError, Decoder};
use crate::x509;

/// The wish for a certificate of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// Empty in the handshake.
    pub context: Vec<u8>,
    /// The extensions.
    pub extensions: Vec<Extension>,
}

/// Who the sender is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// That of the request; empty from a server.
    pub context: Vec<u8>,
    /// The certificates, the sender's own first. None if the client has none.
    pub certificates: Vec<CertificateEntry>,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateEntry {
    /// X.509, in DER.
    pub der: Vec<u8>,
    /// What else there is to say about it.
    pub extensions: Vec<Extension>,
}

/// The proof that the sender has the private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateVerify {
    /// How it signed.
    pub scheme: u16,
    /// The signature, over a hash of all messages before this.
    pub signature: Vec<u8>,
}

impl CertificateRequest {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        vector(1, out, |out| out.extend_from_slice(&self.context));
        extension::encode_all(&self.extensions, out);
    }

    pub(crate) fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let context = context(decoder)?;
        let extensions = extension::read_all(decoder, In::CertificateRequest)?;
        Ok(Self { context, extensions })
    }
}

impl Certificate {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        vector(1, out, |out| out.extend_from_slice(&self.context));
        vector(3, out, |out| {
            for entry in &self.certificates {
                vector(3, out, |out| out.extend_from_slice(&entry.der));
                extension::encode_all(&entry.extensions, out);
            }
        });
    }

    pub(crate) fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let context = context(decoder)?;
        let what = "Certificates, the sender's own first.";
        let certificates = decoder.list(3, "certificate_list", what, |decoder| {
            let der = decoder.vector(3, "cert_data", "A certificate in DER.", |decoder| {
                let der = decoder.rest();
                if der.is_empty() {
                    return Err(DecodeError::Missing { field: "cert_data" });
                }
                // Whether it can be read is for the check of the chain to say.
                if x509::Certificate::decode(der).is_ok() {
                    x509::Certificate::read(decoder)?;
                } else {
                    decoder.bytes(der.len(), "cert_data", "Bytes that are no certificate.")?;
                }
                Ok(der.to_vec())
            })?;
            let extensions = extension::read_all(decoder, In::Certificate)?;
            Ok(CertificateEntry { der, extensions })
        })?;
        Ok(Self { context, certificates })
    }
}

impl CertificateVerify {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.scheme.to_be_bytes());
        vector(2, out, |out| out.extend_from_slice(&self.signature));
    }

    pub(crate) fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let scheme = decoder.u16("algorithm", "How the sender signed.", names::scheme)?;
        let what =
            "The signature over 64 spaces, a context string, and the hash of the handshake so far.";
        let signature = decoder.opaque(2, "signature", what)?.to_vec();
        Ok(Self { scheme, signature })
    }
}

/// Names what a compressed certificate is made of (RFC 8879). Nothing here unpacks it.
pub(super) fn name_compressed(decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
    decoder.u16("algorithm", "How the Certificate is compressed.", names::compression)?;
    let says = |bytes: &[u8]| {
        bytes.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)).to_string()
    };
    decoder.told(3, "uncompressed_length", "How long the Certificate is, unpacked.", says)?;
    let what = "The Certificate, compressed: it is not unpacked here.";
    decoder.opaque(3, "compressed_certificate_message", what)?;
    Ok(())
}

fn context(decoder: &mut Decoder<'_>) -> Result<Vec<u8>, DecodeError> {
    let what = "What ties an answer to its request; empty in the handshake.";
    Ok(decoder.opaque(1, "certificate_request_context", what)?.to_vec())
}
