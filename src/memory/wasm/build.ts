/** Build step: compile `klp.wat` to the WebAssembly module that the wasm backend loads from beside its own file. */

import { compileWat } from './compile.js';

await compileWat(
  new URL('../../../../src/memory/wasm/klp.wat', import.meta.url),
  new URL('./klp.wasm', import.meta.url),
);
