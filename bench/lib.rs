//! The benchmarks are in `benches`; `just bench` runs them.
