/** The protocols of lifetimes, O-29 and O-30, as litmus tests. */

import { O_29, O_30 } from '../../memory/sites.js';
import { never, sometimes, type LitmusForm } from './litmus-form.js';
import { published } from './litmus-shapes.js';

/** The end of a patch: its kobject and its module. */
export const LITMUS_FREE: LitmusForm = {
  name: 'klp-free',
  bad: 'the module, and the patch in it, is freed while a sysfs access still uses the patch',
  source: `C klp-free
{ }
P0(int *used, int *finish)
{
	WRITE_ONCE(*used, 1);
	smp_store_release(finish, 1);
}
P1(int *used, int *finish)
{
	int r0;
	int r1;

	r0 = «O-29: smp_load_acquire(finish); | 1;»
	if (r0)
		r1 = READ_ONCE(*used);
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_29)],
};

/** A shadow variable and its constructor. */
export const LITMUS_SHADOW: LitmusForm = {
  name: 'klp-shadow',
  bad: 'a reader finds a shadow variable whose constructor has not run',
  source: published({
    name: 'klp-shadow',
    content: 'data',
    pointer: 'bucket',
    before: 'empty',
    assign: O_30,
    dereference: O_30,
  }),
  claims: [never(), sometimes(O_30)],
};
