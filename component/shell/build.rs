//! Lets the linker leave out the padding of addresses, which only a later linker would need.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
}
