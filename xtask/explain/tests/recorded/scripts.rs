//! Scripts of ours, for programs that are languages. Their arguments: a role, where to listen or connect, the roots, a chain
//! and its key, and how.

/// A server or a client of Python's `ssl`.
pub const PYTHON: &str = r#"
import os, socket, ssl, struct, sys
role, ip, port, roots, chain, key, how = sys.argv[1:]
purpose = ssl.Purpose.SERVER_AUTH if role == "client" else ssl.Purpose.CLIENT_AUTH
context = ssl.create_default_context(purpose, cafile=roots)
if role == "client":
    tls = context.wrap_socket(socket.create_connection((ip, int(port))), server_hostname="localhost")
    tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    try:
        while data := tls.recv(65536): sys.stdout.write(data.decode())
        if how != "killed": tls.unwrap().close()
    except OSError:
        if how != "killed": raise
else:
    context.load_cert_chain(chain, key)
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    tcp, _ = socket.create_server((ip, int(port)), family=family).accept()
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tls = context.wrap_socket(tcp, server_side=True)
    tls.recv(4096)
    if how == "killed":
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"half of it, and no more\n" * 40)
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.kill(os.getpid(), 9)
    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n")
    tls.unwrap().close()
"#;

/// The same of Node.js.
pub const NODE: &str = r#"
const [role, host, port, roots, chain, key, how, keylog] = process.argv.slice(1);
const fs = require("fs"), tls = require("tls");
if (role === "client") {
    const request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const options = { ca: fs.readFileSync(roots), port, host, servername: "localhost", ALPNProtocols: ["http/1.1"] };
    const socket = tls.connect(options, () => socket.write(request));
    socket.on("keylog", line => fs.appendFileSync(keylog, line));
    socket.on("data", data => process.stdout.write(data));
    socket.on("error", error => { console.error(error.message); process.exit(1); });
} else {
    const options = { cert: fs.readFileSync(chain), key: fs.readFileSync(key), ALPNProtocols: ["http/1.1"] };
    tls.createServer(options, socket => {
        socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"));
    }).listen(port, host);
}
"#;

/// Two that talk without TLS.
pub const PLAIN: &str = r#"
import socket, sys
role, ip, port, _, _, _, how = sys.argv[1:]
if how == "http":
    asks, answers = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n"
else:
    asks, answers = b"SSH-2.0-OpenSSH_9.2p1\r\n", b"SSH-2.0-dropbear_2022.83\r\n" + b"\0\0\1\x2c\7\x14" + bytes(300)
if role == "client":
    tcp = socket.create_connection((ip, int(port)))
    tcp.sendall(asks)
    while tcp.recv(4096): pass
else:
    tcp, _ = socket.create_server((ip, int(port))).accept()
    tcp.recv(4096)
    tcp.sendall(answers)
tcp.close()
"#;
