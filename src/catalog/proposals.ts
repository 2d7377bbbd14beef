/** Changes of livepatch that are debated on the mailing list, as replacements of kernel functions that can be run. */

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One way to write a proposal, or to get it wrong. */
export interface ProposalVariant {
  /** Name of a file of `proposals/`, without extension. */
  readonly file: string;
  readonly what: string;
  /** Races that are executed. Default every scenario that contains what the file replaces. */
  readonly scenarios?: readonly string[];
  /** Key of what has to be found; left out: nothing. */
  readonly finds?: string;
}

/** A proposal as it was made on the list, and what can be said about it here. */
export interface Proposal {
  readonly id: string;
  readonly title: string;
  /** What it changes, in a sentence. */
  readonly changes: string;
  /** Where it stands, as far as we know. */
  readonly state: string;
  /** What a clean result means and what it does not; what a finding says. */
  readonly sense: string;
  readonly variants: readonly ProposalVariant[];
}

/** Path of a file that replaces kernel functions as a proposal wants them. */
export function proposalFile(name: string): string {
  return fileURLToPath(new URL(`./proposals/${name}.js`, import.meta.url));
}

/** What `--with` takes for one of these files, wherever the package is installed. */
const PREFIX = 'proposal:';

/** The word that names a proposal's file in a command line; any other path as it is. */
export function proposalWord(path: string): string {
  const name = basename(path, '.js');
  return path === proposalFile(name) ? `${PREFIX}${name}` : path;
}

/** Path of the file that such a word names; any other text as it is. */
export function proposalPath(word: string): string {
  return word.startsWith(PREFIX) ? proposalFile(word.slice(PREFIX.length)) : word;
}

/** Where the code that such a word names is in this project's repository. */
export const proposalSource = (word: string): string =>
  `src/catalog/proposals/${word.slice(PREFIX.length)}.ts`;

/** All of them. */
export const PROPOSALS: readonly Proposal[] = [
  {
    id: 'P-1',
    title: 'RCU instead of tasklist_lock in the loops of transition.c',
    changes:
      'The loops are RCU read sections. A forked task has no side of its own (IDLE, no flag), and klp_ftrace_handler() takes ' +
      'klp_target_state for it.',
    state: 'v3, 2025; open',
    sense:
      'A forked task follows klp_target_state from one call to the next. When the transition is reversed meanwhile, the task ' +
      'runs an old function after a new one without a switch point in between: the consistency model is violated. A task that ' +
      'inherits its side from its parent, as klp_copy_process() does today, cannot do that, but needs the lock: a loop in a ' +
      'read section passes the place where the child is about to appear, and misses its flag. Tasks that exit are clean here.',
    variants: [
      {
        file: 'rcu-task-loops',
        what: 'as proposed',
        scenarios: [
          ...['fork-reverse', 'task-loops', 'fork-switch', 'disable-call', 'enable-call'],
          ...['reverse-switch', 'complete-patched', 'complete-unpatched', 'exit-loop'],
        ],
        finds: 'mixed',
      },
      {
        file: 'rcu-task-loops-inherit',
        what: 'with a child that inherits flag and side, as today',
        scenarios: ['fork-reverse', 'task-loops', 'fork-switch'],
        finds: 'WARN 35',
      },
    ],
  },
  {
    id: 'P-2',
    title: 'leave the loop of klp_try_complete_transition() early',
    changes:
      'When somebody waits for tasklist_lock the attempt ends, and the next one begins anew.',
    state: 'discussed in 2025; a maintainer is against it',
    sense:
      'Clean in safety: no race shows anything forbidden. Whether the transition ends is another question: as long as somebody ' +
      'waits for the lock at every attempt, tasks behind the same place are never looked at, and only switch by themselves. ' +
      'An attempt that counts what it has not looked at as switched is found.',
    variants: [
      { file: 'leave-loop-early', what: 'as proposed' },
      {
        file: 'leave-loop-complete',
        what: 'with what is not looked at counted as switched',
        scenarios: ['system-enable-disable'],
        finds: 'I-5',
      },
    ],
  },
  {
    id: 'P-3',
    title: 'switch nohz_full tasks that never enter the kernel from outside',
    changes:
      'An attempt switches tasks in user mode itself; stop_machine() keeps them there meanwhile.',
    state: 'refused; deferred work was suggested instead',
    sense:
      'stop_machine() is not modelled: what it costs an isolated CPU, which is why it was refused, is not a question for a race. ' +
      'What is run is the same without stopping anybody, and it shows what the stopping is needed for: a task that was seen in ' +
      'user mode enters the kernel, calls the old function, is switched in the middle of its system call, and calls the new one. ' +
      'Deferred work has to be done at the entry, before anything that can be patched.',
    variants: [
      {
        file: 'user-mode-remote',
        what: 'without stop_machine()',
        scenarios: ['enter-kernel', 'system-enable-disable'],
        finds: 'mixed',
      },
    ],
  },
  {
    id: 'P-4',
    title: 'replace sets',
    changes:
      '`replace` is the number of a set; a patch replaces those of its set, and forcing marks those alone, never the patch of the ' +
      'transition.',
    state: 'v2, May 2026; under review',
    sense:
      'Clean in the race made for it: a forced replacement within one set leaves the patch of another set enabled and unloadable. ' +
      'That sets share neither functions nor states is taken for granted, and not checked here.',
    variants: [
      { file: 'replace-sets', what: 'as proposed', scenarios: ['replace-sets'] },
      {
        file: 'replace-sets-force-own',
        what: 'with forcing that marks the own patch too',
        scenarios: ['replace-sets'],
        finds: 'own patch kept',
      },
    ],
  },
  {
    id: 'P-5',
    title: 'check tasks under pi_lock, without the lock of the run queue',
    changes:
      'task_call_func() reads on_rq and on_cpu, with two read barriers and an acquire, instead of taking the lock of the run ' +
      'queue; a task that is queued or runs is left to the next attempt.',
    state: 'used downstream',
    sense:
      'As we read it. An idle task is on its queue for ever: one whose CPU is always busy is then never switched, and the ' +
      'transition does not end. With idle tasks as today it is clean: who is off the queue and off its CPU is held there by ' +
      'pi_lock. The read of on_cpu is needed: without it a stack is read while its task still runs on it.',
    variants: [
      { file: 'pi-lock-only', what: 'for all tasks', scenarios: ['exit-loop'], finds: 'stalled' },
      { file: 'pi-lock-but-idle', what: 'for all but idle tasks' },
      {
        file: 'pi-lock-no-on-cpu',
        what: 'for all but idle tasks, without the read of on_cpu',
        scenarios: ['wake-while-checked'],
        finds: 'data race',
      },
    ],
  },
];
