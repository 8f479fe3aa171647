//! Where the compiled component is kept from one start to the next.

use std::env::{split_paths, var_os};
use std::ffi::OsString;
use std::fs::{DirBuilder, metadata};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

const NAME: &str = "ec-graph-server";

/// The folder to keep it in: the one that is configured, or else one of this machine's for such things,
/// where there is one that can be used. Without it the component is compiled at every start.
///
/// # Errors
/// When the configured folder cannot be used.
pub fn cache_folder(configured: Option<PathBuf>) -> Result<Option<PathBuf>> {
    if let Some(folder) = configured {
        prepare(&folder).context("cache")?;
        return Ok(Some(folder));
    }
    let Some(folder) = usual(|name| var_os(name)) else { return Ok(None) };
    match prepare(&folder) {
        Ok(()) => Ok(Some(folder)),
        Err(error) => {
            tracing::warn!(
                "the compiled component is not kept, so that the next start compiles it again: {error:#}"
            );
            Ok(None)
        }
    }
}

/// The folder that systemd gives a service, or one in the user's caches.
fn usual(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let given = variable("CACHE_DIRECTORY").and_then(|folders| split_paths(&folders).next());
    let caches = || {
        let caches =
            variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        caches.or_else(|| Some(Path::new(&variable("HOME")?).join(".cache")))
    };
    let folder = given.or_else(|| Some(caches()?.join(NAME)));
    folder.filter(|folder| folder.is_absolute())
}

/// Makes the folder where there is none. What is found there is run, so that nobody else may write to it.
fn prepare(folder: &Path) -> Result<()> {
    let name = folder.display();
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let found = created.and_then(|()| metadata(folder)).with_context(|| name.to_string())?;
    let mode = found.permissions().mode();
    ensure!(mode & 0o022 == 0, "{name}: others can write to it; take that from them: chmod go-w");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn without_a_configuration_it_is_where_this_machine_keeps_such_things() {
        let of = |set: &[(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(known, _)| *known == name);
            usual(|name| value(name).map(|(_, value)| value.into()))
        };
        let home = ("HOME", "/home/me");
        assert_eq!(of(&[home]), Some("/home/me/.cache/ec-graph-server".into()));
        let caches = ("XDG_CACHE_HOME", "/caches");
        assert_eq!(of(&[home, caches]), Some("/caches/ec-graph-server".into()));
        let relative = ("XDG_CACHE_HOME", "caches");
        assert_eq!(of(&[home, relative]), Some("/home/me/.cache/ec-graph-server".into()));
        let systemd = ("CACHE_DIRECTORY", "/var/cache/graph:/var/cache/other");
        assert_eq!(of(&[home, systemd]), Some("/var/cache/graph".into()));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("HOME", "")]), None);
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_refused() {
        let folder = TempDir::new().unwrap();
        let inner = folder.path().join("of/its/own");
        assert_eq!(cache_folder(Some(inner.clone())).unwrap(), Some(inner.clone()));
        assert_eq!(metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
        set_permissions(&inner, Permissions::from_mode(0o770)).unwrap();
        let refused = format!("{:#}", cache_folder(Some(inner)).unwrap_err());
        assert!(refused.contains("chmod go-w"), "{refused}");
    }
}
