import test from 'ava';
import { TASK } from '../../src/kernel/task.js';
import { klpTrySwitchTask } from '../../src/livepatch/transition.js';
import { MAX_STACK_ENTRIES } from '../../src/livepatch/layout.js';
import { SWITCH_VALUES } from '../../src/livepatch/wasm/switch-values.js';
import { withTrySwitch } from '../../src/livepatch/wasm-switch.js';
import { KernelOops } from '../../src/memory/fault.js';
import { Random } from '../../src/memory/random.js';
import { POISON } from '../../src/memory/struct.js';
import { compileText } from '../../src/memory/wasm/compile.js';
import { bootSolo } from '../../src/scenario/solo.js';
import type { MachineDeclaration } from '../../src/scenario/boot.js';
import {
  SEED,
  STATES,
  CPU0,
  empty,
  stage,
  type Stage,
  observe,
  shuffle,
  source,
} from './switch-stage.js';

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
    '(i32.store (local.get $end) (local.get $state))\n        (local.set $end (i32.add (local.get $end) (i32.const 4)))',
    '(i32.store (local.get $end) (local.get $state))',
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
