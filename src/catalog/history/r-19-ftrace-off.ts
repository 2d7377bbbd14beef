/** turning ftrace off turned all livepatches off, at once. */

import { EBUSY } from '../../kernel/errno.js';
import { FTRACE_OPS, ftraceEnableSysctl } from '../../kernel/ftrace.js';
import { listForEachEntry } from '../../kernel/list.js';
import { textPoke } from '../../kernel/static-key.js';
import { KLP_OPS } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { betweenTwoCalls, expectComplete, insmod, SOON } from './machine.js';

/** Writing 0 to kernel.ftrace_enabled before 5.5: every site becomes a no-op. */
function ftraceShutdown(cpu: Cpu): number {
  let ops = NULL;
  while ((ops = listForEachEntry(cpu, cpu.ctx.klp.ops, ops)) !== NULL) {
    textPoke(cpu, cpu.read(ops + KLP_OPS.fops + FTRACE_OPS.filterIp) + 1, 0);
  }
  return 0;
}

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
      ...betweenTwoCalls(),
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
