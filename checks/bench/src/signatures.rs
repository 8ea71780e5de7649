//! The cost of a name in a handshake: a signature of RSA of 2,048 bits, its verification, and that of a chain.

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::parties::Parties;
use crate::window::Measured;

/// Length of what a server signs: two public keys of X25519.
const MESSAGE: [u8; 64] = [7; 64];

/// An operation that is measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Operation {
    /// The server's signature
    Sign,
    /// Its verification, with the key that a certificate names
    Verify,
    /// The verification of a leaf and an intermediate, up to a root, for a name
    VerifyChain,
}

impl Operation {
    /// Measures how many there are, one after the other in memory.
    pub fn measure(self, length: Duration) -> Result<Measured> {
        let Parties { server, client } = Parties::new()?;
        let now = SystemTime::UNIX_EPOCH.elapsed()?;
        let believed = client.verify(&server.certificates, now)?;
        let signature = server.key.sign(&MESSAGE)?;
        let (mut count, began) = (0, Instant::now());
        while began.elapsed() < length {
            match self {
                Self::Sign => _ = black_box(server.key.sign(&MESSAGE)?),
                Self::Verify => {
                    ensure!(believed.has_signed(&MESSAGE, &signature), "a wrong signature");
                }
                Self::VerifyChain => _ = black_box(client.verify(&server.certificates, now)?),
            }
            count += 1;
        }
        Ok(Measured { count, seconds: began.elapsed().as_secs_f64(), latency: None })
    }

    /// Its name on the command line.
    #[cfg(feature = "peers")]
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
