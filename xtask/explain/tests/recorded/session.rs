//! What a session is, and what has to be found in it.

use super::record::Scene;

/// How the packets of a recording are framed.
#[derive(Clone, Copy, Debug)]
pub enum Link {
    /// By Ethernet, as on the loopback device.
    Ethernet,
    /// As on any device: "Linux cooked", in its first version.
    Cooked,
    /// In its second version.
    Cooked2,
}

/// A session, or a few that belong together.
pub struct Session {
    /// The name of its file.
    pub name: &'static str,
    /// What it is about.
    pub holds: &'static str,
    pub link: Link,
    pub is_v6: bool,
    /// Whether only the busiest of its connections is kept: how many more a browser makes is a matter of luck.
    pub is_busiest: bool,
    /// Whether it is in the older format, pcap, with the key log in a file of its own.
    pub is_pcap: bool,
    /// Plays it.
    pub play: fn(&Scene),
    /// What is found in each of its connections.
    pub connections: &'static [Connection],
}

/// What has to be found in a connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    pub suite: &'static str,
    pub group: &'static str,
    /// Of the server's signature.
    pub scheme: &'static str,
    /// What is spoken inside, as ALPN names it.
    pub protocol: &'static str,
    pub is_early: bool,
    /// What the client and the server send, in order. A run of records of data is `data`; one that nobody could open,
    /// `sealed`; what is no record, `loose`.
    pub sent: [&'static str; 2],
    /// What cannot be checked, and how it begins to say why. All else is.
    pub not_made: &'static [&'static str],
}

/// A connection of TLS 1.3 that agrees on this, and is signed for by this scheme.
pub const fn tls13(suite: &'static str, group: &'static str, scheme: &'static str) -> Connection {
    Connection { suite, group, scheme, protocol: "", is_early: false, sent: [""; 2], not_made: &[] }
}

/// A connection of another protocol, in which this is sent.
pub const fn other(client: &'static str, server: &'static str) -> Connection {
    tls13("", "", "").sends(client, server)
}

impl Connection {
    pub const fn protocol(self, protocol: &'static str) -> Self {
        Self { protocol, ..self }
    }

    pub const fn early(self) -> Self {
        Self { is_early: true, ..self }
    }

    pub const fn sends(self, client: &'static str, server: &'static str) -> Self {
        Self { sent: [client, server], ..self }
    }

    pub const fn except(self, not_made: &'static [&'static str]) -> Self {
        Self { not_made, ..self }
    }
}

pub const fn session(
    name: &'static str,
    holds: &'static str,
    play: fn(&Scene),
    connections: &'static [Connection],
) -> Session {
    let (link, is_v6, is_busiest, is_pcap) = (Link::Ethernet, false, false, false);
    Session { name, holds, link, is_v6, is_busiest, is_pcap, play, connections }
}

impl Session {
    pub const fn on(self, link: Link) -> Self {
        Self { link, ..self }
    }

    pub const fn busiest(self) -> Self {
        Self { is_busiest: true, ..self }
    }

    pub const fn pcap(self) -> Self {
        Self { is_pcap: true, ..self }
    }

    pub const fn v6(self) -> Self {
        Self { is_v6: true, ..self }
    }
}
