//! Suites, groups, schemes and alerts: their numbers and their names (RFC 8446, appendix B; IANA's registries).

/// Numbers and their names.
type Names = &'static [(u16, &'static str)];

/// TLS 1.3.
pub const TLS13: u16 = 0x0304;
/// TLS 1.2, whose number the records and Hellos of TLS 1.3 carry.
pub const TLS12: u16 = 0x0303;

/// `TLS_AES_128_GCM_SHA256`.
pub const AES_128_GCM_SHA256: u16 = 0x1301;
/// `TLS_AES_256_GCM_SHA384`.
pub const AES_256_GCM_SHA384: u16 = 0x1302;
/// `TLS_CHACHA20_POLY1305_SHA256`.
pub const CHACHA20_POLY1305_SHA256: u16 = 0x1303;

/// The curve P-256.
pub const SECP256R1: u16 = 0x0017;
/// X25519.
pub const X25519: u16 = 0x001d;
/// ML-KEM-768 and X25519, the one's share in front of the other's.
pub const X25519_MLKEM768: u16 = 0x11ec;

/// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
pub const RSA_PSS_RSAE_SHA256: u16 = 0x0804;
/// The same with SHA-384.
pub const RSA_PSS_RSAE_SHA384: u16 = 0x0805;
/// The same with SHA-512.
pub const RSA_PSS_RSAE_SHA512: u16 = 0x0806;
/// ECDSA on P-256 with SHA-256.
pub const ECDSA_SECP256R1_SHA256: u16 = 0x0403;
/// ECDSA on P-384 with SHA-384.
pub const ECDSA_SECP384R1_SHA384: u16 = 0x0503;
/// Ed25519.
pub const ED25519: u16 = 0x0807;

const VERSIONS: Names = &[
    (0x0300, "SSL 3.0"),
    (0x0301, "TLS 1.0"),
    (0x0302, "TLS 1.1"),
    (0x0303, "TLS 1.2"),
    (0x0304, "TLS 1.3"),
];

const SUITES: Names = &[
    (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
];

const GROUPS: Names = &[
    (0x0017, "secp256r1"),
    (0x0018, "secp384r1"),
    (0x0019, "secp521r1"),
    (0x001d, "x25519"),
    (0x001e, "x448"),
    (0x0100, "ffdhe2048"),
    (0x0101, "ffdhe3072"),
    (0x0102, "ffdhe4096"),
    (0x0103, "ffdhe6144"),
    (0x0104, "ffdhe8192"),
    (0x11eb, "SecP256r1MLKEM768"),
    (0x11ec, "X25519MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
];

const SCHEMES: Names = &[
    (0x0201, "rsa_pkcs1_sha1"),
    (0x0203, "ecdsa_sha1"),
    (0x0401, "rsa_pkcs1_sha256"),
    (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0501, "rsa_pkcs1_sha384"),
    (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0601, "rsa_pkcs1_sha512"),
    (0x0603, "ecdsa_secp521r1_sha512"),
    (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
    (0x0807, "ed25519"),
    (0x0808, "ed448"),
    (0x0809, "rsa_pss_pss_sha256"),
    (0x080a, "rsa_pss_pss_sha384"),
    (0x080b, "rsa_pss_pss_sha512"),
];

const EXTENSIONS: Names = &[
    (0, "server_name"),
    (1, "max_fragment_length"),
    (5, "status_request"),
    (10, "supported_groups"),
    (11, "ec_point_formats"),
    (13, "signature_algorithms"),
    (16, "application_layer_protocol_negotiation"),
    (18, "signed_certificate_timestamp"),
    (21, "padding"),
    (22, "encrypt_then_mac"),
    (23, "extended_master_secret"),
    (27, "compress_certificate"),
    (28, "record_size_limit"),
    (34, "delegated_credential"),
    (35, "session_ticket"),
    (41, "pre_shared_key"),
    (42, "early_data"),
    (43, "supported_versions"),
    (44, "cookie"),
    (45, "psk_key_exchange_modes"),
    (47, "certificate_authorities"),
    (48, "oid_filters"),
    (49, "post_handshake_auth"),
    (50, "signature_algorithms_cert"),
    (51, "key_share"),
    (0x44cd, "application_settings"),
    (0xfe0d, "encrypted_client_hello"),
    (0xff01, "renegotiation_info"),
];

const ALERTS: Names = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (22, "record_overflow"),
    (40, "handshake_failure"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

fn named(names: Names, number: u16) -> String {
    // What a client sends so that servers learn to skip what they do not know (RFC 8701).
    let is_grease = number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff;
    match names.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => (*name).to_owned(),
        None if is_grease => "GREASE".to_owned(),
        None => format!("{number:#06x}"),
    }
}

/// Names a version.
pub fn version(number: u16) -> String {
    named(VERSIONS, number)
}

/// Names a cipher suite.
pub fn suite(number: u16) -> String {
    named(SUITES, number)
}

/// Names a group.
pub fn group(number: u16) -> String {
    named(GROUPS, number)
}

/// Names a signature scheme.
pub fn scheme(number: u16) -> String {
    named(SCHEMES, number)
}

/// Names the type of an extension.
pub fn extension(number: u16) -> String {
    named(EXTENSIONS, number)
}

/// Names the type of an extension, if it is known.
pub fn known_extension(number: u16) -> Option<&'static str> {
    EXTENSIONS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// Names an alert.
pub fn alert(number: u8) -> String {
    named(ALERTS, number.into())
}
