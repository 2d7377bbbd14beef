/** nobody prodded the tasks that a transition waits for. */

import { asm } from '../../kernel/text.js';
import { KLP_WORK_TRANSITION } from '../../livepatch/layout.js';
import { klpTransitionWorkFn } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, version } from './machine.js';

/** Jiffies in which a stuck task is signalled and the transition ends: 16 attempts, and one more. */
const SIGNALLED = 2400;

/** klp_transition_work_fn() before 5.1: no attempt is the one that signals. */
function attemptWithoutSignals(cpu: Cpu, work: Addr): void {
  cpu.set(cpu.ctx.klp.signalsCnt, 0);
  klpTransitionWorkFn(cpu, work);
}

const WAITS = [asm.sleep(100_000)];

export const R_11 = historyScript({
  id: 'R-11',
  commit: 'cba82dea3061',
  title: 'livepatch: Send a fake signal periodically',
  release: '5.1, 2019',
  mechanism:
    'A task that sleeps in a function to be replaced held the transition up until an administrator wrote to the file signal ' +
    'or force; most never did.',
  replayed:
    'No attempt sends signals; a program waits in the function for something that does not come.',
  shows: 'stall',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1, WAITS),
          { name: 'sys_poll', code: [asm.call('f'), asm.ret] },
          endless('main', asm.syscall('sys_poll')),
        ],
      },
      modules: [livepatch(1, [version('f_v1', 1, 1, WAITS)])],
      initialTasks: [{ comm: 'poller', program: 'main' }],
      ...(variant === 'before'
        ? { overrides: { workFns: { [KLP_WORK_TRANSITION]: attemptWithoutSignals } } }
        : {}),
    });
    return watchScript(machine, (m) => {
      m.letRun(5);
      insmod(m, 'livepatch_1');
      m.letRun(SIGNALLED);
      expectComplete(m);
    });
  },
});
