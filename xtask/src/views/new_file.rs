//! Files that take their places once they are complete.

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::{WrongArgument, complain};

/// A file in the making. The old one in its place stays as it is until [`finish`](Self::finish), and for good if
/// that is never called.
#[derive(Debug)]
pub struct NewFile {
    /// It has no name in its folder, so that nothing is left of it however the program ends.
    file: File,
    /// Its place, or `None` for something that is not a file, such as a pipe, and is written to at
    /// once.
    place: Option<PathBuf>,
    /// Its place in the user's words.
    path: PathBuf,
}

impl NewFile {
    /// Begins a file that will be at `path`.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn new(path: &Path) -> Result<Self> {
        let begun = Self::begin(path);
        begun.with_context(|| format!("cannot write {}", path.display()))
    }

    /// Makes a file of `bytes` at `path`.
    ///
    /// # Errors
    /// When it cannot be written completely.
    pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
        let mut file = Self::new(path)?;
        file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))?;
        file.finish().map(drop)
    }

    fn begin(path: &Path) -> io::Result<Self> {
        // The old file itself is asked whether it may be written to: its folder would not mind.
        match File::options().write(true).open(path) {
            Ok(file) if !file.metadata()?.is_file() => {
                return Ok(Self { file, place: None, path: path.to_owned() });
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let place = resolved(path)?;
        let (name, file) = create_beside(&place)?;
        fs::remove_file(name)?;
        Ok(Self { file, place: Some(place), path: path.to_owned() })
    }

    /// Returns it as the standard output of a program.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn stdio(&self) -> io::Result<Stdio> {
        Ok(self.file.try_clone()?.into())
    }

    /// Puts it in its place. Returns its length in bytes, or `None` for something that is not a
    /// file.
    ///
    /// # Errors
    /// When that fails; the old file is still there then.
    pub fn finish(self) -> Result<Option<u64>> {
        let name = self.path.display().to_string();
        self.put_in_place().with_context(|| format!("cannot write {name}"))
    }

    /// Puts it in its place, and tells the user so.
    ///
    /// # Errors
    /// Those of [`finish`](Self::finish).
    pub fn hand_over(self) -> Result<()> {
        let name = self.path.display().to_string();
        if let Some(len) = self.finish()? {
            complain(&format!("wrote {name}: {len} bytes"));
        }
        Ok(())
    }

    fn put_in_place(mut self) -> io::Result<Option<u64>> {
        let Some(place) = self.place else { return Ok(None) };
        // Only a file with a name can be moved.
        let (name, mut named) = create_beside(&place)?;
        let mut put = || {
            self.file.rewind()?;
            let len = io::copy(&mut self.file, &mut named)?;
            if let Ok(old) = fs::metadata(&place) {
                named.set_permissions(old.permissions())?;
            }
            named.sync_all()?;
            fs::rename(&name, &place)?;
            Ok(Some(len))
        };
        put().inspect_err(|_| _ = fs::remove_file(&name))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Checks that no file to be written is the run that is read, or is to be written twice.
///
/// # Errors
/// When one is.
pub fn ensure_distinct(run: Option<&Path>, written: &[&Path]) -> Result<(), WrongArgument> {
    let run = run.and_then(|run| resolved(run).ok());
    let mut places = Vec::new();
    for path in written {
        let is_file = fs::metadata(path).map_or(true, |there| there.is_file());
        // A path without a place cannot be written either, which is reported there.
        let Some(place) = resolved(path).ok().filter(|_| is_file) else { continue };
        let name = path.display();
        if run.as_ref() == Some(&place) {
            return Err(WrongArgument(format!(
                "{name} is the run itself: a view needs another file"
            )));
        }
        if places.contains(&place) {
            return Err(WrongArgument(format!("{name} is given twice: each file holds one thing")));
        }
        places.push(place);
    }
    Ok(())
}

/// Returns the one path of a file, without links on the way; the file need not exist yet.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match (fs::canonicalize(path), path.file_name()) {
        (Err(error), Some(name)) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(fs::canonicalize(folder.unwrap_or(Path::new(".")))?.join(name))
        }
        (resolved, _) => resolved,
    }
}

/// Creates a file with a name that nobody can guess, in the folder of `place`.
fn create_beside(place: &Path) -> io::Result<(PathBuf, File)> {
    let random = RandomState::new().build_hasher().finish();
    let path = place.with_file_name(format!(".{random:016x}"));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    Ok((path, file))
}
