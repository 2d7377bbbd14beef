/** with lazy preemption cond_resched() is nothing, and the hook in it is never reached. */

import { asm } from '../../kernel/text.js';
import type { Cpu } from '../../memory/cpu.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** cond_resched() is compiled away, and the hook with it. */
function noHook(_cpu: Cpu): void {
  // Nothing is left.
}

const SLEEPS = [asm.sleepUninterruptible(200)];

export const R_31 = historyScript({
  id: 'R-31',
  commit: '676e8cf70cb0',
  title: 'sched,livepatch: Untangle cond_resched() and live-patching',
  release: '6.16, 2025',
  mechanism:
    'Where preemption is lazy, cond_resched() does nothing, and a thread that only leaves the function for a moment at a ' +
    'time was met inside it by every attempt. The hook moved into __schedule(), where the thread is about to sleep freezably.',
  replayed:
    '`before` is 6.12 with a cond_resched() that is compiled away, `after` is 7.3; a thread offers to be preempted and sleeps ' +
    'freezably, for a jiffy, outside of the function.',
  shows: 'stall',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1, SLEEPS),
          endless('thread', asm.call('f'), asm.condResched, asm.sleepFreezable(1)),
        ],
      },
      modules: [livepatch(1, [version('f_v1', 1, 1, SLEEPS)])],
      initialTasks: [{ comm: 'worker', thread: 'thread' }],
      ...(variant === 'before'
        ? {
            version: '6.12' as const,
            preemption: 'lazy' as const,
            overrides: { hooks: { __klpSchedTrySwitch: noHook } },
          }
        : { version: '7.3' as const }),
    });
    return watchScript(machine, (m) => {
      m.letRun(5);
      insmod(m, 'livepatch_1');
      m.letRun(SOON);
      expectComplete(m);
    });
  },
});
