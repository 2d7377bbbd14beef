/** the ORC unwinder left out the first frame of a sleeping task. */

import { asm } from '../../kernel/text.js';
import { archStackWalkReliable } from '../../kernel/stacktrace.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** unwind_start() before 5.7: of a task that does not run, the newest frame is skipped. */
function walkWithoutFirstFrame(cpu: Cpu, task: Addr, store: Addr, size: number): number {
  const count = archStackWalkReliable(cpu, task, store, size);
  if (count <= 0 || task === cpu.current) return count;
  for (let i = 1; i < count; i++) cpu.set(store + i - 1, cpu.get(store + i));
  return count - 1;
}

const SLEEPS = [asm.sleepUninterruptible(500)];

export const R_20 = historyScript({
  id: 'R-20',
  commit: 'f1d9a2abff66',
  title: "x86/unwind/orc: Don't skip the first frame for inactive tasks",
  release: '5.7, 2020',
  mechanism:
    'A comparison with <= instead of < skipped the newest frame of a sleeping task: the function it sleeps in was missing ' +
    'from a trace that counted as reliable.',
  replayed: 'The unwinder leaves that frame out; a task sleeps in the function that is replaced.',
  shows: 'I-6',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1, SLEEPS),
          { name: 'caller', code: [asm.call('f'), asm.ret] },
          endless('thread', asm.call('caller'), asm.sleepUninterruptible(300)),
        ],
      },
      modules: [livepatch(1, [version('f_v1', 1, 1, SLEEPS)])],
      initialTasks: [{ comm: 'sleeper', thread: 'thread' }],
      ...(variant === 'before'
        ? { overrides: { archStackWalkReliable: walkWithoutFirstFrame } }
        : {}),
    });
    return watchScript(machine, (m) => {
      m.letRun(5);
      insmod(m, 'livepatch_1');
      m.letRun(500 + SOON);
      expectComplete(m);
    });
  },
});
