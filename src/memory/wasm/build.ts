/** Build step: compile `klp.wat` to the WebAssembly module that the wasm backend loads from beside its own file. */

import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const source = new URL('../../../../src/memory/wasm/klp.wat', import.meta.url);
const target = new URL('./klp.wasm', import.meta.url);

const compiler = await wabt();
const module = compiler.parseWat('klp.wat', readFileSync(source, 'utf8'), { threads: true });
const binary = module.toBinary({}).buffer;
module.destroy();

// Throws if the module is not valid.
new WebAssembly.Module(binary);
writeFileSync(target, binary);
