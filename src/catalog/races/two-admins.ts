/** Two administrators at once: klp_mutex, O-24. */

import { WARN_INIT_TARGET } from '../../livepatch/warn-sites.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_24 } from '../../memory/sites.js';
import {
  loadLivepatches,
  patchedFunctionRace,
  writeEnabled,
} from '../../scenario/patched-function.js';

function enableBoth(cpu: Cpu): void {
  loadLivepatches(cpu, 2);
}

function disableFirst(cpu: Cpu): void {
  writeEnabled(cpu, 0, '0');
}

function disableSecond(cpu: Cpu): void {
  writeEnabled(cpu, 1, '0');
}

/** CPU 0 disables the first patch, CPU 1 the second. */
export const twoAdmins = patchedFunctionRace({
  name: 'two-admins',
  description: '__klp_disable_patch() of two patches at once.',
  prepare: enableBoth,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disableFirst },
    { comm: 'other', sleepingIn: [], body: disableSecond },
  ],
  observed: 1,
  versions: ['other'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_24],
      finds: `WARN ${WARN_INIT_TARGET.id}`,
      why: 'two transitions are set up at the same time',
    },
  ],
});
