/** turning ftrace off turned all livepatches off, at once. */

import { EBUSY } from '../../kernel/errno.js';
import { FTRACE_OPS, ftraceEnableSysctl } from '../../kernel/ftrace.js';
import { LIST } from '../../kernel/list.js';
import { textPoke } from '../../kernel/static-key.js';
import { asm } from '../../kernel/text.js';
import { KLP_OPS } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** Writing 0 to kernel.ftrace_enabled before 5.5: every site becomes a no-op. */
export function ftraceShutdown(cpu: Cpu): number {
  const head = cpu.ctx.klp.ops;
  for (let ops = cpu.read(head + LIST.next); ops !== head; ops = cpu.read(ops + LIST.next)) {
    textPoke(cpu, cpu.read(ops + KLP_OPS.fops + FTRACE_OPS.filterIp) + 1, 0);
  }
  return 0;
}

const BODY = [asm.call('f'), asm.sleepUninterruptible(50), asm.call('f')];

export const R_19 = historyScript({
  id: 'R-19',
  commit: '7162431dcf72',
  title: 'ftrace: Introduce PERMANENT ftrace_ops flag',
  release: '5.5, 2019',
  mechanism:
    'kernel.ftrace_enabled=0 disarmed the handlers of livepatches too: all tasks fell back to the old functions at once, ' +
    'wherever they were, outside of any transition.',
  replayed: 'The sysctl disarms every site; a task is in the middle of a new function.',
  shows: 'I-8',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1),
          version('h', 0, 2, BODY),
          endless('thread', asm.call('h'), asm.sleepUninterruptible(30)),
        ],
      },
      modules: [livepatch(1, [version('f_v1', 1, 1), version('h_v1', 1, 2, BODY)])],
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
    });
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      expectComplete(watched);
      for (let i = 0; i < 4; i++) {
        watched.letRun(17);
        const ret =
          variant === 'before'
            ? ftraceShutdown(watched.cpu)
            : ftraceEnableSysctl(watched.cpu, false);
        if (variant === 'after' && ret !== -EBUSY)
          watched.find('ftrace off', 'ftrace could be turned off');
        watched.letRun(60);
      }
    });
  },
});
