/** replaced patches were gone before the new patch could take over their states. */

import { asm } from '../../kernel/text.js';
import { klpGetPrevState } from '../../livepatch/state.js';
import type { Cpu } from '../../memory/cpu.js';
import { Ablation, O_31 } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

const STATE = 7;
/** Event of the script: what post_patch got for the state of its predecessor. */
const TRACE_TAKE_OVER = 900;
/** Number of the callback in the machine's table. */
const TAKE_OVER = 1;

/** post_patch of the second patch: look for what the first one left. */
function takeOver(cpu: Cpu, _obj: Addr): number {
  cpu.trace(TRACE_TAKE_OVER, klpGetPrevState(cpu, STATE));
  return 0;
}

export const R_18 = historyScript({
  id: 'R-18',
  commit: '67059d65f792',
  title: 'livepatch: Keep replaced patches until post_patch callback is called',
  release: '5.5, 2019',
  mechanism:
    'Replaced patches were taken off the list before post_patch ran: klp_get_prev_state() found nothing, and the new patch ' +
    'could not take over the data of the old one.',
  replayed: 'O-31 is removed: the replaced patches are freed right after they are unpatched.',
  shows: 'state lost',
  run(variant) {
    const machine = bootWatched(
      {
        vmlinux: {
          functions: [version('f', 0, 1), endless('thread', asm.call('f'), asm.sleep(10))],
        },
        modules: [
          livepatch(1, [version('f_v1', 1, 1)], { states: [{ id: STATE, version: 1 }] }),
          livepatch(2, [version('f_v2', 2, 1)], {
            replace: true,
            states: [{ id: STATE, version: 2 }],
            callbacks: { postPatch: TAKE_OVER },
          }),
        ],
        callbacks: [undefined, takeOver],
        initialTasks: [{ comm: 'caller', thread: 'thread' }],
      },
      new Ablation(variant === 'before' ? [O_31] : []),
    );
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      insmod(watched, 'livepatch_2');
      watched.letRun(SOON);
      expectComplete(watched);
      const asked = watched.events.filter(({ event }) => event === TRACE_TAKE_OVER);
      if (asked.length !== 1)
        watched.find('no callback', 'post_patch of the new patch did not run once');
      if (asked.some(({ a }) => a === 0)) {
        watched.find(
          'state lost',
          'post_patch does not find the state of the patch that it replaces',
        );
      }
    });
  },
});
