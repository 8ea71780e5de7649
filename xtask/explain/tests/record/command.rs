//! The command that is recorded: this very test, started again as a client that heeds a proxy.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use certificates::{Roots, ServerName};
use tls::ClientConfig;

/// The variable that makes this test the command, and says what that does.
pub const DOES: &str = "RECORDED_COMMAND";
/// The server that the command wants, and whom it trusts.
pub const SERVER: &str = "RECORDED_SERVER";
pub const ROOTS: &str = "RECORDED_ROOTS";

/// What the command asks its server for.
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// The command that is recorded, if this process is one.
#[test]
fn the_command() {
    let Ok(does) = env::var(DOES) else { return };
    // In front of these stand the arguments that make a test of it.
    let args: Vec<_> = env::args().skip_while(|arg| arg != "--nocapture").skip(1).collect();
    let keylog = env::var("SSLKEYLOGFILE").unwrap();
    match &*does {
        "nothing" => {}
        "get" => println!("{}", get(&proxy(), Some(&keylog))),
        "get by its arguments" => println!("{}", get(&args[0], Some(&args[1]))),
        "get without a key log" => println!("{}", get(&proxy(), None)),
        "get and fail" => {
            get(&proxy(), Some(&keylog));
            std::process::exit(7);
        }
        "get and stay" => {
            get(&proxy(), Some(&keylog));
            println!("stays as {}", std::process::id());
            _ = io::copy(&mut io::stdin(), &mut io::sink());
        }
        "tell" => {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                println!("mode {:o}", fs::metadata(&keylog).unwrap().permissions().mode() & 0o777);
            }
            println!("keylog {keylog}");
            for (name, value) in
                env::vars().filter(|(name, _)| name.to_lowercase().contains("proxy"))
            {
                println!("{name}={value}");
            }
            get(&proxy(), Some(&keylog));
        }
        "ask for all sorts" => {
            let long = format!("CONNECT a:1 HTTP/1.1\r\nA: {}", "a".repeat(8 << 10));
            for request in ["GET http://localhost/ HTTP/1.1\r\n\r\n", "\x05\x01\0", &long] {
                let mut stream = TcpStream::connect(proxy()).unwrap();
                stream.write_all(request.as_bytes()).unwrap();
                println!("{}", BufReader::new(stream).lines().next().unwrap().unwrap());
            }
            println!("{}", tunnel(&proxy(), "localhost:0").unwrap_err());
        }
        "connect often" => {
            for n in 0..66_u8 {
                let mut stream = tunnel(&proxy(), &env::var(SERVER).unwrap()).unwrap();
                stream.write_all(&[n]).unwrap();
                let mut answer = [0];
                stream.read_exact(&mut answer).unwrap();
                assert_eq!(answer, [n]);
            }
        }
        "hurry" => {
            // The first bytes come with the request, and the client does not wait for the rest of the answer.
            let server = env::var(SERVER).unwrap();
            let mut stream = TcpStream::connect(proxy()).unwrap();
            write!(stream, "CONNECT {server} HTTP/1.1\r\n\r\nhello").unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\nhello") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                answer.push(byte[0]);
            }
        }
        other => panic!("{other}"),
    }
}

fn proxy() -> String {
    env::var("https_proxy").unwrap().strip_prefix("http://").unwrap().to_owned()
}

/// Asks a proxy for a way to a server. An error is what it answered.
fn tunnel(proxy: &str, server: &str) -> Result<TcpStream, String> {
    let mut stream = TcpStream::connect(proxy).unwrap();
    write!(stream, "CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.lines().next().unwrap();
    if status.starts_with("HTTP/1.1 200 ") { Ok(stream) } else { Err(status.to_owned()) }
}

/// Fetches the server's page through a proxy.
fn get(proxy: &str, keylog: Option<&str>) -> String {
    let stream = tunnel(proxy, &env::var(SERVER).unwrap()).unwrap();
    let pem = fs::read(env::var(ROOTS).unwrap()).unwrap();
    let mut config = ClientConfig::new(Roots::from_pem(&pem).unwrap());
    config.key_log = keylog.map(|path| {
        let file = fs::OpenOptions::new().append(true).open(path).unwrap();
        Arc::new(Mutex::new(file)) as tls::KeyLog
    });
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = tls::connect(&stream, &name, &config).unwrap();
    stream.write(REQUEST.as_bytes()).unwrap();
    let (mut page, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            n => page.extend_from_slice(&buffer[..n]),
        }
    }
    stream.close().unwrap();
    String::from_utf8(page).unwrap()
}
