//! The master key: 32 random bytes in a file of their own, under which all keys in the database rest.

use crate::config::Config;
use crate::failure::Failure;
use crate::outside;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantry_protocol::entropy;
use grantry_protocol::sealed::MasterKey;
use grantry_protocol::types::Secret;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

const OWNER_ONLY: u32 = 0o600;
/// Anything for group or others.
const OTHERS: u32 = 0o077;
/// Most that is read of a file, in bytes.
const LONGEST: u64 = 1_024;

/// The text of a new key.
pub(crate) fn generate() -> Secret<String> {
    Secret::new(entropy::draw_text::<{ MasterKey::LENGTH }>(&mut outside::randomness()))
}

/// The key of a database that has one already.
pub(crate) fn load(config: &Config) -> Result<MasterKey, Failure> {
    let Some(path) = config.master_key_path() else {
        return Err(Failure::wrong(
            "PostgreSQL needs a master key that every node has: `(umask 077; grantry key generate-master > master.key)` \
             makes one, and --master-key-file or GRANTRY_MASTER_KEY_FILE names it",
        ));
    };
    read(&path)?.ok_or_else(|| {
        Failure::failed(format!(
            "the master key {} is missing, and nothing in {} can be opened without it: put it back from where you keep \
             a copy, or name another place with --master-key-file",
            path.display(),
            config.database
        ))
    })
}

/// The key of a database that has none yet; made if it is an embedded one without a file named for it.
pub(crate) fn load_or_make(config: &Config) -> Result<MasterKey, Failure> {
    let own = config.sqlite_file().filter(|_| config.master_key_file.is_none()).and_then(|_| config.master_key_path());
    if let Some(path) = own {
        make(&path)
            .map_err(|error| Failure::failed(format!("cannot make the master key {}: {error}", path.display())))?;
    }
    load(config)
}

/// Writes a new key, unless there is one. It gets its name when it is complete.
fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let partial = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(&partial)?;
    writeln!(file, "{}", generate().expose())?;
    file.sync_all()?;
    let linked = fs::hard_link(&partial, path);
    fs::remove_file(&partial)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    File::open(directory.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// The key in this file; none without a file.
fn read(path: &Path) -> Result<Option<MasterKey>, Failure> {
    let cannot = |error: io::Error| Failure::failed(format!("cannot read the master key {}: {error}", path.display()));
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(cannot)?,
    };
    if file.metadata().map_err(cannot)?.permissions().mode() & OTHERS != 0 {
        return Err(Failure::failed(format!(
            "the master key {0} can be read by others than its owner: chmod 600 {0}",
            path.display()
        )));
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(cannot)?;
    let key = decode(text.trim_end()).and_then(|material| MasterKey::new(&material));
    key.map(Some).ok_or_else(|| {
        Failure::failed(format!(
            "{} does not hold a master key, which is one line of 43 base64url characters; \
             `grantry key generate-master` makes one",
            path.display()
        ))
    })
}

fn decode(text: &str) -> Option<[u8; MasterKey::LENGTH]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
