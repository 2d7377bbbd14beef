import test from 'ava';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import {
  idleTask,
  PF_KTHREAD,
  TASK,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_SIGNAL,
  TIF_PATCH_PENDING,
} from '../../src/kernel/task.js';
import { KLP_OBJECT, KLP_PATCHED, KLP_UNPATCHED } from '../../src/livepatch/layout.js';
import {
  SWITCHED_BY_SELF,
  SWITCHED_BY_STACK_CHECK,
  SWITCHED_OFFLINE_IDLE,
} from '../../src/livepatch/trace.js';
import { __klpSchedTrySwitch, klpTryCompleteTransition } from '../../src/livepatch/transition.js';
import { WARN_TRY_COMPLETE_UNDEFINED } from '../../src/livepatch/warn-sites.js';
import { ENABLED } from '../../src/livepatch/core-sysfs.js';
import { KernelOops } from '../../src/memory/fault.js';
import { O_26 } from '../../src/memory/sites.js';
import {
  asleepIn,
  bootSmall,
  funcOf,
  funcWord,
  isPending,
  livepatch,
  placeAt,
  settle,
  stateOf,
  blocked,
  blockedDisable,
  switchedBy,
} from './fixtures.js';
import type { Machine } from './machine.js';

// klp_check_stack_func, klp_check_stack

test('klp_check_stack_func: when patching a function that is alone, the original is looked for, from its first word to its last', (t) => {
  const m = blocked();
  const task = m.tasks[0]!;
  const { addr, words } = m.layout.vmlinux.get('f')!;
  for (const [at, switched] of [
    [addr, false],
    [addr + words - 1, false],
    [addr + words, true],
  ] as const) {
    placeAt(m, task, at);
    m.sleep(250);
    t.is(stateOf(m, task) !== KLP_UNPATCHED, switched, `at ${at - addr}`);
  }
});

test('klp_check_stack_func: a return address deeper in the stack counts as well', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f'])],
    tasks: [{ comm: 'deep', thread: 'bottom', sleepingIn: ['bottom', 'f', 'nap', 'coma'] }],
  });
  m.load('p');
  m.sleep(300);
  t.is(stateOf(m, m.tasks[0]!), KLP_UNPATCHED);
  t.not(m.transitionPatch, 0);
});

test('klp_check_stack_func: when patching a patched function, its predecessor is looked for and the original is not', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f']), livepatch('q', ['f'])],
    tasks: [asleepIn('bottom'), asleepIn('bottom')],
  });
  const [inOriginal, inPredecessor] = [m.tasks[0]!, m.tasks[1]!];
  m.load('p');
  settle(m);
  placeAt(m, inOriginal, m.addr('f') + 3);
  placeAt(m, inPredecessor, funcWord(m, funcOf(m, 'p'), 'newFunc') + 3);
  m.load('q');
  t.is(stateOf(m, inOriginal), KLP_PATCHED);
  t.is(stateOf(m, inPredecessor), KLP_UNPATCHED);
});

test('klp_check_stack_func: when unpatching, the new function is looked for and the original is not', (t) => {
  const m = blockedDisable({ tasks: [asleepIn('f', 'original')] });
  t.is(stateOf(m, m.tasks[0]!), KLP_PATCHED);
  t.is(stateOf(m, m.tasks[1]!), KLP_UNPATCHED);
});

test('klp_check_stack_func: the kernel looks for nonsense when the disabling of a patch below another is reversed', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f']), livepatch('q', ['f'])],
    tasks: [asleepIn('bottom'), asleepIn('bottom')],
  });
  const [inP, inOriginal] = [m.tasks[0]!, m.tasks[1]!];
  for (const name of ['p', 'q']) {
    m.load(name);
    settle(m);
  }
  placeAt(m, inP, funcWord(m, funcOf(m, 'p'), 'newFunc') + 3);
  m.write('p', ENABLED, '0');
  placeAt(m, inOriginal, m.addr('f') + 3);
  t.is(stateOf(m, inOriginal), KLP_UNPATCHED);
  m.write('p', ENABLED, '1');
  // The entry behind the last one is the head of the stack, taken for a function: the original is not looked for.
  settle(m);
  t.is(m.log().at(-1), "'p': patching complete");
  t.deepEqual(m.warnings(), {});
});

test('klp_check_stack: a task without a reliable stack is never switched', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f'])],
    tasks: [{ ...asleepIn('nap'), unreliableStack: true }],
    debugTrySwitchTask: true,
  });
  m.load('p');
  t.is(stateOf(m, m.tasks[0]!), KLP_UNPATCHED);
  const pid = m.task(m.tasks[0]!, 'pid');
  t.true(m.log().includes(`klp_try_switch_task: sleeper:${pid} has an unreliable stack`));
});

test('klp_check_stack: 99 return addresses are accepted, 100 are too many', (t) => {
  const deep = (n: number) => ({
    comm: `deep${n}`,
    thread: 'bottom',
    sleepingIn: Array.from({ length: n }, () => 'bottom'),
  });
  const m = bootSmall({ modules: [livepatch('p', ['f'])], tasks: [deep(98), deep(99), deep(100)] });
  m.load('p');
  t.deepEqual(
    m.tasks.map((task) => stateOf(m, task)),
    [KLP_PATCHED, KLP_PATCHED, KLP_UNPATCHED],
  );
});

test('klp_check_stack: functions of an object that is not patched are not looked for', (t) => {
  const m = blocked();
  const { words } = m;
  words[m.object('p') + KLP_OBJECT.patched] = 0;
  m.sleep(200);
  t.is(m.transitionPatch, 0);
});

test('klp_check_stack: passes whatever is on the stack when sabotaged', (t) => {
  const m = blocked({ sabotage: { stackCheckPasses: true } });
  settle(m);
  t.is(m.log().at(-1), "'p': patching complete");
});

// klp_check_and_switch_task, klp_try_switch_task

test('klp_check_and_switch_task: a task that runs on another CPU is refused, and switched once it does not', (t) => {
  const m = bootSmall({
    cpus: 2,
    online: 1,
    modules: [livepatch('p', ['f'])],
    tasks: [asleepIn('nap')],
    debugTrySwitchTask: true,
  });
  const task = m.tasks[0]!;
  const curr = percpu(m.layout.context, 1) + PERCPU.curr;
  m.words[task + TASK.cpu] = 1;
  m.words[task + TASK.onRq] = 1;
  m.words[curr] = task;
  m.load('p');
  t.is(stateOf(m, task), KLP_UNPATCHED);
  t.true(m.log().includes(`klp_try_switch_task: sleeper:${m.task(task, 'pid')} is running`));
  m.words[curr] = idleTask(m.layout.context, 1);
  m.words[task + TASK.onRq] = 0;
  m.sleep(200);
  t.deepEqual(switchedBy(m, task), [SWITCHED_BY_STACK_CHECK]);
});

test('klp_check_and_switch_task: a switched task has lost its mark', (t) => {
  const m = blocked({ tasks: [asleepIn('nap', 'other')] });
  t.false(isPending(m, m.tasks[1]!));
  t.true(isPending(m, m.tasks[0]!));
});

test('klp_try_switch_task: a task in the target state is accepted without a look at its stack', (t) => {
  const m = blocked();
  m.words[m.tasks[0]! + TASK.patchState] = KLP_PATCHED;
  m.words[m.tasks[0]! + TASK.tiFlags]! &= ~(1 << TIF_PATCH_PENDING);
  m.sleep(200);
  t.is(m.transitionPatch, 0);
});

test('klp_try_switch_task: says on which function a task sleeps, at debug level and only when asked', (t) => {
  const quiet = blocked();
  t.false(quiet.log().some((line) => line.startsWith('klp_try_switch_task')));
  const m = blocked({ debugTrySwitchTask: true });
  const line = `klp_try_switch_task: sleeper:${m.task(m.tasks[0]!, 'pid')} is sleeping on function f`;
  t.is(m.levels()[m.log().indexOf(line)], 'debug');
});

test('klp_try_switch_task: without reliable stacks it fails silently, and kthreads block the transition', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f'])],
    tasks: [asleepIn('nap')],
    reliableStacks: false,
    debugTrySwitchTask: true,
  });
  m.load('p');
  m.sleep(300);
  t.not(m.transitionPatch, 0);
  t.false(m.log().some((line) => line.startsWith('klp_try_switch_task')));
});

test('klp_try_switch_task: 6.1 pins the current task too, 6.5 does not, and both switch it', (t) => {
  for (const version of ['6.5', '6.1'] as const) {
    const m = blocked({ version });
    const driver = m.run((cpu) => cpu.current);
    t.is(stateOf(m, driver), KLP_PATCHED, version);
  }
});

// __klp_sched_try_switch

test('__klp_sched_try_switch: a kernel thread that never sleeps switches itself in cond_resched()', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f'])],
    tasks: [asleepIn('f'), { comm: 'busy', thread: 'resched_thread' }],
  });
  m.load('p');
  const busy = m.tasks[1]!;
  // Mark it again as if the attempt had found it running.
  m.words[busy + TASK.patchState] = KLP_UNPATCHED;
  m.words[busy + TASK.tiFlags]! |= 1 << TIF_PATCH_PENDING;
  m.until(() => stateOf(m, busy) === KLP_PATCHED);
  t.false(isPending(m, busy));
});

test('__klp_sched_try_switch: does nothing for a task that is not marked', (t) => {
  const m = blocked();
  const events = m.run((cpu) => {
    cpu.write(cpu.current + TASK.patchState, KLP_UNPATCHED);
    const before = cpu.events.length;
    __klpSchedTrySwitch(cpu);
    return cpu.events.length - before;
  });
  t.is(events, 0);
});

test('__klp_sched_try_switch: leaves a task whose stack holds the function', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['driver_thread'])], names: ['p_driver_thread'] });
  m.load('p');
  const driver = m.run((cpu) => {
    __klpSchedTrySwitch(cpu);
    return cpu.current;
  });
  t.is(stateOf(m, driver), KLP_UNPATCHED);
  t.true(isPending(m, driver));
});

// klp_send_signals

/** One task of each kind, all of them blocking the transition: interruptible kthread and user task, and one in a coma. */
function stragglers(): Machine {
  const m = bootSmall({
    modules: [livepatch('p', ['nap', 'coma'])],
    tasks: [
      { comm: 'kthread', thread: 'bottom', sleepingIn: ['bottom', 'nap'] },
      { comm: 'user', program: 'napping_user' },
      { comm: 'coma', thread: 'bottom', sleepingIn: ['bottom', 'coma'] },
    ],
  });
  // Both sleep already: being woken ends the sleep.
  m.words[m.tasks[0]! + TASK.phase] = 1;
  m.words[m.tasks[2]! + TASK.phase] = 1;
  m.words[m.tasks[2]! + TASK.state] = TASK_UNINTERRUPTIBLE;
  m.until(() => m.task(m.tasks[1]!, 'state') === TASK_INTERRUPTIBLE);
  m.load('p');
  return m;
}

test('klp_send_signals: at the 16th attempt, wakes kthreads, signals user tasks, and leaves uninterruptible sleepers', (t) => {
  const m = stragglers();
  const [kthread, user, coma] = [m.tasks[0]!, m.tasks[1]!, m.tasks[2]!];
  t.is(m.task(kthread, 'flags') & PF_KTHREAD, PF_KTHREAD);
  m.until(() => m.words[m.ctx.klp.signalsCnt] === 15);
  t.deepEqual(
    [kthread, user, coma].map((task) => stateOf(m, task)),
    [0, 0, 0],
  );
  t.false(m.log().includes('signaling remaining tasks'));
  m.until(() => m.words[m.ctx.klp.signalsCnt] === 16);
  t.is(m.log().at(-1), 'signaling remaining tasks');
  m.sleep(5);
  t.is(stateOf(m, user), KLP_PATCHED);
  t.deepEqual(switchedBy(m, user), [SWITCHED_BY_SELF]);
  t.not(m.task(kthread, 'state'), TASK_INTERRUPTIBLE);
  m.sleep(150);
  t.is(stateOf(m, kthread), KLP_PATCHED);
  t.is(stateOf(m, coma), KLP_UNPATCHED);
});

test('klp_send_signals: later rounds, every 15 attempts, are silent', (t) => {
  const m = stragglers();
  m.until(() => m.words[m.ctx.klp.signalsCnt]! >= 46);
  t.is(m.log().filter((line) => line === 'signaling remaining tasks').length, 1);
});

test('klp_send_signals: a task that is not marked is not signalled (klp_patch_pending)', (t) => {
  const m = blocked({ tasks: [{ comm: 'user', program: 'napping_user' }] });
  const user = m.tasks[1]!;
  m.until(() => m.words[m.ctx.klp.signalsCnt] === 16);
  t.is(m.task(user, 'tiFlags') & (1 << TIF_NOTIFY_SIGNAL), 0);
  t.is(m.task(user, 'state'), TASK_INTERRUPTIBLE);
});

// klp_try_complete_transition

test('klp_try_complete_transition: the idle task of an offline CPU is switched at once', (t) => {
  const m = bootSmall({
    cpus: 3,
    online: 2,
    modules: [livepatch('p', ['f'])],
    tasks: [asleepIn('f')],
  });
  m.load('p');
  const idle = idleTask(m.layout.context, 2);
  t.is(stateOf(m, idle), KLP_PATCHED);
  t.false(isPending(m, idle));
  t.deepEqual(switchedBy(m, idle), [SWITCHED_OFFLINE_IDLE]);
});

test('klp_try_complete_transition: idle CPUs are prodded into their switch point', (t) => {
  const m = blocked({ cpus: 2 });
  const idle = idleTask(m.layout.context, 1);
  m.sleep(5);
  t.is(stateOf(m, idle), KLP_PATCHED);
  t.true(switchedBy(m, idle).includes(SWITCHED_BY_SELF));
});

test('klp_try_complete_transition: an idle CPU is told to reschedule, unless the prod is ablated', (t) => {
  for (const ablate of [[], [O_26]]) {
    const m = blocked({ cpus: 2, ablate });
    const idle = idleTask(m.layout.context, 1);
    m.sleep(5);
    m.frozen.add(1);
    m.words[idle + TASK.patchState] = KLP_UNPATCHED;
    m.words[idle + TASK.tiFlags] = 1 << TIF_PATCH_PENDING;
    m.run((cpu) => klpTryCompleteTransition(cpu));
    t.is((m.task(idle, 'tiFlags') & (1 << TIF_NEED_RESCHED)) !== 0, ablate.length === 0);
    t.is(stateOf(m, idle), KLP_UNPATCHED);
  }
});

test('klp_try_complete_transition: WARNs without a transition, and dereferences the NULL patch', (t) => {
  const m = bootSmall();
  t.throws(() => m.run((cpu) => klpTryCompleteTransition(cpu)), {
    instanceOf: KernelOops,
    message: /null pointer access/,
  });
  t.deepEqual(m.warnings(), { [WARN_TRY_COMPLETE_UNDEFINED.id]: 1 });
});

test('klp_try_complete_transition: every failed attempt counts and arranges the next', (t) => {
  const m = blocked();
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    counts.push(m.words[m.ctx.klp.signalsCnt]!);
    m.until(() => m.words[m.ctx.klp.signalsCnt] !== counts[i]);
  }
  t.deepEqual(counts, [1, 2, 3, 4]);
});

test('klp_try_complete_transition: a completed replacement frees the replaced patch, a plain one does not', (t) => {
  for (const replace of [true, false]) {
    const m = bootSmall({
      modules: [livepatch('p', ['f']), livepatch('q', ['f'], { replace })],
    });
    m.load('p');
    settle(m);
    m.load('q');
    settle(m);
    t.is(m.directory('p') === 0, replace);
    t.is(m.refcount('p'), replace ? 0 : 1);
  }
});
