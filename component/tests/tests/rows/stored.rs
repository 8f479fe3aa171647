//! The fixtures: one row of every shape that has been stored.

use host_test::TestGraph;

pub(crate) struct Stored {
    pub(crate) name: &'static str,
    pub(crate) key: String,
    pub(crate) metadata: Option<String>,
    pub(crate) body: String,
}

macro_rules! stored {
    ($($name:literal),+ $(,)?) => {
        [$(Stored::parse(
            $name,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/rows/",
                $name,
                ".json"
            )),
        )),+]
    };
}

/// All shapes, oldest first.
pub(crate) fn all() -> [Stored; 7] {
    stored![
        "2026-03-first",
        "2026-04-seen-domains-map",
        "2026-05-seen-domains-visits",
        "2026-08-current",
        "2026-09-visit",
        "tombstone",
        "from-the-future",
    ]
}

pub(crate) fn named(name: &str) -> Stored {
    all().into_iter().find(|stored| stored.name == name).expect("a fixture has this name")
}

/// The shapes that hold consent.
pub(crate) fn live() -> impl Iterator<Item = Stored> {
    all().into_iter().filter(|stored| stored.name != "tombstone")
}

impl Stored {
    fn parse(name: &'static str, file: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct File {
            key: String,
            metadata: Option<String>,
            body: String,
        }
        let File { key, metadata, body } = serde_json::from_str(file).expect("a fixture");
        Self { name, key, metadata, body }
    }

    /// Puts the row into the store as another writer would.
    pub(crate) fn seed(&self, test: &TestGraph) -> u64 {
        // Shown when the test fails.
        println!("row {}", self.name);
        test.store.seed(&self.key, self.body.as_str(), self.metadata.as_deref())
    }
}

/// The body under `key`.
pub(crate) fn body(test: &TestGraph, key: &str) -> String {
    let row = test.store.row(key).expect("there is a row");
    String::from_utf8(row.body).expect("a body is text")
}
