// What a runtime or a bundler makes of an imported core module.
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
