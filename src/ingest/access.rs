//! Which files may be read, and how are they opened so that nothing else is?
//!
//! Regular files only: a FIFO, a device or a socket would be waited for, or do something. Under roots, a file is opened
//! from its root on and through no link, so that one which is swapped for a link meanwhile does not lead out.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// What an import may read. The default: any regular file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Real paths of folders; none: files may lie anywhere.
    roots: Vec<PathBuf>,
    takes_streams: bool,
}

impl Access {
    /// Only what really lies under one of these folders, given by their real paths.
    pub fn within(roots: Vec<PathBuf>) -> Self {
        Self { roots, takes_streams: false }
    }

    /// Also the program's own input and pipes that were handed to it (`/dev/stdin`, `/dev/fd/63`).
    #[must_use]
    pub fn with_streams(mut self) -> Self {
        self.takes_streams = true;
        self
    }

    /// Opens a file for reading. Never waits for somebody to write.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        if self.takes_streams && is_own_stream(path) {
            return File::open(path);
        }
        let file = if self.roots.is_empty() { open_at_once(path) } else { self.open_within(path) }?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file: pipes, sockets and devices are not read",
            ));
        }
        Ok(file)
    }

    fn open_within(&self, path: &Path) -> io::Result<File> {
        let real = path.canonicalize()?;
        let Some(root) = self.roots.iter().find(|root| real.starts_with(root)) else { return Err(outside()) };
        let below = real.strip_prefix(root).map_err(|_| outside())?;
        open_below(root, below, &real)
    }
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "it leads out of the import roots")
}

/// Whether a path names a file the program was started with.
fn is_own_stream(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder))
}

#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    // A flag word has no sign.
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Opens what lies below a root, through no link.
#[cfg(target_os = "linux")]
fn open_below(root: &Path, below: &Path, real: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
    use rustix::io::Errno;
    if below.as_os_str().is_empty() {
        return open_at_once(real);
    }
    let folder = open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(&folder, below, flags, Mode::empty(), resolve) {
        Ok(file) => Ok(File::from(file)),
        // A kernel before 5.6, or a sandbox that does not know the call.
        Err(Errno::NOSYS | Errno::PERM) => open_and_check(real),
        Err(Errno::LOOP | Errno::XDEV) => Err(outside()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_below(_root: &Path, _below: &Path, real: &Path) -> io::Result<File> {
    open_and_check(real)
}

/// Opens a real path, and looks whether it was still one.
fn open_and_check(real: &Path) -> io::Result<File> {
    let file = open_at_once(real)?;
    if real.canonicalize()? != real || !is_same(&file.metadata()?, &real.symlink_metadata()?) {
        return Err(outside());
    }
    Ok(file)
}

#[cfg(unix)]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    one.len() == other.len() && one.modified().ok() == other.modified().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_lead_nowhere_else_and_what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let root = base.join("root");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/in"), "in").unwrap();
        std::fs::write(base.join("out"), "out").unwrap();
        symlink(root.join("sub/in"), root.join("inner")).unwrap();
        symlink(base.join("out"), root.join("outer")).unwrap();
        let within = Access::within(vec![root.clone()]);
        for inside in ["sub/in", "inner", "sub/../sub/in"] {
            assert!(within.open(&root.join(inside)).is_ok(), "{inside}");
            assert!(open_and_check(&root.join(inside).canonicalize().unwrap()).is_ok());
        }
        for outside in ["outer", "../out"] {
            assert!(within.open(&root.join(outside)).is_err(), "{outside}");
        }
        // What was a file when it was looked at is a link when it is opened.
        assert!(open_below(&root, Path::new("outer"), &root.join("outer")).is_err());
        assert!(open_and_check(&root.join("outer")).is_err());

        let fifo = root.join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
        for access in [Access::default(), within, Access::default().with_streams()] {
            for no_file in [fifo.as_path(), &root.join("socket"), Path::new("/dev/null"), Path::new("/dev/zero")] {
                assert!(access.open(no_file).is_err(), "{access:?} {}", no_file.display());
            }
        }
        assert!(Access::default().open(&root.join("outer")).is_ok(), "without roots a link is a name like others");
    }
}
