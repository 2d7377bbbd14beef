/** the generic stack trace function said that every stack was empty. */

import { asm } from '../../kernel/text.js';
import { archStackWalkReliable } from '../../kernel/stacktrace.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** stack_trace_save_tsk_reliable() of 5.2-rc: success instead of the number of entries. */
function walkWithoutCount(cpu: Cpu, task: Addr, store: Addr, size: number): number {
  const count = archStackWalkReliable(cpu, task, store, size);
  return count < 0 ? count : 0;
}

const SLEEPS = [asm.sleepUninterruptible(500)];

export const R_16 = historyScript({
  id: 'R-16',
  commit: '7eaf51a2e094',
  title: 'stacktrace: Unbreak stack_trace_save_tsk_reliable()',
  release: '5.2, 2019',
  mechanism:
    'The wrapper returned 0 instead of the number of entries: every stack looked empty, and every sleeping task was ' +
    'switched, even inside a function that goes.',
  replayed: 'The unwinder returns 0; a task sleeps in the function that is replaced.',
  shows: 'I-6',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1, SLEEPS),
          endless('thread', asm.call('f'), asm.sleepUninterruptible(300)),
        ],
      },
      modules: [livepatch(1, [version('f_v1', 1, 1, SLEEPS)])],
      initialTasks: [{ comm: 'busy', thread: 'thread' }],
      ...(variant === 'before' ? { overrides: { archStackWalkReliable: walkWithoutCount } } : {}),
    });
    return watchScript(machine, (m) => {
      m.letRun(5);
      insmod(m, 'livepatch_1');
      m.letRun(500 + SOON);
      expectComplete(m);
    });
  },
});
