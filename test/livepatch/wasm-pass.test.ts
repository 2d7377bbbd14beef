import test from 'ava';
import { KERNEL } from '../../src/kernel/layout.js';
import { TASK } from '../../src/kernel/task.js';
import { klpTrySwitchTasks } from '../../src/livepatch/transition.js';
import { KLP_OBJECT, KLP_PATCH, MAX_STACK_ENTRIES } from '../../src/livepatch/layout.js';
import { SWITCH_VALUES } from '../../src/livepatch/wasm/switch-values.js';
import { withTrySwitch } from '../../src/livepatch/wasm-switch.js';
import { Random } from '../../src/memory/random.js';
import { POISON } from '../../src/memory/struct.js';
import { compileText } from '../../src/memory/wasm/compile.js';
import {
  SEED,
  CPU0,
  empty,
  livepatch,
  stage,
  type Stage,
  observe,
  shuffle,
  source,
} from './switch-stage.js';

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

interface PassComparison {
  readonly differences: number;
  readonly switched: number;
  readonly complete: number;
}

/** Let the port and the pass in WebAssembly go over the same random tasks. */
function comparePasses(isTraced: boolean, module?: WebAssembly.Module): PassComparison {
  const sleeper = { comm: 'sleeper', thread: 'sys', sleepingIn: ['sys', 'wait'] };
  const blocker = { comm: 'blocker', thread: 'sys', sleepingIn: ['sys', 'g'] };
  const s = stage({ initialTasks: [sleeper, blocker, { ...sleeper, count: 70 }] }, module);
  const ctx = isTraced ? s.fastCtx : withTrySwitch(CPU0, s.machine.ctx, s.machine.boot, module);
  const length = s.machine.map.words;
  const random = new Random(SEED, 1);
  const patched =
    s.words[s.words[s.klp.transitionPatch]! + KLP_PATCH.objList]! + KLP_OBJECT.patched;
  let [switched, complete, differences] = [0, 0, 0];
  for (let i = 0; i < 300; i++) {
    const first = shuffleAll(s, random);
    // Now and then the functions of the patch are not to be looked for.
    s.words[patched] = random.below(4) === 0 ? 0 : 1;
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
  return { differences, switched, complete };
}

for (const isTraced of [true, false]) {
  const how = isTraced ? 'and its trace' : 'of a CPU without a trace';
  test(`the pass in WebAssembly leaves what the port's pass leaves, ${how}`, (t) => {
    const { differences, switched, complete } = comparePasses(isTraced);
    t.is(differences, 0);
    t.true(switched > 3000, `${switched} switched, ${complete} passes complete`);
  });
}

/** A fault in what a pass keeps of the patch's functions, as a change of its source. */
const PASS_MUTANTS: readonly (readonly [string, string, string])[] = [
  [
    'keeps the functions of the pass before',
    '(global.set $texts (i32.const -1))\n    (global.set $size0 (i32.const 0)) (global.set $size1 (i32.const 0))',
    '(global.set $texts (i32.const -1))',
  ],
  [
    'keeps one function only',
    '(global.set $addr1 (global.get $addr0)) (global.set $size1 (global.get $size0))',
    '',
  ],
  [
    'looks for functions of an object that is not patched',
    '(if (i32.load offset=@KLP_OBJECT.patched (local.get $objAt))',
    '(if (i32.const 1)',
  ],
  [
    'switches whatever is on the stack',
    '(br_if $checked (i32.eqz (local.get $hit)))',
    '(br $checked)',
  ],
];

for (const [fault, from, to] of PASS_MUTANTS) {
  test(`the comparison of passes finds one that ${fault}`, async (t) => {
    t.true(source.includes(from), 'the source still has the place');
    const text = source.replace(from, () => to);
    const module = new WebAssembly.Module(await compileText(fault, text, SWITCH_VALUES));
    t.true(comparePasses(false, module).differences > 0);
  });
}

test('a pass over a patch of more functions than it keeps checks each of them', (t) => {
  const names = ['f', 'g', 'h', 'i', 'j', 'k'];
  const s = stage({
    vmlinux: { functions: [...names, 'sys', 'wait'].map(empty) },
    modules: [livepatch('first', 1, ['f']), livepatch('second', 2, names)],
    initialTasks: [
      { comm: 'sleeper', thread: 'sys', sleepingIn: ['sys', 'wait'] },
      ...names
        .slice(1)
        .map((name) => ({ comm: 'blocker', thread: 'sys', sleepingIn: ['sys', name] })),
    ],
  });
  const [sleeper, ...blockers] = s.machine.tasks;
  const before = [...s.machine.tasks].map((task) => s.words[task + TASK.patchState]);
  t.deepEqual(before, [1, 0, 0, 0, 0, 0]);
  for (const task of s.machine.tasks) s.words[task + TASK.patchState] = 0;
  const first = s.words[s.machine.kernel.globals + KERNEL.taskList]!;
  t.false(s.fastCtx.klp.trySwitchTasks!(s.wasm, first));
  const after = [sleeper!, ...blockers].map((task) => s.words[task + TASK.patchState]);
  t.deepEqual(after, before);
});

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
