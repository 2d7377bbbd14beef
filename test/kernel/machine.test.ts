import test from 'ava';
import { cpuDown, cpuOnline, cpuUp } from '../../src/kernel/cpuhp.js';
import { EBUSY, EEXIST, EINVAL, ENOENT } from '../../src/kernel/errno.js';
import { dupTaskStruct, linkChild, unhashProcess } from '../../src/kernel/fork.js';
import {
  FTRACE_OPS,
  FTRACE_OPS_FL_IPMODIFY,
  FTRACE_OPS_FL_PERMANENT,
  ftraceEnableSysctl,
  ftraceLocation,
  ftraceSetFilterIp,
  registerFtraceFunction,
  unregisterFtraceFunction,
} from '../../src/kernel/ftrace.js';
import { kallsymsLookupSize, kallsymsNthSymbol } from '../../src/kernel/kallsyms.js';
import { KERNEL, percpu, PERCPU } from '../../src/kernel/layout.js';
import { deleteModule, findModule, loadModule, MODULE } from '../../src/kernel/module.js';
import { tryToWakeUp } from '../../src/kernel/sched.js';
import { setNotifySignal } from '../../src/kernel/signal.js';
import { stackTraceSaveTskReliable } from '../../src/kernel/stacktrace.js';
import { TASK, TASK_INTERRUPTIBLE, TIF_NOTIFY_SIGNAL } from '../../src/kernel/task.js';
import { asm } from '../../src/kernel/text.js';
import { HZ, jiffies } from '../../src/kernel/timer.js';
import { roundJiffiesRelative } from '../../src/kernel/workqueue.js';
import { POISON } from '../../src/memory/struct.js';
import { bootSolo, type SoloMachine } from '../../src/scenario/solo.js';

const boot = (): SoloMachine =>
  bootSolo({
    cpus: 2,
    stackWords: 110,
    vmlinux: {
      functions: [
        { name: 'f', code: [asm.mark(0, 1), asm.ret] },
        { name: 'sys_nap', code: [asm.sleep(50), asm.ret] },
        { name: 'sys_deep', code: [asm.sleepUninterruptible(50), asm.ret] },
        { name: 'counts', code: [asm.at('l', asm.spin(1)), asm.jump('l')] },
        {
          name: 'napper',
          traceable: false,
          code: [asm.at('l', asm.syscall('sys_nap')), asm.jump('l')],
        },
        {
          name: 'deep',
          traceable: false,
          code: [asm.at('l', asm.syscall('sys_deep')), asm.jump('l')],
        },
      ],
    },
    modules: [
      { name: 'mod', functions: [{ name: 'm', code: [asm.call('f'), asm.ret] }] },
      { name: 'needy', functions: [{ name: 'n', code: [asm.call('m'), asm.ret] }] },
    ],
    initialTasks: [
      { comm: 'napper', program: 'napper' },
      { comm: 'deep', program: 'deep' },
      { comm: 'sleeper', thread: 'f', sleepingIn: ['sys_nap', 'f'] },
    ],
  });

test('a sleeping task wakes at its time, and not before', (t) => {
  const { words, tasks, letRun } = boot();
  letRun(10);
  t.is(words[tasks[0]! + TASK.state], TASK_INTERRUPTIBLE);
  const steps = words[tasks[0]! + TASK.userPc];
  letRun(20);
  t.is(words[tasks[0]! + TASK.userPc], steps);
});

test('the fake signal ends an interruptible sleep and no other', (t) => {
  const { cpu, words, tasks, letRun } = boot();
  letRun(10);
  setNotifySignal(cpu, tasks[0]!);
  setNotifySignal(cpu, tasks[1]!);
  letRun(2);
  const signalled = (task: number): boolean =>
    (words[task + TASK.tiFlags]! & (1 << TIF_NOTIFY_SIGNAL)) !== 0;
  t.false(signalled(tasks[0]!), 'it left the kernel, which takes the signal');
  t.true(signalled(tasks[1]!), 'it sleeps on');
});

test('only a task in one of the states asked for is woken', (t) => {
  const { cpu, tasks, letRun } = boot();
  letRun(10);
  t.false(tryToWakeUp(cpu, tasks[1]!, TASK_INTERRUPTIBLE));
  t.true(tryToWakeUp(cpu, tasks[0]!, TASK_INTERRUPTIBLE));
  t.false(tryToWakeUp(cpu, tasks[0]!, TASK_INTERRUPTIBLE), 'it is awake already');
});

test('a stack trace has the newest address first, and a stack that would fill the buffer is unreliable', (t) => {
  const { cpu, words, tasks, symbol, klp } = boot();
  const store = klp.perCpu;
  const sleeper = tasks[2]!;
  t.is(stackTraceSaveTskReliable(cpu, sleeper, store, 100), 2);
  t.is(words[store], symbol('f') + 3);
  t.is(words[store + 1], symbol('sys_nap') + 3);
  words.fill(symbol('f'), sleeper + TASK.size, sleeper + TASK.size + 99);
  words[sleeper + TASK.depth] = 98;
  t.is(stackTraceSaveTskReliable(cpu, sleeper, store, 100), 99);
  words[sleeper + TASK.depth] = 99;
  t.is(stackTraceSaveTskReliable(cpu, sleeper, store, 100), -EINVAL);
  words[sleeper + TASK.depth] = 1;
  words[sleeper + TASK.unreliable] = 1;
  t.is(stackTraceSaveTskReliable(cpu, sleeper, store, 100), -EINVAL);
});

test('fork copies flags early, links late, and an exiting task leaves the list', (t) => {
  const { cpu, words, admin, kernel, symbol, letRun } = boot();
  words[admin + TASK.patchState] = 1;
  const child = dupTaskStruct(cpu);
  t.not(words[kernel.globals + KERNEL.taskList], child);
  t.is(words[child + TASK.patchState], 1);
  words[admin + TASK.patchState] = -1;
  linkChild(cpu, child, symbol('counts'), 0);
  t.is(words[kernel.globals + KERNEL.taskList], child);
  t.is(
    words[child + TASK.patchState],
    -1,
    'klp_copy_process took the parent at the time of linking',
  );
  letRun(3);
  unhashProcess(cpu);
  let task = words[kernel.globals + KERNEL.taskList]!;
  while (task !== 0 && task !== admin) task = words[task + TASK.tasksNext]!;
  t.is(task, 0);
});

test('a module brings its symbols, and takes them and its text with it', (t) => {
  const { cpu, words, nameId } = boot();
  const mod = loadModule(cpu, 0);
  const text = words[mod + MODULE.text]!;
  t.is(kallsymsNthSymbol(cpu, nameId('mod'), nameId('m'), 1), text);
  t.is(kallsymsLookupSize(cpu, text), 9);
  t.is(loadModule(cpu, 0), -EEXIST);
  t.is(deleteModule(cpu, nameId('mod')), 0);
  t.is(findModule(cpu, nameId('mod')), 0);
  t.is(words[text], POISON);
  t.is(kallsymsNthSymbol(cpu, nameId('mod'), nameId('m'), 1), 0);
  t.is(deleteModule(cpu, nameId('mod')), -ENOENT);
});

test('a module whose references cannot be resolved is not loaded, and leaves nothing behind', (t) => {
  const { cpu, nameId } = boot();
  t.is(loadModule(cpu, 1), -ENOENT);
  t.is(findModule(cpu, nameId('needy')), 0);
  t.true(loadModule(cpu, 0) > 0);
});

test('one permanent handler owns a location, and keeps ftrace on', (t) => {
  const { cpu, words, symbol, klp } = boot();
  const [a, b] = [klp.opsCache.base, klp.opsCache.base + 16];
  for (const ops of [a, b]) {
    words.fill(0, ops, ops + FTRACE_OPS.size);
    words[ops + FTRACE_OPS.flags] = FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_IPMODIFY;
    t.is(ftraceSetFilterIp(cpu, ops, symbol('f'), false), 0);
  }
  t.is(ftraceLocation(cpu, symbol('napper')), 0, 'a function without a site');
  t.is(ftraceSetFilterIp(cpu, a, symbol('napper'), false), -EINVAL);
  t.is(registerFtraceFunction(cpu, a), 0);
  t.is(registerFtraceFunction(cpu, b), -EBUSY);
  t.is(ftraceEnableSysctl(cpu, false), -EBUSY);
  t.is(unregisterFtraceFunction(cpu, a), 0);
  t.is(unregisterFtraceFunction(cpu, a), -EINVAL);
  t.is(ftraceEnableSysctl(cpu, false), 0);
  t.is(registerFtraceFunction(cpu, b), -EBUSY);
});

test('the own, the last and an absent CPU cannot be taken down', (t) => {
  const { cpu } = boot();
  t.false(cpuOnline(cpu, 1));
  t.is(cpuDown(cpu, 0), -EINVAL);
  t.is(cpuDown(cpu, 1), -EINVAL);
  t.is(cpuUp(cpu, 0), -EINVAL);
});

test('delays are rounded to whole seconds of jiffies, never into the past', (t) => {
  const { cpu, words, kernel } = boot();
  for (const now of [0, 1, 10, 24, 25, 26, 74, 75, 99, 1000]) {
    words[kernel.globals + KERNEL.jiffies] = now;
    const delay = roundJiffiesRelative(cpu, HZ);
    t.is((jiffies(cpu) + delay) % HZ, 0);
    t.true(delay >= 75 && delay <= 175, `${delay}`);
  }
});

test('time jumps to the next timer when a solo machine is idle, and to nowhere without one', (t) => {
  const { cpu, words, kernel, letRun } = boot();
  letRun(500);
  t.true(words[kernel.globals + KERNEL.jiffies]! >= 500);
  words[percpu(kernel, 0) + PERCPU.nextExpiry] = 0;
  const ipi = percpu(kernel, 0) + PERCPU.ipi;
  words[ipi] = 0;
  t.throws(
    () => {
      cpu.mwait(ipi, 0);
    },
    { code: 'ERR_SIMULATOR_BUG', message: /idle for ever/ },
  );
});
