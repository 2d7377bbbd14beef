/** Kernel code that a test has as text, made resumable and ready to be searched. */

import type { CpuContext } from '../../src/memory/cpu.js';
import { claimLocal } from '../../src/memory/local.js';
import { MemoryMap } from '../../src/memory/map.js';
import type { KernelBody, Scenario } from '../../src/scenario/declare.js';
import { kernelDeclarations } from '../../src/explorer/build/symbols.js';
import { parseModule, transform } from '../../src/explorer/build/transform.js';
import type { Prepared } from '../../src/explorer/engine/prepared.js';
import { SIZE } from './small-programs.js';

/** Functions of a text, as the resumable build makes them. */
export function functionsOf(text: string, functions: readonly string[]): KernelBody[] {
  const source = { file: 'small.js', code: text };
  const parsed = parseModule(source);
  const kernel = new Set(kernelDeclarations(parsed));
  const names = { kernel, plain: new Set<string>(), specifiers: new Map<string, string>() };
  const { code } = transform(source, parsed, { ...names, frames: true });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  return new Function(
    `${code.replaceAll('export ', '')}\nreturn [${functions.join()}];`,
  )() as KernelBody[];
}

/** A machine without outcomes whose CPUs execute functions of a text. */
export function preparedText(text: string, functions: readonly string[]): Prepared {
  const map = new MemoryMap();
  const localBase = claimLocal(map, functions.length);
  const bodies = functionsOf(text, functions);
  const scenario = { name: 'small', outcomes: {}, observe: () => '' } as unknown as Scenario;
  const machine = { map, localBase, ctx: {} as CpuContext, bodies };
  return { scenario, machine, image: new Int32Array(SIZE) };
}
