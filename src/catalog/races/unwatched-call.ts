/** A handler in code that RCU does not watch: why klp_synchronize_transition() is no synchronize_rcu(), O-19. */

import { percpu, PERCPU } from '../../kernel/layout.js';
import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_19 } from '../../memory/sites.js';
import { callTraced, raceContext, sleepHere } from '../../scenario/kernel-race.js';
import {
  attempt,
  leaveFunction,
  patchedFunctionRace,
  SLEEPER,
  startDisablingSecond,
  TRACE_CALLED,
} from '../../scenario/patched-function.js';

/** The current task calls `f` early in the entry code, before RCU is told that the CPU is in the kernel. */
function callUnwatched(cpu: Cpu): void {
  const watching = percpu(cpu.ctx.kernel, cpu.id) + PERCPU.rcuWatching;
  cpu.set(watching, 0);
  cpu.trace(TRACE_CALLED, callTraced(cpu, raceContext(cpu).symbol('f')));
  cpu.set(watching, 1);
  sleepHere(cpu);
}

/** CPU 0 completes the disabling of the second patch; CPU 1's task, which has switched, calls `f` unwatched. */
export const unwatchedCall = patchedFunctionRace({
  name: 'unwatched-call',
  description: 'klp_complete_transition() of a disable against a handler that RCU does not watch.',
  initialTasks: [SLEEPER],
  prepare: startDisablingSecond,
  settle: leaveFunction,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'caller', sleepingIn: [], body: callUnwatched },
  ],
  observed: 2,
  versions: ['f_a'],
  ablations: [
    {
      sites: [O_19],
      finds: `WARN ${WARN_HANDLER_UNDEFINED.id}`,
      why: 'synchronize_rcu() does not wait for the handler, which then sees KLP_UNDEFINED, or takes the removed function',
    },
  ],
});
