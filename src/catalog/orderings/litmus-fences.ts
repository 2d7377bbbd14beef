/** The protocols of fences, flag and publication, O-01 to O-12, as litmus tests. */

import {
  O_01,
  O_02,
  O_03,
  O_04,
  O_06,
  O_07,
  O_08,
  O_09,
  O_10,
  O_11,
  O_12,
} from '../../memory/sites.js';
import { never, sometimes, type LitmusForm } from './litmus-form.js';
import { published } from './litmus-shapes.js';

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
  bad: 'a thread that the hook has switched does not see func->transition in its next call',
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
  source: published({
    name: 'klp-publish',
    content: 'next',
    pointer: 'head',
    before: 'original',
    assign: O_12,
    dereference: O_11,
  }),
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
