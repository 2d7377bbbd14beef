/** The rows of functions whose sites have users besides a livepatch: tracers alone, two users, users of other functions. */

import { kzalloc } from '../src/kernel/alloc.js';
import {
  FIRST_SCENARIO_FTRACE_FN,
  FTRACE_FILTER_IPS,
  FTRACE_OPS,
  FTRACE_OPS_FL_DYNAMIC,
  FTRACE_OPS_FL_SAVE_REGS,
  ftraceSetFilterIp,
  registerFtraceFunction,
} from '../src/kernel/ftrace.js';
import { loadModule } from '../src/kernel/module.js';
import { createDecide, withDecide } from '../src/livepatch/wasm-handler.js';
import type { Addr } from '../src/memory/struct.js';
import { WasmCpu } from '../src/memory/wasm.js';
import { bootSolo, type SoloMachine } from '../src/scenario/solo.js';
import { NAMES, PATCHES, PROGRAM, TABLE } from './dispatch-cases.js';
import { dispatcherFor, entering, loopOf } from './dispatch-variants.js';
import { FUNCTIONS, type FnSite } from './dispatch-loop.js';
import type { Benchmark, Task } from './harness.js';

const CALLS = 4096;

/** A tracer that does nothing, as that of the kernel's own measurements. */
const FN_NOTHING = FIRST_SCENARIO_FTRACE_FN;

/** Functions that tracers and the livepatch share; the others are for users that never match. */
const SHARED = NAMES.slice(0, FTRACE_FILTER_IPS);
const OTHERS = NAMES.slice(FTRACE_FILTER_IPS);

/** A state of the sites. */
interface Users {
  readonly name: string;
  readonly isPatched?: boolean;
  /** Flags of the tracers of the functions that are called. */
  readonly tracers?: readonly number[];
  /** Users of other functions, which the list function passes by. */
  readonly others?: number;
}

const ROWS: readonly Users[] = [
  { name: 'one tracer', tracers: [0] },
  { name: 'one tracer, registers saved', tracers: [FTRACE_OPS_FL_SAVE_REGS] },
  { name: 'two tracers', tracers: [0, 0] },
  { name: 'two tracers, registers saved', tracers: [FTRACE_OPS_FL_SAVE_REGS, 0] },
  { name: 'two tracers, 4 users elsewhere', tracers: [0, 0], others: 4 },
  { name: 'livepatch alone', isPatched: true },
  { name: 'livepatch and a tracer', isPatched: true, tracers: [0] },
];

function register(solo: SoloMachine, flags: number, names: readonly string[]): void {
  const { cpu, kernel, words } = solo;
  const ops: Addr = kzalloc(cpu, kernel.ftraceOps);
  words[ops + FTRACE_OPS.func] = FN_NOTHING;
  words[ops + FTRACE_OPS.flags] = FTRACE_OPS_FL_DYNAMIC | flags;
  for (const name of names) ftraceSetFilterIp(cpu, ops, solo.symbol(name), false);
  registerFtraceFunction(cpu, ops);
}

/** A machine of its own for a row, its sites in the row's state by what the kernel does for that. */
function machineOf({ isPatched = false, tracers = [], others = 0 }: Users): SoloMachine {
  const solo = bootSolo({
    vmlinux: { functions: PROGRAM.functions },
    modules: PROGRAM.modules,
    overrides: { ftraceFns: { [FN_NOTHING]: () => undefined } },
  });
  if (isPatched) loadModule(solo.cpu, solo.imageIndex(PATCHES[0]));
  for (const flags of tracers) register(solo, flags, SHARED);
  for (let i = 0; i < others; i++) register(solo, 0, OTHERS);
  solo.letRun(400);
  return solo;
}

async function rowOf(users: Users): Promise<Task> {
  const solo = machineOf(users);
  const decide = createDecide(solo.cpu.id, solo.boot);
  const cpu = new WasmCpu(solo.cpu.id, withDecide(solo.cpu.ctx, decide), solo.boot);
  cpu.current = solo.cpu.current;
  const make = await dispatcherFor(users.name);
  const dispatcher = make(cpu, solo.boot, solo, {});
  const { patchable } = await loopOf(users.name);
  const names = Array.from({ length: FUNCTIONS }, (_, i) => SHARED[i % SHARED.length] as string);
  const sites = names.map((name): FnSite => dispatcher.site(name));
  return {
    name: users.name,
    operations: CALLS,
    run: entering(patchable, sites, CALLS, 1),
  };
}

async function rows(): Promise<Task[]> {
  const { direct } = await loopOf('direct, users');
  const table = TABLE.map((_, i) => TABLE[i % SHARED.length]!);
  const tasks: Task[] = [
    { name: 'direct call', operations: CALLS, run: entering(direct, table, CALLS, 1) },
  ];
  for (const users of ROWS) tasks.push(await rowOf(users));
  return tasks;
}

/** Calls of functions that several ftrace users share. */
export const ftraceUsers: Benchmark = {
  name: 'ftrace users',
  unit: 'ns/call',
  better: 'lower',
  baseline: 'direct call',
  tasks: rows,
};
