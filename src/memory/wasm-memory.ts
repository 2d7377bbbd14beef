/** WebAssembly's objects as far as signatures name them: its own type names need lib DOM, which users may not have. */

/** A shared `WebAssembly.Memory`. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

/** A `WebAssembly.Module`: an opaque handle. */
export type WasmModule = object;
