/** The protocols that wait for handlers and for switches under way, O-05 and O-14 to O-18, as litmus tests. */

import { O_05, O_14, O_15, O_16, O_17, O_18 } from '../../memory/sites.js';
import { never, sometimes, type LitmusForm } from './litmus-form.js';

/** Reverse: a task that took the flag of the old direction. Preemption off is a read-side section, sync a grace period. */
export const LITMUS_REVERSE_SYNC: LitmusForm = {
  name: 'klp-reverse-sync',
  bad: 'a switch that began before the reverse stores the old direction after the reverse has looked at the task',
  source: `C klp-reverse-sync
{
pending=1;
target=1;
}
P0(int *pending, int *target, int *state)
{
	int r0;

	WRITE_ONCE(*pending, 0);
	«O-05: synchronize_rcu(); | »
	WRITE_ONCE(*target, 0);
	r0 = READ_ONCE(*state);
}
P1(int *pending, int *target, int *state)
{
	int r0;
	int r1;

	«O-18: rcu_read_lock(); | »
	r0 = READ_ONCE(*pending);
	if (r0) {
		r1 = READ_ONCE(*target);
		WRITE_ONCE(*state, r1);
	}
	«O-18: rcu_read_unlock(); | »
}
exists (0:r0=0 /\\ state=1)
`,
  claims: [never(), sometimes(O_05), sometimes(O_18)],
};

/** End of a disable on a stack that keeps an older function. */
export const LITMUS_REMOVE: LitmusForm = {
  name: 'klp-remove',
  bad: 'a handler still holds the removed function and no longer sees it in transition: it runs code that is freed',
  source: `C klp-remove
{
head=1;
transition=1;
}
P0(int *head, int *transition)
{
	WRITE_ONCE(*head, 0);
	«O-15: synchronize_rcu(); | »
	WRITE_ONCE(*transition, 0);
}
P1(int *head, int *transition)
{
	int r0;
	int r1;

	«O-17: rcu_read_lock(); | »
	r0 = READ_ONCE(*head);
	smp_rmb();
	r1 = READ_ONCE(*transition);
	«O-17: rcu_read_unlock(); | »
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_15), sometimes(O_17)],
};

/** End of an enable. */
export const LITMUS_COMPLETE: LitmusForm = {
  name: 'klp-complete',
  bad: 'a handler that saw the function in transition reads KLP_UNDEFINED: a WARN',
  source: `C klp-complete
{
transition=1;
state=1;
}
P0(int *transition, int *state)
{
	WRITE_ONCE(*transition, 0);
	«O-16: synchronize_rcu(); | »
	WRITE_ONCE(*state, 0);
}
P1(int *transition, int *state)
{
	int r0;
	int r1;

	«O-17: rcu_read_lock(); | »
	r0 = READ_ONCE(*transition);
	if (r0) {
		smp_rmb();
		r1 = READ_ONCE(*state);
	}
	«O-17: rcu_read_unlock(); | »
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_16), sometimes(O_17)],
};

/** The last function leaves its stack. */
export const LITMUS_UNREGISTER: LitmusForm = {
  name: 'klp-unregister',
  bad: 'a handler that was called through the ftrace site finds its stack empty: a WARN, and its ops are freed',
  source: `C klp-unregister
{
site=1;
head=1;
}
P0(int *site, int *head)
{
	WRITE_ONCE(*site, 0);
	«O-14: synchronize_rcu(); | »
	WRITE_ONCE(*head, 0);
}
P1(int *site, int *head)
{
	int r0;
	int r1;

	«O-17: rcu_read_lock(); | »
	r0 = READ_ONCE(*site);
	r1 = READ_ONCE(*head);
	«O-17: rcu_read_unlock(); | »
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_14), sometimes(O_17)],
};
