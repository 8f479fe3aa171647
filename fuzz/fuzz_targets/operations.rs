//! Any sequence of operations over a store that answers anything.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_graph_fuzz::operations(data));
