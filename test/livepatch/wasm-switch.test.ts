import test from 'ava';
import { loadModule } from '../../src/kernel/module.js';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import { TASK, TASK_WAKING, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { asm, type FunctionSource } from '../../src/kernel/text.js';
import { klpTrySwitchTask } from '../../src/livepatch/transition.js';
import { MAX_STACK_ENTRIES } from '../../src/livepatch/layout.js';
import { withTrySwitch } from '../../src/livepatch/wasm-switch.js';
import { KernelOops } from '../../src/memory/fault.js';
import { Random } from '../../src/memory/random.js';
import { POISON, type CpuId } from '../../src/memory/struct.js';
import { WasmCpu } from '../../src/memory/wasm.js';
import { bootSolo } from '../../src/scenario/solo.js';
import type { MachineDeclaration } from '../../src/scenario/boot.js';

const SEED = 20_114;
const STATES = 2000;
const CPU0 = 0 as CpuId;

const empty = (name: string): FunctionSource => ({ name, code: [asm.ret] });
const livepatch = (name: string, version: number, functions: readonly string[]) => ({
  name,
  functions: functions.map((f) => empty(`${f}_${version}`)),
  patch: {
    objects: [{ funcs: functions.map((f) => ({ oldName: f, newName: `${f}_${version}` })) }],
  },
});

/** A machine in the middle of enabling the second patch of f, which patches g for the first time. */
function stage(more: Partial<MachineDeclaration> = {}) {
  const machine = bootSolo({
    cpus: 2,
    stackWords: 110,
    vmlinux: { functions: ['f', 'g', 'sys', 'wait'].map(empty) },
    modules: [livepatch('first', 1, ['f']), livepatch('second', 2, ['f', 'g'])],
    initialTasks: [
      { comm: 'sleeper', thread: 'sys', sleepingIn: ['sys', 'wait'] },
      { comm: 'blocker', thread: 'sys', sleepingIn: ['sys', 'g'] },
    ],
    ...more,
  });
  const { cpu, words, klp, boot, ctx, tasks, letRun } = machine;
  const [sleeper, blocker] = [tasks[0]!, tasks[1]!];
  loadModule(cpu, 0);
  letRun(1000);
  if (words[klp.transitionPatch] !== 0) throw new Error('the first patch is not through');
  loadModule(cpu, 1);
  if (words[klp.transitionPatch] === 0) throw new Error('nothing blocks the second patch');
  const events: number[][] = [];
  const native = { ...boot, trace: (...event: number[]) => void events.push(event) };
  const fastCtx = withTrySwitch(CPU0, ctx, native);
  const wasm = new WasmCpu(CPU0, fastCtx, native);
  wasm.current = machine.admin;
  return { machine, words, klp, sleeper, blocker, events, wasm, fastCtx };
}

type Stage = ReturnType<typeof stage>;

interface Seen {
  readonly switched?: boolean;
  readonly events?: readonly (readonly number[])[];
  /** Address of an oops. */
  readonly oops?: number;
}

/** Everything that an attempt shows: its result, its trace, and all of memory; or where it oopsed. */
function observe(s: Stage, attempt: (cpu: WasmCpu, task: number) => boolean, task: number): Seen {
  s.events.length = 0;
  try {
    const switched = attempt(s.wasm, task);
    return { switched, events: [...s.events] };
  } catch (error) {
    if (!(error instanceof KernelOops)) throw error;
    return { oops: error.addr };
  }
}

/** Put the task into some state: mostly asleep with a stack that may hold any of the functions. */
function shuffle({ machine, words, klp, sleeper }: Stage, random: Random): string {
  const pick = <T>(...from: T[]): T => from[random.below(from.length)]!;
  const texts = ['f', 'g', 'sys', 'wait'].map((name) => machine.symbol(name) + 3);
  const { moduleText, slotWords } = machine.kernel;
  const news = [0, 3, 6, slotWords, slotWords + 3, slotWords + 6].map((at) => moduleText + at);
  const address = (): number => pick(...texts, pick(...news), pick(...texts));
  words[sleeper + TASK.state] = pick(1, 1, 1, 2, 0x402, 0, TASK_WAKING);
  words[sleeper + TASK.onRq] = random.below(12) === 0 ? 1 : 0;
  words[sleeper + TASK.cpu] = random.below(2);
  words[sleeper + TASK.userMode] = random.below(8) === 0 ? 1 : 0;
  words[sleeper + TASK.unreliable] = random.below(16) === 0 ? 1 : 0;
  const depth = random.below(20) === 0 ? MAX_STACK_ENTRIES - 2 + random.below(3) : random.below(4);
  words[sleeper + TASK.depth] = depth;
  words[sleeper + TASK.pc] = address();
  for (let i = 0; i < depth; i++) {
    words[sleeper + TASK.size + i] = random.below(200) === 0 ? 0 : pick(texts[2]!, address());
  }
  const target = random.below(2);
  words[klp.targetState] = target;
  words[sleeper + TASK.patchState] = random.below(8) === 0 ? target : 1 - target;
  words[sleeper + TASK.tiFlags] = (1 << TIF_PATCH_PENDING) | random.below(8);
  words[percpu(machine.kernel, 1) + PERCPU.curr] =
    random.below(16) === 0 ? sleeper : machine.kernel.tasks;
  return `target ${target}, depth ${depth}`;
}

test('klp_try_switch_task in WebAssembly leaves the memory, the trace and the result that the port leaves', (t) => {
  const s = stage();
  const random = new Random(SEED, 0);
  t.log(`seed ${SEED}, ${STATES} states`);
  const { trySwitchTask } = s.fastCtx.klp;
  t.truthy(trySwitchTask);
  const seen = { switched: 0, refused: 0 };
  const length = s.machine.map.words;
  for (let i = 0; i < STATES; i++) {
    const what = shuffle(s, random);
    const before = s.words.slice(0, length);
    const expected = observe(s, klpTrySwitchTask, s.sleeper);
    const after = s.words.slice(0, length);
    s.words.set(before);
    const found = observe(s, trySwitchTask!, s.sleeper);
    // The name of a function in the way is for the debug message alone, which only the port prints.
    const oldName = s.klp.perCpu + MAX_STACK_ENTRIES;
    s.words[oldName] = after[oldName]!;
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      t.deepEqual(found, expected, `state ${i}: ${what}`);
    }
    const differs = after.findIndex((word, at) => word !== s.words[at]);
    if (differs >= 0) t.is(s.machine.map.nameOf(differs), 'nothing', `state ${i}: ${what}`);
    if (expected.switched === true) seen.switched++;
    if (expected.switched === false) seen.refused++;
    s.words.set(before);
  }
  t.true(seen.switched > STATES / 10, `${seen.switched} switched`);
  t.true(seen.refused > STATES / 10, `${seen.refused} refused`);
});

test('a link to nowhere, a freed task and a lock that is held are left to the port', (t) => {
  const s = stage();
  const attempt = s.fastCtx.klp.trySwitchTask!;
  const oops = (what: () => unknown) => t.throws(what, { instanceOf: KernelOops });
  s.words[s.sleeper + TASK.patchState] = 0;
  s.words[s.sleeper + TASK.piLock] = POISON;
  oops(() => attempt(s.wasm, s.sleeper));
  s.words[s.sleeper + TASK.piLock] = 0;
  for (const broken of [0, 3, POISON, -5]) {
    const patch = s.words[s.klp.transitionPatch]!;
    s.words[s.klp.transitionPatch] = broken;
    oops(() => attempt(s.wasm, s.sleeper));
    s.words[s.klp.transitionPatch] = patch;
    // As in C, an oops leaves the lock held.
    s.words[s.sleeper + TASK.piLock] = 0;
  }
  const ops = s.words[s.klp.ops]!;
  s.words[s.klp.ops] = s.klp.ops;
  oops(() => attempt(s.wasm, s.sleeper));
  s.words[s.klp.ops] = ops;
  s.words[s.sleeper + TASK.piLock] = 0;
  t.true(attempt(s.wasm, s.sleeper), 'nothing else was broken');
});

test('the current task is checked as the port checks it, without its lock', (t) => {
  const s = stage();
  s.wasm.current = s.blocker;
  s.words[s.blocker + TASK.patchState] = 0;
  s.words[s.blocker + TASK.piLock] = 1;
  t.false(s.fastCtx.klp.trySwitchTask!(s.wasm, s.blocker), 'g is on its stack');
  s.words[s.blocker + TASK.pc] = s.machine.symbol('wait') + 3;
  s.words[s.blocker + TASK.size] = s.machine.symbol('wait') + 3;
  t.true(s.fastCtx.klp.trySwitchTask!(s.wasm, s.blocker));
});

test('a machine that asks for what only the port does keeps the port', (t) => {
  const asked: Partial<MachineDeclaration>[] = [
    { version: '6.1' },
    { reliableStacks: false },
    { overrides: { archStackWalkReliable: () => 0 } },
  ];
  for (const more of asked) {
    const machine = bootSolo({ vmlinux: { functions: [empty('f')] }, ...more });
    t.is(withTrySwitch(CPU0, machine.ctx, machine.boot), machine.ctx);
  }
});
