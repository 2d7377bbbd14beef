import test from 'ava';
import { IPI_RESCHEDULE, KERNEL, percpu, PERCPU } from '../../src/kernel/layout.js';
import {
  condResched,
  kickProcess,
  reschedCurr,
  scheduleNext,
  selectTaskRq,
  taskCallFunc,
  wakeUpIfIdle,
} from '../../src/kernel/sched.js';
import {
  allocTask,
  freeTask,
  idleTask,
  PF_KCODE,
  PF_WQ_WORKER,
  TASK,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  taskCurr,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_SIGNAL,
} from '../../src/kernel/task.js';
import { TRACE_QUIESCE } from '../../src/kernel/trace.js';
import { Ablation, O_22 } from '../../src/memory/sites.js';
import { kernelMachine, type KernelMachine } from './machine.js';

const RESCHEDULE = 1 << IPI_RESCHEDULE;
const NEED_RESCHED = 1 << TIF_NEED_RESCHED;

const pc = ({ kernel }: KernelMachine, n: number, field: number): number =>
  percpu(kernel, n) + field;

test('resched_curr: the current task is marked, and its CPU interrupted once', (t) => {
  const m = kernelMachine();
  const { cpu, words, admin, kernel } = m;
  for (const [n, task] of [
    [0, admin],
    [1, idleTask(kernel, 1)],
  ] as const) {
    reschedCurr(cpu, n);
    t.is(words[task + TASK.tiFlags]! & NEED_RESCHED, NEED_RESCHED);
    t.is(words[pc(m, n, PERCPU.ipi)], RESCHEDULE);
    words[pc(m, n, PERCPU.ipi)] = 0;
    reschedCurr(cpu, n);
    t.is(words[pc(m, n, PERCPU.ipi)], 0, 'it is marked already');
  }
});

test('__schedule: who is preempted is queued behind the others, whatever its state', (t) => {
  const m = kernelMachine();
  const { cpu, words, admin, runnable } = m;
  words[admin + TASK.state] = TASK_INTERRUPTIBLE;
  words[admin + TASK.tiFlags] = NEED_RESCHED;
  scheduleNext(cpu, true);
  t.is(cpu.current, runnable);
  t.is(words[pc(m, 0, PERCPU.curr)], runnable);
  t.is(words[pc(m, 0, PERCPU.rqLast)], admin);
  t.is(words[admin + TASK.state], TASK_INTERRUPTIBLE);
  t.is(words[admin + TASK.tiFlags], 0);
  t.deepEqual([words[admin + TASK.onRq], words[admin + TASK.onCpu]], [1, 0]);
  t.is(words[runnable + TASK.onCpu], 1);
});

test('__schedule: a worker goes on when it is preempted, and so does kernel code that is woken on its way to sleep', (t) => {
  for (const [flag, preempt, goesOn] of [
    [PF_WQ_WORKER, true, true],
    [PF_KCODE, true, false],
    [PF_KCODE, false, true],
    [0, false, false],
  ] as const) {
    const { cpu, words, admin, runnable } = kernelMachine();
    words[admin + TASK.flags] = (words[admin + TASK.flags]! & ~PF_KCODE) | flag;
    scheduleNext(cpu, preempt);
    t.is(cpu.current, goesOn ? admin : runnable, `flag ${flag}, preempted: ${preempt}`);
  }
});

test('__schedule: who sleeps leaves the queue, unless a signal is pending', (t) => {
  for (const signalled of [false, true]) {
    const { cpu, words, admin, runnable } = kernelMachine();
    words[admin + TASK.state] = TASK_INTERRUPTIBLE;
    words[admin + TASK.tiFlags] = signalled ? 1 << TIF_NOTIFY_SIGNAL : 0;
    scheduleNext(cpu, false);
    t.is(cpu.current, runnable);
    t.is(words[admin + TASK.onRq], signalled ? 1 : 0);
    t.is(words[admin + TASK.state], signalled ? TASK_RUNNING : TASK_INTERRUPTIBLE);
  }
});

test('select_task_rq: first where its context is, then where it is pinned, then an idle CPU, then where it was', (t) => {
  const m = kernelMachine();
  const { cpu, words, sleeper, admin } = m;
  t.is(selectTaskRq(cpu, sleeper), 0, 'CPU 1 is offline');
  words[pc(m, 1, PERCPU.online)] = 1;
  t.is(selectTaskRq(cpu, sleeper), 1, 'CPU 1 idles');
  words[sleeper + TASK.flags]! |= PF_KCODE;
  words[pc(m, 1, PERCPU.context)] = admin;
  t.is(selectTaskRq(cpu, sleeper), 0, 'kernel code sleeps on CPU 1');
  words[sleeper + TASK.pinned] = 1;
  t.is(selectTaskRq(cpu, sleeper), 1);
  words[sleeper + TASK.context] = 0;
  t.is(selectTaskRq(cpu, sleeper), 0);
  words[sleeper + TASK.pinned] = -1;
  words[sleeper + TASK.context] = -1;
  words[sleeper + TASK.cpu] = 1;
  words[pc(m, 1, PERCPU.online)] = 0;
  t.is(selectTaskRq(cpu, sleeper), 0, 'where it was is offline');
});

/** Locks that are held while task_call_func() calls back: pi_lock of the task, run queue of CPU 0, of CPU 1. */
function heldAround(m: KernelMachine, task: number): { held: number[]; ret: number } {
  const { cpu, words } = m;
  let held: number[] = [];
  const ret = taskCallFunc(
    cpu,
    task,
    (_cpu, p, arg: number) => {
      held = [p + TASK.piLock, pc(m, 0, PERCPU.rqLock), pc(m, 1, PERCPU.rqLock)].map(
        (lock) => words[lock]!,
      );
      return 2 * arg;
    },
    21,
  );
  return { held, ret };
}

test('task_call_func: a sleeper is held by its pi_lock, a queued task by its run queue too (__task_rq_lock)', (t) => {
  const m = kernelMachine();
  const { words, sleeper, runnable } = m;
  t.deepEqual(heldAround(m, sleeper), { held: [1, 0, 0], ret: 42 });
  t.deepEqual(heldAround(m, runnable), { held: [1, 1, 0], ret: 42 });
  words[runnable + TASK.cpu] = 1;
  t.deepEqual(heldAround(m, runnable), { held: [1, 0, 1], ret: 42 });
  const locks = [runnable + TASK.piLock, pc(m, 0, PERCPU.rqLock), pc(m, 1, PERCPU.rqLock)];
  t.deepEqual(
    locks.map((lock) => words[lock]),
    [0, 0, 0],
  );
});

test('task_call_func: a sleeper that has not left its CPU is waited for, and without O-22 nobody is held', (t) => {
  const m = kernelMachine();
  m.words[m.sleeper + TASK.onCpu] = 1;
  t.throws(() => heldAround(m, m.sleeper), {
    code: 'ERR_SIMULATOR_BUG',
    message: /would spin for ever/,
  });
  const ablated = kernelMachine({}, { ablation: new Ablation([O_22]) });
  t.deepEqual(heldAround(ablated, ablated.runnable), { held: [0, 0, 0], ret: 42 });
});

test('wake_up_if_idle: an idle CPU is interrupted, a busy one is not', (t) => {
  const m = kernelMachine();
  const { cpu, words, runnable } = m;
  wakeUpIfIdle(cpu, 1);
  t.is(words[pc(m, 1, PERCPU.ipi)], RESCHEDULE);
  words[pc(m, 1, PERCPU.ipi)] = 0;
  words[pc(m, 1, PERCPU.curr)] = runnable;
  wakeUpIfIdle(cpu, 1);
  t.is(words[pc(m, 1, PERCPU.ipi)], 0);
  t.is(words[runnable + TASK.tiFlags], 0);
});

test('kick_process: only a task that runs on another CPU is interrupted', (t) => {
  const m = kernelMachine();
  const { cpu, words, runnable, admin } = m;
  kickProcess(cpu, admin);
  words[runnable + TASK.cpu] = 1;
  kickProcess(cpu, runnable);
  t.is(words[pc(m, 0, PERCPU.ipi)], 0, 'it runs here');
  t.is(words[pc(m, 1, PERCPU.ipi)], 0, 'it is queued there, but does not run');
  words[pc(m, 1, PERCPU.curr)] = runnable;
  kickProcess(cpu, runnable);
  t.is(words[pc(m, 1, PERCPU.ipi)], RESCHEDULE);
});

test('__cond_resched: the livepatch hook runs behind its key, and a switch that is due takes place', (t) => {
  const seen: string[] = [];
  const { cpu, words, kernel, admin, runnable } = kernelMachine(
    { overrides: { hooks: { __klpSchedTrySwitch: () => void seen.push('hook') } } },
    {
      trace: (event) => {
        if (event === TRACE_QUIESCE) seen.push('quiesce');
      },
    },
  );
  condResched(cpu);
  t.deepEqual(seen, []);
  words[kernel.globals + KERNEL.klpSchedTrySwitchKey] = 1;
  condResched(cpu);
  t.deepEqual(seen, ['quiesce', 'hook']);
  t.is(cpu.current, admin);
  words[admin + TASK.tiFlags] = NEED_RESCHED;
  condResched(cpu);
  t.is(cpu.current, runnable);
});

test('task_curr: a task is current on its own CPU or nowhere', (t) => {
  const m = kernelMachine();
  const { cpu, words, admin, runnable, sleeper } = m;
  t.deepEqual(
    [admin, runnable, sleeper].map((task) => taskCurr(cpu, task)),
    [true, false, false],
  );
  words[admin + TASK.cpu] = 1;
  t.false(taskCurr(cpu, admin), 'CPU 1 runs its idle task');
});

test('put_task_struct: an entry that is given back is the next to be used', (t) => {
  const { cpu, words, kernel } = kernelMachine({ tasks: 5 });
  const alive = (): number => words[kernel.globals + KERNEL.tasksAlive]!;
  const before = alive();
  const task = allocTask(cpu);
  t.not(task, 0);
  t.is(alive(), before + 1);
  freeTask(cpu, task);
  t.is(alive(), before);
  t.is(allocTask(cpu), task);
  while (allocTask(cpu) !== 0);
  freeTask(cpu, task);
  t.is(allocTask(cpu), task);
  t.is(allocTask(cpu), 0, 'the table is full');
});
