//! TLS 1.3 with rustls at the other end, in either role: every suite, group and kind of key that both have, with the
//! certificates verified on both sides; and each refusal, heard by the other as what it is.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use certificates::{Roots, ServerName};
use crypto::tls13::group::Group;
use crypto::tls13::scheme::{Scheme, SigningKey};
use crypto::tls13::suite::Suite;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SignatureAlgorithm,
};
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    AlertDescription, ClientConnection, HandshakeKind, RootCertStore, ServerConnection,
    SupportedCipherSuite, SupportedProtocolVersion, version,
};
use tls::{Agreed, TlsError, TlsStream, Told};

type Theirs = Result<Seen, rustls::Error>;
type Ours = Result<Agreed, TlsError>;

/// Longer than a record.
const BULK: usize = 20_000;
const LABEL: &str = "EXPORTER-differential";

/// A certificate of an authority of ours, in DER, and its private key in PKCS #8.
struct Leaf {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// The certificate of an authority, and a leaf for "localhost" of each kind of key.
struct Authority {
    root: Vec<u8>,
    leaves: Vec<(&'static str, Leaf)>,
}

const KINDS: [(&str, &SignatureAlgorithm); 4] = [
    ("RSA", &rcgen::PKCS_RSA_SHA256),
    ("P-256", &rcgen::PKCS_ECDSA_P256_SHA256),
    ("P-384", &rcgen::PKCS_ECDSA_P384_SHA384),
    ("Ed25519", &rcgen::PKCS_ED25519),
];

impl Authority {
    fn new(name: &str, kind: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(kind).unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&key).unwrap().der().to_vec();
        let issuer = Issuer::new(params, key);
        let leaf = |kind| {
            let key = KeyPair::generate_for(kind).unwrap();
            let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            let certificate = params.signed_by(&key, &issuer).unwrap().der().to_vec();
            Leaf { certificate, key: key.serialize_der() }
        };
        Self { root, leaves: KINDS.map(|(name, kind)| (name, leaf(kind))).into() }
    }

    fn leaf(&self, kind: &str) -> &Leaf {
        &self.leaves.iter().find(|(name, _)| *name == kind).unwrap().1
    }

    fn ours(&self, kind: &str) -> tls::Credentials {
        let Leaf { certificate, key } = self.leaf(kind);
        let key = SigningKey::from_pkcs8(key).unwrap();
        tls::Credentials { certificates: vec![certificate.clone()], key }
    }

    fn theirs(&self, kind: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let Leaf { certificate, key } = self.leaf(kind);
        let key = PrivateKeyDer::try_from(key.clone()).unwrap();
        (vec![CertificateDer::from(certificate.clone())], key)
    }

    fn our_roots(&self) -> Roots {
        Roots::from_der(vec![self.root.clone()]).unwrap()
    }

    fn their_roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.root.clone())).unwrap();
        Arc::new(roots)
    }
}

static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::new("root", &rcgen::PKCS_ECDSA_P256_SHA256));
static STRANGER: LazyLock<Authority> =
    LazyLock::new(|| Authority::new("stranger", &rcgen::PKCS_ECDSA_P256_SHA256));

const SUITES: [(Suite, SupportedCipherSuite); 3] = [
    (Suite::Aes128GcmSha256, cipher_suite::TLS13_AES_128_GCM_SHA256),
    (Suite::Aes256GcmSha384, cipher_suite::TLS13_AES_256_GCM_SHA384),
    (Suite::Chacha20Poly1305Sha256, cipher_suite::TLS13_CHACHA20_POLY1305_SHA256),
];

const GROUPS: [(Group, &dyn SupportedKxGroup); 3] = [
    (Group::X25519, kx_group::X25519),
    (Group::Secp256r1, kx_group::SECP256R1),
    (Group::X25519MlKem768, kx_group::X25519MLKEM768),
];

/// Their cryptography, cut down to these; all of it where there are none.
#[derive(Clone, Default)]
struct Offer {
    suites: Vec<SupportedCipherSuite>,
    groups: Vec<&'static dyn SupportedKxGroup>,
    versions: Vec<&'static SupportedProtocolVersion>,
    alpn: Vec<Vec<u8>>,
}

impl Offer {
    fn provider(&self) -> Arc<CryptoProvider> {
        let mut provider = aws_lc_rs::default_provider();
        if !self.suites.is_empty() {
            provider.cipher_suites.clone_from(&self.suites);
        }
        if !self.groups.is_empty() {
            provider.kx_groups.clone_from(&self.groups);
        }
        Arc::new(provider)
    }

    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        if self.versions.is_empty() { vec![&version::TLS13] } else { self.versions.clone() }
    }

    /// Their server, and whom it wants a certificate of.
    fn server(&self, kind: &str, clients: Option<&Authority>) -> rustls::ServerConfig {
        let provider = self.provider();
        let builder = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions())
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(authority.their_roots(), provider)
                    .build()
                    .unwrap(),
            ),
        };
        let (chain, key) = AUTHORITY.theirs(kind);
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols.clone_from(&self.alpn);
        config
    }

    /// Their client, and who it is.
    fn client(&self, servers: &Authority, kind: Option<&str>) -> rustls::ClientConfig {
        let builder = rustls::ClientConfig::builder_with_provider(self.provider())
            .with_protocol_versions(&self.versions())
            .unwrap()
            .with_root_certificates(servers.their_roots());
        let mut config = match kind {
            None => builder.with_no_client_auth(),
            Some(kind) => {
                let (chain, key) = AUTHORITY.theirs(kind);
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config
    }
}

/// The words of both about a connection when it is over.
struct Seen {
    suite: SupportedCipherSuite,
    group: u16,
    retried: bool,
    alpn: Option<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
    name: Option<String>,
    exported: [u8; 32],
}

/// The other's end of either kind.
enum End {
    Client(Box<ClientConnection>),
    Server(Box<ServerConnection>),
}

/// Does `$act` with the connection of an [`End`], of whatever kind it is.
macro_rules! with {
    ($end:expr, |$connection:ident| $act:expr) => {
        match $end {
            End::Client($connection) => $act,
            End::Server($connection) => $act,
        }
    };
}

/// The error of rustls in one of its stream's.
fn error(error: &std::io::Error) -> Option<rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>().cloned()
}

/// Talks as their end: both directions, new keys in both, and the end.
fn talk_there(mut end: End, mut socket: UnixStream) -> Theirs {
    let is_client = matches!(end, End::Client(_));
    with!(&mut end, |connection| {
        let mut stream = rustls::Stream::new(&mut **connection, &mut socket);
        let mut talk = || -> std::io::Result<()> {
            let mut bulk = vec![0; BULK];
            for round in 0..2 {
                if is_client {
                    stream.write_all(&vec![round; BULK])?;
                    stream.flush()?;
                }
                stream.read_exact(&mut bulk)?;
                assert!(bulk.iter().all(|byte| *byte == round));
                if !is_client {
                    stream.write_all(&vec![round; BULK])?;
                    stream.flush()?;
                }
                stream.conn.refresh_traffic_keys().map_err(std::io::Error::other)?;
            }
            if is_client {
                stream.conn.send_close_notify();
            }
            assert_eq!(stream.read(&mut bulk)?, 0);
            if !is_client {
                stream.conn.send_close_notify();
            }
            stream.flush()
        };
        if let Err(failed) = talk() {
            if let Some(error) = error(&failed) {
                return Err(error);
            }
            // Whoever writes when the other side has gone has not read yet why.
            while connection.read_tls(&mut socket).is_ok_and(|len| len > 0) {
                connection.process_new_packets()?;
            }
            return Err(rustls::Error::General(failed.to_string()));
        }
    });
    let name = match &end {
        End::Client(_) => None,
        End::Server(connection) => connection.server_name().map(str::to_owned),
    };
    with!(end, |connection| {
        let mut exported = [0; 32];
        connection.export_keying_material(&mut exported, LABEL.as_bytes(), Some(b"context"))?;
        let certificates = connection.peer_certificates().unwrap_or_default();
        Ok(Seen {
            suite: connection.negotiated_cipher_suite().unwrap(),
            group: connection.negotiated_key_exchange_group().unwrap().name().into(),
            retried: connection.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest),
            alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
            certificates: certificates.iter().map(|it| it.to_vec()).collect(),
            name,
            exported,
        })
    })
}

/// Reads as much as there has to be.
fn read_all(stream: &mut TlsStream<&UnixStream>, round: u8) -> Result<(), TlsError> {
    let (mut buffer, mut rest) = (vec![0; 20_000], BULK);
    while rest > 0 {
        let len = stream.read(&mut buffer)?;
        assert!(len > 0 && buffer[..len].iter().all(|byte| *byte == round));
        rest -= len;
    }
    Ok(())
}

/// Talks as our end, and returns what was exported too.
fn talk_here(stream: &mut TlsStream<&UnixStream>, is_client: bool) -> Result<[u8; 32], TlsError> {
    for round in 0..2 {
        if is_client {
            stream.write(&vec![round; BULK])?;
        }
        read_all(stream, round)?;
        if !is_client {
            stream.write(&vec![round; BULK])?;
        }
        stream.update_keys(true)?;
    }
    if is_client {
        stream.close()?;
    }
    assert_eq!(stream.read(&mut [0; 100])?, 0);
    if !is_client {
        stream.close()?;
    }
    let mut exported = [0; 32];
    stream.export(LABEL, b"context", &mut exported);
    Ok(exported)
}

/// Our client and their server, until it is over.
fn our_client(
    config: &tls::ClientConfig,
    name: &str,
    theirs: rustls::ServerConfig,
) -> (Ours, Theirs) {
    let (here, there) = UnixStream::pair().unwrap();
    let theirs = thread::spawn(move || {
        let end = ServerConnection::new(Arc::new(theirs)).unwrap();
        talk_there(End::Server(Box::new(end)), there)
    });
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let ours = tls::connect(&here, &name, config).and_then(|mut stream| {
        let exported = talk_here(&mut stream, true)?;
        Ok((stream.agreed, exported))
    });
    drop(here);
    compared(ours, theirs.join().unwrap())
}

/// Our server and their client.
fn our_server(config: &tls::ServerConfig, theirs: rustls::ClientConfig) -> (Ours, Theirs) {
    let (here, there) = UnixStream::pair().unwrap();
    let theirs = thread::spawn(move || {
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let end = ClientConnection::new(Arc::new(theirs), name).unwrap();
        talk_there(End::Client(Box::new(end)), there)
    });
    let ours = tls::accept(&here, config).and_then(|mut stream| {
        let exported = talk_here(&mut stream, false)?;
        Ok((stream.agreed, exported))
    });
    drop(here);
    compared(ours, theirs.join().unwrap())
}

/// Checks that both exported the same.
fn compared(ours: Result<(Agreed, [u8; 32]), TlsError>, theirs: Theirs) -> (Ours, Theirs) {
    if let (Ok((_, here)), Ok(seen)) = (&ours, &theirs) {
        assert_eq!(*here, seen.exported);
    }
    (ours.map(|(agreed, _)| agreed), theirs)
}

fn client() -> tls::ClientConfig {
    tls::ClientConfig::new(AUTHORITY.our_roots())
}

fn server(kind: &str) -> tls::ServerConfig {
    tls::ServerConfig::new(AUTHORITY.ours(kind))
}

fn assert_agreed((ours, theirs): (Ours, Theirs), suite: Suite, group: Group, retried: bool) {
    let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
    assert_eq!((ours.suite, ours.group, ours.retried), (suite, group, retried));
    assert_eq!(u16::from(theirs.suite.suite()), suite.id());
    assert_eq!((theirs.group, theirs.retried), (group.id(), retried));
}

#[test]
fn every_suite_and_group_in_either_role() {
    for (suite, their_suite) in SUITES {
        for (group, their_group) in GROUPS {
            let offer =
                Offer { suites: vec![their_suite], groups: vec![their_group], ..Offer::default() };
            // Ours offers everything, and they choose; then the other way round.
            let config = tls::ClientConfig { groups: vec![group], ..client() };
            let outcome = our_client(&config, "localhost", offer.server("P-256", None));
            assert_agreed(outcome, suite, group, false);
            let outcome = our_server(&server("P-256"), offer.client(&AUTHORITY, None));
            assert_agreed(outcome, suite, group, false);
        }
    }
}

#[test]
fn both_prefer_the_hybrid_group() {
    let offer = Offer::default();
    let (ours, theirs) = our_client(&client(), "localhost", offer.server("P-256", None));
    assert_eq!((ours.unwrap().group, theirs.unwrap().group), (Group::X25519MlKem768, 0x11ec));
    let (ours, theirs) = our_server(&server("P-256"), offer.client(&AUTHORITY, None));
    assert_eq!((ours.unwrap().group, theirs.unwrap().group), (Group::X25519MlKem768, 0x11ec));
}

/// P-384 signs there only.
#[test]
fn every_kind_of_key_of_a_server_and_of_a_client() {
    for (kind, scheme) in [
        ("RSA", Scheme::RsaPssSha256),
        ("P-256", Scheme::EcdsaP256Sha256),
        ("P-384", Scheme::EcdsaP384Sha384),
        ("Ed25519", Scheme::Ed25519),
    ] {
        let certificate = &AUTHORITY.leaf(kind).certificate;
        let offer = Offer::default();
        // They are the server; they are a client that says who it is.
        let (ours, theirs) = our_client(&client(), "localhost", offer.server(kind, None));
        let ours = ours.unwrap();
        if kind == "RSA" {
            assert!(
                [Scheme::RsaPssSha256, Scheme::RsaPssSha384, Scheme::RsaPssSha512]
                    .contains(&ours.scheme)
            );
        } else {
            assert_eq!(ours.scheme, scheme);
        }
        assert_eq!(ours.certificates, std::slice::from_ref(certificate));
        assert_eq!(theirs.unwrap().name.as_deref(), Some("localhost"));
        let config =
            tls::ServerConfig { client_roots: Some(AUTHORITY.our_roots()), ..server("RSA") };
        let (ours, theirs) = our_server(&config, offer.client(&AUTHORITY, Some(kind)));
        assert_eq!(ours.unwrap().certificates, std::slice::from_ref(certificate));
        theirs.unwrap();

        // Ours is either.
        if kind == "P-384" {
            assert!(SigningKey::from_pkcs8(&AUTHORITY.leaf(kind).key).is_err());
            continue;
        }
        let (ours, theirs) = our_server(&server(kind), offer.client(&AUTHORITY, None));
        assert_eq!(ours.unwrap().scheme, scheme);
        assert_eq!(theirs.unwrap().certificates, std::slice::from_ref(certificate));
        let config =
            tls::ClientConfig { credentials: Some(AUTHORITY.ours(kind).into()), ..client() };
        let theirs = offer.server("P-256", Some(&AUTHORITY));
        let (ours, theirs) = our_client(&config, "localhost", theirs);
        ours.unwrap();
        assert_eq!(theirs.unwrap().certificates, std::slice::from_ref(certificate));
    }
}

#[test]
fn an_authority_of_any_kind_of_key_is_believed_on_both_sides() {
    for (name, kind) in KINDS {
        let authority = Authority::new(name, kind);
        let config = tls::ServerConfig::new(authority.ours("P-256"));
        let (ours, theirs) = our_server(&config, Offer::default().client(&authority, None));
        assert!(ours.is_ok() && theirs.is_ok(), "{name}");
        let (chain, key) = authority.theirs("Ed25519");
        let theirs = rustls::ServerConfig::builder_with_provider(Offer::default().provider())
            .with_protocol_versions(&[&version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = tls::ClientConfig::new(authority.our_roots());
        let (ours, theirs) = our_client(&config, "localhost", theirs);
        assert!(ours.is_ok() && theirs.is_ok(), "{name}");
    }
}

/// A client sends a key for the group it prefers; the other side wants another, which both know.
#[test]
fn a_hello_retry_request_in_either_role_and_in_every_suite() {
    for (suite, their_suite) in SUITES {
        let suites = vec![their_suite];
        let offer =
            Offer { suites: suites.clone(), groups: vec![kx_group::SECP256R1], ..Offer::default() };
        let outcome = our_client(&client(), "localhost", offer.server("P-256", None));
        assert_agreed(outcome, suite, Group::Secp256r1, true);
        for (wanted, _) in &GROUPS[1..] {
            let groups = vec![kx_group::X25519, kx_group::SECP256R1, kx_group::X25519MLKEM768];
            let offer = Offer { suites: suites.clone(), groups, ..Offer::default() };
            let config = tls::ServerConfig { groups: vec![*wanted], ..server("P-256") };
            let outcome = our_server(&config, offer.client(&AUTHORITY, None));
            assert_agreed(outcome, suite, *wanted, true);
        }
    }
}

#[test]
fn a_protocol_that_both_speak_or_none_at_all() {
    let protocols = |names: &[&str]| -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    };
    for (here, there, agreed) in [
        (&["h2", "http/1.1"][..], &["http/1.1"][..], Some("http/1.1")),
        (&["http/1.1"], &["h2", "http/1.1"], Some("http/1.1")),
        (&["h2"], &[], None),
        (&[], &["h2"], None),
    ] {
        let offer = Offer { alpn: protocols(there), ..Offer::default() };
        let agreed = agreed.map(|name| name.as_bytes().to_vec());
        let config = tls::ClientConfig { protocols: protocols(here), ..client() };
        let (ours, theirs) = our_client(&config, "localhost", offer.server("P-256", None));
        assert_eq!(
            (ours.unwrap().protocol, theirs.unwrap().alpn),
            (agreed.clone(), agreed.clone())
        );
        let config = tls::ServerConfig { protocols: protocols(here), ..server("P-256") };
        let (ours, theirs) = our_server(&config, offer.client(&AUTHORITY, None));
        assert_eq!((ours.unwrap().protocol, theirs.unwrap().alpn), (agreed.clone(), agreed));
    }
    let offer = Offer { alpn: protocols(&["h2"]), ..Offer::default() };
    let config = tls::ClientConfig { protocols: protocols(&["smtp"]), ..client() };
    let (ours, _) = our_client(&config, "localhost", offer.server("P-256", None));
    assert!(matches!(ours.unwrap_err(), TlsError::Alert { alert: 120 }));
    let config = tls::ServerConfig { protocols: protocols(&["smtp"]), ..server("P-256") };
    let (ours, theirs) = our_server(&config, offer.client(&AUTHORITY, None));
    assert!(matches!(ours.unwrap_err(), TlsError::NoProtocol));
    assert_heard(theirs, AlertDescription::NoApplicationProtocol);
}

/// Both ask the other for new keys twice, and both answer: every direction has keys of generation 4 at the end.
#[test]
fn new_keys_in_both_directions_are_followed() {
    let generations = Arc::new(Mutex::new(Vec::new()));
    let observer: tls::Observer = {
        let generations = generations.clone();
        Arc::new(move |told: &Told<'_>| {
            if let Told::Rekeyed { generation, .. } = told {
                generations.lock().unwrap().push(*generation);
            }
        })
    };
    let config = tls::ClientConfig { observer: Some(observer), ..client() };
    let (ours, theirs) = our_client(&config, "localhost", Offer::default().server("P-256", None));
    ours.unwrap();
    theirs.unwrap();
    let generations = generations.lock().unwrap();
    assert!(generations.iter().filter(|it| **it >= 2).count() >= 2, "{generations:?}");
}

fn assert_heard(theirs: Theirs, alert: AlertDescription) {
    match theirs.err() {
        Some(rustls::Error::AlertReceived(heard)) => assert_eq!(heard, alert),
        other => panic!("{other:?} and not {alert:?}"),
    }
}

#[test]
fn what_ours_refuses_theirs_hears_by_its_alert() {
    let theirs = || Offer::default().server("P-256", None);
    let config = tls::ClientConfig::new(STRANGER.our_roots());
    let (ours, heard) = our_client(&config, "localhost", theirs());
    assert!(matches!(ours.unwrap_err(), TlsError::Certificate(_)));
    assert_heard(heard, AlertDescription::UnknownCA);

    // One of the same name and kind of key.
    let config =
        tls::ClientConfig::new(Authority::new("root", &rcgen::PKCS_ECDSA_P256_SHA256).our_roots());
    let (ours, heard) = our_client(&config, "localhost", theirs());
    let refused = ours.unwrap_err();
    assert!(matches!(
        refused,
        TlsError::Certificate(certificates::CertificateError::BadCertificateSignature)
    ));
    assert_heard(heard, AlertDescription::BadCertificate);

    let (ours, heard) = our_client(&client(), "bank.example", theirs());
    assert!(matches!(ours.unwrap_err(), TlsError::Certificate(_)));
    assert_heard(heard, AlertDescription::BadCertificate);

    let config = tls::ServerConfig { client_roots: Some(STRANGER.our_roots()), ..server("RSA") };
    let (ours, heard) = our_server(&config, Offer::default().client(&AUTHORITY, Some("P-256")));
    assert!(matches!(ours.unwrap_err(), TlsError::Certificate(_)));
    assert_heard(heard, AlertDescription::UnknownCA);
    let (ours, heard) = our_server(&config, Offer::default().client(&AUTHORITY, None));
    assert!(matches!(ours.unwrap_err(), TlsError::CertificateRequired));
    assert_heard(heard, AlertDescription::CertificateRequired);

    // TLS 1.2 alone; and nothing in common.
    let offer = Offer { versions: vec![&version::TLS12], ..Offer::default() };
    let (ours, heard) = our_server(&server("P-256"), offer.client(&AUTHORITY, None));
    assert!(matches!(ours.unwrap_err(), TlsError::Version));
    assert_heard(heard, AlertDescription::ProtocolVersion);
    let config = tls::ServerConfig { suites: vec![Suite::Aes256GcmSha384], ..server("P-256") };
    let offer = Offer { suites: vec![cipher_suite::TLS13_AES_128_GCM_SHA256], ..Offer::default() };
    let (ours, heard) = our_server(&config, offer.client(&AUTHORITY, None));
    assert!(matches!(ours.unwrap_err(), TlsError::NothingInCommon { what: "cipher suite" }));
    assert_heard(heard, AlertDescription::HandshakeFailure);
    let offer = Offer { groups: vec![kx_group::SECP384R1], ..Offer::default() };
    let (ours, heard) = our_server(&server("P-256"), offer.client(&AUTHORITY, None));
    assert!(matches!(ours.unwrap_err(), TlsError::NothingInCommon { what: "group" }));
    assert_heard(heard, AlertDescription::HandshakeFailure);
}

#[test]
fn what_theirs_refuses_ours_hears_by_its_alert() {
    let heard = |ours: Ours| match ours.unwrap_err() {
        TlsError::Alert { alert } => alert,
        other => panic!("{other}"),
    };
    let (ours, _) = our_server(&server("P-256"), Offer::default().client(&STRANGER, None));
    assert_eq!(heard(ours), 48);
    let config =
        tls::ServerConfig { client_roots: None, ..tls::ServerConfig::new(STRANGER.ours("RSA")) };
    let (ours, _) = our_server(&config, Offer::default().client(&AUTHORITY, None));
    assert_eq!(heard(ours), 48);
    // A client is through with the handshake when this comes, and hears it when it reads.
    let theirs = Offer::default().server("P-256", Some(&AUTHORITY));
    let (here, there) = UnixStream::pair().unwrap();
    let theirs = thread::spawn(move || {
        let end = ServerConnection::new(Arc::new(theirs)).unwrap();
        talk_there(End::Server(Box::new(end)), there)
    });
    let name = ServerName::try_from("localhost").unwrap();
    let ours = tls::connect(&here, &name, &client())
        .and_then(|mut stream| stream.read(&mut [0; 100]).map(|_| stream.agreed));
    assert_eq!(heard(ours), 116);
    assert!(matches!(theirs.join().unwrap(), Err(rustls::Error::NoCertificatesPresented)));
    let offer = Offer { versions: vec![&version::TLS12], ..Offer::default() };
    let (ours, _) = our_client(&client(), "localhost", offer.server("P-256", None));
    assert_eq!(heard(ours), 70);
    let config = tls::ClientConfig { suites: vec![Suite::Aes128GcmSha256], ..client() };
    let offer = Offer { suites: vec![cipher_suite::TLS13_AES_256_GCM_SHA384], ..Offer::default() };
    let (ours, _) = our_client(&config, "localhost", offer.server("P-256", None));
    assert_eq!(heard(ours), 40);
}
