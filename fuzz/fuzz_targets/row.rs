//! Any bytes as a stored row.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| identity_graph_fuzz::row(body));
