//! Extensions that no handshake here acts on, named to the last byte all the same: whoever looks at the sessions of others
//! meets them. A body that has not the form of its type is told as bytes; that is no error, for nobody here relies on it.

use super::extension::{In, list_of, listed, meaning};
use super::names;
use crate::decoder::{DecodeError, Decoder};

/// Reads a body up to its end. Returns what it says, in one line.
pub(super) fn read(decoder: &mut Decoder<'_>, kind: u16, message: In) -> String {
    // Tried first: a body that breaks off is not told in part.
    let mut trial = Decoder::new(decoder.rest());
    let has_form = body(&mut trial, kind, message).is_ok() && trial.is_done();
    let says = if has_form { body(decoder, kind, message).ok() } else { None };
    decoder.give_up("body", meaning(kind));
    says.unwrap_or_default()
}

#[allow(clippy::too_many_lines, reason = "a table: one arm an extension")]
fn body(decoder: &mut Decoder<'_>, kind: u16, message: In) -> Result<String, DecodeError> {
    use In::{
        Certificate, ClientHello, EncryptedExtensions, HelloRetryRequest, NewSessionTicket,
        ServerHello,
    };
    let what = meaning(kind);
    let decimal = |number: u8| number.to_string();
    match (kind, message) {
        (1, _) => {
            let known = |it| matches!(it, 1..=4).then(|| format!("{} bytes", 1_u32 << (8 + it)));
            let says = |it: u8| known(it).unwrap_or_else(|| it.to_string());
            let len = decoder.u8("max_fragment_length", what, says)?;
            return Ok(known(len).unwrap_or_default());
        }
        (5, ClientHello) => {
            decoder.u8("status_type", "The kind of the statement.", names::status_type)?;
            opaques(decoder, 2, "responder_id_list", "responder_id")?;
            decoder.opaque(2, "request_extensions", "Extensions of OCSP.")?;
        }
        (5, Certificate) => {
            decoder.u8("status_type", "The kind of the statement.", names::status_type)?;
            let what = "The issuer's signed word, in DER, that the certificate is not revoked.";
            decoder.opaque(3, "OCSPResponse", what)?;
            return Ok("OCSP".to_owned());
        }
        (9 | 19 | 20, ClientHello) => {
            let what = "The kinds that the sender takes.";
            decoder.some_list(1, "certificate_types", what, |decoder| {
                decoder.u8("certificate_type", "One of them.", names::certificate_type)
            })?;
        }
        (9 | 19 | 20, EncryptedExtensions) => {
            let kind = decoder.u8("certificate_type", what, names::certificate_type)?;
            return Ok(names::certificate_type(kind));
        }
        (11, _) => {
            let formats =
                decoder.some_list(1, "ec_point_format_list", "Forms of points.", |decoder| {
                    decoder.u8("ec_point_format", "One of them.", names::point_format)
                })?;
            return Ok(listed(formats.iter().map(|format| names::point_format(*format))));
        }
        (14, _) => {
            let profile = |number| format!("{number:#06x}");
            list_of(decoder, 2, "SRTPProtectionProfiles", "profile", profile)?;
            decoder.opaque(1, "srtp_mki", "What tells the keys of SRTP apart.")?;
        }
        (15, _) => drop(decoder.u8("HeartbeatMode", what, decimal)?),
        (17, ClientHello) => {
            decoder.list(2, "certificate_status_req_list", what, |decoder| {
                decoder.u8("status_type", "The kind of the statement.", names::status_type)?;
                decoder.opaque(2, "request", "What else is asked for.")
            })?;
        }
        (18, Certificate) => {
            let stamps = decoder.some_list(2, "sct_list", "Stamps of logs.", timestamp)?;
            return Ok(stamps.len().to_string());
        }
        (21, _) => drop(decoder.bytes(decoder.rest().len(), "padding", what)?),
        (24, _) => {
            decoder.u8("major", "The version.", decimal)?;
            decoder.u8("minor", "The version.", decimal)?;
            opaque(decoder, 1, "key_parameters_list")?;
        }
        (27, _) => {
            let all = list_of(decoder, 1, "algorithms", "algorithm", names::compression)?;
            return Ok(listed(all.iter().map(|number| names::compression(*number))));
        }
        (34, Certificate) => delegated_credential(decoder)?,
        (34, _) => {
            let schemes = list_of(decoder, 2, "schemes", "scheme", names::scheme)?;
            return Ok(listed(schemes.iter().map(|scheme| names::scheme(*scheme))));
        }
        (35, _) => drop(decoder.bytes(decoder.rest().len(), "ticket", what)?),
        (41, ClientHello) => return offered_psks(decoder),
        (41, ServerHello) => {
            let what = "The place in the client's list of the key that the server took, from 0.";
            let place = decoder.u16("selected_identity", what, |it| it.to_string())?;
            return Ok(format!("identity {place}"));
        }
        (42, NewSessionTicket) => {
            let what = "The most bytes that the client may send before the server has answered.";
            let most = decoder.u32("max_early_data_size", what)?;
            return Ok(format!("at most {most} bytes"));
        }
        (47, _) => {
            let all = opaques(decoder, 2, "certificate_authorities", "DistinguishedName")?;
            return Ok(format!("{all} of them"));
        }
        (48, _) => drop(decoder.list(2, "filters", what, |decoder| {
            decoder.some_opaque(1, "certificate_extension_oid", "The extension's number.")?;
            decoder.opaque(2, "certificate_extension_values", "What it has to say.")
        })?),
        (54, _) => opaque(decoder, 1, "cid")?,
        (57, _) => drop(quic(decoder)?),
        (58, ClientHello) => {
            decoder.u8("new_session_count", "Tickets wanted of a new session.", decimal)?;
            decoder.u8("resumption_count", "Tickets wanted of a resumed one.", decimal)?;
        }
        (58, _) => drop(decoder.u8("expected_count", "Tickets that will come.", decimal)?),
        (62, _) => opaque(decoder, 1, "flags")?,
        (17_513 | 17_613, ClientHello) => drop(opaques(decoder, 2, "protocols", "protocol")?),
        (17_513 | 17_613, _) => drop(decoder.bytes(decoder.rest().len(), "settings", what)?),
        (64_768, _) => drop(list_of(decoder, 1, "outer_extensions", "type", names::extension)?),
        (65_037, ClientHello) => return encrypted_hello(decoder),
        (65_037, EncryptedExtensions) => {
            opaques_of(decoder, 2, "retry_configs", &mut |decoder| {
                decoder.u16("version", "The version of the key's form.", names::extension)?;
                decoder.opaque(2, "contents", "A public key to encrypt a ClientHello with.")
            })?;
            return Ok("keys for another try".to_owned());
        }
        (65_037, HelloRetryRequest) => {
            decoder.bytes(8, "confirmation", "Whether the hidden ClientHello was read.")?;
        }
        (65_281, _) => opaque(decoder, 1, "renegotiated_connection")?,
        _ => {}
    }
    Ok(String::new())
}

/// Reads identities and binders (RFC 8446, section 4.2.11).
fn offered_psks(decoder: &mut Decoder<'_>) -> Result<String, DecodeError> {
    let what = "Names of keys from before: tickets, or what both sides call a key they were given.";
    let identities = decoder.some_list(2, "identities", what, |decoder| {
        decoder.span(|decoder| {
            let what = "A ticket, for the server to read, or the name of a key.";
            decoder.some_opaque(2, "identity", what)?;
            let what = "Milliseconds since the ticket came, and its ticket_age_add added; 0 if it is no ticket.";
            decoder.u32("obfuscated_ticket_age", what)?;
            Ok(((), "PskIdentity", "A key from before."))
        })
    })?;
    let what = "For each identity, the proof that the client has its key.";
    decoder.some_list(2, "binders", what, |decoder| {
        let what = "A tag over this ClientHello up to here, by a key that is made of the PSK.";
        decoder.some_opaque(1, "binder", what)
    })?;
    Ok(match identities.len() {
        1 => "1 identity".to_owned(),
        more => format!("{more} identities"),
    })
}

/// Reads the outer or the inner form (RFC 9849, section 5).
fn encrypted_hello(decoder: &mut Decoder<'_>) -> Result<String, DecodeError> {
    let name = |kind| match kind {
        0 => "outer".to_owned(),
        1 => "inner".to_owned(),
        _ => format!("unknown ({kind})"),
    };
    let kind = decoder.u8("type", "Whether this is the ClientHello that all see.", name)?;
    if kind == 0 {
        let hpke = |number| format!("{number:#06x}");
        decoder.u16("kdf_id", "How HPKE makes keys.", hpke)?;
        decoder.u16("aead_id", "How HPKE encrypts.", hpke)?;
        decoder.u8("config_id", "Which of the server's keys it is for.", |it| it.to_string())?;
        decoder.opaque(2, "enc", "The client's public key for HPKE.")?;
        let what = "The true ClientHello, encrypted; or random bytes that look like one (GREASE).";
        decoder.some_opaque(2, "payload", what)?;
    }
    Ok(name(kind))
}

/// Reads a signed certificate timestamp (RFC 6962, section 3.2).
fn timestamp(decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
    let what = "A public log's promise that the certificate stands in it.";
    decoder.vector(2, "SignedCertificateTimestamp", what, |decoder| {
        decoder.u8("sct_version", "0 is version 1.", |it| it.to_string())?;
        decoder.bytes(32, "log_id", "The hash of the log's public key.")?;
        let millis = |bytes: &[u8]| {
            let number = bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            number.to_string()
        };
        decoder.told(8, "timestamp", "When, in milliseconds since 1970.", millis)?;
        decoder.opaque(2, "extensions", "None is known.")?;
        decoder.u16("algorithm", "How the log signed.", names::scheme)?;
        decoder.opaque(2, "signature", "The log's signature.")?;
        Ok(())
    })
}

/// Reads a credential (RFC 9345, section 4).
fn delegated_credential(decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
    decoder.u32("valid_time", "Seconds from the certificate's first moment on.")?;
    let what = "How a CertificateVerify by this key is signed.";
    decoder.u16("dc_cert_verify_algorithm", what, names::scheme)?;
    decoder.opaque(3, "ASN1_subjectPublicKeyInfo", "The key for a short time, in DER.")?;
    decoder.u16("algorithm", "How the credential is signed.", names::scheme)?;
    decoder.opaque(2, "signature", "By the certificate's key.")?;
    Ok(())
}

/// Reads QUIC's parameters (RFC 9000, section 18): number, length, value, up to the end.
fn quic(decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
    while !decoder.is_done() {
        decoder.span(|decoder| {
            varint(decoder, "id", "The parameter's number.")?;
            let len = varint(decoder, "length", "How many bytes follow.")?;
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            decoder.bytes(len, "value", "The parameter's value.")?;
            Ok(((), "TransportParameter", "What QUIC wants to know beforehand."))
        })?;
    }
    Ok(())
}

/// Reads a number whose first two bits tell its length.
fn varint(
    decoder: &mut Decoder<'_>,
    name: &'static str,
    what: &'static str,
) -> Result<u64, DecodeError> {
    let len = decoder.rest().first().map_or(1, |first| 1 << (first >> 6));
    let number = |bytes: &[u8]| {
        let number = bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        number & (u64::MAX >> (66 - 8 * len))
    };
    Ok(number(decoder.told(len, name, what, |bytes| number(bytes).to_string())?))
}

fn opaque(
    decoder: &mut Decoder<'_>,
    len_len: usize,
    name: &'static str,
) -> Result<(), DecodeError> {
    decoder.opaque(len_len, name, "Bytes for the receiver.").map(drop)
}

/// Reads a list of byte strings. Returns their number.
fn opaques(
    decoder: &mut Decoder<'_>,
    len_len: usize,
    name: &'static str,
    element: &'static str,
) -> Result<usize, DecodeError> {
    // Protocols have one byte of length, all others two.
    let inner = if element == "protocol" { 1 } else { 2 };
    opaques_of(decoder, len_len, name, &mut |decoder| {
        decoder.opaque(inner, element, "One of them.")
    })
}

fn opaques_of<'m>(
    decoder: &mut Decoder<'m>,
    len_len: usize,
    name: &'static str,
    element: &mut dyn FnMut(&mut Decoder<'m>) -> Result<&'m [u8], DecodeError>,
) -> Result<usize, DecodeError> {
    Ok(decoder.list(len_len, name, "A list.", element)?.len())
}
