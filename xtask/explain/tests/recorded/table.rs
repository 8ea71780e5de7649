//! Which sessions there are, who plays them, and what is in each.

use super::programs::{BIG, REQUEST};
use super::record::write;
use super::session::{Link, Session, other, session, tls13};

const AES_128: &str = "TLS_AES_128_GCM_SHA256";
const AES_256: &str = "TLS_AES_256_GCM_SHA384";
const CHACHA20: &str = "TLS_CHACHA20_POLY1305_SHA256";
const X25519: &str = "x25519";
const P256: &str = "secp256r1";
const ECDSA: &str = "ecdsa_secp256r1_sha256";
const RSA: &str = "rsa_pss_rsae_sha256";
/// No signature: a key from before proves who the server is.
const RESUMED: &str = "";

/// What a client sends from its first word to its Finished, and behind that.
macro_rules! client {
    ($behind:literal) => {
        concat!("ClientHello ChangeCipherSpec Finished", $behind)
    };
}

/// What a server sends that proves with a certificate who it is, and behind that.
macro_rules! proved {
    ($behind:literal) => {
        concat!(
            "ServerHello ChangeCipherSpec EncryptedExtensions Certificate \
             CertificateVerify Finished",
            $behind
        )
    };
}

/// The same of one that does so with a key from before.
macro_rules! resumed {
    ($behind:literal) => {
        concat!("ServerHello ChangeCipherSpec EncryptedExtensions Finished", $behind)
    };
}

/// All of them.
pub const SESSIONS: &[Session] = &[
    session(
        "curl-nginx",
        "a page, as anyone fetches one",
        |scene| {
            let _server = scene.nginx("ssl", "");
            assert_eq!(scene.curl(&["--no-alpn"], "/").ends_well(), "hello\n");
        },
        &[tls13(AES_256, X25519, ECDSA).sends(
            client!(" data Alert close_notify"),
            proved!(" NewSessionTicket NewSessionTicket data"),
        )],
    ),
    session(
        "curl-nginx-h2",
        "the same in HTTP/2",
        |scene| {
            let _server = scene.nginx("ssl http2", "");
            assert_eq!(scene.curl(&["--http2"], "/").ends_well(), "hello\n");
        },
        &[tls13(AES_256, X25519, ECDSA)
            .protocol("h2")
            .sends(client!(" data"), proved!(" NewSessionTicket NewSessionTicket data"))],
    ),
    session(
        "curl-nginx-client-certificate",
        "a client that shows who it is",
        |scene| {
            let roots = scene.certificate("roots");
            let lines = "ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate ";
            let _server = scene.nginx("ssl", &format!("{lines}{};", roots.display()));
            let [chain, key] = ["client_chain", "client_key"].map(|name| scene.certificate(name));
            let args = ["--cert", chain.to_str().unwrap(), "--key", key.to_str().unwrap()];
            assert_eq!(scene.curl(&args, "/").ends_well(), "hello\n");
        },
        &[tls13(AES_256, X25519, ECDSA).protocol("http/1.1").sends(
            "ClientHello ChangeCipherSpec Certificate CertificateVerify \
             Finished data Alert close_notify",
            "ServerHello ChangeCipherSpec EncryptedExtensions \
             CertificateRequest Certificate CertificateVerify Finished \
             NewSessionTicket NewSessionTicket data",
        )],
    ),
    session(
        "curl-openssl-unknown-ca",
        "a client that does not trust the server, and says so",
        |scene| {
            let _server = scene.openssl_server("ecdsa", &["-HTTP", "-quiet"]);
            let strange = scene.strange_root();
            let (is_well, said) = scene.curl(&["--cacert", &strange], "/page").end();
            assert!(!is_well && said.contains("unable to get local issuer certificate"), "{said}");
        },
        &[tls13(AES_256, X25519, ECDSA).sends("ClientHello Alert unknown_ca", proved!(""))],
    ),
    session(
        "wget-nginx-download",
        "a file in several records",
        |scene| {
            let _server = scene.nginx("ssl", "");
            assert_eq!(scene.wget("/big").ends_well().len(), BIG);
        },
        &[tls13(AES_256, P256, ECDSA)
            .sends(client!(" data"), proved!(" NewSessionTicket NewSessionTicket data"))],
    ),
    session(
        "openssl-retry",
        "a HelloRetryRequest: the server wants another group",
        |scene| {
            let _server = scene.openssl_server("ecdsa", &["-HTTP", "-quiet", "-groups", "P-256"]);
            let mut client = scene.openssl_client(&["-quiet", "-groups", "X25519:P-256"]);
            client.say(REQUEST);
            client.ends_well();
        },
        &[tls13(AES_256, P256, ECDSA).sends(
            "ClientHello ChangeCipherSpec ClientHello Finished data Alert \
             close_notify",
            "HelloRetryRequest ChangeCipherSpec ServerHello \
             EncryptedExtensions Certificate CertificateVerify Finished \
             NewSessionTicket NewSessionTicket data Alert close_notify",
        )],
    ),
    session(
        "openssl-resumed",
        "a session, and another that goes on with its ticket",
        |scene| {
            let _server = scene.openssl_server("ecdsa", &["-HTTP", "-quiet"]);
            for option in ["-sess_out", "-sess_in"] {
                let mut client = scene.openssl_client(&["-quiet", option, "session"]);
                client.say(REQUEST);
                client.ends_well();
            }
            scene.openssl_ticket();
        },
        &[
            tls13(AES_256, X25519, ECDSA).sends(
                client!(" data Alert close_notify"),
                proved!(" NewSessionTicket NewSessionTicket data Alert close_notify"),
            ),
            tls13(AES_256, X25519, RESUMED).sends(
                client!(" data Alert close_notify"),
                resumed!(" NewSessionTicket data Alert close_notify"),
            ),
        ],
    ),
    session(
        "openssl-early-data",
        "data before the handshake is over, by a ticket",
        |scene| {
            let mut server = scene.openssl_server("ecdsa", &["-early_data", "-num_tickets", "1"]);
            let mut client = scene.openssl_client(&["-sess_out", "session"]);
            client.until("Verify return code");
            scene.until_written("session", "-----END SSL SESSION PARAMETERS-----\n");
            client.say("Q\n");
            client.ends_well();
            scene.openssl_ticket();
            write(&scene.file("early"), "early words\n");
            let mut client = scene.openssl_client(&["-sess_in", "session", "-early_data", "early"]);
            client.until("Early data was accepted").until("Verify return code").say("late words\n");
            server.until("late words");
            client.say("Q\n");
            client.ends_well();
        },
        &[
            tls13(AES_256, X25519, ECDSA).sends(
                client!(" Alert close_notify"),
                proved!(" NewSessionTicket Alert close_notify"),
            ),
            tls13(AES_256, X25519, RESUMED).early().sends(
                "ClientHello ChangeCipherSpec data EndOfEarlyData Finished \
             data Alert close_notify",
                resumed!(" NewSessionTicket Alert close_notify"),
            ),
        ],
    ),
    session(
        "openssl-key-updates",
        "new keys for one side, then for both",
        |scene| {
            let mut server = scene.openssl_server("ecdsa", &[]);
            let mut client = scene.openssl_client(&[]);
            client.until("Verify return code").say("before\n");
            server.until("before");
            client.say("k\n").until("KEYUPDATE").say("with new keys\n");
            server.until("with new keys");
            client.say("K\n").until("KEYUPDATE").say("with newer keys\n");
            server.until("with newer keys").say("and these are of the server\n");
            client.until("and these are of the server").say("Q\n");
            client.ends_well();
        },
        &[tls13(AES_256, X25519, ECDSA).sends(
            client!(" data KeyUpdate data KeyUpdate data Alert close_notify"),
            proved!(
                " NewSessionTicket NewSessionTicket KeyUpdate data Alert \
             close_notify"
            ),
        )],
    ),
    session(
        "openssl-padding-chacha20",
        "records that are padded, so that none tells its length",
        |scene| {
            let args = ["-HTTP", "-quiet", "-record_padding", "512"];
            let _server = scene.openssl_server("server", &args);
            let suite = ["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"];
            let mut client = scene.openssl_client(&[&["-quiet"][..], &suite].concat());
            client.say(REQUEST);
            client.ends_well();
        },
        &[tls13(CHACHA20, X25519, RSA).sends(
            client!(" data Alert close_notify"),
            proved!(" NewSessionTicket NewSessionTicket data Alert close_notify"),
        )],
    ),
    session(
        "openssl-psk",
        "a key that both had before, and no certificate",
        |scene| {
            let psk = ["-psk", "000102030405060708090a0b0c0d0e0f", "-psk_identity", "reader"];
            write(&scene.psks(), &format!("{}\n", psk[1]));
            let mut server = scene.openssl_server("ecdsa", &psk);
            let mut client = scene
                .openssl_client(&[&psk[..], &["-ciphersuites", "TLS_AES_128_GCM_SHA256"]].concat());
            client.until("Verify return code").say("hello\n");
            server.until("hello");
            client.say("Q\n");
            client.ends_well();
        },
        &[tls13(AES_128, X25519, RESUMED).sends(
            client!(" data Alert close_notify"),
            resumed!(" NewSessionTicket Alert close_notify"),
        )],
    )
    .pcap(),
    session(
        "openssl-tls12",
        "TLS 1.2",
        |scene| {
            let _server = scene.openssl_server("ecdsa", &["-HTTP", "-quiet"]);
            let mut client = scene.openssl_client(&["-quiet", "-tls1_2"]);
            client.say(REQUEST);
            client.ends_well();
        },
        &[other("ClientHello loose sealed", "ServerHello loose sealed").except(&[
            "version not made: TLS 1.2 was agreed on",
            "server downgrade not made: the client does not offer TLS \
             1.3: there was nothing to lower",
        ])],
    ),
    session(
        "gnutls-early-data",
        "a session of GnuTLS, and another with early data",
        |scene| {
            let _server = scene.gnutls_server(&["--http", "--earlydata"]);
            write(&scene.file("early"), REQUEST);
            let mut client =
                scene.gnutls_client(&["--resume", "--waitresumption", "--earlydata", "early"]);
            client.say(REQUEST);
            client.ends_well();
        },
        &[
            tls13(AES_256, P256, ECDSA).sends(
                client!(" Alert close_notify"),
                proved!(" NewSessionTicket NewSessionTicket Alert close_notify"),
            ),
            tls13(AES_256, P256, RESUMED)
                .early()
                .sends(
                    "ClientHello data EndOfEarlyData Finished data",
                    resumed!(" NewSessionTicket NewSessionTicket data Alert close_notify"),
                )
                .except(&["client binder not made: the key that it proves is in no key log"]),
        ],
    ),
    session(
        "gnutls-rekey",
        "new keys by GnuTLS",
        |scene| {
            let _server = scene.gnutls_server(&["--echo"]);
            let mut client = scene.gnutls_client(&["--inline-commands"]);
            client.until("Simple Client Mode").say("before\n").until("before");
            client.say("^rekey^\n").say("behind\n").until("behind").say_no_more();
            client.ends_well();
        },
        &[tls13(AES_256, P256, ECDSA).sends(
            client!(" data KeyUpdate data Alert close_notify"),
            proved!(
                " NewSessionTicket NewSessionTicket data KeyUpdate data Alert \
             close_notify"
            ),
        )],
    ),
    session(
        "wget-gnutls-cooked2",
        "a page, recorded on all devices",
        |scene| {
            let _server = scene.gnutls_server(&["--http"]);
            scene.wget("/").ends_well();
        },
        &[tls13(AES_256, P256, ECDSA).sends(
            client!(" data"),
            proved!(" NewSessionTicket NewSessionTicket data Alert close_notify"),
        )],
    )
    .on(Link::Cooked2),
    session(
        "nss-openssl",
        "a page for NSS",
        |scene| {
            let keylog = scene.keylog();
            let args = ["-HTTP", "-quiet", "-keylogfile", keylog.to_str().unwrap()];
            let _server = scene.openssl_server("ecdsa", &args);
            assert!(scene.nss_client().ends_well().contains("hello"));
        },
        &[tls13(AES_128, X25519, ECDSA).sends(
            "ClientHello Finished data Alert close_notify",
            proved!(" NewSessionTicket NewSessionTicket data Alert close_notify"),
        )],
    ),
    session(
        "openssl-nss",
        "a page by NSS",
        |scene| {
            let _server = scene.nss_server();
            let mut client = scene.openssl_client(&["-quiet"]);
            client.say(REQUEST);
            client.ends_well();
        },
        &[tls13(AES_128, X25519, ECDSA).sends(
            client!(" data Alert close_notify"),
            proved!(" NewSessionTicket data Alert close_notify"),
        )],
    ),
    session(
        "python-ipv6",
        "a page over IPv6, with a key of Ed25519",
        |scene| {
            let _server = scene.python_server("ed25519", "");
            assert!(scene.python_client("").ends_well().ends_with("hello\n"));
        },
        &[tls13(AES_256, X25519, "ed25519").sends(
            client!(" data Alert close_notify"),
            proved!(" NewSessionTicket NewSessionTicket data Alert close_notify"),
        )],
    )
    .v6(),
    session(
        "python-killed",
        "a server that is killed while it answers",
        |scene| {
            let _server = scene.python_server("ecdsa", "killed");
            scene.python_client("killed").ends_well();
        },
        &[tls13(AES_256, X25519, ECDSA)
            .sends(client!(" data"), proved!(" NewSessionTicket NewSessionTicket data"))],
    ),
    session(
        "node-cooked",
        "a page between two of Node.js, recorded on all devices",
        |scene| {
            let _server = scene.node_server("server");
            assert!(scene.node_client().ends_well().ends_with("hello\n"));
        },
        &[tls13(AES_256, X25519, RSA).protocol("http/1.1").sends(
            client!(" data Alert close_notify"),
            proved!(" NewSessionTicket NewSessionTicket data Alert close_notify"),
        )],
    )
    .on(Link::Cooked),
    session(
        "python-stunnel",
        "a page through stunnel",
        |scene| {
            let _server = scene.stunnel();
            assert!(scene.python_client("").ends_well().ends_with("hello\n"));
        },
        &[tls13(AES_256, X25519, RSA).sends(
            client!(" data Alert close_notify"),
            proved!(" NewSessionTicket NewSessionTicket data Alert close_notify"),
        )],
    ),
    session(
        "chromium-nginx",
        "a page in Chromium, with GREASE and HTTP/2",
        |scene| {
            let _server = scene.nginx("ssl http2", "");
            assert!(scene.browser("chromium").ends_well().contains("hello"));
        },
        &[tls13(AES_128, X25519, ECDSA)
            .protocol("h2")
            .sends(client!(" data"), proved!(" NewSessionTicket NewSessionTicket data"))],
    )
    .busiest(),
    session(
        "firefox-hybrid",
        "a page of ours in Firefox, and a group against quantum computers",
        |scene| {
            let _server = scene.our_server();
            scene.browser("firefox").ends_well();
        },
        &[tls13(AES_128, "X25519MLKEM768", ECDSA)
            .sends(client!(" data Alert close_notify"), proved!(" data Alert close_notify"))],
    )
    .busiest(),
    session(
        "plain-http",
        "no TLS at all",
        |scene| {
            let _server = scene.plain_server("http");
            scene.plain_client("http").ends_well();
        },
        &[other("loose", "loose")
            .except(&["TLS not made: what the client sends does not begin with a \
             record of TLS: it begins like HTTP"])],
    ),
    session(
        "ssh",
        "another protocol: the beginning of SSH",
        |scene| {
            let _server = scene.plain_server("ssh");
            scene.plain_client("ssh").ends_well();
        },
        &[other("loose", "loose")
            .except(&["TLS not made: what the client sends does not begin with a \
             record of TLS: it begins like SSH"])],
    ),
];
