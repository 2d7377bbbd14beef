/** L-6: the attempt's own task on PREEMPT_RT. */

import type { LatentIssue } from '../../scenario/latent.js';

export const L_6: LatentIssue = {
  id: 'L-6',
  title: 'on PREEMPT_RT the attempt switches its own task with preemption enabled',
  claim:
    'klp_try_switch_task(current) relies on the caller for disabled preemption. Under tasklist_lock that holds unless the ' +
    'kernel is PREEMPT_RT, where read_lock() can be preempted: another thread on the CPU overwrites the stack trace that is ' +
    'being judged.',
  meaning:
    'A task is switched in a function that is replaced: the consistency model is violated. It needs a thread that is woken on ' +
    "this CPU and reaches cond_resched() right then. The kernel's lockdep assertion would have reported the missing " +
    'protection before.',
  expected: 'found',
  attempts: [
    {
      kind: 'race',
      scenario: 'switch-self-rt',
      shows: 'switched in f',
      control: { scenario: 'switch-self', what: 'where read_lock() disables preemption' },
    },
  ],
};
