import test from 'ava';
import { kzalloc } from '../../src/kernel/alloc.js';
import {
  COMPLETION,
  complete,
  initCompletion,
  waitForCompletion,
} from '../../src/kernel/completion.js';
import { ENOMEM } from '../../src/kernel/errno.js';
import { KERNEL, percpu, PERCPU } from '../../src/kernel/layout.js';
import { kfreeRcu, RCU_PENDING_MAX, synchronizeRcu } from '../../src/kernel/rcu.js';
import { TASK, TASK_IDLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from '../../src/kernel/task.js';
import { TRACE_SCHED_SWITCH } from '../../src/kernel/trace.js';
import { setCurrentState, WAIT_QUEUE } from '../../src/kernel/wait.js';
import { insertWork, insertWorkOn, POOL_ATOMIC, POOL_NORMAL } from '../../src/kernel/work-list.js';
import {
  initWork,
  queueWork,
  scheduleDelayedWork,
  scheduleOnEachCpu,
  WORK,
  workerThread,
} from '../../src/kernel/workqueue.js';
import type { Cpu } from '../../src/memory/cpu.js';
import { CPU_LOCAL } from '../../src/memory/local.js';
import { Ablation, O_05 } from '../../src/memory/sites.js';
import { POISON } from '../../src/memory/struct.js';
import { kernelMachine, WORK_FN_TEST, type KernelMachine } from './machine.js';

/** A machine with one work item that logs the task which runs it, or does what `fn` says. */
function workMachine(fn?: (cpu: Cpu, work: number) => void, ablation = new Ablation()) {
  const ran: number[] = [];
  const log = (cpu: Cpu): void => void ran.push(cpu.current);
  const m = kernelMachine({ overrides: { workFns: { [WORK_FN_TEST]: fn ?? log } } }, { ablation });
  const work = m.data;
  initWork(m.cpu, work, WORK_FN_TEST);
  return { ...m, ran, work };
}

const kworker = ({ words, kernel }: KernelMachine, n: number, pool: number): number =>
  words[percpu(kernel, n) + PERCPU.kworkers + pool]!;

test('queue_work_on: pending work is not queued again until it runs', (t) => {
  const m = workMachine();
  t.true(queueWork(m.cpu, m.work));
  t.false(queueWork(m.cpu, m.work));
  t.deepEqual(m.ran, []);
  m.letRun(1);
  t.deepEqual(m.ran, [kworker(m, 0, POOL_NORMAL)]);
  t.true(queueWork(m.cpu, m.work));
});

test('insertWorkOn: work that never sleeps has a kworker of its own on the CPU asked for', (t) => {
  const m = workMachine();
  insertWorkOn(m.cpu, 0, m.work);
  m.letRun(1);
  t.deepEqual(m.ran, [kworker(m, 0, POOL_ATOMIC)]);
});

test('__queue_work: work goes to a CPU where no kernel code sleeps, if there is one', (t) => {
  const m = workMachine();
  const { cpu, words, kernel, work, admin } = m;
  const list = (n: number): number => words[percpu(kernel, n) + PERCPU.workFirst + POOL_NORMAL]!;
  words[percpu(kernel, 0) + PERCPU.context] = admin;
  insertWork(cpu, work);
  t.deepEqual([list(0), list(1)], [work, 0], 'CPU 1 is offline');
  words[percpu(kernel, 1) + PERCPU.online] = 1;
  const other = work + WORK.size;
  initWork(cpu, other, WORK_FN_TEST);
  insertWork(cpu, other);
  t.deepEqual([list(0), list(1)], [work, other]);
  t.is(words[kworker(m, 1, POOL_NORMAL) + TASK.onRq], 1, 'its kworker was woken');
});

test('queue_delayed_work_on: delayed work waits for its time, work without a delay does not', (t) => {
  const m = workMachine();
  t.true(scheduleDelayedWork(m.cpu, m.work, 20));
  t.false(scheduleDelayedWork(m.cpu, m.work, 0), 'it is pending');
  m.letRun(10);
  t.is(m.ran.length, 0);
  m.letRun(15);
  t.is(m.ran.length, 1);
  t.true(scheduleDelayedWork(m.cpu, m.work, 0));
  m.letRun(1);
  t.is(m.ran.length, 2);
});

test('schedule_on_each_cpu: it returns when the function has run on every online CPU', (t) => {
  const m = workMachine();
  t.is(scheduleOnEachCpu(m.cpu, WORK_FN_TEST), 0);
  t.deepEqual(m.ran, [kworker(m, 0, POOL_ATOMIC)]);
  t.is(m.cpu.current, m.admin);
});

test('schedule_on_each_cpu: without memory it fails, and with its site ablated it does nothing', (t) => {
  const ablated = workMachine(undefined, new Ablation([O_05]));
  t.is(scheduleOnEachCpu(ablated.cpu, WORK_FN_TEST, O_05), 0);
  t.deepEqual(ablated.ran, []);
  const m = workMachine();
  while (kzalloc(m.cpu, m.kernel.batches) !== 0);
  t.is(scheduleOnEachCpu(m.cpu, WORK_FN_TEST), -ENOMEM);
  t.deepEqual(m.ran, []);
});

test('worker_thread: it serves its list in order, then is ready to sleep', (t) => {
  const order: number[] = [];
  const m = workMachine((_cpu, work) => void order.push(work));
  const { cpu, words, work, admin } = m;
  const second = work + WORK.size;
  initWork(cpu, second, WORK_FN_TEST);
  for (const item of [work, second]) {
    words[item + WORK.pending] = 1;
    insertWorkOn(cpu, 0, item);
  }
  workerThread(cpu, POOL_ATOMIC);
  t.deepEqual(order, [work, second]);
  t.is(words[work + WORK.pending], 0);
  t.is(words[admin + TASK.state], TASK_IDLE);
});

test('wait_for_completion: it returns when somebody completes, and at once from then on', (t) => {
  const m = workMachine((cpu) => complete(cpu, m.data + 32));
  const { cpu, words, work, admin } = m;
  const c = m.data + 32;
  initCompletion(cpu, c);
  insertWorkOn(cpu, 0, work);
  t.is(words[c + COMPLETION.done], 0);
  waitForCompletion(cpu, c);
  t.is(words[c + COMPLETION.done], 1);
  t.is(words[c + COMPLETION.queue + WAIT_QUEUE.first], 0, 'nobody waits any more');
  t.is(words[admin + TASK.state], TASK_RUNNING);
  waitForCompletion(cpu, c);
  t.is(cpu.current, admin);
});

test('set_current_state: the new state is followed by a full barrier', (t) => {
  const { cpu, words, admin, localBase } = kernelMachine();
  const fences = words[localBase + CPU_LOCAL.fence]!;
  setCurrentState(cpu, TASK_UNINTERRUPTIBLE);
  t.is(words[admin + TASK.state], TASK_UNINTERRUPTIBLE);
  t.is(words[localBase + CPU_LOCAL.fence], fences + 1);
});

test('synchronize_rcu: the CPU has passed its scheduler when it returns', (t) => {
  const { cpu, admin } = kernelMachine();
  let switches = 0;
  cpu.trace = (event) => {
    if (event === TRACE_SCHED_SWITCH) switches++;
  };
  synchronizeRcu(cpu);
  t.true(switches >= 2);
  t.is(cpu.current, admin);
});

test('kvfree_call_rcu: an object outlives the call, and is freed after a grace period', (t) => {
  const { cpu, words, klp, kernel, letRun } = kernelMachine({ klp: { ops: 2 } });
  const obj = kzalloc(cpu, klp.opsCache);
  kfreeRcu(cpu, klp.opsCache, obj);
  t.is(words[obj + 1], 0);
  letRun(5);
  t.is(words[obj + 1], POISON);
  words[kernel.globals + KERNEL.rcuPending] = RCU_PENDING_MAX;
  t.throws(() => kfreeRcu(cpu, klp.opsCache, obj), {
    code: 'ERR_SIMULATOR_BUG',
    message: /more than 256 kfree_rcu/,
  });
});
