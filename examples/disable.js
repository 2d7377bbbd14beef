/** A livepatch race: one task disables the livepatch while another calls the function that it patches. */

import { callAndSleep, disablePatch, enablePatch, O_01, patchedFunctionRace } from 'klp-smp';

export const disable = patchedFunctionRace({
  name: 'disable',
  description: 'A disable against a call of the patched function.',
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'caller', sleepingIn: [], body: callAndSleep },
  ],
  observed: 1,
  versions: ['f_a'],
  ablations: [{ sites: [O_01], finds: 'WARN 34', why: 'the flag is seen before the patch state' }],
});
