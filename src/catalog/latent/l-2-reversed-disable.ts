/** L-2: reversing the disable of a patch that is not on top: the list head taken for a function. */

import { FTRACE_OPS } from '../../kernel/ftrace.js';
import { findModule, MODULE } from '../../kernel/module.js';
import { TASK } from '../../kernel/task.js';
import { asm } from '../../kernel/text.js';
import { DEFAULT_KERNEL_VERSION, type KernelVersion } from '../../kernel/versions.js';
import { ENABLED, klpSysfsWrite } from '../../livepatch/core-sysfs.js';
import { KLP_OPS, KLP_PATCH, KLP_PATCHED } from '../../livepatch/layout.js';
import type { HistoryFinding } from '../../scenario/history.js';
import type { LatentIssue, LatentScriptResult } from '../../scenario/latent.js';
import { bootWatched, watchScript, type WatchedMachine } from '../../scenario/watched.js';
import { disable, endless, force, insmod, livepatch, SOON, version } from '../history/machine.js';
import { inCore, inPatch, inTransition } from './kernel-lines.js';

const LONG = [asm.sleepUninterruptible(6000)];
const STAY = [asm.sleepUninterruptible(2500)];

function boot(kernelVersion: KernelVersion): WatchedMachine {
  return bootWatched({
    version: kernelVersion,
    vmlinux: {
      functions: [
        version('f', 0, 1, LONG),
        version('g', 0, 2),
        endless('thread_f', asm.call('f')),
        endless('thread_g', asm.sleepUninterruptible(400), asm.call('g')),
      ],
    },
    modules: [
      livepatch(1, [version('f_v1', 1, 1), version('g_v1', 1, 2, STAY)]),
      livepatch(2, [version('f_v2', 2, 1)]),
    ],
    initialTasks: [
      { comm: 'in_f', thread: 'thread_f' },
      { comm: 'in_g', thread: 'thread_g' },
    ],
  });
}

/** Count plain reads of `fops.func` of any klp_ops: nothing in livepatch has a reason for one. */
function countHeadReads(m: WatchedMachine): { count: number } {
  const { base, stride, count } = m.klp.opsCache;
  const read = m.cpu.read.bind(m.cpu);
  const seen = { count: 0 };
  m.cpu.read = (addr) => {
    const inside = addr >= base && addr < base + count * stride;
    if (inside && (addr - base) % stride === KLP_OPS.fops + FTRACE_OPS.func) seen.count++;
    return read(addr);
  };
  return seen;
}

interface Reversed {
  /** Reads beyond the list head. */
  readonly headReads: number;
  /** The task inside the original `f` was switched to patched. */
  readonly isSwitched: boolean;
  readonly findings: readonly HistoryFinding[];
}

/**
 * Disable the first patch and reverse that, while a task is inside the original `f`, which an earlier force left it in.
 *
 * @param hasSecond another patch for `f` is enabled on top
 */
export function reverseDisable(
  hasSecond: boolean,
  kernelVersion: KernelVersion = DEFAULT_KERNEL_VERSION,
): Reversed {
  const machine = boot(kernelVersion);
  let headReads = 0;
  let isSwitched = false;
  const findings = watchScript(machine, (watched) => {
    watched.letRun(5);
    insmod(watched, 'livepatch_1');
    force(watched, 'livepatch_1');
    watched.letRun(SOON);
    if (hasSecond) insmod(watched, 'livepatch_2');
    watched.letRun(SOON);
    disable(watched, 'livepatch_1');
    const reads = countHeadReads(watched);
    const patch =
      watched.words[findModule(watched.cpu, watched.nameId('livepatch_1')) + MODULE.image] ?? 0;
    klpSysfsWrite(watched.cpu, patch + KLP_PATCH.kobj, ENABLED, '1');
    watched.letRun(150);
    headReads = reads.count;
    const state = watched.words[(watched.tasks[0] ?? 0) + TASK.patchState] ?? 0;
    isSwitched = state === KLP_PATCHED || watched.words[watched.klp.transitionPatch] === 0;
  });
  return { headReads, isSwitched, findings };
}

function run(_seed: number, kernelVersion: KernelVersion): LatentScriptResult {
  const alone = reverseDisable(false, kernelVersion);
  const covered = reverseDisable(true, kernelVersion);
  const findings: HistoryFinding[] = [];
  if (covered.headReads > 0 && alone.headReads === 0) {
    findings.push({
      key: 'bogus pointer',
      detail: `new_func and new_size are read through the list head of a klp_ops, ${covered.headReads} times`,
    });
  }
  if (covered.isSwitched && !alone.isSwitched) {
    findings.push({
      key: 'unchecked switch',
      detail:
        'a task inside the original is switched to patched, which is refused without the patch on top',
    });
  }
  return { findings: [...findings, ...covered.findings, ...alone.findings], searched: 2 };
}

export const L_2: LatentIssue = {
  id: 'L-2',
  title: 'reversing the disable of a patch that is not on top takes a list head for a function',
  claim:
    'In the direction to patched, klp_check_stack_func() looks for the entry behind the function on its stack. The function ' +
    'of the oldest patch has none behind it: when it is not alone there, the list head inside klp_ops is taken for one.',
  meaning:
    'What is read as new_func and new_size is not: here words of the ftrace_ops, in a real kernel memory in front of the ' +
    'klp_ops and a pointer. As a range it is arbitrary: a task inside the original passes the check, as shown, or a task ' +
    'is refused for no reason and the transition stalls. Only an earlier force leaves a task inside the original, since a ' +
    'patch on top hides it: without one a wrong pass has no further consequence.',
  expected: 'found',
  attempts: [
    {
      kind: 'script',
      what: 'the older of two patches for a function is disabled and reversed; the same without the newer one',
      unit: 'sequences',
      run,
    },
  ],
  steps: [
    inCore(
      {
        who: 'admin',
        fn: '__klp_disable_patch',
        does: 'the older patch A is disabled; the func_stack of the function is B, A',
      },
      937,
      983,
    ),
    inTransition(
      {
        who: 'admin',
        fn: 'klp_reverse_transition',
        does: 'echo 1 > enabled: the direction is to patched again',
      },
      648,
      577,
    ),
    inTransition(
      {
        who: 'worker',
        fn: 'klp_check_stack_func',
        does: 'the stack is not singular: what lies behind A, list_next_entry(func, stack_node), is the list head in the klp_ops',
      },
      243,
      224,
    ),
    inPatch(
      {
        who: 'worker',
        fn: 'klp_find_ops',
        does: 'the memory around that klp_ops is read as new_func and new_size',
      },
      25,
    ),
  ],
  fix:
    'In klp_check_stack_func(), take the original function when func is the last entry of the stack ' +
    '(list_is_last(&func->stack_node, &ops->func_stack)), not only when it is the only one.',
  likely:
    'Two patches for one function without atomic replace, the older of which is disabled and enabled again while the ' +
    'transition is under way. Who only uses cumulative patches never comes here.',
};
