/** The protocols of the list of ftrace users, O-34 to O-37, as litmus tests. */

import { O_34, O_35, O_36, O_37 } from '../../memory/sites.js';
import { never, sometimes, type LitmusForm } from './litmus-form.js';
import { published } from './litmus-shapes.js';

/** A user comes: its link to the next. */
export const LITMUS_LIST: LitmusForm = {
  name: 'ftrace-list',
  bad: 'the list function finds a new user before its link, and the users after it are not called',
  source: published({
    name: 'ftrace-list',
    content: 'next',
    pointer: 'list',
    before: 'other',
    assign: O_34,
    dereference: O_35,
  }),
  claims: [never(), sometimes(O_34), sometimes(O_35)],
};

/** A user goes, and is freed. */
export const LITMUS_LIST_FREE: LitmusForm = {
  name: 'ftrace-list-free',
  bad: 'the list function is at a user that has been freed',
  source: `C ftrace-list-free
{
list=1;
ops=1;
}
P0(int *list, int *ops)
{
	WRITE_ONCE(*list, 0);
	«O-36: synchronize_rcu(); | »
	WRITE_ONCE(*ops, 0);
}
P1(int *list, int *ops)
{
	int r0;
	int r1;

	«O-37: rcu_read_lock(); | »
	r0 = READ_ONCE(*list);
	r1 = READ_ONCE(*ops);
	«O-37: rcu_read_unlock(); | »
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_36), sometimes(O_37)],
};
