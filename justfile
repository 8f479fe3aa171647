# Every command a person runs. `just` alone lists them.

set shell := ["bash", "-euo", "pipefail", "-c"]

import 'just/fastly.just'
import 'just/js.just'
import 'just/python.just'
import 'just/server.just'
import 'just/play.just'
import 'just/cloudflare.just'
import 'just/publish.just'

wasm-targets := "wasm32-unknown-unknown wasm32-wasip1"

# A server of one's own. Its tests start databases for themselves: `apt-get install postgresql redis-server`.
server := "--package host-server-store --package host-server-runtime --package host-server-redb --package host-server-postgres --package host-server-valkey --package host-server-stores --package host-server --package host-server-tests"

# What is tested natively. One choice of packages for all recipes, since another one has other features
# of what they share, and wasmtime would be built again.
native := server + " --package identity-graph --package identity-graph-tests --package identity-graph-conformance --package identity-graph-scenarios --package identity-graph-simulator --package identity-graph-cli --package identity-graph-fuzz --package host-test --package host-fastly-store --package edge-consent --package edge-routes --package edge-app --package trusted-server-example"

# List the commands
[private]
default:
    @just --list --unsorted

# Replay the day of traffic that ships with the repository, or run `just run ARGS` (try `just run --help`)
run *ARGS: _targets
    cargo build {{ native }} --bin ec-graph
    target/debug/ec-graph {{ ARGS }}

# Tell one visitor's story, from the first visit to the withdrawal and beyond
demo: (run "demo")

# Run all tests that need no other runtime; `just test-fastly` has those on Viceroy
test *ARGS: _targets
    cargo test {{ native }} {{ ARGS }}

# Kill a process that writes to redb at any moment, ROUNDS times, and see that nothing acknowledged is lost
crash ROUNDS="100": _targets
    EC_CRASH_ROUNDS={{ ROUNDS }} cargo test {{ native }} --test crash -- --nocapture

# Write the component to bin/graph.wasm
component: _targets
    mkdir -p bin
    cargo build {{ native }} --example component
    target/debug/examples/component bin/graph.wasm

# Build the optimised program and replay a million events: events per second and peak memory
throughput: _targets
    cargo build --release
    target/release/ec-graph trace --visitors 150000 --seed 7 --output target/throughput.ndjson
    target/release/ec-graph replay target/throughput.ndjson

# Measure the component against the native rules and the typed way, and write docs/performance.md and its plot
[positional-arguments]
bench *ARGS: _targets
    CRITERION_HOME="$PWD/target/criterion" cargo bench --package graph-bench --bench performance -- "$@"

# Write docs/fuel.md anew: the instructions that each operation takes, which CI holds to within 2 %
fuel: _targets
    cargo build {{ native }} --example fuel
    target/debug/examples/fuel

# Fuzz the rules, SECONDS for each target (wants nightly Rust and cargo-fuzz)
fuzz SECONDS="300":
    #!/usr/bin/env bash
    set -euo pipefail
    cargo fuzz --version >/dev/null 2>&1 || { echo "Install cargo-fuzz first: cargo install --locked cargo-fuzz" >&2; exit 1; }
    cargo +nightly --version >/dev/null 2>&1 || { echo "Install nightly Rust first: rustup toolchain install nightly" >&2; exit 1; }
    for target in row operations consent; do
        mkdir -p "fuzz/corpus/$target"
        cargo +nightly fuzz run --fuzz-dir fuzz --features libfuzzer "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- -max_total_time={{ SECONDS }} -max_len=4096
    done

# Replace the seeds that fuzzing found by a small set that reaches as much as seeds and corpus do
fuzz-seeds:
    #!/usr/bin/env bash
    set -euo pipefail
    for target in row operations consent; do
        found=$(mktemp -d)
        cargo +nightly fuzz run --fuzz-dir fuzz --features libfuzzer "$target" \
            "$found" "fuzz/corpus/$target" "fuzz/seeds/$target" -- -set_cover_merge=1 -use_counters=0
        rm -f fuzz/seeds/"$target"/found-*
        for file in "$found"/*; do
            name=${file##*/}
            cp "$file" "fuzz/seeds/$target/found-${name:0:10}"
        done
        rm -r "$found"
    done

# Change the rules in every small way and see that a test fails; ARGS such as `--re src/cas_loop.rs` or `--shard 0/4`
[positional-arguments]
mutants *ARGS:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo mutants --version >/dev/null 2>&1 || { echo "Install cargo-mutants first: cargo install --locked cargo-mutants" >&2; exit 1; }
    # A directory of its own, since this builds host-test without wasmtime.
    export CARGO_TARGET_DIR="$PWD/target/mutants" CARGO_PROFILE_DEV_DEBUG=false PROPTEST_MAX_SHRINK_ITERS=0
    # A mutant that allocates without end is to end itself, not the machine.
    ulimit -v 12000000
    # The tests of .cargo/mutants.toml have to pass first; `--baseline` would run the rules' package alone.
    cargo test --package identity-graph --package identity-graph-tests --package host-test --no-default-features \
        --lib --test lessons --test operations --test rows
    status=0
    cargo mutants --package identity-graph --baseline skip --timeout 20 --output target "$@" || status=$?
    # 2 and 3 say that some survived or did not end in time.
    [ "$status" -le 3 ] || exit "$status"
    echo "Survivors are in target/mutants.out/missed.txt; docs/testing.md lists those that change nothing." >&2

# Format the code
fmt:
    cargo fmt --all

# Check format and lints, natively and for WebAssembly, with warnings denied
lint: _targets
    cargo fmt --all --check
    cargo clippy {{ native }} {{ on-viceroy }} --package graph-bench --all-targets -- -D warnings
    cargo clippy {{ native }} --test http -- -D warnings
    cargo clippy --package identity-graph-wit --all-targets -- -D warnings
    cargo clippy --package host-test --package identity-graph-scenarios --package identity-graph-tests --no-default-features --all-targets -- -D warnings
    cargo clippy --package host-cloudflare --package host-cloudflare-tests --all-targets -- -D warnings
    cargo clippy --package identity-graph --package identity-graph-kv-cas --package identity-graph-component --target wasm32-unknown-unknown -- -D warnings
    cargo clippy --package host-server-forward --target wasm32-unknown-unknown -- -D warnings
    cargo clippy --package host-cloudflare --target wasm32-unknown-unknown -- -D warnings
    cargo clippy --package host-fastly-store --package host-fastly-component --package host-fastly-tests --package host-fastly-probe --package edge-app --package trusted-server-example --target wasm32-wasip1 -- -D warnings

# Build the documentation, with warnings denied
doc: _targets
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps {{ native }}
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --package host-cloudflare

published-crates := "identity-graph identity-graph-conformance host-fastly-store"

# Package the crates that others link, and build the rules in a workspace of somebody else's
package-crates:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo package --offline --allow-dirty {{ prepend("--package ", published-crates) }}
    other=target/vendored
    rm -rf "$other" && mkdir -p "$other"
    cp -R component/rules "$other/identity-graph"
    printf '[workspace]\nresolver = "3"\nmembers = ["identity-graph"]\n' > "$other/Cargo.toml"
    cargo build --offline --manifest-path "$other/Cargo.toml" --target-dir target/vendored-build

# All that a change has to pass
ci: lint test doc package-crates test-fastly package-fastly test-cloudflare package-cloudflare test-play test-js lint-python test-python lint-release

# What the components are built for
_targets:
    #!/usr/bin/env bash
    set -euo pipefail
    libraries=$(rustc --print sysroot)/lib/rustlib
    for target in {{ wasm-targets }}; do
        [ -d "$libraries/$target/lib" ] || rustup target add "$target"
    done
