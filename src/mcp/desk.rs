//! What do the tools of one server work on? The store; and, beside it, the sources that fill it and the files that may be
//! imported.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::workers::Workers;
use crate::budget::Budget;
use crate::capture::Capture;
use crate::ingest::{Access, ImportOptions};
use crate::{Error, EventStore, Result};

/// A store with what fills it. Clones share all of it.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    store: EventStore,
    capture: Option<Capture>,
    roots: Arc<ImportRoots>,
    import: ImportOptions,
    workers: Workers,
}

impl Desk {
    pub(crate) fn new(
        store: EventStore,
        capture: Option<Capture>,
        roots: ImportRoots,
        import: ImportOptions,
        budget: Budget,
    ) -> Self {
        Self { store, capture, roots: Arc::new(roots), import, workers: Workers::new(budget) }
    }

    /// Who does what is not small.
    pub(crate) const fn workers(&self) -> &Workers {
        &self.workers
    }

    pub(crate) const fn store(&self) -> &EventStore {
        &self.store
    }

    pub(crate) fn roots(&self) -> &ImportRoots {
        &self.roots
    }

    /// How recordings are read unless a call says otherwise.
    pub(crate) const fn import(&self) -> &ImportOptions {
        &self.import
    }

    /// The live sources.
    ///
    /// # Errors
    /// When the store is used without a server: nobody would keep a source.
    pub(crate) fn capture(&self) -> Result<&Capture> {
        self.capture.as_ref().ok_or_else(|| {
            Error::not_found("live sources need a running server; this program uses the store without one")
        })
    }
}

impl From<EventStore> for Desk {
    fn from(store: EventStore) -> Self {
        Self::new(store, None, ImportRoots::default(), ImportOptions::default(), Budget::default())
    }
}

impl AsRef<EventStore> for Desk {
    fn as_ref(&self) -> &EventStore {
        &self.store
    }
}

impl AsRef<Self> for Desk {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// Folders whose files a call may import. None: no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportRoots(Vec<PathBuf>);

impl ImportRoots {
    /// Roots by their real paths.
    ///
    /// # Errors
    /// Which of them is no folder that can be reached.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> std::result::Result<Self, String> {
        let real = |folder: PathBuf| {
            let wrong = |error: &str| format!("{}: {error}", folder.display());
            let real = folder.canonicalize().map_err(|error| wrong(&error.to_string()))?;
            if real.is_dir() { Ok(real) } else { Err(wrong("not a folder")) }
        };
        Ok(Self(folders.into_iter().map(real).collect::<std::result::Result<_, _>>()?))
    }

    /// Only what lies under the roots, whatever it is swapped for meanwhile.
    pub(crate) fn access(&self) -> Access {
        Access::within(self.0.clone())
    }

    /// The real path of a file or folder under one of the roots; relative paths start at the current folder, then at each
    /// root.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when nothing is there, [`Invalid`](crate::ErrorKind::Invalid) when it is
    /// not under a root, by its real path: links lead nowhere else.
    pub(crate) fn admit(&self, path: &str) -> Result<PathBuf> {
        let asked = Path::new(path);
        let mut tried = std::iter::once(asked.to_owned()).chain(self.0.iter().map(|root| root.join(asked)));
        let real = tried.find_map(|path| path.canonicalize().ok());
        let roots: Vec<String> = self.0.iter().map(|root| root.display().to_string()).collect();
        let roots = if roots.is_empty() { "none".to_owned() } else { roots.join(", ") };
        // What lies elsewhere is refused in the same words whether it is there or not.
        let is_inside = |real: &Path| self.0.iter().any(|root| real.starts_with(root));
        match real {
            Some(real) if is_inside(&real) => match leads_out(&real, &is_inside, FOLDERS_DEEP) {
                Some(link) => Err(Error::invalid(format!(
                    "path: {path} holds a link that leads out of the import roots: {}; import the files one by one",
                    link.display()
                ))),
                None => Ok(real),
            },
            None if asked.is_relative() && !path.split(['/', '\\']).any(|part| part == "..") => {
                Err(Error::not_found(format!("path: {path}: no such file or folder under the import roots: {roots}")))
            }
            None if is_inside(asked) => Err(Error::not_found(format!("path: {path}: no such file or folder"))),
            _ => Err(Error::invalid(format!(
                "path: {path} is not under an import root (links are followed first); calls import only from: {roots}; \
                 start the server with --import-root DIR (ELIXIR_SCOPE_IMPORT_ROOT) to allow another folder"
            ))),
        }
    }
}

/// Folders that an import reads below the one it is given: sessions.
const FOLDERS_DEEP: usize = 1;

/// The first link in a folder whose end is not inside.
fn leads_out(path: &Path, is_inside: &dyn Fn(&Path) -> bool, depth: usize) -> Option<PathBuf> {
    // What cannot be read is told by the import.
    path.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).find_map(|path| {
        if path.canonicalize().is_ok_and(|real| !is_inside(&real)) {
            return Some(path);
        }
        depth.checked_sub(1).and_then(|depth| leads_out(&path, is_inside, depth))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn only_what_really_lies_under_a_root_is_admitted() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("root"), folder.path().join("outside.json"));
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/in.json"), "{}").unwrap();
        std::fs::write(&outside, "{}").unwrap();
        let roots = ImportRoots::new([root.clone()]).unwrap();
        let inside = root.canonicalize().unwrap().join("sub/in.json");
        let absolute = root.join("sub/in.json");
        for path in ["sub/in.json", "sub/../sub/in.json", absolute.to_str().unwrap()] {
            assert_eq!(roots.admit(path).unwrap(), inside, "{path}");
        }
        let far = outside.to_str().unwrap();
        let mut refused = vec!["../outside.json", far, "/etc/passwd", "/no/such/file", "../none"];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&outside, root.join("link.json")).unwrap();
            refused.push("link.json");
        }
        for path in refused {
            let error = roots.admit(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{path}: {error}");
            assert!(error.to_string().contains("--import-root"), "{error}");
        }
        let missing = roots.admit("none.json").unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound, "{missing}");
        assert!(ImportRoots::default().admit("sub/in.json").is_err());
        assert!(ImportRoots::new([outside]).unwrap_err().contains("not a folder"));
    }
}
