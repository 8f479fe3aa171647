//! The address and the settings of a store, as one URL.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;
use url::form_urlencoded;

/// Why a store was not opened, in words that say what to do and show no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct OpenError(pub String);

/// A store's URL, of which the settings in the query are taken one by one. `Debug` and all messages show
/// its scheme only, since the rest may hold credentials.
///
/// ```
/// use std::time::Duration;
/// use host_server_store::StoreUrl;
///
/// let mut url = StoreUrl::parse("valkey://10.0.0.7/?timeout-ms=500")?;
/// assert_eq!(url.scheme(), "valkey");
/// assert_eq!(url.millis("timeout-ms", 1..=60_000, 2_000)?, Duration::from_millis(500));
/// assert_eq!(url.number("connections", 1..=64, 4)?, 4);
/// url.finish()?;
///
/// let mut url = StoreUrl::parse("valkey://10.0.0.7/?timeout=500")?;
/// url.millis("timeout-ms", 1..=60_000, 2_000)?;
/// assert_eq!(
///     url.finish().unwrap_err().to_string(),
///     "valkey store: it has no setting \"timeout\"; known are: timeout-ms",
/// );
/// # Ok::<(), host_server_store::OpenError>(())
/// ```
pub struct StoreUrl {
    scheme: String,
    path: String,
    settings: Vec<(String, String)>,
    known: BTreeSet<&'static str>,
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreUrl").field("scheme", &self.scheme()).finish_non_exhaustive()
    }
}

impl StoreUrl {
    /// Takes a URL apart.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let is_scheme = |scheme: &str| {
            !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_lowercase())
        };
        // A store in memory has no place.
        let text = if text == "memory:" { "memory://" } else { text };
        let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme))
        else {
            return Err(OpenError(
                "the store's URL cannot be read; expected redb://PATH, postgres://USER@HOST/DATABASE, valkey://HOST or memory:".to_owned(),
            ));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let settings = form_urlencoded::parse(query.as_bytes());
        let settings = settings.map(|(name, value)| (name.into(), value.into())).collect();
        let (scheme, path) = (scheme.to_owned(), path.to_owned());
        Ok(Self { scheme, path, settings, known: BTreeSet::new() })
    }

    /// What kind of store it is.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What stands between the scheme and the settings, as it is written: the path of a store in a
    /// file. Of others it may hold credentials.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// An error about this store.
    #[must_use]
    pub fn error(&self, what: impl fmt::Display) -> OpenError {
        OpenError(format!("{} store: {what}", self.scheme()))
    }

    /// Takes a setting.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, OpenError> {
        self.known.insert(name);
        let at =
            |settings: &[(String, String)]| settings.iter().position(|(known, _)| known == name);
        let Some(index) = at(&self.settings) else { return Ok(None) };
        let (_, value) = self.settings.remove(index);
        match at(&self.settings) {
            Some(_) => Err(self.error(format!("the setting {name:?} stands twice"))),
            None => Ok(Some(value)),
        }
    }

    /// Takes a setting that is a whole number.
    pub fn number(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, OpenError> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            self.error(format!("the setting {name:?} has to be a number from {least} to {most}"))
        })
    }

    /// Takes a setting that is a time in milliseconds.
    pub fn millis(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> Result<Duration, OpenError> {
        Ok(Duration::from_millis(self.number(name, range, default)?.into()))
    }

    /// Refuses what nobody has taken.
    pub fn finish(&self) -> Result<(), OpenError> {
        let Some((name, _)) = self.settings.first() else { return Ok(()) };
        let known: Vec<_> = self.known.iter().copied().collect();
        // A name is no secret, but for the rest of a password that holds the mark before the settings.
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        if self.path_may_break_off() || !name.bytes().all(is_name) {
            return Err(self.error(
                "its settings cannot be read; write ?, /, @, # and % in a user or a password as %3F, %2F, %40, %23 and %25".to_owned(),
            ));
        }
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(self.error(format!("it has no setting {name:?}; known are: {known}")))
    }
}

impl StoreUrl {
    /// Whether the host may stand among the settings, behind a password with a `?` in it.
    fn path_may_break_off(&self) -> bool {
        let has_at = |(name, value): &(String, String)| name.contains('@') || value.contains('@');
        self.settings.iter().any(has_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_holds_credentials() {
        let mut url = StoreUrl::parse("postgres://me:secret@host/db?pool=secret").unwrap();
        let refused = url.number("pool", 1..=9, 3).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "postgres store: the setting \"pool\" has to be a number from 1 to 9"
        );
        assert!(!format!("{url:?} {refused:?}").contains("secret"));
        let unreadable = StoreUrl::parse("postgres:me:secret@host:port/db").unwrap_err();
        assert!(!unreadable.to_string().contains("secret"), "{unreadable}");
    }

    #[test]
    fn a_password_that_breaks_a_url_in_two_is_not_told() {
        for text in
            ["postgres://me:pass?hunter@host/db", "valkey://:pa?ss=1@host", "valkey://:a?b%40c"]
        {
            let refused = StoreUrl::parse(text).unwrap().finish().unwrap_err().to_string();
            assert!(refused.contains("%3F"), "{refused}");
            assert!(!refused.contains("hunter") && !refused.contains("ss="), "{refused}");
        }
    }

    #[test]
    fn a_store_in_memory_has_no_place() {
        assert_eq!(StoreUrl::parse("memory:").unwrap().scheme(), "memory");
    }

    #[test]
    fn a_setting_that_stands_twice_is_refused() {
        let mut url = StoreUrl::parse("valkey://host?a=1&a=2").unwrap();
        assert!(url.text("a").unwrap_err().to_string().contains("stands twice"));
    }
}
