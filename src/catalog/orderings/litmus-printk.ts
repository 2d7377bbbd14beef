/** The protocol of a function stack and the flags of tasks, O-38, as litmus tests. */

import { O_07, O_08, O_09, O_38 } from '../../memory/sites.js';
import { never, sometimes, type LitmusForm } from './litmus-form.js';

/** An enable of a function that is patched already, seen by a task that leaves the kernel, switches and calls it again. */
export const LITMUS_STACK: LitmusForm = {
  name: 'klp-stack',
  bad: 'a task that has switched to patched finds the older function on top of the stack',
  source: `C klp-stack
{ }
P0(int *head, int *pending, spinlock_t *tasklist)
{
	smp_store_release(head, 1);
	«O-38: smp_mb(); | »
	spin_lock(tasklist);
	WRITE_ONCE(*pending, 1);
	spin_unlock(tasklist);
}
P1(int *head, int *pending)
{
	int r0;
	int r1;

	r0 = «O-07: xchg(pending, 0); | xchg_relaxed(pending, 0);»
	r1 = READ_ONCE(*head);
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_38), sometimes(O_07)],
};

/** The same, seen by a CPU-bound kernel thread whose hook finds the flag. */
export const LITMUS_STACK_HOOK: LitmusForm = {
  name: 'klp-stack-hook',
  bad: 'a thread that its hook has switched to patched finds the older function on top of the stack',
  source: `C klp-stack-hook
{ }
P0(int *head, int *pending)
{
	smp_store_release(head, 1);
	«O-38: smp_mb(); | »
	WRITE_ONCE(*pending, 1);
}
P1(int *head, int *pending)
{
	int r0;
	int r1;

	r0 = READ_ONCE(*pending);
	«O-08: smp_rmb(); | »
	r1 = READ_ONCE(*head);
	«O-09: smp_rmb(); | »
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_38), sometimes(O_08), never(O_09)],
};
