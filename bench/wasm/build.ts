/** Build step: what the benchmark of the handler's designs compares it with, as WebAssembly. */

import { readFileSync, writeFileSync } from 'node:fs';
import { BODY_WORD } from '../../src/live/bodies.js';
import { FIRST_WORD } from '../../src/livepatch/wasm-handler.js';
import { HANDLER_VARIANTS } from '../../src/livepatch/wasm/variants.js';
import { compileText, compileWat } from '../../src/memory/wasm/compile.js';
import { placeholder } from '../../src/memory/wasm/constants.js';

const SOURCE = '../../../src/livepatch/wasm/klp-ftrace-handler.wat';
const PARAMETER = '(param $fops i32)';
const FIRST_SET = '(local.set $stack';

/** The handler with its ops as a constant: the site's own, as the code of an ftrace trampoline has it. */
function withConstantOps(source: string): string {
  for (const part of [PARAMETER, FIRST_SET]) {
    if (!source.includes(part)) throw new RangeError(`${SOURCE} has no ${part}`);
  }
  return source
    .replace(PARAMETER, '')
    .replace('(local $stack', '(local $fops i32) (local $stack')
    .replace(FIRST_SET, `(local.set $fops (i32.const ${placeholder(3)})) ${FIRST_SET}`);
}

const constant = withConstantOps(readFileSync(new URL(SOURCE, import.meta.url), 'utf8'));
const handler = await compileText('constant ops', constant, HANDLER_VARIANTS['acquire-word']);
writeFileSync(new URL('./constant-ops.wasm', import.meta.url), handler);

await compileWat(
  new URL('../../../bench/wasm/floor.wat', import.meta.url),
  new URL('./floor.wasm', import.meta.url),
  { ...HANDLER_VARIANTS.acquire, FIRST_WORD, WORD: 4 * BODY_WORD },
);
