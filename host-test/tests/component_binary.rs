//! What the component's binary says of itself.

use host_test::COMPONENT;
use wasmparser::{ComponentExternName, Parser, Payload};

const MAX_BYTES: usize = 200 * 1024;

/// The component's own imports and exports, without those of the modules inside it.
fn interface() -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(COMPONENT) {
        match payload.expect("the component parses") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(section.into_iter().map(|import| name(import.unwrap().name)));
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(section.into_iter().map(|export| name(export.unwrap().name)));
            }
            _ => {}
        }
    }
    (imports, exports)
}

fn name(name: ComponentExternName<'_>) -> String {
    name.name.to_owned()
}

#[test]
fn the_store_is_all_it_imports() {
    assert_eq!(interface().0, ["trusted-server:ec/kv-cas@0.2.0"]);
}

#[test]
fn the_graph_is_all_it_exports() {
    assert_eq!(interface().1, ["trusted-server:ec/identity-graph@0.2.0"]);
}

#[test]
fn it_is_at_most_200_kib() {
    let bytes = COMPONENT.len();
    assert!(bytes <= MAX_BYTES, "the component has {bytes} bytes, {MAX_BYTES} are allowed");
}
