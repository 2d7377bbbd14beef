/** a direct call that was attached twice did not know that it shared its function with a livepatch. */

import { kzalloc } from '../../kernel/alloc.js';
import { EBUSY } from '../../kernel/errno.js';
import {
  FTRACE_OPS,
  FTRACE_OPS_FL_DYNAMIC,
  ftraceSetFilterIp,
  registerFtraceDirect,
} from '../../kernel/ftrace.js';
import { asm } from '../../kernel/text.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript, type WatchedMachine } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** Attach a trampoline that calls what the function was when it was attached, unless it learns that the function is shared. */
function attachAtExit({ cpu, kernel, symbol }: WatchedMachine, forgets: boolean): number {
  const ops: Addr = kzalloc(cpu, kernel.ftraceOps);
  cpu.write(ops + FTRACE_OPS.flags, FTRACE_OPS_FL_DYNAMIC);
  ftraceSetFilterIp(cpu, ops, symbol('f'), false);
  const alone = symbol('calls_original');
  const first = registerFtraceDirect(cpu, ops, alone, 0);
  if (first !== -EBUSY) return first;
  // What the refused attempt left behind kept the second one from hearing of the livepatch.
  return registerFtraceDirect(cpu, ops, alone, forgets ? alone : symbol('calls_whatever'));
}

export const R_32 = historyScript({
  id: 'R-32',
  commit: '56b3c85e153b',
  title: 'ftrace: Fix BPF fexit with livepatch',
  release: '6.18, 2025',
  mechanism:
    'A trampoline that runs at the exit of a livepatched function is refused at first, to be built again as one that shares ' +
    'its function. The refused attempt left its entry behind, and the second one was attached as if nobody shared: it called ' +
    'the original by itself.',
  replayed:
    'A trampoline is attached to a livepatched function; the second attempt takes the code for a function that is not shared.',
  shows: 'original ran',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1),
          // The body of f as the trampoline knows it; the text has no way past its own caller, so the new one runs as well.
          { name: 'calls_original', traceable: false, code: [asm.mark(0, 1), asm.ret] },
          { name: 'calls_whatever', traceable: false, code: [asm.spin(1), asm.ret] },
          endless('thread', asm.call('f'), asm.sleep(20)),
        ],
      },
      modules: [livepatch(1, [version('f_v1', 1, 1)])],
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
    });
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      expectComplete(watched);
      const before = watched.ran.length;
      const ret = attachAtExit(watched, variant === 'before');
      if (ret !== 0) watched.find('refused', `the second attempt ended with ${ret}`);
      watched.letRun(SOON);
      const since = watched.ran.slice(before);
      if (since.length === 0) watched.find('nothing ran', 'no task called the function');
      if (since.some((r) => r.version === 0)) {
        watched.find('original ran', 'the original of a livepatched function ran');
      }
    });
  },
});
