/** The end of a replace: the replaced patches stay listed until post_patch has taken over their states, O-31. */

import { kallsymsNthSymbol } from '../../kernel/kallsyms.js';
import { loadModule } from '../../kernel/module.js';
import { TASK } from '../../kernel/task.js';
import { asm, INSTRUCTION_WORDS } from '../../kernel/text.js';
import { klpGetPrevState } from '../../livepatch/state.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_31 } from '../../memory/sites.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { kernelRace, raceContext, restFor } from '../../scenario/kernel-race.js';
import {
  attempt,
  callAndSleep,
  leaveFunction,
  loadLivepatches,
  PATCHED_FUNCTION,
  STRAGGLER,
} from '../../scenario/patched-function.js';

const STATE = 7;
const TAKE_OVER = 1;
/** Event of post_patch: the state of the replaced patch that it finds, or 0. */
const TRACE_TAKE_OVER = 1003;

/** post_patch of the second patch: look for what the first one left. */
function takeOver(cpu: Cpu, _obj: Addr): number {
  cpu.trace(TRACE_TAKE_OVER, klpGetPrevState(cpu, STATE));
  return 0;
}

const version = (name: string, n: number) => ({ name, code: [asm.mark(n, 1), asm.ret] });

const DECLARATION = {
  ...PATCHED_FUNCTION,
  callbacks: [undefined, takeOver],
  initialTasks: [{ ...STRAGGLER, sleepingIn: ['caller'] }],
  modules: [
    {
      name: 'livepatch_a',
      functions: [version('f_a', 1)],
      patch: {
        states: [{ id: STATE, version: 1 }],
        objects: [{ funcs: [{ oldName: 'f', newName: 'f_a' }] }],
      },
    },
    {
      name: 'livepatch_b',
      functions: [version('f_b', 2)],
      patch: {
        replace: true,
        states: [{ id: STATE, version: 2 }],
        objects: [
          { funcs: [{ oldName: 'f', newName: 'f_b' }], callbacks: { postPatch: TAKE_OVER } },
        ],
      },
    },
  ],
};

/** The first patch is enabled; the second waits for a task that is in the function of the first. */
function startReplacing(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
  const { nameId, tasks } = raceContext(cpu);
  const entry = kallsymsNthSymbol(cpu, nameId('livepatch_a'), nameId('f_a'), 1);
  cpu.set((tasks[0] ?? 0) + TASK.pc, entry + INSTRUCTION_WORDS);
  loadModule(cpu, 1);
  restFor(cpu, 250);
}

/** CPU 0 completes the replace; CPU 1's task, which has switched, calls `f`. */
export const replaceState = kernelRace({
  name: 'replace-state',
  description: 'klp_complete_transition() of a replace, whose post_patch asks for the older state.',
  declaration: DECLARATION,
  prepare: startReplacing,
  settle: leaveFunction,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'caller', sleepingIn: [], body: callAndSleep },
  ],
  observe({ events }) {
    const asked = events.find(({ event }) => event === TRACE_TAKE_OVER);
    if (!asked) return 'pending';
    return asked.a === NULL ? 'state lost' : 'taken over';
  },
  outcomes: {
    'taken over': { grade: 'acceptable', reason: 'post_patch finds the state of the older patch' },
    pending: { grade: 'acceptable', reason: 'another attempt is needed' },
    'state lost': {
      grade: 'forbidden',
      reason: 'post_patch does not find the state of the patch that it replaces',
    },
  },
  bounds: { steps: 20_000 },
  ablations: [
    { sites: [O_31], finds: 'state lost', why: 'the replaced patch is unlisted before post_patch' },
  ],
});
