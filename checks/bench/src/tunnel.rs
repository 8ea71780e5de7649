//! The throughput of a tunnel: its two ends as the hops of a chain.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;

use crate::chain;
use crate::window::Measured;

/// The kind of the hops.
#[derive(Subcommand)]
pub enum Through {
    /// Two relays that do not encrypt
    Relay,
    /// Ours
    Ours {
        /// The program
        tunnel: PathBuf,
        /// A stage whose records carry a tag, such as `hmac-seq`
        stage: String,
    },
    /// stunnel, TLS 1.3 with `TLS_AES_256_GCM_SHA384`
    #[cfg(feature = "peers")]
    Stunnel,
    /// spiped
    #[cfg(feature = "peers")]
    Spiped,
}

impl Through {
    /// Measures with a chain of these hops.
    pub fn measure(&self, length: Duration) -> Result<Measured> {
        match self {
            Self::Relay => {
                let bench = env::current_exe()?;
                let relay = |listen: SocketAddr, connect: SocketAddr| {
                    let mut hop = Command::new(&bench);
                    hop.args(["relay", &listen.to_string(), &connect.to_string()]);
                    hop
                };
                chain::measure(length, |at| {
                    Ok([relay(at.first, at.second), relay(at.second, at.server)])
                })
            }
            Self::Ours { tunnel, stage } => {
                let side = |side, listen: SocketAddr, connect: SocketAddr| {
                    let mut hop = Command::new(tunnel);
                    hop.args(["--stage", stage, "--side", side]);
                    hop.args(["--listen", &listen.to_string(), "--connect", &connect.to_string()]);
                    hop
                };
                chain::measure(length, |at| {
                    Ok([side("client", at.first, at.second), side("server", at.second, at.server)])
                })
            }
            #[cfg(feature = "peers")]
            Self::Stunnel => {
                let folder = tempfile::tempdir()?;
                chain::measure(length, |at| crate::peers::stunnel(folder.path(), at))
            }
            #[cfg(feature = "peers")]
            Self::Spiped => {
                let folder = tempfile::tempdir()?;
                chain::measure(length, |at| crate::peers::spiped(folder.path(), at))
            }
        }
    }
}
