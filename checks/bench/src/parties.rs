//! A server with a chain of certificates, and a client that believes it: made anew for each measurement.

#[path = "../../../xtask/authority/src/issue.rs"]
#[allow(dead_code, reason = "the authority uses more of it")]
mod issue;

use std::time::{Duration, SystemTime};

use anyhow::Result;
use certificates::{Identity, Roots, ServerName, Verifier};

use issue::{Party, Statement, key_identifiers, of_authority, of_server};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A server and its client.
pub struct Parties {
    pub server: Identity,
    pub client: Verifier,
}

impl Parties {
    /// As at `cargo xtask certificates make`: a root, an intermediate and a leaf.
    pub fn new() -> Result<Self> {
        let now = SystemTime::now();
        let validity = (now, now + DAY);
        let names = ["Root CA", "Intermediate CA", "localhost"];
        let [root, intermediate, leaf] = Party::all(names, || ())?;
        let certify = |issuer: &Party, subject: &Party, mut extensions: Vec<_>| {
            extensions.extend(key_identifiers(subject, issuer)?);
            issuer.certify(subject, &Statement { validity, extensions })
        };
        let anchor = certify(&root, &root, of_authority(1)?)?;
        let above = certify(&root, &intermediate, of_authority(0)?)?;
        let below = certify(&intermediate, &leaf, of_server(&leaf, &["localhost"])?)?;
        Ok(Self {
            server: Identity::new(vec![below, above], leaf.key_pem()?.as_ref())?,
            client: Verifier {
                roots: Roots::from_der(vec![anchor])?,
                name: ServerName::try_from("localhost")?,
            },
        })
    }
}
