//! A scene in which programs of others talk with one another, on a port of its own, and the tap that records them.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use etherparse::{SlicedPacket, TransportSlice};
use pcap_file::pcap::PcapReader;
use stages::PART5_TLS13;
use tempfile::TempDir;
use xtask::launch::Programs;

use super::running::{Running, wait_until};
use super::session::{Link, Session};

/// What the tap sees last. It is no part of the recording.
const LAST: &[u8] = b"the end of the recording";

/// Our own programs, and certificates.
pub fn ours() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| Programs::of_stages(&[&PART5_TLS13], false).unwrap())
}

/// A place for one session.
pub struct Scene {
    folder: TempDir,
    certificates: PathBuf,
    /// Where its server listens.
    pub ip: IpAddr,
    pub port: u16,
}

impl Scene {
    fn new(is_v6: bool) -> Self {
        let ip: IpAddr =
            if is_v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let certificates = ours().certificates().unwrap();
        Self { folder, certificates, ip, port: free_port(ip) }
    }

    /// A file of the scene's own.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the certificates that were made for the tests.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.certificates.join(format!("{name}.pem"))
    }

    /// Where every program writes the secrets that it has.
    pub fn keylog(&self) -> PathBuf {
        self.file("keys")
    }

    /// The keys from before, a line each, if one has them.
    pub fn psks(&self) -> PathBuf {
        self.file("psks")
    }

    /// Waits until a file of the scene ends with this.
    pub fn until_written(&self, name: &str, end: &str) {
        let path = self.file(name);
        let is_written = || fs::read_to_string(&path).is_ok_and(|text| text.ends_with(end));
        wait_until(is_written).unwrap_or_else(|| panic!("{name} is never written"));
    }

    /// A command that ends by itself, whatever happens, and writes a key log if it knows of it.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=1", "30"]).arg(program.as_ref());
        command.env("HOME", self.folder.path()).env("TMPDIR", self.folder.path());
        command.env("SSLKEYLOGFILE", self.keylog()).env("LC_ALL", "C");
        for variable in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(variable);
        }
        command.current_dir(self.folder.path());
        command
    }

    /// Starts what serves, and waits until it listens.
    pub fn serve(&self, command: Command) -> Running {
        let mut server = Running::start(command);
        // A connection that only tries would be in the recording too.
        server.wait_until("it listens", |_| is_listening(self.port));
        server
    }
}

/// Returns a port that was free a moment ago.
pub fn free_port(ip: IpAddr) -> u16 {
    TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap().port()
}

/// Whether someone listens there, as the system tells it: the fourth word is the state, and 0A is to listen.
fn is_listening(port: u16) -> bool {
    let local = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|path| {
        let sockets = fs::read_to_string(path).unwrap_or_default();
        sockets.lines().any(|line| {
            let mut words = line.split_whitespace().skip(1);
            words.next().is_some_and(|it| it.ends_with(&local)) && words.nth(1) == Some("0A")
        })
    })
}

/// Records a session into a folder. The file has the secrets in it.
pub fn record(session: &Session, into: &Path) {
    let scene = Scene::new(session.is_v6);
    let raw = scene.file("raw.pcap");
    let mut tap = Running::start(tap(&scene, session.link, &raw));
    tap.until("listening on");
    (session.play)(&scene);

    // What the tap has written when it has seen this is all that there was.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(LAST, ("127.0.0.1", scene.port)).unwrap();
    tap.wait_until("the end is recorded", |_| fs::read(&raw).unwrap_or_default().ends_with(LAST));
    drop(tap);

    let mut edit = Command::new("editcap");
    let path = super::capture(into, session);
    if session.is_pcap {
        edit.args(["-F", "pcap"]);
    }
    if let Ok(lines) = fs::read_to_string(scene.keylog()) {
        // A program that appends writes a comment each time.
        let lines: Vec<_> = lines.lines().filter(|line| !line.starts_with('#')).collect();
        let keylog = if session.is_pcap { path.with_extension("keys") } else { scene.keylog() };
        fs::write(&keylog, lines.join("\n") + "\n").unwrap();
        if !session.is_pcap {
            edit.arg("--inject-secrets").arg(format!("tls,{}", keylog.display()));
        }
    }
    if scene.psks().exists() {
        fs::copy(scene.psks(), path.with_extension("psks")).unwrap();
    }
    let rest = superfluous(&fs::read(&raw).unwrap(), session.is_busiest);
    let output = edit.arg(&raw).arg(path).args(rest).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn tap(scene: &Scene, link: Link, raw: &Path) -> Command {
    let mut command = scene.command("tcpdump");
    // Its buffer, in KiB, has a place of the longest packet's size for each: with few, some are lost.
    command.args(["-U", "--immediate-mode", "-B", "65536"]);
    command.args(match link {
        Link::Ethernet => &["-i", "lo"][..],
        Link::Cooked => &["-i", "any", "-y", "LINUX_SLL"],
        Link::Cooked2 => &["-i", "any", "-y", "LINUX_SLL2"],
    });
    // It gives up being root, and is to write where only root may.
    command.args(["-Z", "root", "-w"]).arg(raw).arg(format!("port {}", scene.port));
    command
}

/// The numbers of the packets, from 1, that are no part of a recording: the last, and if only the busiest connection is
/// kept, those of the others.
fn superfluous(pcap: &[u8], is_busiest: bool) -> Vec<String> {
    let mut reader = PcapReader::new(pcap).unwrap();
    let mut connections = Vec::new();
    let mut bytes = HashMap::new();
    while let Some(packet) = reader.next_packet() {
        let packet = packet.unwrap();
        // Browsers are recorded as on Ethernet.
        let sliced = SlicedPacket::from_ethernet(&packet.data).ok().and_then(|it| it.transport);
        let connection = match sliced {
            Some(TransportSlice::Tcp(tcp)) if is_busiest => {
                let ports = [tcp.source_port(), tcp.destination_port()];
                let connection = ports.iter().copied().min().zip(ports.iter().copied().max());
                *bytes.entry(connection).or_insert(0) += tcp.payload().len();
                connection
            }
            _ => None,
        };
        connections.push(connection);
    }
    let Some((busiest, _)) = bytes.into_iter().max_by_key(|(_, bytes)| *bytes) else {
        return vec![connections.len().to_string()];
    };
    let others = (1..).zip(connections).filter(|(_, connection)| *connection != busiest);
    others.map(|(number, _): (u32, _)| number.to_string()).collect()
}

/// Writes a file of the scene.
pub fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}
