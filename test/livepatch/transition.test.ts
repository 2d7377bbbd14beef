import test from 'ava';
import { EINVAL } from '../../src/kernel/errno.js';
import { KERNEL } from '../../src/kernel/layout.js';
import { tryToWakeUp } from '../../src/kernel/sched.js';
import { idleTask, TASK, TASK_INTERRUPTIBLE, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { ENABLED } from '../../src/livepatch/core-sysfs.js';
import { KLP_PATCHED, KLP_UNDEFINED, KLP_UNPATCHED } from '../../src/livepatch/layout.js';
import { SWITCHED_BY_FORCE, SWITCHED_BY_SELF } from '../../src/livepatch/trace.js';
import {
  klpCancelTransition,
  klpSync,
  klpSynchronizeTransition,
  klpTransitionWorkFn,
  klpUpdatePatchState,
} from '../../src/livepatch/transition.js';
import {
  WARN_CANCEL_NOT_PATCHING,
  WARN_COMPLETE_IDLE_PENDING,
  WARN_COMPLETE_TASK_PENDING,
} from '../../src/livepatch/warn-sites.js';
import { O_15 } from '../../src/memory/sites.js';
import {
  asleepIn,
  bootSmall,
  funcsOf,
  funcWord,
  isPending,
  livepatch,
  plain,
  settle,
  stateOf,
  blocked,
  unblock,
  allTasks,
  switchedBy,
} from './fixtures.js';
import { switchesOf } from './machine.js';

// klp_transition_work_fn

test('klp_transition_work_fn: does nothing and releases the mutex when the transition is over', (t) => {
  const m = bootSmall();
  m.run((cpu) => klpTransitionWorkFn(cpu, m.ctx.klp.transitionWork));
  t.deepEqual(m.log(), []);
  t.deepEqual(m.warnings(), {});
  t.is(m.words[m.ctx.klp.mutex], 0);
});

test('klp_transition_work_fn: finishes within two seconds of the last obstacle, not before', (t) => {
  const m = blocked();
  m.sleep(300);
  t.not(m.transitionPatch, 0);
  unblock(m);
  m.sleep(200);
  t.is(m.transitionPatch, 0);
  t.is(m.log().at(-1), "'p': patching complete");
});

// klp_sync, klp_synchronize_transition

test('klp_sync: touches nothing', (t) => {
  const m = bootSmall();
  const before = m.words.slice();
  klpSync(m.cpu, 0);
  t.deepEqual(m.words, before);
});

test('klp_synchronize_transition: returns only after every online CPU has passed its scheduler', (t) => {
  const m = bootSmall({ cpus: 4, online: 3 });
  const passes = (): number[] => m.cpus.map((c) => switchesOf(c));
  const before = passes();
  m.run((cpu) => klpSynchronizeTransition(cpu, O_15));
  const after = passes();
  t.deepEqual(
    after.map((n, i) => n > before[i]!),
    [true, true, true, false],
  );
});

test('klp_synchronize_transition: waits for nobody when its site is ablated, or when sabotaged', (t) => {
  for (const decl of [{ ablate: [O_15] }, { sabotage: { noSync: true } }]) {
    const m = bootSmall({ cpus: 2, ...decl });
    const before = switchesOf(m.cpus[1]!);
    m.run((cpu) => klpSynchronizeTransition(cpu, O_15));
    t.is(switchesOf(m.cpus[1]!), before);
  }
});

// klp_complete_transition

test('klp_complete_transition: a completed enabling leaves every task undefined and no function in transition', (t) => {
  const m = bootSmall({
    cpus: 2,
    modules: [livepatch('p', ['f', 'g'])],
    tasks: [asleepIn('nap')],
  });
  m.load('p');
  settle(m);
  for (const task of allTasks(m)) t.is(stateOf(m, task), KLP_UNDEFINED);
  for (const n of [0, 1]) t.is(stateOf(m, idleTask(m.layout.context, n)), KLP_UNDEFINED);
  for (const func of funcsOf(m, 'p')) {
    t.is(funcWord(m, func, 'transition'), 0);
    t.is(funcWord(m, func, 'patched'), 1);
  }
  t.is(m.targetState, KLP_UNDEFINED);
  t.is(m.transitionPatch, 0);
});

test('klp_complete_transition: a completed disabling has taken the functions off their stacks', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f', 'g'])] });
  m.load('p');
  settle(m);
  t.is(m.listLength(m.ctx.klp.ops), 2);
  m.write('p', ENABLED, '0');
  settle(m);
  t.is(m.listLength(m.ctx.klp.ops), 0);
  t.is(m.listLength(m.ctx.klp.patches), 0);
});

test('klp_complete_transition: WARNs when a task or an idle task is still marked', (t) => {
  const m = blocked({ cpus: 2, online: 1 });
  const task = m.tasks[0]!;
  const idle = idleTask(m.layout.context, 1);
  // In the target state, so that they are not checked again, but still marked.
  for (const marked of [task, idle]) {
    m.words[marked + TASK.patchState] = KLP_PATCHED;
    m.words[marked + TASK.tiFlags]! |= 1 << TIF_PATCH_PENDING;
  }
  settle(m);
  t.deepEqual(m.warnings(), {
    [WARN_COMPLETE_TASK_PENDING.id]: 1,
    [WARN_COMPLETE_IDLE_PENDING.id]: 1,
  });
});

test('klp_complete_transition: post_patch runs while klp_transition_patch is set and all states are undefined', (t) => {
  const m = blocked();
  const seen: number[] = [];
  const { klp } = m.ctx;
  (klp.callbacks as ((typeof klp.callbacks)[number] | undefined)[])[2] = (cpu) => {
    seen.push(cpu.read(klp.transitionPatch), cpu.read(m.tasks[0]! + TASK.patchState));
    seen.push(cpu.read(klp.targetState));
    return 0;
  };
  const patch = m.patch('p');
  unblock(m);
  settle(m);
  t.deepEqual(seen, [patch, KLP_UNDEFINED, KLP_PATCHED]);
});

test('klp_complete_transition: objects that are not loaded get no callback', (t) => {
  const m = bootSmall({
    modules: [
      {
        name: 'p',
        functions: [plain('p_tf', 1)],
        patch: {
          objects: [{ name: 'target', funcs: [{ old: 'tf', new: 'p_tf' }], callbacks: true }],
        },
      },
    ],
  });
  m.load('p');
  settle(m);
  m.write('p', ENABLED, '0');
  settle(m);
  t.false(m.log().some((line) => line.includes('callback')));
});

// klp_cancel_transition

test('klp_cancel_transition: WARNs and does nothing unless an enabling was initialised', (t) => {
  const m = bootSmall();
  m.run((cpu) => klpCancelTransition(cpu));
  t.deepEqual(m.warnings(), { [WARN_CANCEL_NOT_PATCHING.id]: 1 });
  t.deepEqual(m.log(), []);
  t.is(m.targetState, KLP_UNDEFINED);
});

test('klp_cancel_transition: ends as an unpatching that never started, and never touches the cond_resched hook', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.prePatchRet.set('vmlinux', -EINVAL);
  const key = m.layout.context.globals + KERNEL.klpSchedTrySwitchKey;
  m.words[key] = 1;
  m.load('p');
  t.deepEqual(m.log().slice(-3), [
    "'p': canceling patching transition, going to unpatch",
    "'p': completing unpatching transition",
    "'p': unpatching complete",
  ]);
  t.is(m.words[key], 1);
  for (const task of allTasks(m)) t.is(stateOf(m, task), KLP_UNDEFINED);
});

// klp_update_patch_state

test('klp_update_patch_state: leaves a task alone that is not marked', (t) => {
  const m = blocked();
  const task = m.tasks[0]!;
  m.words[task + TASK.tiFlags]! &= ~(1 << TIF_PATCH_PENDING);
  m.run((cpu) => klpUpdatePatchState(cpu, task));
  t.is(stateOf(m, task), KLP_UNPATCHED);
});

test('klp_update_patch_state: moves a marked task to the target without a look at its stack', (t) => {
  const m = blocked();
  const task = m.tasks[0]!;
  t.true(isPending(m, task));
  m.run((cpu) => klpUpdatePatchState(cpu, task));
  t.is(stateOf(m, task), KLP_PATCHED);
  t.false(isPending(m, task));
  t.deepEqual(switchedBy(m, task), [SWITCHED_BY_FORCE]);
});

test('klp_update_patch_state: a user task switches itself when it returns to user mode', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['nap'])],
    tasks: [{ comm: 'user', program: 'napping_user' }],
  });
  const user = m.tasks[0]!;
  m.until(() => m.task(user, 'state') === TASK_INTERRUPTIBLE);
  m.load('p');
  t.true(isPending(m, user));
  m.run((cpu) => tryToWakeUp(cpu, user, TASK_INTERRUPTIBLE));
  m.until(() => stateOf(m, user) !== KLP_UNPATCHED);
  t.deepEqual(switchedBy(m, user), [SWITCHED_BY_SELF]);
});
