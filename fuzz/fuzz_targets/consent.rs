//! Any text as a consent string of any kind.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_graph_fuzz::consent(data));
