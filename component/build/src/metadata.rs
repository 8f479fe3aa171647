//! What the component says of itself, for whoever finds the file somewhere: its name, version and
//! licence, and what produced it.

use std::error::Error;

use wasm_encoder::{ComponentSection, CustomSection};
use wasm_metadata::{AddMetadata, AddMetadataField};

/// The component with these sections added. The version and the licence have sections of their own, as
/// `wasm-tools metadata` reads and writes them.
pub(crate) fn add(
    component: &[u8],
    name: &str,
    version: &str,
    license: &str,
    compiler: &str,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(name.to_owned());
    metadata.language.push(("Rust".to_owned(), String::new()));
    metadata.processed_by.push(("rustc".to_owned(), compiler.to_owned()));
    let mut described = metadata.to_wasm(component)?;
    for (section, text) in [("version", version), ("licenses", license)] {
        let data = text.as_bytes().into();
        CustomSection { name: section.into(), data }.append_to_component(&mut described);
    }
    Ok(described)
}
