import test from 'ava';
import { idleHotplug } from '../../src/kernel/cpuhp.js';
import { exitToUserMode, handleIrq } from '../../src/kernel/entry.js';
import {
  ftraceTestRecursionTrylock,
  ftraceTestRecursionUnlock,
} from '../../src/kernel/ftrace-recursion.js';
import { runIdle } from '../../src/kernel/idle.js';
import { cpuStartupEntry } from '../../src/kernel/interp.js';
import {
  IPI_HOTPLUG,
  IPI_TEXT_SYNC,
  IPI_TICK,
  KERNEL,
  percpu,
  PERCPU,
} from '../../src/kernel/layout.js';
import { textPoke, textSync } from '../../src/kernel/static-key.js';
import {
  idleTask,
  TASK,
  TASK_INTERRUPTIBLE,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_SIGNAL,
  TIF_PATCH_PENDING,
} from '../../src/kernel/task.js';
import { asm } from '../../src/kernel/text.js';
import { addTimer, TIMER, TIMER_WAKE } from '../../src/kernel/timer.js';
import { WORK } from '../../src/kernel/work-list.js';
import { CPU_LOCAL } from '../../src/memory/local.js';
import { Ablation, O_33 } from '../../src/memory/sites.js';
import { kernelMachine, secondCpu, type KernelMachine } from './machine.js';

const NEED_RESCHED = 1 << TIF_NEED_RESCHED;
const PENDING = 1 << TIF_PATCH_PENDING;

const pc = ({ kernel }: KernelMachine, n: number, field: number): number =>
  percpu(kernel, n) + field;

test('sysvec_apic_timer_interrupt: every pending interrupt is taken in one go, and counted', (t) => {
  const m = kernelMachine();
  const { cpu, words, kernel, admin } = m;
  words[kernel.globals + KERNEL.textAcks] = 3;
  const before = words[pc(m, 0, PERCPU.irqs)]!;
  words[pc(m, 0, PERCPU.ipi)] = (1 << IPI_TICK) | (1 << IPI_TEXT_SYNC);
  handleIrq(cpu);
  t.is(words[pc(m, 0, PERCPU.ipi)], 0);
  t.is(words[pc(m, 0, PERCPU.irqs)], before + 1);
  t.is(words[kernel.globals + KERNEL.textAcks], 2);
  t.is(words[admin + TASK.tiFlags], NEED_RESCHED, 'a task is queued, so the tick preempts');
});

test('sysvec_apic_timer_interrupt: a tick with nothing queued preempts nobody, a hotplug request does', (t) => {
  const m = kernelMachine();
  const { cpu, words, admin } = m;
  words[pc(m, 0, PERCPU.nrQueued)] = 0;
  words[pc(m, 0, PERCPU.ipi)] = 1 << IPI_TICK;
  handleIrq(cpu);
  t.is(words[admin + TASK.tiFlags], 0);
  words[pc(m, 0, PERCPU.ipi)] = 1 << IPI_HOTPLUG;
  handleIrq(cpu);
  t.is(words[admin + TASK.tiFlags], NEED_RESCHED);
});

test('exit_to_user_mode_loop: the task is switched and its signal taken, and the flags are looked at again', (t) => {
  const { cpu, words, klp, admin } = kernelMachine();
  words[klp.targetState] = 1;
  words[admin + TASK.patchState] = 0;
  words[admin + TASK.tiFlags] = PENDING | (1 << TIF_NOTIFY_SIGNAL);
  t.false(exitToUserMode(cpu, admin));
  t.is(words[admin + TASK.patchState], 1);
  t.is(words[admin + TASK.tiFlags], 0);
  t.true(exitToUserMode(cpu, admin));
});

test('exit_to_user_mode_loop: a reschedule that is due is left to the caller, with O-33 ablated as well', (t) => {
  const ablation = new Ablation([O_33]);
  const { cpu, words, admin } = kernelMachine({}, { ablation });
  words[admin + TASK.tiFlags] = NEED_RESCHED;
  t.false(exitToUserMode(cpu, admin));
  t.is(words[admin + TASK.tiFlags], NEED_RESCHED);
  words[admin + TASK.tiFlags] = 1 << TIF_NOTIFY_SIGNAL;
  t.true(exitToUserMode(cpu, admin), 'without O-33 there is no second look');
});

test('ftrace_test_recursion_trylock: a handler is not entered twice by one task, and runs without preemption', (t) => {
  const { cpu, words, localBase, admin, runnable } = kernelMachine();
  const depth = localBase + CPU_LOCAL.preemptCount;
  const bit = ftraceTestRecursionTrylock(cpu);
  t.is(bit, 0);
  t.is(words[depth], 1);
  t.is(ftraceTestRecursionTrylock(cpu), -1);
  t.is(words[depth], 1);
  cpu.current = runnable;
  const other = ftraceTestRecursionTrylock(cpu);
  t.is(other, 0, 'the recursion is that of a task');
  ftraceTestRecursionUnlock(cpu, other);
  cpu.current = admin;
  ftraceTestRecursionUnlock(cpu, bit);
  t.is(words[depth], 0);
  t.is(ftraceTestRecursionTrylock(cpu), 0);
});

test('do_idle: the idle task is switched on its way round, and leaves the loop when it is asked to', (t) => {
  const m = kernelMachine();
  const { words, kernel, klp } = m;
  const idle = idleTask(kernel, 1);
  const cpu = secondCpu(m, () => {
    t.is(words[pc(m, 1, PERCPU.rcuWatching)], 0, 'RCU does not watch a CPU that waits');
    words[idle + TASK.tiFlags]! |= NEED_RESCHED;
  });
  words[klp.targetState] = 1;
  words[idle + TASK.patchState] = 0;
  words[idle + TASK.tiFlags] = PENDING;
  words[pc(m, 0, PERCPU.nrQueued)] = 0;
  runIdle(cpu);
  t.is(words[idle + TASK.patchState], 1);
  t.is(words[idle + TASK.tiFlags], 0);
  t.is(words[pc(m, 1, PERCPU.rcuWatching)], 1);
  t.is(cpu.current, idle);
});

test('do_idle: an idle CPU takes work from a queue that has some', (t) => {
  const m = kernelMachine();
  const { words, runnable } = m;
  const cpu = secondCpu(m, () => t.fail('there was work'));
  runIdle(cpu);
  t.is(cpu.current, runnable);
  t.is(words[runnable + TASK.cpu], 1);
  t.is(words[pc(m, 0, PERCPU.rqFirst)], 0);
});

test('cpu_startup_entry: a CPU runs what there is until nothing is left that could end its wait', (t) => {
  const { cpu, words, runnable } = kernelMachine({
    vmlinux: {
      functions: [
        { name: 'f', code: [asm.ret] },
        { name: 'busy', code: [asm.spin(1), asm.sleep(20), asm.sleep(0), asm.ret] },
      ],
      data: { data: 256 },
    },
  });
  t.throws(() => cpuStartupEntry(cpu), {
    code: 'ERR_SIMULATOR_BUG',
    message: /idle for ever/,
  });
  t.is(words[runnable + TASK.state], TASK_INTERRUPTIBLE);
});

test('takedown_cpu: a CPU that leaves hands on its tasks and timers, and comes back when asked', (t) => {
  const m = kernelMachine();
  const { words, runnable, sleeper, kernel } = m;
  const request = pc(m, 1, PERCPU.hotplugRequest);
  let parked = false;
  const cpu = secondCpu(m, () => {
    parked = true;
    t.is(words[pc(m, 1, PERCPU.online)], 0);
    t.is(words[pc(m, 0, PERCPU.rqFirst)], runnable, 'its task is queued elsewhere');
    t.is(words[sleeper + TASK.timer + TIMER.armed], 1, 'its timer is on CPU 0');
    words[request] = 2;
  });
  words[pc(m, 1, PERCPU.online)] = 1;
  runIdle(cpu);
  t.is(cpu.current, runnable);
  cpu.current = idleTask(kernel, 1);
  words[pc(m, 1, PERCPU.rqFirst)] = runnable;
  words[pc(m, 1, PERCPU.rqLast)] = runnable;
  words[pc(m, 1, PERCPU.nrQueued)] = 1;
  addTimer(cpu, sleeper + TASK.timer, TIMER_WAKE, sleeper, 100);
  words[request] = 1;
  idleHotplug(cpu);
  t.true(parked);
  t.is(words[pc(m, 1, PERCPU.online)], 1);
  t.is(words[request], 0);
});

test('takedown_cpu: a CPU with queued work stays, and without a request nothing happens', (t) => {
  const m = kernelMachine();
  const { words, data } = m;
  const request = pc(m, 1, PERCPU.hotplugRequest);
  const cpu = secondCpu(m, () => t.fail('it went'));
  words[pc(m, 1, PERCPU.online)] = 1;
  idleHotplug(cpu);
  words[pc(m, 1, PERCPU.workFirst)] = data + WORK.next;
  words[request] = 1;
  idleHotplug(cpu);
  t.is(words[pc(m, 1, PERCPU.online)], 1);
  t.false([0, 1, 2].includes(words[request]), 'it has refused');
});

test('text_poke_bp and text_poke_sync: every other online CPU is interrupted and waited for', (t) => {
  const m = kernelMachine();
  const { cpu, words, kernel, symbol } = m;
  const site = symbol('f') + 1;
  const acks = kernel.globals + KERNEL.textAcks;
  textPoke(cpu, site, 77);
  t.is(words[site], 77);
  t.is(words[pc(m, 1, PERCPU.ipi)], 0, 'CPU 1 is offline');
  words[pc(m, 1, PERCPU.online)] = 1;
  t.throws(() => textSync(cpu), { code: 'ERR_SIMULATOR_BUG', message: /would spin for ever/ });
  t.is(words[acks], 1);
  t.is(words[pc(m, 1, PERCPU.ipi)], 1 << IPI_TEXT_SYNC);
  const other = secondCpu(m, () => undefined);
  handleIrq(other);
  t.is(words[acks], 0);
});

test('text_poke_sync: who waits for others answers them meanwhile', (t) => {
  const m = kernelMachine();
  const { cpu, words, kernel } = m;
  words[pc(m, 1, PERCPU.online)] = 1;
  words[pc(m, 0, PERCPU.ipi)] = 1 << IPI_TEXT_SYNC;
  const left = kernel.globals + KERNEL.textAcks;
  textSync(cpu);
  t.is(words[left], 0, 'its own answer was the one that it waited for');
  t.is(words[pc(m, 0, PERCPU.ipi)], 0);
});
