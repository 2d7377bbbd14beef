/** The protocols of the transition as litmus tests; each claim is checked against the axioms of the kernel memory model. */

import {
  O_01,
  O_02,
  O_03,
  O_04,
  O_05,
  O_06,
  O_07,
  O_08,
  O_09,
  O_10,
  O_11,
  O_12,
  O_14,
  O_15,
  O_16,
  O_17,
  O_18,
  O_20,
  O_22,
  O_25,
  O_27,
  O_29,
  O_30,
  type SiteId,
} from '../../memory/sites.js';
import type { LitmusClaim, LitmusForm } from './litmus-form.js';

const never = (...removed: SiteId[]): LitmusClaim => ({ removed, verdict: 'Never' });
const sometimes = (...removed: SiteId[]): LitmusClaim => ({ removed, verdict: 'Sometimes' });

/** Disable, seen by a task that leaves the kernel, switches and calls the function again. */
export const LITMUS_DISABLE: LitmusForm = {
  name: 'klp-disable',
  bad: 'a task that has switched to unpatched does not see func->transition, and runs the function that goes',
  source: `C klp-disable
{ }
P0(int *target, int *state, int *transition, int *pending)
{
	WRITE_ONCE(*target, 1);
	WRITE_ONCE(*state, 1);
	«O-01: smp_wmb(); | »
	WRITE_ONCE(*transition, 1);
	«O-04: smp_wmb(); | »
	WRITE_ONCE(*pending, 1);
}
P1(int *target, int *state, int *transition, int *pending, int *head)
{
	int r0;
	int r1;
	int r2;
	int r3;

	r0 = «O-07: xchg(pending, 0); | xchg_relaxed(pending, 0);»
	if (r0) {
		r1 = READ_ONCE(*target);
		WRITE_ONCE(*state, r1);
	}
	r2 = READ_ONCE(*head);
	«O-09: smp_rmb(); | »
	r3 = READ_ONCE(*transition);
}
exists (1:r0=1 /\\ 1:r3=0)
`,
  claims: [never(), sometimes(O_04), never(O_01), never(O_07), never(O_09), sometimes(O_07, O_09)],
};

/** The same, seen by a CPU-bound kernel thread whose cond_resched() finds the flag. */
export const LITMUS_DISABLE_HOOK: LitmusForm = {
  name: 'klp-disable-hook',
  bad: 'a thread that cond_resched() has switched does not see func->transition in its next call',
  source: `C klp-disable-hook
{ }
P0(int *target, int *transition, int *pending)
{
	WRITE_ONCE(*target, 1);
	«O-02: smp_wmb(); | »
	WRITE_ONCE(*transition, 1);
	«O-04: smp_wmb(); | »
	WRITE_ONCE(*pending, 1);
}
P1(int *transition, int *pending, int *head)
{
	int r0;
	int r2;
	int r3;

	r0 = READ_ONCE(*pending);
	«O-08: smp_rmb(); | »
	r2 = READ_ONCE(*head);
	«O-09: smp_rmb(); | »
	r3 = READ_ONCE(*transition);
}
exists (1:r0=1 /\\ 1:r3=0)
`,
  claims: [never(), sometimes(O_04), never(O_08), never(O_09), sometimes(O_08, O_09)],
};

/** Disable, seen by a task that switches: which target state it reads. */
export const LITMUS_TARGET: LitmusForm = {
  name: 'klp-target',
  bad: 'a task takes TIF_PATCH_PENDING and reads the target state from before the transition',
  source: `C klp-target
{ }
P0(int *target, int *transition, int *pending)
{
	WRITE_ONCE(*target, 1);
	«O-02: smp_wmb(); | »
	WRITE_ONCE(*transition, 1);
	«O-04: smp_wmb(); | »
	WRITE_ONCE(*pending, 1);
}
P1(int *target, int *pending)
{
	int r0;
	int r1;

	r0 = «O-07: xchg(pending, 0); | xchg_relaxed(pending, 0);»
	if (r0)
		r1 = READ_ONCE(*target);
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), never(O_02), never(O_04), sometimes(O_02, O_04), sometimes(O_07)],
};

/** The same for the cond_resched() hook. */
export const LITMUS_TARGET_HOOK: LitmusForm = {
  name: 'klp-target-hook',
  bad: 'the hook sees TIF_PATCH_PENDING and reads the target state from before the transition',
  source: `C klp-target-hook
{ }
P0(int *target, int *transition, int *pending)
{
	WRITE_ONCE(*target, 1);
	«O-02: smp_wmb(); | »
	WRITE_ONCE(*transition, 1);
	«O-04: smp_wmb(); | »
	WRITE_ONCE(*pending, 1);
}
P1(int *target, int *pending)
{
	int r0;
	int r1;

	r0 = READ_ONCE(*pending);
	«O-08: smp_rmb(); | »
	r1 = READ_ONCE(*target);
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), never(O_02), never(O_04), sometimes(O_02, O_04), sometimes(O_08)],
};

/** Any transition, seen by a handler for which the function is already on the stack. */
export const LITMUS_STATE: LitmusForm = {
  name: 'klp-state',
  bad: 'the handler sees func->transition and a patch_state of KLP_UNDEFINED: a WARN',
  source: `C klp-state
{ }
P0(int *state, int *transition)
{
	WRITE_ONCE(*state, 1);
	«O-01: smp_wmb(); | »
	WRITE_ONCE(*transition, 1);
}
P1(int *state, int *transition)
{
	int r0;
	int r1;

	r0 = READ_ONCE(*transition);
	if (r0) {
		«O-10: smp_rmb(); | »
		r1 = READ_ONCE(*state);
	}
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_01), sometimes(O_10)],
};

/** Enable, seen by a handler of a task that has not switched. */
export const LITMUS_ENABLE: LitmusForm = {
  name: 'klp-enable',
  bad: 'a task finds the new function on the stack but not in transition, and runs it without having switched',
  source: `C klp-enable
{
head=original;
}
P0(int *transition, int **head)
{
	WRITE_ONCE(*transition, 1);
	«O-03: smp_wmb(); | »
	«O-12: rcu_assign_pointer(*head, transition); | WRITE_ONCE(*head, transition);»
}
P1(int *transition, int **head)
{
	int *r0;
	int r1;

	r0 = «O-11: rcu_dereference(*head); | READ_ONCE(*head);»
	«O-09: smp_rmb(); | »
	r1 = READ_ONCE(«O-11: *r0 | *transition»);
}
exists (1:r0=transition /\\ 1:r1=0)
`,
  claims: [
    never(),
    never(O_03),
    never(O_12),
    sometimes(O_03, O_12),
    never(O_09),
    never(O_11),
    sometimes(O_09, O_11),
  ],
};

/** Enable, seen by a handler: the patch state. */
export const LITMUS_ENABLE_STATE: LitmusForm = {
  name: 'klp-enable-state',
  bad: 'a handler finds the new function in transition, but the task without a patch_state: a WARN, and new code',
  source: `C klp-enable-state
{
head=original;
}
P0(int *state, int *transition, int **head)
{
	WRITE_ONCE(*state, 1);
	«O-01: smp_wmb(); | »
	WRITE_ONCE(*transition, 1);
	«O-03: smp_wmb(); | »
	«O-12: rcu_assign_pointer(*head, transition); | WRITE_ONCE(*head, transition);»
}
P1(int *state, int *transition, int **head)
{
	int *r0;
	int r1;
	int r2;

	r0 = rcu_dereference(*head);
	«O-09: smp_rmb(); | »
	r1 = READ_ONCE(*r0);
	if (r1) {
		«O-10: smp_rmb(); | »
		r2 = READ_ONCE(*state);
	}
}
exists (1:r0=transition /\\ 1:r1=1 /\\ 1:r2=0)
`,
  claims: [
    never(),
    never(O_01),
    never(O_01, O_03),
    never(O_01, O_12),
    sometimes(O_01, O_03, O_12),
    never(O_09),
    never(O_10),
    sometimes(O_09, O_10),
  ],
};

/** Publication of a function: its link to the older one. */
export const LITMUS_PUBLISH: LitmusForm = {
  name: 'klp-publish',
  bad: 'a handler finds the new function and follows its link before the link was written',
  source: `C klp-publish
{
head=original;
}
P0(int *next, int **head)
{
	WRITE_ONCE(*next, 1);
	«O-12: rcu_assign_pointer(*head, next); | WRITE_ONCE(*head, next);»
}
P1(int *next, int **head)
{
	int *r0;
	int r1;

	r0 = «O-11: rcu_dereference(*head); | READ_ONCE(*head);»
	r1 = READ_ONCE(«O-11: *r0 | *next»);
}
exists (1:r0=next /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_12), sometimes(O_11)],
};

/** Reverse: what a task reads that finds the flag of the new direction. */
export const LITMUS_REVERSE: LitmusForm = {
  name: 'klp-reverse',
  bad: 'a task takes the flag of the new direction and stores the old one',
  source: `C klp-reverse
{ }
P0(int *target, int *pending)
{
	WRITE_ONCE(*target, 1);
	«O-06: smp_wmb(); | »
	WRITE_ONCE(*pending, 1);
}
P1(int *target, int *pending)
{
	int r0;
	int r1;

	r0 = «O-07: xchg(pending, 0); | xchg_relaxed(pending, 0);»
	if (r0)
		r1 = READ_ONCE(*target);
}
exists (1:r0=1 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_06), sometimes(O_07)],
};

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
  source: `C klp-pin
{ }
P0(int *running, int *state, spinlock_t *pi_lock)
{
	int r0;

	«O-22: spin_lock(pi_lock); | »
	r0 = READ_ONCE(*running);
	if (!r0)
		WRITE_ONCE(*state, 1);
	«O-22: spin_unlock(pi_lock); | »
}
P1(int *running, int *state, spinlock_t *pi_lock)
{
	int r1;

	spin_lock(pi_lock);
	WRITE_ONCE(*running, 1);
	spin_unlock(pi_lock);
	r1 = READ_ONCE(*state);
}
exists (0:r0=0 /\\ 1:r1=0)
`,
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
  source: `C klp-hotplug
{ }
P0(int *online, int *state, spinlock_t *hotplug)
{
	int r0;

	«O-27: spin_lock(hotplug); | »
	r0 = READ_ONCE(*online);
	if (!r0)
		WRITE_ONCE(*state, 1);
	«O-27: spin_unlock(hotplug); | »
}
P1(int *online, int *state, spinlock_t *hotplug)
{
	int r1;

	spin_lock(hotplug);
	WRITE_ONCE(*online, 1);
	spin_unlock(hotplug);
	r1 = READ_ONCE(*state);
}
exists (0:r0=0 /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_27)],
};

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
  source: `C klp-shadow
{
bucket=empty;
}
P0(int *data, int **bucket)
{
	WRITE_ONCE(*data, 1);
	«O-30: rcu_assign_pointer(*bucket, data); | WRITE_ONCE(*bucket, data);»
}
P1(int *data, int **bucket)
{
	int *r0;
	int r1;

	r0 = «O-30: rcu_dereference(*bucket); | READ_ONCE(*bucket);»
	r1 = READ_ONCE(«O-30: *r0 | *data»);
}
exists (1:r0=data /\\ 1:r1=0)
`,
  claims: [never(), sometimes(O_30)],
};

/** All forms. */
export const LITMUS_FORMS: readonly LitmusForm[] = [
  LITMUS_DISABLE,
  LITMUS_DISABLE_HOOK,
  LITMUS_TARGET,
  LITMUS_TARGET_HOOK,
  LITMUS_STATE,
  LITMUS_ENABLE,
  LITMUS_ENABLE_STATE,
  LITMUS_PUBLISH,
  LITMUS_REVERSE,
  LITMUS_REVERSE_SYNC,
  LITMUS_REMOVE,
  LITMUS_COMPLETE,
  LITMUS_UNREGISTER,
  LITMUS_FORK,
  LITMUS_PIN,
  LITMUS_ALIVE,
  LITMUS_HOTPLUG,
  LITMUS_FREE,
  LITMUS_SHADOW,
];
