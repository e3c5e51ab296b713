//! The files of this repository: what git tracks, or would track once added.

use crate::rust_source::{self, Line};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// Every text file of the repository.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<File>,
}

/// One text file; `path` is relative to the root, with `/` between its parts.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Tree {
    pub(crate) fn read() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let listing = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&root)
            .output()?;
        if !listing.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&listing.stderr).into_owned()));
        }
        let paths = String::from_utf8_lossy(&listing.stdout);
        let files = paths.split_terminator('\0').filter_map(|path| File::read(&root, path)).collect();
        Ok(Self { root, files })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// `None` for what is no text, or was deleted and not yet committed.
    fn read(root: &Path, path: &str) -> Option<Self> {
        let text = fs::read_to_string(root.join(path)).ok()?;
        Some(Self { path: path.to_owned(), text })
    }

    pub(crate) fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    /// The room a source file of the product belongs to: `protocol` for `crates/protocol/src/…`.
    pub(crate) fn room(&self) -> Option<&str> {
        let (room, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        rest.starts_with("src/").then_some(room)
    }

    /// The numbered lines of a Rust file; nothing for any other file.
    pub(crate) fn rust_lines(&self) -> Vec<(usize, Line)> {
        if !self.has_extension(&["rs"]) {
            return Vec::new();
        }
        (1..).zip(rust_source::lines(&self.text)).collect()
    }
}
