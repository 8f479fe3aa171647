# Every command a person runs. `just` alone lists them.

set shell := ["bash", "-euo", "pipefail", "-c"]

wasm-targets := "wasm32-unknown-unknown wasm32-wasip1"

# List the commands
[private]
default:
    @just --list --unsorted

# Replay the day of traffic that ships with the repository, or run `just run ARGS` (try `just run --help`)
run *ARGS: _targets
    cargo run --quiet -- {{ ARGS }}

# Tell one visitor's story, from the first visit to the withdrawal and beyond
demo: _targets
    cargo run --quiet -- demo

# Run all tests
test *ARGS: _targets
    cargo test {{ ARGS }}

# Build the optimised program and replay 1.2 million events: events per second and memory
throughput: _targets
    cargo build --release
    target/release/ec-graph trace --visitors 200000 --seed 7 --output target/throughput.ndjson
    target/release/ec-graph replay target/throughput.ndjson

# Format the code
fmt:
    cargo fmt --all

# Check format and lints, natively and for WebAssembly, with warnings denied
lint: _targets
    cargo fmt --all --check
    cargo clippy --workspace --exclude identity-graph-component --all-targets -- -D warnings
    cargo clippy --package identity-graph --package identity-graph-component --target wasm32-unknown-unknown -- -D warnings

# Build the documentation, with warnings denied
doc: _targets
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# All that a change has to pass
ci: lint test doc

# What the component is built for
_targets:
    #!/usr/bin/env bash
    set -euo pipefail
    libraries=$(rustc --print sysroot)/lib/rustlib
    for target in {{ wasm-targets }}; do
        [ -d "$libraries/$target/lib" ] || rustup target add "$target"
    done
