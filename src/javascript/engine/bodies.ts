/** How the threads of a program begin. */

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../../errors.js';
import { isWait } from '../async/promise.js';
import type { CompiledProgram } from '../build/compile.js';
import type { Program, ThreadBody } from '../program.js';
import { placeOfProgram } from '../runtime/instance.js';
import { CALL, type Coroutine, type Marked } from '../runtime/keys.js';
import type { Runtime } from '../runtime/runtime.js';
import type { Regions } from '../runtime/views.js';

/** Whether a program may start workers, or asks what agent it is. */
export function mayStartWorkers({ modules }: CompiledProgram): boolean {
  return [...modules.values()].some(
    ({ source: { code, targets } }) =>
      [...targets.values()].some((target) => target === 'node:worker_threads') ||
      // Asked for at run time, by `createRequire` and the like.
      code.includes('worker_threads'),
  );
}

/** File that a program names, seen from its own. */
export function pathOf(entry: string, main: string): string {
  return main.startsWith('file:') ? fileURLToPath(main) : resolve(dirname(entry), main);
}

/** File of a program's main module. @throws UsageError when it is missing */
export function mainOf(entry: string, program: Program): string {
  const main = String(program.main);
  const path = pathOf(entry, main);
  if (existsSync(path)) return path;
  const place = placeOfProgram(program) ?? entry;
  throw new UsageError(`${place}: \`main\` names a file that is not there: ${main}`);
}

/** Modules of a program's file are evaluated in one go. */
export function* evaluated(evaluation: Coroutine, runtime: Runtime): Coroutine {
  let answer = evaluation.next();
  while (answer.done !== true) {
    if (isWait(answer.value)) {
      const place = runtime.sites.place(answer.value.site);
      runtime.stepper.fail(
        new UsageError(`${place}: await at the top of a module that declares threads`),
      );
    }
    yield answer.value;
    answer = evaluation.next();
  }
  return answer.value;
}

/** Does nothing. */
export function nothing(): undefined {
  return undefined;
}

/** Buffers that `shared` returned without having looked at them. */
export function collect(value: unknown, regions: Regions): void {
  if (value instanceof SharedArrayBuffer) regions.find(value);
  else if (ArrayBuffer.isView(value)) collect(value.buffer, regions);
  else if (value instanceof WebAssembly.Memory) collect(value.buffer, regions);
  else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collect(item, regions);
  }
}

/** The code of a thread. */
export function start(
  body: ThreadBody,
  shared: unknown,
  index: number,
  runtime: Runtime,
): Coroutine {
  const form = (body as unknown as Marked)[CALL];
  if (form !== undefined) return form.call(undefined, shared, index);
  return runtime.invoke(body, undefined, [shared, index]);
}
