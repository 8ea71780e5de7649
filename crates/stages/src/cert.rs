//! Part 4: a name on the key.

use crate::Stage;
use crate::aead::PART2_AEAD;
use crate::handshake::CERT_MESSAGES;

/// Part 4: the server signs both keys of the connection, and certificates say whose signature it is.
pub const PART4_CERT: Stage = Stage {
    name: "part4-cert",
    title: "X25519 signed by a server with a certificate, HKDF, and AES-256-GCM",
    port: 10004,
    handshake: CERT_MESSAGES,
    fields: PART2_AEAD.fields,
    keys: "two, one for each direction, made of the secret: new ones for every connection; and the server's identity key, for years",
    adds: "certificates, and a signature over both public keys: the client knows whom it agrees with before it sends a byte",
    stops: "also someone in the middle, who has neither a certificate for the name nor the server's key",
    lets_through: "anyone as the client; changes to the handshake that leave both keys as they are, another certificate for the server's key among them; a cut between records; whoever steals the identity key",
};
