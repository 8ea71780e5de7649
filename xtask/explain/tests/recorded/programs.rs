//! How each program is called, as a server and as a client, so that it makes sure with whom it talks.

use std::fs;
use std::process::{Command, Stdio};

use stages::PART5_TLS13;
use transcript::Role;
use xtask::launch::clients::CLIENTS;

use super::record::{Scene, ours, write};
use super::running::Running;
use super::scripts::{NODE, PLAIN, PYTHON};

/// A request, whose answer is the last of its connection.
pub const REQUEST: &str = "GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// The bytes of a download that takes several records.
pub const BIG: usize = 90_000;

impl Scene {
    fn at(&self) -> String {
        if self.ip.is_ipv6() {
            format!("[::1]:{}", self.port)
        } else {
            format!("localhost:{}", self.port)
        }
    }

    /// Options that name a file each.
    fn files(&self, command: &mut Command, files: &[(&str, &str)]) {
        for (option, name) in files {
            command.arg(option).arg(self.certificate(name));
        }
    }

    /// `openssl s_server` with this certificate.
    pub fn openssl_server(&self, leaf: &str, args: &[&str]) -> Running {
        let mut command = self.command("openssl");
        command.args(["s_server", "-accept", &self.port.to_string()]);
        let (chain, key) = (format!("{leaf}_chain"), format!("{leaf}_key"));
        self.files(&mut command, &[("-cert", &chain), ("-key", &key)]);
        // It takes the first certificate out of one file, and the others out of another.
        let pem = fs::read_to_string(self.certificate(&chain)).unwrap();
        let others = pem.splitn(3, "-----BEGIN").nth(2).unwrap();
        fs::write(self.file("others"), format!("-----BEGIN{others}")).unwrap();
        // What it answers, if it is to be a server of HTTP.
        write(&self.file("page"), "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
        command.arg("-cert_chain").arg(self.file("others")).args(args);
        self.serve(command)
    }

    /// `openssl s_client`.
    pub fn openssl_client(&self, args: &[&str]) -> Running {
        let mut command = self.command("openssl");
        command.args(["s_client", "-servername", "localhost", "-connect", &self.at()]);
        command.args(["-verify_return_error", "-verify_hostname", "localhost", "-keylogfile"]);
        command.arg(self.keylog());
        self.files(&mut command, &[("-CAfile", "roots")]);
        command.args(args);
        Running::start(command)
    }

    /// Notes the key of the ticket in the file of a session.
    pub fn openssl_ticket(&self) {
        let mut command = self.command("openssl");
        let output =
            command.args(["sess_id", "-noout", "-text", "-in", "session"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let psk = text.lines().find_map(|line| line.trim().strip_prefix("Resumption PSK: "));
        write(&self.psks(), &format!("{}\n", psk.unwrap()));
    }

    /// `gnutls-serv`.
    pub fn gnutls_server(&self, args: &[&str]) -> Running {
        let mut command = self.command("gnutls-serv");
        command.args(["--disable-client-cert", "--port", &self.port.to_string()]);
        self.files(
            &mut command,
            &[("--x509certfile", "ecdsa_chain"), ("--x509keyfile", "ecdsa_key")],
        );
        command.args(args);
        // Both of a session would write the same.
        command.env_remove("SSLKEYLOGFILE");
        self.serve(command)
    }

    /// `gnutls-cli`.
    pub fn gnutls_client(&self, args: &[&str]) -> Running {
        let mut command = self.command("gnutls-cli");
        command.args(["--port", &self.port.to_string()]);
        self.files(&mut command, &[("--x509cafile", "roots")]);
        command.args(args).arg("localhost");
        Running::start(command)
    }

    /// nginx, with these lines in what it is told.
    pub fn nginx(&self, protocols: &str, lines: &str) -> Running {
        let folder = self.file("");
        let (folder, port) = (folder.display(), self.port);
        write(&self.file("big"), &"All work and no play. ".repeat(BIG)[..BIG]);
        let text = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log stderr; user root;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};\n\
             fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n\
             server {{ listen 127.0.0.1:{port} {protocols}; ssl_protocols TLSv1.3; {lines}\n\
             ssl_certificate {}; ssl_certificate_key {};\n\
             location / {{ return 200 \"hello\\n\"; }} location /big {{ root {folder}; }} }} }}\n",
            self.certificate("ecdsa_chain").display(),
            self.certificate("ecdsa_key").display()
        );
        write(&self.file("nginx.conf"), &text);
        let mut command = self.command("nginx");
        command.arg("-c").arg(self.file("nginx.conf")).args(["-e", "stderr"]);
        self.serve(command)
    }

    /// stunnel, in front of a script that answers a line.
    pub fn stunnel(&self) -> Running {
        write(
            &self.file("answer"),
            "while read line && [ ${#line} -gt 1 ]; do :; done\n\
             printf 'HTTP/1.0 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nhello\\n'\n",
        );
        let text = format!(
            "foreground = yes\npid =\n[answer]\naccept = 127.0.0.1:{}\nexec = /bin/sh\n\
             execArgs = sh {}\ncert = {}\nkey = {}\nsslVersionMin = TLSv1.3\n",
            self.port,
            self.file("answer").display(),
            self.certificate("server_chain").display(),
            self.certificate("server_key").display()
        );
        write(&self.file("stunnel.conf"), &text);
        let mut command = self.command("stunnel");
        command.arg(self.file("stunnel.conf"));
        self.serve(command)
    }

    /// A database of NSS with the roots, and the server's certificate if it is for one.
    fn nss(&self, who: &str, has_certificate: bool) -> String {
        let folder = self.file(who);
        fs::create_dir(&folder).unwrap();
        let database = format!("sql:{}", folder.display());
        let run = |program: &str, args: &[&str], files: &[(&str, &str)]| {
            let mut command = self.command(program);
            self.files(command.args(args), files);
            let output = command.stdin(Stdio::null()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run("certutil", &["-N", "--empty-password", "-d", &database], &[]);
        run("certutil", &["-A", "-n", "root", "-t", "CT,,", "-d", &database], &[("-i", "roots")]);
        if has_certificate {
            let own = folder.join("own.p12");
            let own = own.to_str().unwrap();
            let export = ["pkcs12", "-export", "-name", "own", "-passout", "pass:x", "-out", own];
            run("openssl", &export, &[("-in", "ecdsa_chain"), ("-inkey", "ecdsa_key")]);
            run("pk12util", &["-i", own, "-W", "x", "-d", &database], &[]);
        }
        database
    }

    /// NSS's `selfserv`. As Debian builds it, it writes no key log, nor does `tstclnt`.
    pub fn nss_server(&self) -> Running {
        let mut command = self.command("selfserv");
        command.args(["-p", &self.port.to_string(), "-V", "tls1.3:tls1.3", "-n", "own", "-u"]);
        command.args(["-d", &self.nss("server", true)]);
        self.serve(command)
    }

    /// NSS's `tstclnt`.
    pub fn nss_client(&self) -> Running {
        write(&self.file("request"), REQUEST);
        let mut command = self.command("tstclnt");
        command.args(["-4", "-h", "localhost", "-p", &self.port.to_string()]);
        command.args(["-V", "tls1.3:tls1.3", "-d", &self.nss("client", false), "-A"]);
        command.arg(self.file("request"));
        Running::start(command)
    }

    /// curl, which asks for this.
    pub fn curl(&self, args: &[&str], path: &str) -> Running {
        let mut command = self.command("curl");
        command.args(["--disable", "--silent", "--show-error", "--noproxy", "*"]);
        command.args(args);
        if !args.contains(&"--cacert") {
            self.files(&mut command, &[("--cacert", "roots")]);
        }
        command.arg(format!("https://{}{path}", self.at()));
        Running::start(command)
    }

    /// A certificate of nobody's.
    pub fn strange_root(&self) -> String {
        let path = self.file("strange.pem");
        let mut command = self.command("openssl");
        command.args(["req", "-x509", "-nodes", "-newkey", "ec", "-subj", "/CN=nobody"]);
        command.args(["-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "/dev/null", "-out"]);
        assert!(command.arg(&path).output().unwrap().status.success());
        path.to_str().unwrap().to_owned()
    }

    /// wget, which asks for this.
    pub fn wget(&self, path: &str) -> Running {
        let mut command = self.command("wget");
        command.args(["--no-config", "--no-hsts", "--tries=1", "--quiet", "--output-document=-"]);
        command.arg(format!("--ca-certificate={}", self.certificate("roots").display()));
        command.arg(format!("https://{}{path}", self.at()));
        Running::start(command)
    }

    /// A script of ours, in Python or for Node.js, which gets its role and where to find what it needs.
    fn script(&self, program: &[&str], role: &str, leaf: &str, how: &str) -> Command {
        let mut command = self.command(program[0]);
        command.args(&program[1..]).args([role, &self.ip.to_string(), &self.port.to_string()]);
        let files = ["roots".to_owned(), format!("{leaf}_chain"), format!("{leaf}_key")];
        command.args(files.map(|name| self.certificate(&name))).arg(how);
        command
    }

    /// A server of Python's `ssl`.
    pub fn python_server(&self, leaf: &str, how: &str) -> Running {
        let mut command = self.script(&["python3", "-c", PYTHON], "server", leaf, how);
        command.env_remove("SSLKEYLOGFILE");
        self.serve(command)
    }

    /// A client of Python's `ssl`.
    pub fn python_client(&self, how: &str) -> Running {
        Running::start(self.script(&["python3", "-c", PYTHON], "client", "client", how))
    }

    /// A server of Node.js.
    pub fn node_server(&self, leaf: &str) -> Running {
        self.serve(self.script(&["node", "-e", NODE], "server", leaf, ""))
    }

    /// A client of Node.js.
    pub fn node_client(&self) -> Running {
        let mut command = self.script(&["node", "-e", NODE], "client", "client", "");
        command.arg(self.keylog());
        Running::start(command)
    }

    /// Our own server: of those here, it alone has the group that browsers like best.
    pub fn our_server(&self) -> Running {
        let mut command = self.command(ours().of(&PART5_TLS13, Role::Server).unwrap());
        command.args(["--forever", "--addr", &format!("127.0.0.1:{}", self.port)]);
        self.files(&mut command, &[("--certificate", "ecdsa_chain"), ("--key", "ecdsa_key")]);
        self.serve(command)
    }

    /// A browser, which opens a page.
    pub fn browser(&self, name: &str) -> Running {
        let client = CLIENTS.iter().find(|client| client.name == name).unwrap();
        let (roots, folder) = (self.certificate("roots"), self.file("browser"));
        client.trust(&roots, &folder).unwrap();
        let mut command = self.command(client.program().unwrap());
        command.env("HOME", &folder).args((client.args)(&roots, &folder, self.port));
        Running::start(command)
    }

    /// Two that talk without TLS: `how` says what.
    pub fn plain_server(&self, how: &str) -> Running {
        self.serve(self.script(&["python3", "-c", PLAIN], "server", "ecdsa", how))
    }

    /// The other of the two.
    pub fn plain_client(&self, how: &str) -> Running {
        Running::start(self.script(&["python3", "-c", PLAIN], "client", "ecdsa", how))
    }
}
