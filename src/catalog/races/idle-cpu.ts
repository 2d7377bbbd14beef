/** A CPU that is idle throughout a transition: it has to be prodded, O-26. */

import { loadModule } from '../../kernel/module.js';
import { KLP_UNDEFINED } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_26 } from '../../memory/sites.js';
import { kernelRace, restFor, sleepHere } from '../../scenario/kernel-race.js';
import { PATCHED_FUNCTION } from '../../scenario/patched-function.js';

function nothing(_cpu: Cpu): void {
  // The machine is as it booted.
}

function enableAndWait(cpu: Cpu): void {
  loadModule(cpu, 0);
  restFor(cpu, 600);
}

/** CPU 0 enables a patch and waits; CPU 1 has nothing to do. */
export const idleCpu = kernelRace({
  name: 'idle-cpu',
  description: 'klp_try_complete_transition() while another CPU is idle.',
  declaration: PATCHED_FUNCTION,
  prepare: nothing,
  roles: [
    { comm: 'admin', sleepingIn: [], body: enableAndWait },
    { comm: 'idler', sleepingIn: [], body: sleepHere },
  ],
  jiffies: 1000,
  observe: (end, { booted }) =>
    end.read(booted.klp.targetState) === KLP_UNDEFINED ? 'complete' : 'stalled',
  outcomes: {
    complete: { grade: 'acceptable', reason: 'the transition ends' },
    stalled: {
      grade: 'forbidden',
      reason: 'several attempts later the transition still waits for an idle task',
    },
  },
  bounds: { steps: 60_000 },
  ablations: [
    { sites: [O_26], finds: 'stalled', why: 'the idle task never reaches its switch point' },
  ],
});
