//! The conformance suite against Fastly KV as Viceroy has it, with the store linked and composed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use host_fastly_local::{Shared, Viceroy, adapt, module, plug, workspace};
use host_fastly_tests::{Post, Remote};
use identity_graph::{KvError, Store};
use identity_graph_conformance::{Deviation, Fixture};

/// Where Viceroy's KV is not Fastly's. A race cannot be lost at will, so that what deviates at times
/// is true of the version whose source shows it: `host_fastly_local` accepts no other. With another
/// version, read its `object_store.rs` again.
const DEVIATIONS: [Deviation; 6] = [
    always("update_of_a_missing_key_is_refused_and_creates_nothing"),
    always("update_after_a_delete_is_refused_and_creates_nothing"),
    always("update_matches_no_version_of_another_key"),
    at_times("concurrent_creates_have_one_winner"),
    at_times("concurrent_updates_of_one_version_have_one_winner"),
    at_times("concurrent_increments_are_all_kept"),
];

const fn always(case: &'static str) -> Deviation {
    let why = "an insert skips the check of the generation where the key is absent";
    Deviation { case, why, always: true }
}

const fn at_times(case: &'static str) -> Deviation {
    let why = "an insert checks and writes under two separate locks";
    Deviation { case, why, always: false }
}

/// Bytes of an answer: 16 MiB of bodies, as text.
const MAX_ANSWER_BYTES: u64 = 32 << 20;

/// The service, as each case opens it.
struct Fastly(Arc<Viceroy>);

impl Fixture for Fastly {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        Box::new(Remote(Service(&self.0)))
    }

    fn deviations(&self) -> &[Deviation] {
        &DEVIATIONS
    }
}

struct Service<'a>(&'a Viceroy);

impl Post for Service<'_> {
    fn post(&self, body: &[u8]) -> Vec<u8> {
        let answer = ureq::post(self.0.url("/")).send(body);
        let read = answer.and_then(|mut answer| {
            answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec()
        });
        read.unwrap_or_else(|error| panic!("{error}; Viceroy says:\n{}", self.0.log()))
    }
}

fn serve(program: &Path) -> Viceroy {
    Viceroy::serve(program, &workspace().join("host-fastly/tests/fastly.toml"))
}

static LINKED: LazyLock<PathBuf> = LazyLock::new(|| module("host-fastly-tests", "linked.wasm"));

static COMPOSED: LazyLock<PathBuf> = LazyLock::new(|| {
    let service = adapt(&module("host-fastly-tests", "composed.wasm"));
    plug(&service, &adapt(&module("host-fastly-component", "host_fastly_component.wasm")))
});

mod linked {
    use super::{Fastly, LINKED, Shared, serve};

    static SERVICE: Shared = Shared::new(|| serve(&LINKED));

    identity_graph_conformance::conformance_tests!(Fastly(SERVICE.get()));
}

mod composed {
    use super::{COMPOSED, Fastly, Shared, serve};

    static SERVICE: Shared = Shared::new(|| serve(&COMPOSED));

    identity_graph_conformance::conformance_tests!(Fastly(SERVICE.get()));
}
