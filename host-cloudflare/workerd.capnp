# The Worker on Cloudflare's own runtime, on this machine: `just serve-cloudflare`.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # Where the rows are; --directory-path rows=PATH says it.
    (name = "rows", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:7678", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "src/worker.js", esModule = embed "src/worker.js"),
    (name = "src/object.js", esModule = embed "src/object.js"),
    (name = "src/module.js", esModule = embed "src/module.js"),
    (name = "src/rows.js", esModule = embed "src/rows.js"),
    (name = "src/sql-store.js", esModule = embed "src/sql-store.js"),
    (name = "src/frames.js", esModule = embed "src/frames.js"),
    (name = "build/worker.wasm", wasm = embed "build/worker.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "EcGraph", uniqueKey = "ec-graph", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "rows"),
  bindings = [
    (name = "EC_GRAPH", durableObjectNamespace = "EcGraph"),
    # The secrets of the repository, which the Worker accepts in requests to this machine alone.
    (name = "EC_CONFIG", text = embed "ec-graph.json"),
  ],
);
