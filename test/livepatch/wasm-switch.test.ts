import { readFileSync } from 'node:fs';
import test from 'ava';
import { loadModule } from '../../src/kernel/module.js';
import { KERNEL, percpu, PERCPU } from '../../src/kernel/layout.js';
import { TASK, TASK_WAKING, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { asm, type FunctionSource } from '../../src/kernel/text.js';
import { klpTrySwitchTask, klpTrySwitchTasks } from '../../src/livepatch/transition.js';
import { MAX_STACK_ENTRIES } from '../../src/livepatch/layout.js';
import { SWITCH_VALUES } from '../../src/livepatch/wasm/switch-values.js';
import { withTrySwitch } from '../../src/livepatch/wasm-switch.js';
import { KernelOops } from '../../src/memory/fault.js';
import { Random } from '../../src/memory/random.js';
import { POISON, type CpuId } from '../../src/memory/struct.js';
import { compileText } from '../../src/memory/wasm/compile.js';
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
function stage(more: Partial<MachineDeclaration> = {}, module?: WebAssembly.Module) {
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
  const fastCtx = withTrySwitch(CPU0, ctx, native, module);
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
  // Whoever takes the lock of the run queue oopses: a sleeping task needs no more than its own.
  const rqLock = random.below(4) === 0 ? POISON : 0;
  for (const cpu of [0, 1]) words[percpu(machine.kernel, cpu) + PERCPU.rqLock] = rqLock;
  return `target ${target}, depth ${depth}`;
}

interface Comparison {
  /** The first state on which the two differ, and in what; undefined if there is none. */
  readonly difference: string | undefined;
  readonly switched: number;
  readonly refused: number;
}

/** Let the port and the WebAssembly switch attempt the same random states. */
function compare(s: Stage): Comparison {
  const random = new Random(SEED, 0);
  const trySwitchTask = s.fastCtx.klp.trySwitchTask!;
  const seen = { switched: 0, refused: 0 };
  const length = s.machine.map.words;
  for (let i = 0; i < STATES; i++) {
    const what = `state ${i}, ${shuffle(s, random)}`;
    const before = s.words.slice(0, length);
    const expected = JSON.stringify(observe(s, klpTrySwitchTask, s.sleeper));
    const after = s.words.slice(0, length);
    s.words.set(before);
    const found = JSON.stringify(observe(s, trySwitchTask, s.sleeper));
    // The name of a function in the way is for the debug message alone, which only the port prints.
    const oldName = s.klp.perCpu + MAX_STACK_ENTRIES;
    s.words[oldName] = after[oldName]!;
    const at = after.findIndex((word, w) => word !== s.words[w]);
    s.words.set(before);
    if (found !== expected) {
      return { ...seen, difference: `${what}: ${found} instead of ${expected}` };
    }
    if (at >= 0) return { ...seen, difference: `${what}: ${s.machine.map.nameOf(at)}` };
    if (expected.includes('"switched":true')) seen.switched++;
    if (expected.includes('"switched":false')) seen.refused++;
  }
  return { ...seen, difference: undefined };
}

test('klp_try_switch_task in WebAssembly leaves the memory, the trace and the result that the port leaves', (t) => {
  t.log(`seed ${SEED}, ${STATES} states`);
  const { difference, switched, refused } = compare(stage());
  t.is(difference, undefined);
  t.true(switched > STATES / 10, `${switched} switched`);
  t.true(refused > STATES / 10, `${refused} refused`);
});

const source = readFileSync(
  new URL('../../../src/livepatch/wasm/klp-try-switch-task.wat', import.meta.url),
  'utf8',
);

/** A fault in the switch, as a change of its source. */
const MUTANTS: readonly (readonly [string, string, string])[] = [
  [
    'switches a task in the target state',
    '(then (return (i32.const 1))))\n    ;; The current',
    '(then))\n    ;; The current',
  ],
  [
    'switches a task that is being woken',
    '(i32.or (i32.eqz (local.get $state)) (i32.eq (local.get $state) (i32.const @TASK_WAKING)))',
    '(i32.eqz (local.get $state))',
  ],
  ['switches a task that runs', '(i32.or (i32.eqz (local.get $state))', '(i32.or (i32.const 0)'],
  [
    'switches a queued task',
    '(if (i32.atomic.load offset=@TASK.onRq (local.get $at)) (then (return (i32.const -2))))',
    '',
  ],
  [
    'does not look whether the task is current',
    '(i32.mul (i32.load offset=@TASK.cpu (local.get $at)) (i32.const @PERCPU.size))))\n          (local.get $task))',
    '(i32.mul (i32.load offset=@TASK.cpu (local.get $at)) (i32.const @PERCPU.size))))\n          (i32.const -1))',
  ],
  [
    'trusts a stack that cannot be walked',
    '(if (i32.load offset=@TASK.unreliable (local.get $at)) (then (return (i32.const -2))))',
    '',
  ],
  ['walks user stacks', '(br_if $walked (i32.load offset=@TASK.userMode (local.get $at)))', ''],
  [
    'walks beyond the buffer',
    '(if (i32.ge_u (local.get $from) (i32.const @DEEPEST)) (then (return (i32.const -2))))',
    '',
  ],
  [
    'skips a return address',
    '(i32.store (local.get $end) (i32.load offset=@TASK.pc (local.get $at)))\n      (local.set $end (i32.add (local.get $end) (i32.const 4)))',
    '',
  ],
  [
    'walks over a null return address',
    '(if (i32.eqz (local.get $state)) (then (return (i32.const -2))))',
    '',
  ],
  [
    'looks for the new function when it should look for the old one',
    '(if (i32.eqz (i32.load (global.get $targetAt)))',
    '(if (i32.load (global.get $targetAt))',
  ],
  [
    'takes every stack of functions for one of a single entry',
    '(if (i32.eq\n              (i32.load offset=@KLP_OPS.funcStackNext (local.get $at))\n              (i32.load offset=@KLP_OPS.funcStackPrev (local.get $at)))',
    '(if (i32.const 1)',
  ],
  ['looks at the first function only', '(br $nextFunc)', ''],
  [
    'leaves the flag',
    '(drop (i32.atomic.rmw.and offset=@TASK.tiFlags (local.get $at) (i32.const @NOT_PATCH_PENDING)))',
    '',
  ],
  [
    'leaves the state',
    '(i32.store offset=@TASK.patchState (local.get $at) (i32.load (global.get $targetAt)))',
    '',
  ],
];

for (const [fault, from, to] of MUTANTS) {
  test(`the comparison finds a switch that ${fault}`, async (t) => {
    t.true(source.includes(from), 'the source still has the place');
    const text = source.replace(from, () => to);
    const module = new WebAssembly.Module(await compileText(fault, text, SWITCH_VALUES));
    const { difference } = compare(stage({}, module));
    t.truthy(difference);
    t.log(difference!.slice(0, 200));
  });
}

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

/** The tasks of the pass, newest first, in random states. */
function shuffleAll(s: Stage, random: Random): number {
  const { words, machine } = s;
  const first = words[machine.kernel.globals + KERNEL.taskList]!;
  for (let task = first; task !== 0; task = words[task + TASK.tasksNext]!) {
    shuffle({ ...s, sleeper: task }, random);
  }
  const target = random.below(2);
  words[s.klp.targetState] = target;
  return first;
}

for (const isTraced of [true, false]) {
  const how = isTraced ? 'and its trace' : 'of a CPU without a trace';
  test(`the pass in WebAssembly leaves what the port's pass leaves, ${how}`, (t) => {
    const sleepers = Array.from({ length: 70 }, () => ({
      comm: 'sleeper',
      thread: 'sys',
      sleepingIn: ['sys', 'wait'],
    }));
    const blocker = { comm: 'blocker', thread: 'sys', sleepingIn: ['sys', 'g'] };
    const s = stage({ initialTasks: [sleepers[0]!, blocker, ...sleepers] });
    const ctx = isTraced ? s.fastCtx : withTrySwitch(CPU0, s.machine.ctx, s.machine.boot);
    const length = s.machine.map.words;
    const random = new Random(SEED, 1);
    let [switched, complete, differences] = [0, 0, 0];
    for (let i = 0; i < 300; i++) {
      const first = shuffleAll(s, random);
      const before = s.words.slice(0, length);
      const expected = observe(s, klpTrySwitchTasks, first);
      const after = s.words.slice(0, length);
      s.words.set(before);
      const found = observe(s, ctx.klp.trySwitchTasks!, first);
      const oldName = s.klp.perCpu + MAX_STACK_ENTRIES;
      s.words[oldName] = after[oldName]!;
      const [mine, port] = isTraced ? [found, expected] : [found.switched, expected.switched];
      if (JSON.stringify(mine) !== JSON.stringify(port)) differences++;
      else if (after.some((word, w) => word !== s.words[w])) differences++;
      switched += expected.events?.length ?? 0;
      if (expected.switched === true) complete++;
      s.words.set(before);
    }
    t.is(differences, 0);
    t.true(switched > 3000, `${switched} switched, ${complete} passes complete`);
  });
}

test('a link of the task list to nowhere is left to the port', (t) => {
  const s = stage();
  const { words, sleeper } = s;
  for (const nowhere of [3, POISON, -5, words.length + 16]) {
    const next = words[sleeper + TASK.tasksNext]!;
    words[sleeper + TASK.tasksNext] = nowhere;
    const seen = observe(s, klpTrySwitchTasks, sleeper);
    t.true(seen.oops !== undefined);
    t.deepEqual(observe(s, s.fastCtx.klp.trySwitchTasks!, sleeper), seen);
    words[sleeper + TASK.tasksNext] = next;
  }
});
