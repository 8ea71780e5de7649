//! Programs of others, each recorded as the book says.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use transcript::{EventKind, Role};
use xtask::launch::clients::{CLIENTS, Client};

use super::{Server, events, explain, folder, holds, roots, sent, text};

/// A client of Node.js that speaks to a proxy itself.
const NODE: &str = r#"
const net = require("net"), tls = require("tls"), fs = require("fs");
const [tap, port, roots] = process.argv.slice(1);
const raw = net.connect(tap.split(":")[1], "127.0.0.1", () => raw.write(`CONNECT localhost:${port} HTTP/1.1\r\n\r\n`));
raw.once("data", () => {
  const options = { socket: raw, servername: "localhost", ca: fs.readFileSync(roots) };
  const stream = tls.connect(options, () => stream.end("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  stream.resume();
});
"#;

/// A client of Python.
const PYTHON: &str = "
import ssl, sys, urllib.request
urllib.request.urlopen(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2])).read()
";

/// A client of Java that is told of the proxy.
const JAVA: &str = r#"
import java.net.*;
import java.net.http.*;
public class Get {
    public static void main(String[] args) throws Exception {
        var tap = new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0].split(":")[1]));
        var client = HttpClient.newBuilder().proxy(ProxySelector.of(tap)).build();
        client.send(HttpRequest.newBuilder(URI.create(args[1])).build(), HttpResponse.BodyHandlers.ofString());
    }
}
"#;

/// A client of Go, which heeds the proxy of its surroundings, or that of its arguments; and writes a key log if it is told
/// where.
const GO: &str = r#"
package main

import ("crypto/tls"; "crypto/x509"; "net/http"; "net/url"; "os")

func main() {
    pem, _ := os.ReadFile(os.Args[2])
    config := &tls.Config{RootCAs: x509.NewCertPool()}
    config.RootCAs.AppendCertsFromPEM(pem)
    transport := &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment}
    if len(os.Args) > 3 {
        transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: os.Args[3]})
    }
    if len(os.Args) > 4 {
        config.KeyLogWriter, _ = os.OpenFile(os.Args[4], os.O_WRONLY|os.O_APPEND, 0)
    }
    if _, err := (&http.Client{Transport: transport}).Get(os.Args[1]); err != nil {
        panic(err)
    }
}
"#;

/// Returns what explains a command, whose words name this port and these roots.
fn explained(folder: &TempDir, roots: &Path, words: &[&str]) -> Command {
    let options = ["--json", "--connection", "1", "--roots", roots.to_str().unwrap()];
    let mut explain = explain(folder, &options, words);
    explain.env("HOME", folder.path());
    explain
}

/// Runs it, with this input. All that there is to check holds. Returns what was sent.
fn opened(mut explain: Command, folder: &TempDir, input: &str) -> Vec<String> {
    let path = folder.path().join("input");
    fs::write(&path, input).unwrap();
    explain.stdin(Stdio::from(fs::File::open(path).unwrap()));
    let output = explain.output().unwrap();
    holds(&output);
    sent(&events(&output))
}

/// Makes sure that a request is among what was sent.
fn has_asked(sent: &[String]) {
    let asked = |line: &String| line.starts_with("client GET /") && line.ends_with(" HTTP/1.1");
    assert!(sent.iter().any(asked), "{sent:?}");
}

fn with_words(words: impl FnOnce(&str, &str, &str) -> Vec<String>) {
    let (folder, server, roots) = (folder(), Server::start(), roots());
    let (port, url) =
        (server.addr.port().to_string(), format!("https://localhost:{}/", server.addr.port()));
    let words = words(&url, &port, roots.to_str().unwrap());
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    has_asked(&opened(explained(&folder, &roots, &words), &folder, ""));
}

fn owned<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).into()
}

/// Runs one of the clients that `cargo xtask run --client` knows, with more arguments in front of its own.
fn with_client(name: &str, first: &[&str], prepare: impl FnOnce(&Path)) {
    let (folder, server, roots) = (folder(), Server::start(), roots());
    let client: &Client = CLIENTS.iter().find(|client| client.name == name).unwrap();
    client.trust(&roots, folder.path()).unwrap();
    prepare(folder.path());
    let program = client.program().unwrap();
    let args = (client.args)(&roots, folder.path(), server.addr.port());
    let mut args: Vec<_> = args.iter().map(|arg| arg.to_str().unwrap()).collect();
    // The first argument of one of them is a command.
    let at = usize::from(!args[0].starts_with('-'));
    args.splice(at..at, first.iter().copied());
    let words = [&[program.to_str().unwrap()], &args[..]].concat();
    let sent = opened(explained(&folder, &roots, &words), &folder, &client.input());
    // A browser opens several connections, and asks on one of them.
    if !client.is_browser() {
        has_asked(&sent);
    }
}

#[test]
#[ignore = "needs curl, from outside"]
fn curl() {
    with_words(|url, _, roots| owned(["curl", "--disable", "--silent", "--cacert", roots, url]));
}

#[test]
#[ignore = "needs curl, from outside"]
fn curl_says_in_the_clear_that_it_does_not_know_the_authority() {
    let (folder, server, roots) = (folder(), Server::start(), roots());
    let url = format!("https://localhost:{}/", server.addr.port());
    let words = ["curl", "--disable", "--silent", &url];
    let output = explained(&folder, &roots, &words).output().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("xtask: the command ended with exit status: 60\n"), "{said}");
    let alerts: Vec<_> = events(&output)
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Handshake(message) if message.step.starts_with("Alert ") => {
                Some((event.role, message.step, message.record.is_none()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(alerts, [(Role::Client, "Alert unknown_ca".to_owned(), true)]);
}

#[test]
#[ignore = "needs wget, from outside"]
fn wget() {
    let more = ["--no-config", "--quiet", "--output-document=-"];
    with_words(|url, _, roots| {
        [owned(["wget"]), owned(more), vec![format!("--ca-certificate={roots}"), url.to_owned()]]
            .concat()
    });
}

#[test]
#[ignore = "needs Python, from outside"]
fn python() {
    with_words(|url, _, roots| owned(["python3", "-c", PYTHON, url, roots]));
}

#[test]
#[ignore = "needs Node.js, from outside"]
fn node() {
    with_words(|_, port, roots| owned(["node", "-e", NODE, "--", "{tap}", port, roots]));
}

#[test]
#[ignore = "needs openssl, from outside"]
fn openssl() {
    with_client("openssl", &["-proxy", "{tap}", "-keylogfile", "{keylog}"], |_| {});
}

#[test]
#[ignore = "needs chromium and certutil, from outside"]
fn chromium() {
    // Whom it wants to talk to beside the server is mapped to where nobody is.
    let rest = "--host-rules=MAP *.com 127.0.0.1:1";
    with_client(
        "chromium",
        &["--proxy-server={tap}", "--proxy-bypass-list=<-loopback>", rest],
        |_| {},
    );
}

#[test]
#[ignore = "needs firefox and certutil, from outside"]
fn firefox() {
    with_client("firefox", &[], |folder| {
        let line = "user_pref(\"network.proxy.allow_hijacking_localhost\", true);\n";
        fs::write(folder.join("profile/user.js"), line).unwrap();
    });
}

#[test]
#[ignore = "needs java and keytool, from outside"]
fn java_writes_no_key_log() {
    let (folder, server, roots) = (folder(), Server::start(), roots());
    let (source, store) = (folder.path().join("Get.java"), folder.path().join("trust.p12"));
    fs::write(&source, JAVA).unwrap();
    let mut keytool = Command::new("keytool");
    keytool.args(["-importcert", "-noprompt", "-alias", "root", "-storepass", "changeit", "-file"]);
    assert!(keytool.arg(&roots).arg("-keystore").arg(&store).output().unwrap().status.success());
    let store = format!("-Djavax.net.ssl.trustStore={}", store.display());
    let password = "-Djavax.net.ssl.trustStorePassword=changeit";
    let url = format!("https://localhost:{}/", server.addr.port());
    let words = ["java", &store, password, source.to_str().unwrap(), "{tap}", &url];
    let output = explained(&folder, &roots, &words).output().unwrap();
    let seen = sent(&events(&output));
    assert_eq!(seen[..2], ["client ClientHello", "server ServerHello"]);
    assert!(!seen.iter().any(|it| it.contains("Finished")), "{seen:?}");
    let said = text(&output.stderr);
    assert!(said.contains("xtask: the command wrote no key log"), "{said}");
}

#[test]
#[ignore = "needs go, from outside"]
fn go_leaves_localhost_out_and_writes_a_key_log_where_its_code_says_so() {
    let (folder, server, roots) = (folder(), Server::start(), roots());
    let (source, program) = (folder.path().join("get.go"), folder.path().join("get"));
    fs::write(&source, GO).unwrap();
    let mut build = Command::new("go");
    build.arg("build").arg("-o").arg(&program).arg(&source).current_dir(&folder);
    let built = build.env("HOME", folder.path()).env("TMPDIR", folder.path()).output().unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    let url = format!("https://localhost:{}/", server.addr.port());
    let words = [program.to_str().unwrap(), &url, roots.to_str().unwrap(), "{tap}", "{keylog}"];
    let unheeded = explained(&folder, &roots, &words[..3]).output().unwrap();
    assert!(text(&unheeded.stderr).contains("nothing came through the tap"));
    let closed = explained(&folder, &roots, &words[..4]).output().unwrap();
    assert_eq!(sent(&events(&closed))[..2], ["client ClientHello", "server ServerHello"]);
    assert!(text(&closed.stderr).contains("the command wrote no key log"));
    has_asked(&opened(explained(&folder, &roots, &words), &folder, ""));
}
