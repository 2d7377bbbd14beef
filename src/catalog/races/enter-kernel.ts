/** An attempt against a task that comes from user mode: a system call sees one side, however often it calls the function. */

import { TASK, TIF_PATCH_PENDING } from '../../kernel/task.js';
import { INSTRUCTION_WORDS } from '../../kernel/text.js';
import { klpUpdatePatchState } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import {
  callTraced,
  firedWarn,
  kernelRace,
  raceContext,
  sleepHere,
} from '../../scenario/kernel-race.js';
import {
  attempt,
  enablePatch,
  FATES,
  PATCHED_FUNCTION,
  TRACE_CALLED,
  versionAt,
} from '../../scenario/patched-function.js';

/** Looks at memory that the program spends in user mode: the attempt may come to it meanwhile. */
const SPENT = 24;

/** A system call that calls `f` twice, and the way back to user mode. */
function systemCall(cpu: Cpu): void {
  const task = cpu.current;
  const f = raceContext(cpu).symbol('f');
  cpu.trace(TRACE_CALLED, callTraced(cpu, f));
  cpu.trace(TRACE_CALLED, callTraced(cpu, f));
  cpu.set(task + TASK.pc, raceContext(cpu).symbol('caller') + INSTRUCTION_WORDS);
  if (cpu.testBit(task + TASK.tiFlags, TIF_PATCH_PENDING)) klpUpdatePatchState(cpu, task);
}

/** A program: in user mode for a while, then a system call; in the end it sleeps. */
function program(cpu: Cpu): void {
  const task = cpu.current;
  cpu.set(task + TASK.userMode, 1);
  for (let spent = 0; spent < SPENT; spent++) cpu.readOnce(task + TASK.state);
  cpu.set(task + TASK.userMode, 0);
  systemCall(cpu);
  sleepHere(cpu);
}

/** CPU 0 attempts to complete an enabling; CPU 1's task is in user mode, and makes a system call. */
export const enterKernel = kernelRace({
  name: 'enter-kernel',
  description: 'klp_try_complete_transition() against a task that enters the kernel.',
  declaration: PATCHED_FUNCTION,
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'program', sleepingIn: ['f'], body: program },
  ],
  observe(end, { booted }) {
    const warn = firedWarn(end, booted.kernel);
    if (warn !== undefined) return warn;
    const ran = end.events
      .filter(({ event }) => event === TRACE_CALLED)
      .map(({ a }) => versionAt(end, booted, a));
    return new Set(ran).size === 1 ? (ran[0] ?? 'none') : 'mixed';
  },
  outcomes: {
    ...FATES,
    f: { grade: 'acceptable', reason: 'the task switches when it leaves the kernel' },
    f_a: { grade: 'acceptable', reason: 'the task had switched in user mode' },
    mixed: { grade: 'forbidden', reason: 'one system call ran the old and the new function' },
  },
  jiffies: 400,
  bounds: { steps: 20_000 },
  ablations: [],
});
