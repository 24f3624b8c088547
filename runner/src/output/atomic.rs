//! Files that are either whole or not there.

use std::io::{self, Write};

use camino::Utf8Path;

/// Writes a file by way of a temporary one beside it, so that a reader, or a later run, never sees half of it.
///
/// # Errors
/// Those of the file system; the old file is then still whole.
pub fn write(path: &Utf8Path, content: &[u8]) -> io::Result<()> {
    let dir = path.parent().filter(|p| !p.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".loadgate-").suffix(".tmp");
    // Temporary files are private by default, but a report is to be read by whoever publishes it; the umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(dir)?;
    file.write_all(content)?;
    file.flush()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8PathBuf;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Utf8PathBuf::try_from(dir.path().to_owned()).unwrap();
        let path = dir.join("a.json");
        write(&path, b"old and long").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs_err::read_dir(&dir).unwrap().count(), 1);
        assert!(write(&dir.join("no/such/folder.json"), b"x").is_err());
        // A folder in its place is an error, and stays.
        fs_err::create_dir(dir.join("taken")).unwrap();
        assert!(write(&dir.join("taken"), b"x").is_err());
        assert_eq!(fs_err::read_dir(&dir).unwrap().count(), 2);
    }
}
