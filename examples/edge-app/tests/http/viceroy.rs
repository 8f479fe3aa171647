//! The two forms of the service on Viceroy.

use std::path::PathBuf;
use std::sync::LazyLock;

use host_fastly_local::{Shared, Viceroy, workspace};

use crate::service::Service;

pub(crate) fn linked() -> Service {
    static SERVICE: Shared = Shared::new(|| serve("edge-linked.wasm"));
    over(&SERVICE)
}

pub(crate) fn composed() -> Service {
    static SERVICE: Shared = Shared::new(|| serve("edge-composed.wasm"));
    over(&SERVICE)
}

fn serve(program: &str) -> Viceroy {
    static BIN: LazyLock<PathBuf> = LazyLock::new(|| workspace().join("bin"));
    let program = BIN.join(program);
    assert!(
        program.is_file(),
        "{} is missing; build it with\n\njust build-fastly\n",
        program.display()
    );
    Viceroy::serve(&program, &workspace().join("fastly.toml"))
}

fn over(shared: &Shared) -> Service {
    let viceroy = shared.get();
    let origin = viceroy.url("");
    // Without what Viceroy says of the service.
    let lines = move || {
        let log = viceroy.log();
        let lines = log.lines().filter_map(|line| line.strip_prefix("stderr :: "));
        lines.collect::<Vec<_>>().join("\n")
    };
    Service::at(origin, Box::new(lines))
}
