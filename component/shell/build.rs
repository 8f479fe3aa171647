//! Link settings of the component.

fn main() {
    // Without it every address and call is padded to five bytes: 7 % of the component.
    println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
    println!("cargo::rerun-if-changed=build.rs");
}
