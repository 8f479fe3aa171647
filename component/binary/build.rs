//! Builds the graph's component.

fn main() {
    // Tests of the rules are not among these, so that they do not build it anew.
    let inputs = ["component/kv-cas", "component/rules", "component/shell"];
    identity_graph_build::component("identity-graph-component", &inputs, "identity-graph.wasm");
}
