/** a virtual CPU's thread handled the notification without leaving the guest for user mode. */

import { signalPending } from '../../kernel/signal.js';
import { TASK, TIF_NOTIFY_SIGNAL } from '../../kernel/task.js';
import { asm, INSTRUCTION_WORDS, type Instruction } from '../../kernel/text.js';
import type { Cpu } from '../../memory/cpu.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, version } from './machine.js';

/** Number of the native that stands for what KVM does about signals between two entries of the guest. */
const GUEST_WORK = 16;
/** Jiffies in which 16 attempts are made and the transition ends. */
const SIGNALLED = 2400;

/** Before 5.19: the notification is handled, and the guest entered again. */
function handleAndStay(cpu: Cpu, _argument: number): void {
  cpu.clearBit(cpu.current + TASK.tiFlags, TIF_NOTIFY_SIGNAL);
}

/** Since: a pending notification ends the loop, as a signal does. */
function leaveForSignal(cpu: Cpu, _argument: number): void {
  if (!signalPending(cpu, cpu.current)) return;
  const pc = cpu.current + TASK.pc;
  cpu.set(pc, cpu.get(pc) + INSTRUCTION_WORDS);
}

/** The loop of vcpu_run(): into the guest, out of it, and again. */
const LOOP: readonly Instruction[] = [
  asm.at('guest', asm.call('enter_guest')),
  asm.kcall(GUEST_WORK),
  asm.jump('guest'),
];

export const R_21 = historyScript({
  id: 'R-21',
  commit: '3e684903a857',
  title: 'entry/kvm: Exit to user mode when TIF_NOTIFY_SIGNAL is set',
  release: '5.19, 2022',
  mechanism:
    'The fake signal became TIF_NOTIFY_SIGNAL, which the thread of a virtual CPU handled between two entries of the guest. ' +
    'It never got to user mode, where it would have been switched.',
  replayed:
    'A thread runs a guest inside the function that is replaced; the notification is cleared in its loop.',
  shows: 'stall',
  run(variant) {
    const natives = [];
    natives[GUEST_WORK] = variant === 'before' ? handleAndStay : leaveForSignal;
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('vcpu_run', 0, 1, LOOP),
          { name: 'enter_guest', code: [asm.spin(50), asm.ret] },
          { name: 'sys_ioctl', code: [asm.call('vcpu_run'), asm.ret] },
          endless('main', asm.syscall('sys_ioctl')),
        ],
      },
      modules: [livepatch(1, [version('vcpu_run_v1', 1, 1, LOOP)])],
      natives,
      initialTasks: [{ comm: 'vcpu', program: 'main' }],
    });
    return watchScript(machine, (m) => {
      m.letRun(5);
      insmod(m, 'livepatch_1');
      m.letRun(SIGNALLED);
      expectComplete(m);
    });
  },
});
