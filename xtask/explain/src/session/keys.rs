//! Which secret opens the next record of a direction.

use std::collections::VecDeque;

use crypto::tls13::record::{ContentType, OVERHEAD, Opener};
use crypto::tls13::secret::Secret;
use thiserror::Error;
use transcript::Opened;

/// The keys of a direction, in the order of their use.
#[derive(Default)]
pub struct Keys {
    /// The first is in use. Others are known already, and come later.
    all: VecDeque<Key>,
}

struct Key {
    name: String,
    /// `None` if the key log has it not.
    secret: Option<(Secret, Opener)>,
}

/// A reason that a record stays closed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Closed {
    /// There are no keys for this connection at all.
    #[error("encrypted, and nobody has its keys: the key log has no secret for this connection")]
    NoKeys,
    /// The secret is not in the key log.
    #[error("encrypted, and the key log has no {name} for this connection")]
    NotLogged {
        /// The name of the secret.
        name: String,
    },
    /// The tag does not verify.
    #[error(
        "record {seq} under {name} does not open: its tag does not verify, so it was changed, or the key is another"
    )]
    BadTag {
        /// The name of the secret.
        name: String,
        /// The number of the record.
        seq: u64,
    },
}

impl Closed {
    /// Returns whether there was a key for it.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::BadTag { .. })
    }
}

impl Keys {
    /// Adds the key that is in use after all those that are there.
    pub fn add(&mut self, name: &str, secret: Option<Secret>) {
        let secret = secret.map(|secret| {
            let opener = Opener::new(&secret);
            (secret, opener)
        });
        self.all.push_back(Key { name: name.to_owned(), secret });
    }

    /// Goes on to the next key.
    pub fn advance(&mut self) {
        self.all.pop_front();
    }

    /// Returns the secret in use, if it is known.
    pub fn secret(&self) -> Option<&Secret> {
        Some(&self.all.front()?.secret.as_ref()?.0)
    }

    /// Opens the next record where it lies. Returns its true type, what is in it, and how it was opened.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn open<'p>(
        &mut self,
        header: &[u8],
        payload: &'p mut [u8],
    ) -> Result<(Option<ContentType>, &'p mut [u8], Opened), Closed> {
        let Key { name, secret } = self.all.front_mut().ok_or(Closed::NoKeys)?;
        let name = name.clone();
        let Some((_, opener)) = secret else { return Err(Closed::NotLogged { name }) };
        let (seq, nonce) = opener.next_nonce().unwrap_or_default();
        let len = payload.len();
        match opener.open(header, payload) {
            Ok((kind, content)) => {
                let padding = len.saturating_sub(OVERHEAD + content.len());
                let opened = Opened { key: name, seq, nonce: nonce.as_slice().into(), padding };
                Ok((kind, content, opened))
            }
            Err(_) => {
                opener.pass_over();
                Err(Closed::BadTag { name, seq })
            }
        }
    }
}
