/** L-6: the attempt's own task on PREEMPT_RT. */

import type { LatentIssue } from '../../scenario/latent.js';
import { inTransition, NO_HOOK, reachesHook } from './kernel-lines.js';

export const L_6: LatentIssue = {
  id: 'L-6',
  title: 'on PREEMPT_RT the attempt switches its own task with preemption enabled',
  claim:
    'klp_try_switch_task(current) relies on the caller for disabled preemption. Under tasklist_lock that holds unless the ' +
    'kernel is PREEMPT_RT, where read_lock() can be preempted: another thread on the CPU overwrites the stack trace that is ' +
    'being judged.',
  meaning:
    'A task is switched in a function that is replaced: the consistency model is violated. It needs a thread that is woken on ' +
    "this CPU and reaches the hook right then. The kernel's lockdep assertion would have reported the missing " +
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
  absent: { '6.1': `${NO_HOOK}, and it has one stack buffer, which klp_mutex protects` },
  steps: [
    inTransition(
      {
        who: 'CPU 0, admin',
        fn: 'klp_try_complete_transition',
        does: 'read_lock(&tasklist_lock) leaves preemption enabled on PREEMPT_RT',
      },
      469,
    ),
    inTransition(
      {
        who: 'CPU 0, admin',
        fn: 'klp_try_switch_task',
        does: 'the task is current: its stack is checked without taking its locks',
      },
      314,
    ),
    inTransition(
      {
        who: 'CPU 0, admin',
        fn: 'klp_check_stack',
        does: 'the stack trace is in the buffer of this CPU; the admin is preempted',
      },
      265,
    ),
    ...reachesHook('CPU 0, another thread'),
    inTransition(
      {
        who: 'CPU 0, another thread',
        fn: 'klp_check_stack',
        does: 'writes its own trace into the same buffer',
      },
      265,
    ),
    inTransition(
      {
        who: 'CPU 0, admin',
        fn: 'klp_check_and_switch_task',
        does: "judges the other thread's trace, and is switched inside a function that goes",
      },
      293,
    ),
  ],
  fix: 'In klp_try_switch_task(), disable preemption around klp_check_and_switch_task(current); or pin current by task_call_func() too, as 6.1 does.',
  likely:
    'PREEMPT_RT, an administrator whose own stack holds the patched function when it attempts (a patch for the write path ' +
    'of sysfs or for module loading), and a marked thread that is woken on its CPU within some microseconds.',
};
