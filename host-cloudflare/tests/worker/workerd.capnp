# The Worker with what its tests need beside it, in one file: `just build-cloudflare`.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "rows", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../build/tests/worker.js"),
    (name = "worker.wasm", wasm = embed "../../build/tests/worker.wasm"),
    (name = "graph.core.wasm", wasm = embed "../../build/tests/graph.core.wasm"),
    (name = "graph.core2.wasm", wasm = embed "../../build/tests/graph.core2.wasm"),
    (name = "graph.core3.wasm", wasm = embed "../../build/tests/graph.core3.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "EcGraph", uniqueKey = "ec-graph", enableSql = true),
    (className = "Bench", uniqueKey = "bench", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "rows"),
  bindings = [
    (name = "EC_GRAPH", durableObjectNamespace = "EcGraph"),
    (name = "BENCH", durableObjectNamespace = "Bench"),
    (name = "EC_CONFIG", text = embed "../../ec-graph.json"),
  ],
);
