/** The protocols of locks around tasks, modules and CPUs, O-20 to O-27, as litmus tests. */

import { O_20, O_22, O_25, O_27 } from '../../memory/sites.js';
import { never, sometimes, type LitmusForm } from './litmus-form.js';
import { switchedUnderLock } from './litmus-shapes.js';

/** fork against the loop of klp_init_transition(). */
export const LITMUS_FORK: LitmusForm = {
  name: 'klp-fork',
  bad: 'the loop misses the child, and the child copied its state from before the loop',
  source: `C klp-fork
{ }
P0(int *linked, int *parent, spinlock_t *tasklist)
{
	int r0;

	«O-20: spin_lock(tasklist); | »
	r0 = READ_ONCE(*linked);
	WRITE_ONCE(*parent, 1);
	«O-20: spin_unlock(tasklist); | »
}
P1(int *linked, int *parent, spinlock_t *tasklist)
{
	int r1;

	spin_lock(tasklist);
	r1 = READ_ONCE(*parent);
	WRITE_ONCE(*linked, 1);
	spin_unlock(tasklist);
}
exists (0:r0=0 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_20)],
};

/** Pinning a task while its stack is checked. */
export const LITMUS_PIN: LitmusForm = {
  name: 'klp-pin',
  bad: 'a task whose stack was found clean while it slept wakes up and calls the old function before it is switched',
  source: switchedUnderLock({ name: 'klp-pin', running: 'running', lock: 'pi_lock', site: O_22 }),
  claims: [never(), sometimes(O_22)],
};

/** A module that is coming, and a patch that is being enabled. */
export const LITMUS_ALIVE: LitmusForm = {
  name: 'klp-alive',
  bad: 'a new patch takes a module for loaded to which its predecessors have not been applied yet',
  source: `C klp-alive
{ }
P0(int *found, int *alive, int *applied, spinlock_t *mutex)
{
	WRITE_ONCE(*found, 1);
	spin_lock(mutex);
	WRITE_ONCE(*alive, 1);
	WRITE_ONCE(*applied, 1);
	spin_unlock(mutex);
}
P1(int *found, int *alive, int *applied, spinlock_t *mutex)
{
	int r0;
	int r1;

	spin_lock(mutex);
	r0 = READ_ONCE(«O-25: *alive | *found»);
	r1 = READ_ONCE(*applied);
	spin_unlock(mutex);
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_25)],
};

/** The idle task of a CPU that comes online. */
export const LITMUS_HOTPLUG: LitmusForm = {
  name: 'klp-hotplug',
  bad: 'the idle task of a CPU found offline is switched after the CPU came online and ran the old side',
  source: switchedUnderLock({
    name: 'klp-hotplug',
    running: 'online',
    lock: 'hotplug',
    site: O_27,
  }),
  claims: [never(), sometimes(O_27)],
};
