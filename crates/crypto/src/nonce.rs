use crate::primitives::fill_random;

/// Nonces drawn from the operating system in one call.
const BLOCK_LEN: usize = 32;

/// Numbers used once: `LEN` random bytes for every record.
///
/// They are drawn a block at a time, since the system call costs more than sealing a short record.
/// This does not weaken them: a random byte read early is as good as one read late, as long as
/// nobody else gets the same one. So a block belongs to one sealer, cannot be cloned, and must not
/// cross a `fork`: parent and child would draw the same nonces under the same key.
///
/// They are never made from the sequence number: the key outlives the connection, and the next one
/// counts from 0 again.
pub(crate) struct Nonces<const LEN: usize> {
    block: [[u8; LEN]; BLOCK_LEN],
    used: usize,
    source: fn(&mut [u8]) -> Result<(), getrandom::Error>,
}

impl<const LEN: usize> Nonces<LEN> {
    /// Draws from the operating system's generator.
    pub(crate) fn random() -> Self {
        Self { block: [[0; LEN]; BLOCK_LEN], used: BLOCK_LEN, source: fill_random }
    }

    /// Returns a nonce that was never handed out before.
    pub(crate) fn next(&mut self) -> Result<[u8; LEN], getrandom::Error> {
        if self.used == BLOCK_LEN {
            (self.source)(self.block.as_flattened_mut())?;
            self.used = 0;
        }
        let nonce = self.block.get(self.used).copied().ok_or(getrandom::Error::UNEXPECTED)?;
        self.used += 1;
        Ok(nonce)
    }

    /// Draws from a system that has no randomness to give.
    #[cfg(test)]
    pub(crate) fn unavailable() -> Self {
        Self { source: |_| Err(getrandom::Error::UNSUPPORTED), ..Self::random() }
    }

    /// Repeats one nonce for a whole block.
    #[cfg(any(test, feature = "nonce-reuse"))]
    pub(crate) fn fixed(nonce: [u8; LEN]) -> Self {
        Self { block: [nonce; BLOCK_LEN], used: 0, source: |_| Err(getrandom::Error::UNEXPECTED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_million_nonces_from_four_threads_are_all_distinct() {
        let draw = || {
            let mut nonces = Nonces::<12>::random();
            (0..250_000).map(|_| nonces.next().unwrap()).collect::<Vec<_>>()
        };
        let all: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(draw)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(all.len(), 1_000_000);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 1_000_000);
    }

    #[test]
    fn a_source_that_fails_gives_no_nonce_until_it_works_again() {
        let mut nonces = Nonces::<16>::unavailable();
        assert_eq!(nonces.next(), Err(getrandom::Error::UNSUPPORTED));
        assert_eq!(nonces.next(), Err(getrandom::Error::UNSUPPORTED));
        nonces.source = |bytes| {
            bytes.fill(7);
            Ok(())
        };
        assert_eq!(nonces.next(), Ok([7; 16]));
    }
}
