//! Our client and our server against programs of others, both ways, case by case: who talks with whom at what. The book's
//! table says what is expected here.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, Lone, programs};
use messages::tls13::{Extension, HandshakeMessage, names};
use stages::{STAGES, Stage};
use transcript::{Event, EventKind, Role, Way};

/// The page of the book that has the table, and the variable that has it written.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/part5/peers.md");
const WRITE: &str = "WRITE_PEERS";
/// Where the part of the page begins that differs from machine to machine.
const SEEN: &str = "\n## Versions\n";

/// A request, whose answer is the last of its connection.
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// What every server here answers.
const ANSWER: &str =
    "HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nhello\\n";

/// What is tried, once for each peer and role. `Some` in a case is what has to be agreed on then. In the table, the first
/// three are certificates, the next three suites, and the next three groups.
const CASES: [Case; 12] = [
    Case::of("RSA").leaf("server", "rsa_pss_rsae_sha256"),
    Case::of("P-256").leaf("ecdsa", "ecdsa_secp256r1_sha256"),
    Case::of("Ed25519").leaf("ed25519", "ed25519"),
    Case::of("AES-128-GCM").suite("TLS_AES_128_GCM_SHA256"),
    Case::of("AES-256-GCM").suite("TLS_AES_256_GCM_SHA384"),
    Case::of("ChaCha20").suite("TLS_CHACHA20_POLY1305_SHA256"),
    Case::of("x25519").group("x25519"),
    Case::of("secp256r1").group("secp256r1"),
    Case::of("X25519MLKEM768").group("X25519MLKEM768"),
    Case::of("HelloRetryRequest").retried(),
    Case::of("ALPN").alpn(),
    Case::of("client certificate").certified(),
];

#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    /// The server's certificate.
    leaf: &'static str,
    scheme: Option<&'static str>,
    suite: Option<&'static str>,
    group: Option<&'static str>,
    /// Whether a server takes P-256 alone, and the client begins with X25519.
    retried: bool,
    alpn: bool,
    certified: bool,
}

impl Case {
    const fn of(name: &'static str) -> Self {
        let (scheme, suite, group) = (None, None, None);
        let (retried, alpn, certified) = (false, false, false);
        Self { name, leaf: "ecdsa", scheme, suite, group, retried, alpn, certified }
    }

    const fn leaf(self, leaf: &'static str, scheme: &'static str) -> Self {
        Self { leaf, scheme: Some(scheme), ..self }
    }

    const fn suite(self, suite: &'static str) -> Self {
        Self { suite: Some(suite), ..self }
    }

    const fn group(self, group: &'static str) -> Self {
        Self { group: Some(group), ..self }
    }

    const fn retried(self) -> Self {
        Self { group: Some("secp256r1"), retried: true, ..self }
    }

    const fn alpn(self) -> Self {
        Self { alpn: true, ..self }
    }

    const fn certified(self) -> Self {
        Self { certified: true, ..self }
    }
}

/// What a program is started with.
struct Setup<'s> {
    case: Case,
    port: u16,
    roots: PathBuf,
    /// Who it is: a server, or a client that has a certificate.
    chain: PathBuf,
    key: PathBuf,
    /// A folder of its own.
    folder: &'s Path,
}

impl Setup<'_> {
    fn certificate(&self) -> [&Path; 2] {
        [&self.chain, &self.key]
    }

    /// Makes a database of NSS with the roots, and the certificate if there is to be one.
    fn nss(&self, has_certificate: bool) -> String {
        let database = format!("sql:{}", self.folder.display());
        let file = |path: &Path| path.to_str().unwrap().to_owned();
        let run = |program: &str, args: &[&str]| {
            Command::new(program).args(args).stdin(Stdio::null()).output().unwrap()
        };
        run("certutil", &["-N", "--empty-password", "-d", &database]);
        let roots = file(&self.roots);
        run("certutil", &["-A", "-n", "root", "-t", "CT,,", "-i", &roots, "-d", &database]);
        if has_certificate {
            let own = [&*self.folder.join("own.p12"), &self.chain, &self.key].map(file);
            let [p12, chain, key] = own.each_ref().map(String::as_str);
            let export = ["pkcs12", "-export", "-name", "own", "-passout", "pass:x", "-out", p12];
            run("openssl", &[&export[..], &["-in", chain, "-inkey", key]].concat());
            // It takes no key of Ed25519: then the server does not start.
            run("pk12util", &["-i", p12, "-W", "x", "-d", &database]);
        }
        database
    }
}

/// A way to start a program.
type Start = fn(&Setup<'_>) -> Command;

/// A program of others.
struct Peer {
    name: &'static str,
    /// How its version is asked for.
    version: &'static [&'static str],
    /// It as a client, and the cases that it cannot do.
    client: Option<(Start, &'static [&'static str])>,
    /// It as a server.
    server: Option<(Start, &'static [&'static str])>,
}

/// Without `X25519MLKEM768`, whatever a newer version may have: it is asked for, and the answer stands below the table.
const NEW: &str = "X25519MLKEM768";

const PEERS: [Peer; 8] = [
    Peer {
        name: "OpenSSL",
        version: &["openssl", "version"],
        client: Some((openssl_client, &[])),
        server: Some((openssl_server, &[])),
    },
    Peer {
        name: "GnuTLS",
        version: &["gnutls-cli", "--version"],
        client: Some((gnutls_client, &["HelloRetryRequest"])),
        server: Some((gnutls_server, &[])),
    },
    Peer {
        name: "NSS",
        version: &["dpkg-query", "-W", "-f", "NSS ${Version}", "libnss3-tools"],
        client: Some((nss_client, &["Ed25519", "ALPN"])),
        server: Some((nss_server, &["Ed25519", "ALPN"])),
    },
    Peer {
        name: "curl",
        version: &["curl", "--version"],
        client: Some((curl_client, &[])),
        server: None,
    },
    Peer {
        name: "wget",
        version: &["wget", "--version"],
        client: Some((wget_client, &["HelloRetryRequest", "ALPN"])),
        server: None,
    },
    Peer {
        name: "Python",
        version: &[
            "python3",
            "-c",
            "import ssl, sys; print('Python', sys.version.split()[0], 'with', ssl.OPENSSL_VERSION)",
        ],
        client: Some((python_client, &[])),
        server: Some((python_server, &[])),
    },
    Peer {
        name: "Node.js",
        version: &[
            "node",
            "-p",
            "'Node.js ' + process.version + ' with OpenSSL ' + process.versions.openssl",
        ],
        client: Some((node_client, &[])),
        server: Some((node_server, &[])),
    },
    Peer {
        name: "nginx",
        version: &["nginx", "-v"],
        client: None,
        server: Some((nginx_server, &[])),
    },
];

fn timed(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=1", "20", program]);
    for variable in ["http_proxy", "https_proxy"] {
        command.env_remove(variable);
    }
    command
}

fn openssl_client(setup: &Setup<'_>) -> Command {
    let mut command = timed("openssl");
    command.args(["s_client", "-quiet", "-verify_return_error", "-verify_hostname", "localhost"]);
    command.args(["-servername", "localhost", "-connect", &format!("localhost:{}", setup.port)]);
    command.arg("-CAfile").arg(&setup.roots);
    if setup.case.alpn {
        command.args(["-alpn", "http/1.1"]);
    }
    if setup.case.certified {
        let [chain, key] = setup.certificate();
        command.arg("-cert").arg(chain).arg("-cert_chain").arg(chain).arg("-key").arg(key);
    }
    command
}

fn openssl_server(setup: &Setup<'_>) -> Command {
    let [chain, key] = setup.certificate();
    let mut command = timed("openssl");
    command.args(["s_server", "-www", "-quiet", "-tls1_3", "-accept", &setup.port.to_string()]);
    command.arg("-cert").arg(chain).arg("-cert_chain").arg(chain).arg("-key").arg(key);
    if setup.case.retried {
        command.args(["-groups", "P-256"]);
    }
    if setup.case.alpn {
        command.args(["-alpn", "http/1.1"]);
    }
    if setup.case.certified {
        command.args(["-Verify", "3", "-verify_return_error", "-CAfile"]).arg(&setup.roots);
    }
    command
}

fn gnutls_client(setup: &Setup<'_>) -> Command {
    let mut command = timed("gnutls-cli");
    command.args(["--port", &setup.port.to_string(), "--x509cafile"]).arg(&setup.roots);
    if setup.case.alpn {
        command.args(["--alpn", "http/1.1"]);
    }
    if setup.case.certified {
        let [chain, key] = setup.certificate();
        command.arg("--x509certfile").arg(chain).arg("--x509keyfile").arg(key);
    }
    command.arg("localhost");
    command
}

fn gnutls_server(setup: &Setup<'_>) -> Command {
    let [chain, key] = setup.certificate();
    let mut command = timed("gnutls-serv");
    command.args(["--http", "--quiet", "--port", &setup.port.to_string()]);
    command.arg("--x509certfile").arg(chain).arg("--x509keyfile").arg(key);
    if setup.case.retried {
        command.args(["--priority", "NORMAL:-GROUP-ALL:+GROUP-SECP256R1"]);
    }
    if setup.case.alpn {
        command.args(["--alpn", "http/1.1"]);
    }
    if setup.case.certified {
        command.args(["--require-client-cert", "--verify-client-cert", "--x509cafile"]);
        command.arg(&setup.roots);
    } else {
        command.arg("--disable-client-cert");
    }
    command
}

fn nss_client(setup: &Setup<'_>) -> Command {
    let request = setup.folder.join("request");
    fs::write(&request, REQUEST).unwrap();
    let mut command = timed("tstclnt");
    command.args(["-4", "-h", "localhost", "-p", &setup.port.to_string()]);
    command.args(["-V", "tls1.3:tls1.3"]);
    command.args(["-d", &setup.nss(setup.case.certified), "-A"]).arg(request);
    if setup.case.certified {
        command.args(["-n", "own"]);
    }
    command
}

fn nss_server(setup: &Setup<'_>) -> Command {
    let mut command = timed("selfserv");
    command.args(["-p", &setup.port.to_string(), "-V", "tls1.3:tls1.3", "-n", "own"]);
    command.args(["-d", &setup.nss(true)]);
    if setup.case.retried {
        command.args(["-I", "P256"]);
    }
    if setup.case.certified {
        command.args(["-r", "-r"]);
    }
    command
}

fn curl_client(setup: &Setup<'_>) -> Command {
    let mut command = timed("curl");
    command.args(["--disable", "--silent", "--show-error", "--noproxy", "*", "--cacert"]);
    command.arg(&setup.roots).arg(format!("https://localhost:{}/", setup.port));
    if !setup.case.alpn {
        command.arg("--no-alpn");
    }
    if setup.case.certified {
        let [chain, key] = setup.certificate();
        command.arg("--cert").arg(chain).arg("--key").arg(key);
    }
    command
}

fn wget_client(setup: &Setup<'_>) -> Command {
    let mut command = timed("wget");
    command.args(["--no-config", "--no-hsts", "--tries=1", "--quiet", "--output-document=-"]);
    command.arg(format!("--ca-certificate={}", setup.roots.display()));
    if setup.case.certified {
        let [chain, key] = setup.certificate();
        command.arg(format!("--certificate={}", chain.display()));
        command.arg(format!("--private-key={}", key.display()));
    }
    command.arg(format!("https://localhost:{}/", setup.port));
    command
}

const PYTHON: &str = r#"
import socket, ssl, sys
role, port, roots, chain, key, alpn, certified, p256, request, answer = sys.argv[1:]
purpose = ssl.Purpose.SERVER_AUTH if role == "client" else ssl.Purpose.CLIENT_AUTH
context = ssl.create_default_context(purpose, cafile=roots)
context.minimum_version = ssl.TLSVersion.TLSv1_3
if alpn: context.set_alpn_protocols(["http/1.1"])
if p256: context.set_ecdh_curve("prime256v1")
if certified or role == "server": context.load_cert_chain(chain, key)
if role == "client":
    tcp = socket.create_connection(("localhost", int(port)))
    tls = context.wrap_socket(tcp, server_hostname="localhost", suppress_ragged_eofs=False)
    tls.sendall(request.encode())
    while data := tls.recv(4096): sys.stdout.write(data.decode())
    tls.unwrap().close()
else:
    if certified: context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", int(port)))
    while True:
        tcp, _ = listener.accept()
        try:
            tls = context.wrap_socket(tcp, server_side=True, suppress_ragged_eofs=False)
            tls.recv(4096)
            tls.sendall(answer.encode().decode("unicode_escape").encode())
            tls.unwrap().close()
        except OSError: tcp.close()
"#;

/// Runs a script of ours, which `program` takes behind `option`, as a client or a server.
fn script(program: &str, option: &str, script: &str, setup: &Setup<'_>, role: &str) -> Command {
    let mut command = timed(program);
    command.args([option, script, role, &setup.port.to_string()]).arg(&setup.roots);
    command.args(setup.certificate());
    let Case { alpn, certified, retried, .. } = setup.case;
    let p256 = retried && role == "server";
    command.args([alpn, certified, p256].map(|is| if is { "yes" } else { "" }));
    command.args([REQUEST, ANSWER]);
    command
}

fn python_client(setup: &Setup<'_>) -> Command {
    script("python3", "-c", PYTHON, setup, "client")
}

fn python_server(setup: &Setup<'_>) -> Command {
    script("python3", "-c", PYTHON, setup, "server")
}

const NODE: &str = r#"
const [role, port, roots, chain, key, alpn, certified, p256, request, answer] = process.argv.slice(1);
const fs = require("fs"), tls = require("tls");
const options = { ca: fs.readFileSync(roots), minVersion: "TLSv1.3" };
if (alpn) options.ALPNProtocols = ["http/1.1"];
if (p256) options.ecdhCurve = "prime256v1";
if (certified || role === "server") { options.cert = fs.readFileSync(chain); options.key = fs.readFileSync(key); }
if (role === "client") {
    const socket = tls.connect({ ...options, port, host: "localhost", servername: "localhost" }, () => socket.write(request));
    socket.on("data", data => process.stdout.write(data));
    socket.on("error", error => { console.error(error.message); process.exit(1); });
} else {
    if (certified) { options.requestCert = true; options.rejectUnauthorized = true; }
    const server = tls.createServer(options, socket => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(answer.replaceAll("\\r", "\r").replaceAll("\\n", "\n")));
    });
    server.on("tlsClientError", () => {});
    server.listen(port, "127.0.0.1");
}
"#;

fn node_client(setup: &Setup<'_>) -> Command {
    script("node", "-e", NODE, setup, "client")
}

fn node_server(setup: &Setup<'_>) -> Command {
    script("node", "-e", NODE, setup, "server")
}

fn nginx_server(setup: &Setup<'_>) -> Command {
    let [chain, key] = setup.certificate();
    let (port, folder) = (setup.port, setup.folder.display());
    let curve = if setup.case.retried { "ssl_ecdh_curve prime256v1;" } else { "" };
    let verify = if setup.case.certified {
        format!(
            "ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate {};",
            setup.roots.display()
        )
    } else {
        String::new()
    };
    let text = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr;\n\
         events {{}}\n\
         http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};\n\
         fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n\
         server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.3; {curve} {verify}\n\
         ssl_certificate {}; ssl_certificate_key {};\n\
         location / {{ return 200 \"hello\\n\"; }} }} }}\n",
        chain.display(),
        key.display()
    );
    let file = setup.folder.join("nginx.conf");
    fs::write(&file, text).unwrap();
    let mut command = timed("nginx");
    command.arg("-c").arg(file).arg("-e").arg("stderr");
    command
}

fn stage() -> &'static Stage {
    STAGES.iter().find(|stage| stage.has_types()).unwrap()
}

/// What was agreed on, as our own side tells it.
#[derive(Debug, Default)]
struct Agreed {
    suite: String,
    group: String,
    scheme: String,
    protocol: Option<String>,
    hellos: usize,
    has_client_certificate: bool,
    tickets: usize,
}

impl Agreed {
    fn of(events: &[Event], ours: Role) -> Self {
        let mut agreed = Self::default();
        for event in events {
            let EventKind::Handshake(message) = &event.kind else { continue };
            let from_client = (message.direction == Way::Sent) == (ours == Role::Client);
            let Ok(message) = HandshakeMessage::decode(&message.message) else { continue };
            match message {
                HandshakeMessage::ClientHello(_) => agreed.hellos += 1,
                HandshakeMessage::ServerHello(hello) => {
                    agreed.suite = names::suite(hello.cipher_suite);
                    for extension in &hello.extensions {
                        if let Extension::KeyShare(share) = extension {
                            agreed.group = names::group(share.group);
                        }
                    }
                }
                HandshakeMessage::EncryptedExtensions(extensions) => {
                    for extension in extensions {
                        if let Extension::Alpn(protocols) = extension {
                            agreed.protocol =
                                Some(String::from_utf8(protocols[0].clone()).unwrap());
                        }
                    }
                }
                HandshakeMessage::Certificate(certificate) if from_client => {
                    agreed.has_client_certificate = !certificate.certificates.is_empty();
                }
                HandshakeMessage::CertificateVerify(verify) if !from_client => {
                    agreed.scheme = names::scheme(verify.scheme);
                }
                HandshakeMessage::NewSessionTicket(_) => agreed.tickets += 1,
                _ => {}
            }
        }
        agreed
    }

    /// Whether it is what the case is about.
    fn is(&self, case: Case) -> bool {
        let all =
            [(case.scheme, &self.scheme), (case.suite, &self.suite), (case.group, &self.group)];
        all.iter().all(|(wanted, got)| wanted.is_none_or(|wanted| wanted == *got))
            && (!case.retried || self.hellos == 2)
            && (!case.alpn || self.protocol.as_deref() == Some("http/1.1"))
            && self.has_client_certificate == case.certified
    }
}

/// A process that is ended when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // `timeout` passes this on, where it would not pass on a SIGKILL.
        _ = Command::new("kill").arg(self.0.id().to_string()).status();
        _ = self.0.wait();
    }
}

/// Starts what serves in a folder of its own, at a port that was free a moment ago, and waits until it does.
fn started(command: impl Fn(u16) -> Command) -> Option<(Running, u16)> {
    for _ in 0..3 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = command(port);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = Running(command.spawn().unwrap());
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                drop(stream);
                return Some((running, port));
            }
            if running.0.try_wait().unwrap().is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
    None
}

/// Runs a client of others to its end, and returns whether it ended well, and what it printed.
fn run(mut command: Command, input: &str) -> (bool, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Open until the end: some clients go when it ends.
    let mut told = child.stdin.take().unwrap();
    _ = told.write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    drop(told);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn setup(case: Case, port: u16, folder: &Path, is_client: bool) -> Setup<'_> {
    let made = programs().certificates().unwrap();
    let who = if is_client { "client" } else { case.leaf };
    let [roots, chain, key] = [("roots".to_owned()), format!("{who}_chain"), format!("{who}_key")]
        .map(|name| made.join(name + ".pem"));
    Setup { case, port, roots, chain, key, folder }
}

/// The options of our own side.
fn ours(case: Case, role: Role) -> Vec<String> {
    let made = programs().certificates().unwrap();
    let file = |name: String| made.join(name).to_str().unwrap().to_owned();
    let mut args = Vec::new();
    let mut add = |option: &str, value: String| args.extend([option.to_owned(), value]);
    if let Some(suite) = case.suite {
        add("--suite", suite.to_owned());
    }
    match (case.group, role) {
        (Some(_), Role::Client) if case.retried => add("--group", "x25519,secp256r1".to_owned()),
        (Some(group), _) => add("--group", group.to_owned()),
        // Whatever else a newer version has.
        (None, _) => add("--group", "x25519,secp256r1".to_owned()),
    }
    if case.alpn {
        add("--alpn", "http/1.1".to_owned());
    }
    let own = if role == Role::Client { "client" } else { case.leaf };
    if role == Role::Server || case.certified {
        add("--certificate", file(format!("{own}_chain.pem")));
        add("--key", file(format!("{own}_key.pem")));
    }
    if role == Role::Client || case.certified {
        add("--roots", file("roots.pem".to_owned()));
    }
    args
}

/// A client of others and our server.
fn against_our_server(command: Start, case: Case) -> Result<Agreed, String> {
    let args = ours(case, Role::Server);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let (server, addr) = Lone::server(stage(), &args);
    let folder = Folder::new();
    let (is_well, text) = run(command(&setup(case, addr.port(), &folder, true)), REQUEST);
    if !text.contains("hello, client") {
        return Err(format!("{is_well} {text}"));
    }
    let ended = server.end();
    Ok(Agreed::of(&ended.events, Role::Server))
}

/// A server of others and our client.
fn against_our_client(command: Start, case: Case) -> Result<Agreed, String> {
    let folder = Folder::new();
    let (_server, port) = started(|port| {
        for file in fs::read_dir(&*folder).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        command(&setup(case, port, &folder, false))
    })
    .ok_or("the server did not start")?;
    let client = programs().of(stage(), Role::Client).unwrap();
    let mut asked = Command::new(client);
    asked.args(["--json", "--get", &format!("https://localhost:{port}/")]);
    let output = asked.args(ours(case, Role::Client)).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.stdout.is_empty() || !output.status.success() {
        return Err(told);
    }
    let events = told.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok());
    Ok(Agreed::of(&events.collect::<Vec<_>>(), Role::Client))
}

#[test]
#[ignore = "needs OpenSSL, GnuTLS, NSS, curl, wget, Python, Node.js and nginx"]
fn every_peer_speaks_with_us_both_ways_as_the_table_says() {
    let mut jobs = Vec::new();
    for peer in &PEERS {
        for (role, program) in [(Role::Client, peer.client), (Role::Server, peer.server)] {
            let Some((command, cannot)) = program else { continue };
            for case in CASES.into_iter().filter(|case| case.name != NEW) {
                jobs.push((peer.name, role, command, case, !cannot.contains(&case.name)));
            }
        }
    }
    let jobs = Mutex::new(jobs.into_iter());
    let wrong = Mutex::new(Vec::new());
    // Two at a time, as there are cores.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let job = jobs.lock().unwrap().next();
                    let Some((name, role, command, case, expected)) = job else { return };
                    let outcome = match role {
                        Role::Client => against_our_server(command, case),
                        _ => against_our_client(command, case),
                    };
                    if outcome.as_ref().is_ok_and(|agreed| agreed.is(case)) != expected {
                        let told = format!("{name}, the {role}, {}: {outcome:?}", case.name);
                        wrong.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What a browser agrees on with our server, beside the certificate of P-256.
const BROWSERS: [(&str, &str); 2] = [("Chromium", "chromium"), ("Firefox", "firefox")];

#[test]
#[ignore = "needs Chromium, Firefox and certutil"]
fn browsers_verify_the_server_and_are_told_what_they_offered_and_what_was_agreed() {
    for (name, client) in BROWSERS {
        let mut run = common::xtask();
        run.args(["run", stage().name, "--json", "--client", client]);
        let output = run.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let events: Vec<Event> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let complaints = String::from_utf8(output.stderr).unwrap();
        let agreed = Agreed::of(&events, Role::Server);
        // The group that today's browsers like best, and that no other peer here may have.
        let seen = (agreed.suite.as_str(), agreed.group.as_str(), agreed.scheme.as_str());
        let expected = ("TLS_AES_128_GCM_SHA256", NEW, "ecdsa_secp256r1_sha256");
        assert_eq!(seen, expected, "{name}: {complaints}");

        let page: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Sent(record) => Some(record.plaintext.to_vec()),
                _ => None,
            })
            .collect();
        let page = String::from_utf8(page.concat()).unwrap();
        for (id, value) in [("suite", seen.0), ("group", seen.1), ("scheme", seen.2)] {
            assert!(page.contains(&format!("<b id=\"{id}\">{value}</b>")), "{name}: {id}");
        }
        // A row for each extension, in the order in which it was sent.
        let mut rows = page.split("data-part=\"").skip(1).map(|row| row.split('"').next().unwrap());
        assert_eq!(rows.next(), Some("cipher_suites"));
        let offered = events.iter().find_map(|event| match &event.kind {
            EventKind::Handshake(message) => HandshakeMessage::decode(&message.message).ok(),
            _ => None,
        });
        let Some(HandshakeMessage::ClientHello(hello)) = offered else {
            panic!("{name}: no ClientHello")
        };
        let kinds: Vec<_> = hello.extensions.iter().map(|it| names::extension(it.kind())).collect();
        assert_eq!(rows.collect::<Vec<_>>(), kinds, "{name}");
        assert_eq!(kinds.contains(&"GREASE".to_owned()), name == "Chromium");
        assert_eq!(page.contains("<li><code>GREASE</code></li>"), name == "Chromium");
    }
}

/// The table, and the words around it.
fn table() -> String {
    let mut page = "# Who talks with whom\n\n\
        Our server and our client, `tls13_server` and `tls13_client`, against programs that other people wrote. Each row is one \
        of them, as a client of our server or as the server of our client; each word in it is a connection of its own, in which \
        that was agreed on and a page was fetched. Every client checked our certificate, and our client checked theirs. \
        The tests that try all this are in [peers.rs](https://example.org), and what stands here is what they expect.\n\n\
        | program | is | certificates | suites | groups | HelloRetryRequest | ALPN | client certificate |\n\
        |---|---|---|---|---|---|---|---|\n"
        .replace("[peers.rs](https://example.org)", "`xtask/tests/peers.rs`");
    for peer in &PEERS {
        for (role, program) in [("client", peer.client), ("server", peer.server)] {
            let Some((_, cannot)) = program else { continue };
            let can = |case: &&Case| case.name != NEW && !cannot.contains(&case.name);
            let cells = [0..3, 3..6, 6..9, 9..10, 10..11, 11..12].map(|range| {
                let is_list = range.len() > 1;
                let can: Vec<_> = CASES[range].iter().filter(can).map(|case| case.name).collect();
                if is_list {
                    can.join(", ")
                } else {
                    if can.is_empty() { "no" } else { "yes" }.to_owned()
                }
            });
            _ = writeln!(page, "| {} | {role} | {} |", peer.name, cells.join(" | "));
        }
    }
    for (name, _) in BROWSERS {
        _ = writeln!(
            page,
            "| {name} | client | P-256 | AES-128-GCM | {NEW} | not tried | not tried | not tried |"
        );
    }
    page + "\nWhere something is missing, the other program has a reason. GnuTLS, and wget, which uses it, send keys for both \
        groups at once, so that no server has to ask. wget and the tools of NSS have no option for ALPN, and the latter none \
        for Ed25519. `cargo xtask run part5-tls13 --client curl` shows such a connection, message by message.\n"
}

/// The programs' versions here, and which of them have the group that not all have yet.
fn versions() -> String {
    let mut text =
        "\nWhat the table says was last seen with these. The group of today\u{2019}s browsers, \
        `X25519MLKEM768`, depends on the version:\n\n"
            .to_owned();
    let case = *CASES.iter().find(|case| case.name == NEW).unwrap();
    for peer in &PEERS {
        let output = Command::new(peer.version[0]).args(&peer.version[1..]).output().unwrap();
        let version = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let line = version.lines().next().unwrap_or_default().trim();
        // Behind that, curl lists all that it is made of.
        let line = line.split(" zlib/").next().unwrap_or_default();
        let client = peer.client.is_some_and(|(it, _)| against_our_server(it, case).is_ok());
        let server = peer.server.is_some_and(|(it, _)| against_our_client(it, case).is_ok());
        let has = if client || server { "has it" } else { "does not have it" };
        _ = writeln!(text, "- {line}: {has}");
    }
    for program in ["chromium", "firefox-esr"] {
        let output = Command::new(program).arg("--version").output().unwrap();
        let version = String::from_utf8(output.stdout).unwrap();
        _ = writeln!(text, "- {}: has it", version.trim());
    }
    text
}

#[test]
fn the_book_has_the_table() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (said, _) = page.split_once(SEEN).expect("a part with versions");
    let help = format!("{WRITE}=1 cargo test -p xtask --test peers -- --ignored writes it");
    assert!(said == table(), "{help}\n{}", table());
}

#[test]
#[ignore = "writes a page of the book, when asked to"]
fn writes_the_table() {
    if std::env::var_os(WRITE).is_some() {
        fs::create_dir_all(Path::new(PAGE).parent().unwrap()).unwrap();
        fs::write(PAGE, table() + SEEN + &versions()).unwrap();
    }
}

#[test]
#[ignore = "needs OpenSSL"]
fn openssl_changes_its_keys_and_asks_us_to_change_ours() {
    let (mut server, addr) = Lone::server(stage(), &[]);
    let folder = Folder::new();
    let mut command = Command::new("openssl");
    command.args(["s_client", "-verify_return_error", "-connect", &addr.to_string(), "-CAfile"]);
    command.arg(setup(CASES[0], addr.port(), &folder, true).roots);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = command.spawn().unwrap();
    let mut told = client.stdin.take().unwrap();
    let mut until = |step: &str, way: Way| {
        loop {
            if let EventKind::Handshake(message) = server.next_event().kind
                && (message.step.as_str(), message.direction) == (step, way)
            {
                return message.message.to_vec();
            }
        }
    };
    until("Finished", Way::Received);
    // A line of one letter is a command to it: new keys; new keys on both sides.
    told.write_all(b"k\n").unwrap();
    assert_eq!(until("KeyUpdate", Way::Received), [24, 0, 0, 1, 0]);
    told.write_all(b"K\n").unwrap();
    assert_eq!(until("KeyUpdate", Way::Received), [24, 0, 0, 1, 1]);
    told.write_all(REQUEST.as_bytes()).unwrap();
    assert_eq!(until("KeyUpdate", Way::Sent), [24, 0, 0, 1, 0]);
    let output = client.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("hello, client"));
    drop(told);
    assert_eq!(server.end().code, Some(0));
}

/// A folder with a program in it that is called curl, and the search path with it in front.
fn pretended(script: &str) -> (Folder, std::ffi::OsString) {
    let folder = Folder::new();
    let program = folder.join("curl");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    assert!(Command::new("chmod").arg("700").arg(&program).status().unwrap().success());
    let old = std::env::var_os("PATH").unwrap();
    let all = [folder.to_path_buf()].into_iter().chain(std::env::split_paths(&old));
    let path = std::env::join_paths(all).unwrap();
    (folder, path)
}

fn run_with(client: &str) -> Command {
    let mut command = common::xtask();
    command.args(["run", stage().name, "--client", client]);
    command
}

/// What is left of the folders of clients that this one has started.
fn left_behind(of: u32) -> Vec<PathBuf> {
    let folders = programs().certificates().unwrap().with_file_name("clients");
    let entries = fs::read_dir(folders).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_str().unwrap().ends_with(&format!("-{of}"))).collect()
}

#[test]
#[ignore = "needs curl"]
fn a_run_with_curl_tells_the_servers_side_and_the_wire_and_ends() {
    let folder = Folder::new();
    let keys = folder.join("keys");
    let output = run_with("curl").arg("--json").arg("--keylog").arg(&keys).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Event> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(events.iter().all(|event| event.role != Role::Client));
    let steps: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Handshake(message) => Some((message.direction, message.step.as_str())),
            _ => None,
        })
        .collect();
    let (sent, received) = (Way::Sent, Way::Received);
    let expected = [
        (received, "ClientHello"),
        (sent, "ServerHello"),
        (sent, "ChangeCipherSpec"),
        (sent, "EncryptedExtensions"),
        (sent, "Certificate"),
        (sent, "CertificateVerify"),
        (sent, "Finished"),
        (received, "ChangeCipherSpec"),
        (received, "Finished"),
        (received, "Alert close_notify"),
        (sent, "Alert close_notify"),
    ];
    assert_eq!(steps, expected);
    let keys = fs::read_to_string(keys).unwrap();
    assert_eq!(
        keys.lines().count(),
        5,
        "two secrets of the handshake, two of the data, one to export from"
    );

    // With the wire between: every byte that the server was sent passed there before.
    let output = run_with("curl").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains(" │ ")).collect();
    assert!(lines[0].starts_with("wire   │ 517 B") && !text.contains("client │"), "{text}");
    let at = |part: &str| lines.iter().position(|line| line.contains(part)).expect(part);
    assert!(at("wire   │ 517 B") < at("server │ accepts  ClientHello"));
    assert!(at("CertificateVerify, Finished") < at("server │ accepts  Finished"));
    assert!(at("server │ accepts  Finished") < at("server │ sends    \"HTTP/1.1 200 OK"));
}

#[test]
fn a_client_that_is_missing_or_fails_is_told_of_and_nothing_is_left() {
    let output = run_with("curl").env("PATH", "/nonexistent").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let missing = "xtask: curl is not installed; on Debian or Ubuntu: apt install curl\n";
    assert_eq!((output.status.code(), &*told), (Some(3), missing));

    let output = common::xtask().args(["run", "part2-aead", "--client", "curl"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), &*told),
        (Some(2), "xtask: --client: part2-aead is not TLS\n")
    );

    let output = run_with("telnet").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("expected one of curl, openssl, gnutls, chromium, firefox"), "{told}");

    let (_folder, path) = pretended("echo it does not like it here >&2; exit 60");
    let failing = run_with("curl")
        .env("PATH", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = failing.id();
    let output = failing.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    let expected =
        "the client never connected\nit does not like it here\ncurl ended with exit status: 60\n";
    assert!(told.ends_with(expected), "{told}");
    assert_eq!(left_behind(id), <[PathBuf; 0]>::default());
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_is_killed_leaves_no_process_and_no_folder() {
    let (folder, path) = pretended("echo $$ > \"$SAID\"; sleep 1000 & wait");
    let said = folder.join("said");
    let mut command = run_with("curl");
    command.env("PATH", path).env("SAID", &said).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = command.spawn().unwrap();
    let within = |what: &str, is: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !is() {
            assert!(began.elapsed() < Duration::from_secs(60), "{what}");
            thread::sleep(Duration::from_millis(10));
        }
    };
    within("it starts", &|| fs::read_to_string(&said).is_ok_and(|it| it.ends_with('\n')));
    let group = fs::read_to_string(&said).unwrap().trim().to_owned();
    let members = || {
        let processes = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
        // Behind the name: state, parent, group.
        let of = |stat: String| Some(stat.rsplit_once(") ")?.1.split(' ').nth(2)?.to_owned());
        processes.filter_map(of).filter(|it| *it == group).count()
    };
    assert_eq!((members(), left_behind(run.id()).len()), (2, 1));
    run.kill().unwrap();
    run.wait().unwrap();
    within("its processes are gone", &|| members() == 0);
    within("its folder is gone", &|| left_behind(run.id()).is_empty());
}
