//! Builds the component, for the host; for WebAssembly this is what it is built of.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|target| target != "wasm32") {
        let inputs = [
            "component/kv-cas",
            "component/rules",
            "host-fastly/component/src",
            "host-server/tests/forward",
        ];
        identity_graph_build::component("host-server-forward", &inputs, "forward.wasm");
    }
}
