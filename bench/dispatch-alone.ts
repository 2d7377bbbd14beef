/** The rows of one CPU: calls in each state of a function's stack, and the handler alone on each memory. */

import { createDecide, createDecideWord } from '../src/livepatch/wasm-handler.js';
import type { NativeCpu } from '../src/memory/native.js';
import { TASK } from '../src/kernel/task.js';
import { bootSolo, type SoloMachine } from '../src/scenario/solo.js';
import { BODY_WORD } from '../src/live/bodies.js';
import { portDecide, type Dispatcher, type DispatchOptions } from '../src/live/dispatch.js';
import {
  CASE_WORDS,
  CASES,
  caseSites,
  patchStateIn,
  PROGRAM,
  realSites,
  TABLE,
  writeCases,
} from './dispatch-cases.js';
import {
  cpuOn,
  dispatcherFor,
  entering,
  loopOf,
  VARIANTS,
  type Variant,
} from './dispatch-variants.js';
import { dispatchDesigns } from './dispatch-designs.js';
import type { Benchmark, Task } from './harness.js';

const CALLS = 4096;
const FIRST = 0;
const IN_TRANSITION = 4;

interface Stage {
  readonly solo: SoloMachine;
  readonly base: number;
}

function stage(): Stage {
  const solo = bootSolo({
    vmlinux: { functions: PROGRAM.functions, data: { bench_cases: CASE_WORDS } },
    modules: PROGRAM.modules,
  });
  const base = solo.symbol('bench_cases');
  writeCases(solo.words, base);
  return { solo, base };
}

function cpuOf({ solo }: Stage, memory: Variant['memory']): NativeCpu {
  return cpuOn(memory, solo.cpu, solo.boot);
}

async function dispatcherOf(
  s: Stage,
  key: string,
  memory: Variant['memory'],
  options: DispatchOptions,
): Promise<Dispatcher> {
  const make = await dispatcherFor(key);
  return make(cpuOf(s, memory), s.solo.boot, s.solo, options);
}

/** A row that calls all functions in one case. */
async function caseRow(
  s: Stage,
  name: string,
  dispatcher: Dispatcher,
  at: number,
  aimRatio?: number,
): Promise<Task> {
  const { patchable } = await loopOf(name);
  const sites = caseSites(dispatcher, s.base, at);
  const patchState = patchStateIn(CASES[at]!);
  const { words, admin } = s.solo;
  const enter = entering(patchable, sites, CALLS, 1);
  return {
    name,
    operations: CALLS,
    ...(aimRatio === undefined ? {} : { aimRatio }),
    run: () => {
      words[admin + TASK.patchState] = patchState;
      return enter();
    },
  };
}

const AIMS: Readonly<Record<string, number>> = {
  'patched, stack of 1': 2,
  'in transition, task patched': 2.5,
  'in transition, task not patched': 2.5,
};

async function callRows(): Promise<Task[]> {
  const s = stage();
  const { direct } = await loopOf('direct');
  const { patchable } = await loopOf('unpatched');
  const ours = await dispatcherOf(s, 'ours', 'wasm', {});
  const unpatched = realSites(ours);
  const cases: Task[] = [];
  for (const [at, { name }] of CASES.entries()) {
    cases.push(await caseRow(s, name, ours, at, AIMS[name]));
  }
  for (const { name, memory, handler } of VARIANTS) {
    const theirs = await dispatcherOf(s, name, memory, { handler });
    cases.push(await caseRow(s, `stack of 1, ${name}`, theirs, FIRST));
    cases.push(await caseRow(s, `in transition, ${name}`, theirs, IN_TRANSITION));
  }
  return [
    { name: 'direct call', operations: CALLS, run: entering(direct, TABLE, CALLS, 1) },
    {
      name: 'unpatched site',
      operations: CALLS,
      aimRatio: 1.3,
      run: entering(patchable, unpatched, CALLS, 1),
    },
    ...cases,
  ];
}

/** One CPU, all states. */
export const dispatchCalls: Benchmark = {
  name: 'dispatch',
  unit: 'ns/call',
  better: 'lower',
  baseline: 'direct call',
  tasks: callRows,
};

async function handlerRows(at: number): Promise<Task[]> {
  const s = stage();
  const wasm = cpuOf(s, 'wasm');
  const ours = await dispatcherOf(s, `handler${at}`, 'wasm', {});
  const sites = caseSites(ours, s.base, at);
  const { words, admin, boot } = s.solo;
  const row = async (name: string, decide: ReturnType<typeof portDecide>): Promise<Task> => {
    const { decisions } = await loopOf(`${name}${at}`);
    const enter = entering(decisions, decide, sites, admin, CALLS);
    return {
      name,
      operations: CALLS,
      ...(name === 'JS Atomics' ? { aimRatio: 5, aimAtLeast: true } : {}),
      run: () => {
        words[admin + TASK.patchState] = patchStateIn(CASES[at]!);
        return enter();
      },
    };
  };
  return [
    await row('WebAssembly', createDecide(wasm.id, boot)),
    await row('WebAssembly, atomic.fence', createDecide(wasm.id, boot, 'fence')),
    await row('TypeScript on wasm', portDecide(wasm)),
    await row('JS Atomics', portDecide(cpuOf(s, 'atomics'))),
  ];
}

const handlerBenchmark = (name: string, at: number): Benchmark => ({
  name,
  unit: 'ns/decision',
  better: 'lower',
  baseline: 'WebAssembly',
  tasks: () => handlerRows(at),
});

/** What bounds the cost of a call, and other designs. */
export const designs: Benchmark = dispatchDesigns(
  () => {
    const s = stage();
    return { ...s, cpu: cpuOf(s, 'wasm') };
  },
  ({ solo, cpu }) => createDecideWord(cpu.id, solo.boot, BODY_WORD),
);

/** The handler without the call that follows. */
export const handlers: readonly Benchmark[] = [
  handlerBenchmark('handler', FIRST),
  handlerBenchmark('handler in transition', IN_TRANSITION),
];
