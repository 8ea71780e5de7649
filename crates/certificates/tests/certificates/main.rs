//! Chains, roots, names and times: those of the articles' programs, and whatever else may stand in a file or come
//! from a peer.

mod chains;
mod files;
mod issued;
mod limits;
mod vectors;
