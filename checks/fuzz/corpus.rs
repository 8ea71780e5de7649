//! The inputs that the fuzzer has found worth keeping: one file per target in the tree, a line of
//! hex each; and a folder per target, a file each, as the fuzzer wants them.
//!
//! - `corpus unpack` rebuilds `target/fuzz/corpus/TARGET/` from `corpus/TARGET.hex`.
//! - `corpus pack FOLDER` makes `corpus/TARGET.hex` from `FOLDER/TARGET/`, for every target there
//!   is.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

// The fuzzer's flags instrument this program too, and this crate answers the calls they add.
use libfuzzer_sys as _;

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["unpack"] => unpack(),
        ["pack", folder] => pack(Path::new(folder)),
        _ => Err(io::Error::other("corpus unpack, or corpus pack FOLDER")),
    }
}

/// Lists the files in the tree, one per target.
fn corpora() -> io::Result<Vec<PathBuf>> {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))?;
    files.map(|file| Ok(file?.path())).collect()
}

/// Returns the folder in `parent` that belongs to a file in the tree.
fn folder(parent: &Path, corpus: &Path) -> PathBuf {
    parent.join(corpus.file_stem().unwrap_or_default())
}

fn unpack() -> io::Result<()> {
    let parent = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/fuzz/corpus"));
    for corpus in corpora()? {
        let folder = folder(parent, &corpus);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        for (number, line) in fs::read_to_string(&corpus)?.lines().enumerate() {
            let input = hex::decode(line).map_err(io::Error::other)?;
            fs::write(folder.join(format!("{number:04}")), input)?;
        }
    }
    Ok(())
}

fn pack(parent: &Path) -> io::Result<()> {
    for corpus in corpora()? {
        let files = fs::read_dir(folder(parent, &corpus))?;
        let inputs: io::Result<Vec<_>> = files.map(|file| fs::read(file?.path())).collect();
        let mut lines: Vec<_> = inputs?.iter().map(|input| hex::encode(input) + "\n").collect();
        lines.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        fs::write(&corpus, lines.concat())?;
    }
    Ok(())
}
