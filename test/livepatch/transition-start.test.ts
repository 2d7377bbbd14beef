import test from 'ava';
import { dupTaskStruct, linkChild } from '../../src/kernel/fork.js';
import { tryToWakeUp } from '../../src/kernel/sched.js';
import {
  idleTask,
  TASK,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TIF_PATCH_PENDING,
} from '../../src/kernel/task.js';
import { asm } from '../../src/kernel/text.js';
import { FORCE, TRANSITION } from '../../src/livepatch/core-sysfs.js';
import {
  KLP_FUNC,
  KLP_PATCH,
  KLP_PATCHED,
  KLP_UNDEFINED,
  KLP_UNPATCHED,
} from '../../src/livepatch/layout.js';
import { TRACE_KLP_COMPLETE } from '../../src/livepatch/trace.js';
import {
  klpCondReschedDisable,
  klpCondReschedEnable,
  klpCopyProcess,
  klpInitTransition,
  klpStartTransition,
  klpUpdatePatchState,
} from '../../src/livepatch/transition.js';
import {
  WARN_COMPLETE_TASK_PENDING,
  WARN_INIT_IDLE,
  WARN_INIT_TARGET,
  WARN_INIT_TASK,
  WARN_START_UNDEFINED,
} from '../../src/livepatch/warn-sites.js';
import { O_01, O_21 } from '../../src/memory/sites.js';
import type { Addr } from '../../src/memory/struct.js';
import {
  allTasks,
  asleepIn,
  bootSmall,
  funcOf,
  funcWord,
  isPending,
  livepatch,
  placeAt,
  plain,
  settle,
  stateOf,
  blocked,
  blockedDisable,
  unblock,
  keyOf,
} from './fixtures.js';
import type { Machine } from './machine.js';

// klp_start_transition

test('klp_start_transition: marks exactly the tasks that are not in the target state, idle ones too', (t) => {
  const m = bootSmall({
    cpus: 2,
    modules: [livepatch('p', ['f'])],
    tasks: [asleepIn('f'), asleepIn('nap')],
  });
  m.load('p');
  const tasks = [...m.tasks, idleTask(m.layout.context, 0), idleTask(m.layout.context, 1)];
  tasks.forEach((task, i) => {
    m.words[task + TASK.patchState] = i % 2;
    m.words[task + TASK.tiFlags]! &= ~(1 << TIF_PATCH_PENDING);
  });
  const marked = m.run((cpu) => {
    klpStartTransition(cpu);
    return tasks.map((task) => isPending(m, task));
  });
  t.deepEqual(marked, [true, false, true, false]);
});

test('klp_start_transition: WARNs without a target', (t) => {
  const m = blocked();
  m.run((cpu) => {
    cpu.write(m.ctx.klp.targetState, KLP_UNDEFINED);
    klpStartTransition(cpu);
    cpu.write(m.ctx.klp.targetState, KLP_PATCHED);
  });
  t.deepEqual(m.warnings(), { [WARN_START_UNDEFINED.id]: 1 });
});

test('klp_start_transition: starts counting attempts anew', (t) => {
  const m = blocked();
  m.until(() => m.words[m.ctx.klp.signalsCnt]! >= 3);
  m.run((cpu) => klpStartTransition(cpu));
  t.is(m.words[m.ctx.klp.signalsCnt], 0);
});

// klp_init_transition

test('klp_init_transition: sets target, every initial state and every transition flag, and marks nobody', (t) => {
  const m = bootSmall({
    cpus: 2,
    modules: [
      {
        name: 'p',
        functions: [plain('p_f', 1), plain('p_tf', 1)],
        patch: {
          objects: [
            { funcs: [{ old: 'f', new: 'p_f' }] },
            { name: 'target', funcs: [{ old: 'tf', new: 'p_tf' }] },
          ],
        },
      },
    ],
    tasks: [asleepIn('nap')],
  });
  m.load('p');
  settle(m);
  const patch = m.patch('p');
  m.run((cpu) => klpInitTransition(cpu, patch, KLP_UNPATCHED));
  t.is(m.targetState, KLP_UNPATCHED);
  t.is(m.transitionPatch, patch);
  const idle = [0, 1].map((n) => idleTask(m.layout.context, n));
  for (const task of [...allTasks(m), ...idle]) {
    t.is(stateOf(m, task), KLP_PATCHED);
    t.false(isPending(m, task));
  }
  t.is(funcWord(m, funcOf(m, 'p'), 'transition'), 1);
  t.is(funcWord(m, funcOf(m, 'p', 'target'), 'transition'), 1);
  t.is(m.log().at(-1), "'p': initializing unpatching transition");
});

test('klp_init_transition: WARNs about a target, a task and an idle task left over', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])], tasks: [asleepIn('nap')] });
  m.load('p');
  settle(m);
  m.words[m.ctx.klp.targetState] = KLP_PATCHED;
  m.words[m.tasks[0]! + TASK.patchState] = KLP_PATCHED;
  m.words[idleTask(m.layout.context, 0) + TASK.patchState] = KLP_PATCHED;
  m.run((cpu) => klpInitTransition(cpu, m.patch('p'), KLP_UNPATCHED));
  t.deepEqual(m.warnings(), {
    [WARN_INIT_TARGET.id]: 1,
    [WARN_INIT_TASK.id]: 1,
    [WARN_INIT_IDLE.id]: 1,
  });
});

test('klp_init_transition: its write barrier stands between the states and the transition flags', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])], tasks: [asleepIn('nap')] });
  m.load('p');
  settle(m);
  const log = m.run((cpu) => {
    cpu.log = [];
    klpInitTransition(cpu, m.patch('p'), KLP_UNPATCHED);
    return cpu.log;
  });
  const fence = log.findIndex((e) => e.op === 'smpWmb' && e.value === O_01);
  const lastState = log.findLastIndex(
    (e) => e.addr === idleTask(m.layout.context, 0) + TASK.patchState,
  );
  const { base } = m.ctx.klp.funcCache;
  const flag = log.findIndex((e) => e.addr === base + KLP_FUNC.transition && e.value === 1);
  t.true(lastState >= 0 && lastState < fence && fence < flag);
});

// klp_copy_process

/** Fork in the driver's context with something happening between the two halves; returns the child. */
function forkAround(m: Machine, between: (driver: Addr) => void): Addr {
  return m.run((cpu) => {
    const child = dupTaskStruct(cpu);
    between(cpu.current);
    linkChild(cpu, child, m.addr('bottom') + 3, 0);
    return child;
  });
}

test('klp_copy_process: a child of a switched parent is switched, even if the parent was not when the flags were copied', (t) => {
  const m = blocked();
  const driver = m.run((cpu) => {
    cpu.write(cpu.current + TASK.patchState, KLP_UNPATCHED);
    cpu.setBit(cpu.current + TASK.tiFlags, TIF_PATCH_PENDING);
    return cpu.current;
  });
  const child = forkAround(m, () => klpUpdatePatchState(m.cpu, driver));
  t.is(stateOf(m, child), KLP_PATCHED);
  t.false(isPending(m, child));
});

test('klp_copy_process: a child of a parent that was marked between the halves of fork is marked', (t) => {
  const m = blocked();
  const child = forkAround(m, (driver) => {
    m.words[driver + TASK.patchState] = KLP_UNPATCHED;
    m.words[driver + TASK.tiFlags]! |= 1 << TIF_PATCH_PENDING;
    // What fork copied before is stale now.
  });
  t.is(stateOf(m, child), KLP_UNPATCHED);
  t.true(isPending(m, child));
});

test('klp_copy_process: without it, or without its second copy of the mark, completion WARNs about the child', (t) => {
  for (const decl of [{ ablate: [O_21] }, { sabotage: { noCopyProcess: true } }]) {
    const m = blocked(decl);
    m.run((cpu) => {
      cpu.write(cpu.current + TASK.patchState, KLP_UNPATCHED);
      cpu.setBit(cpu.current + TASK.tiFlags, TIF_PATCH_PENDING);
    });
    const child = forkAround(m, (driver) => klpUpdatePatchState(m.cpu, driver));
    t.true(isPending(m, child));
    unblock(m);
    if ('ablate' in decl) {
      settle(m);
      t.deepEqual(m.warnings(), { [WARN_COMPLETE_TASK_PENDING.id]: 1 });
    } else {
      t.is(stateOf(m, child), KLP_UNPATCHED);
    }
  }
});

test('klp_copy_process: outside a transition a child is undefined and not marked', (t) => {
  const m = bootSmall();
  const child = forkAround(m, () => undefined);
  m.run((cpu) => klpCopyProcess(cpu, child));
  t.is(stateOf(m, child), KLP_UNDEFINED);
  t.false(isPending(m, child));
});

// klp_force_transition

test('klp_force_transition: forces an enabling, marks nothing as forced, and completes within two seconds', (t) => {
  const m = blocked();
  const from = m.logEnd;
  t.is(m.write('p', FORCE, '1'), 1);
  t.deepEqual(m.log(from), ['forcing remaining tasks to the patched state']);
  t.deepEqual(m.levels(from), ['warn']);
  t.is(stateOf(m, m.tasks[0]!), KLP_PATCHED);
  t.is(m.words[m.patch('p') + KLP_PATCH.forced], 0);
  m.sleep(200);
  t.is(m.transitionPatch, 0);
  t.is(m.log().at(-1), "'p': patching complete");
});

test('klp_force_transition: a patch whose disabling was forced can never be unloaded', (t) => {
  const m = blockedDisable();
  const patch = m.patch('p');
  t.is(m.write('p', FORCE, '1'), 1);
  t.is(m.words[patch + KLP_PATCH.forced], 1);
  settle(m);
  t.is(m.directory('p'), 0);
  t.is(m.refcount('p'), 1);
  t.is(m.unload('p'), -11);
});

test('klp_force_transition: a forced replacement keeps the replaced patches loaded, not the new one', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f']), livepatch('q', ['f'], { replace: true })],
    tasks: [asleepIn('bottom')],
  });
  m.load('p');
  settle(m);
  placeAt(m, m.tasks[0]!, funcWord(m, funcOf(m, 'p'), 'newFunc') + 3);
  m.load('q');
  t.is(m.read('q', TRANSITION), 1);
  const old = m.patch('p');
  t.is(m.write('q', FORCE, '1'), 1);
  t.is(m.words[old + KLP_PATCH.forced], 1);
  t.is(m.words[m.patch('q') + KLP_PATCH.forced], 0);
  settle(m);
  t.is(m.directory('p'), 0);
  t.is(m.refcount('p'), 1);
});

test('klp_force_transition: switches idle tasks as well', (t) => {
  const m = blocked({ cpus: 2, online: 1 });
  const idle = idleTask(m.layout.context, 1);
  m.words[idle + TASK.patchState] = KLP_UNPATCHED;
  m.words[idle + TASK.tiFlags]! |= 1 << TIF_PATCH_PENDING;
  m.write('p', FORCE, 'y');
  t.is(stateOf(m, idle), KLP_PATCHED);
});

// the cond_resched pair

test('klp_cond_resched_enable and klp_cond_resched_disable: on from start to completion of a transition', (t) => {
  const m = blocked();
  t.is(keyOf(m), 1);
  unblock(m);
  settle(m);
  t.is(keyOf(m), 0);
});

test('klp_cond_resched_enable: twice is once', (t) => {
  const m = bootSmall();
  m.run((cpu) => klpCondReschedEnable(cpu));
  m.run((cpu) => klpCondReschedEnable(cpu));
  t.is(keyOf(m), 1);
  m.run((cpu) => klpCondReschedDisable(cpu));
  t.is(keyOf(m), 0);
});

test('klp_cond_resched_enable: 6.1 has no such hook', (t) => {
  const m = blocked({ version: '6.1' });
  t.is(keyOf(m), 0);
});

// replaced patches

test('a task list that changes while a transition runs does not confuse it: exit and fork in between', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['nap'])],
    functions: [
      { name: 'short', code: [asm.sleep(30), asm.unhash, asm.die] },
      {
        name: 'forker',
        code: [asm.at('l', asm.sleep(20)), asm.forkDup, asm.forkKernel('short'), asm.jump('l')],
      },
    ],
    tasks: [
      { comm: 'forker', thread: 'forker' },
      { comm: 'sleeper', thread: 'bottom', sleepingIn: ['bottom', 'nap'] },
    ],
  });
  m.load('p');
  m.sleep(400);
  t.not(m.transitionPatch, 0);
  m.run((cpu) => tryToWakeUp(cpu, m.tasks[1]!, TASK_INTERRUPTIBLE));
  settle(m);
  t.deepEqual(m.warnings(), {});
  t.is(m.log().at(-1), "'p': patching complete");
  const completions = m.cpu.events.filter((e) => e.event === TRACE_KLP_COMPLETE);
  t.is(completions.length, 1);
  t.is(m.task(m.tasks[1]!, 'state') === TASK_RUNNING, false);
});
