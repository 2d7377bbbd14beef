/** A fork during an enabling that is reversed: whatever side the child is on, it keeps it as long as it stays in the kernel. */

import { dupTaskStruct, linkChild } from '../../kernel/fork.js';
import { asm, INSTRUCTION_WORDS, type FunctionSource } from '../../kernel/text.js';
import { TRACE_MARK } from '../../kernel/trace.js';
import type { Cpu } from '../../memory/cpu.js';
import { firedWarn, kernelRace, raceContext, sleepHere } from '../../scenario/kernel-race.js';
import {
  disablePatch,
  enablePatch,
  FATES,
  PATCHED_FUNCTION,
  STRAGGLER,
} from '../../scenario/patched-function.js';

const LONG = 100_000;

const version = (name: string, n: number, group: number): FunctionSource => ({
  name,
  code: [asm.mark(n, group), asm.spin(1), asm.ret],
});

/** What the child does: `g` and `h` are replaced together, and are never called as one old and one new. */
const DECLARATION = {
  ...PATCHED_FUNCTION,
  initialTasks: [STRAGGLER],
  vmlinux: {
    functions: [
      ...PATCHED_FUNCTION.vmlinux.functions,
      version('g', 0, 2),
      version('h', 0, 3),
      { name: 'both', code: [asm.call('g'), asm.call('h'), asm.ret] },
      {
        name: 'forked',
        code: [asm.call('both'), asm.at('again', asm.sleep(LONG)), asm.jump('again')],
      },
    ],
  },
  modules: [
    {
      name: 'livepatch_a',
      functions: [
        { name: 'f_a', code: [asm.mark(1, 1), asm.sleep(LONG), asm.ret] },
        version('g_a', 1, 2),
        version('h_a', 1, 3),
      ],
      patch: {
        objects: [
          {
            funcs: ['f', 'g', 'h'].map((name) => ({ oldName: name, newName: `${name}_a` })),
          },
        ],
      },
    },
  ],
};

/** fork(): the child calls both functions as soon as it runs. */
function fork(cpu: Cpu): void {
  const child = dupTaskStruct(cpu);
  linkChild(cpu, child, raceContext(cpu).symbol('forked') + INSTRUCTION_WORDS, 0);
  sleepHere(cpu);
}

/** CPU 0 reverses an enabling; CPU 1's task forks a thread that calls two functions of the patch. */
export const forkReverse = kernelRace({
  name: 'fork-reverse',
  description: 'klp_reverse_transition() against a forked task that calls two patched functions.',
  declaration: DECLARATION,
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'parent', sleepingIn: ['f'], body: fork },
  ],
  observe(end, { booted: { kernel } }) {
    const warn = firedWarn(end, kernel);
    if (warn !== undefined) return warn;
    const ran = end.events.filter(({ event }) => event === TRACE_MARK).map(({ b }) => b >> 16);
    if (ran.length < 2) return 'not run';
    return new Set(ran).size === 1 ? 'one side' : 'mixed';
  },
  outcomes: {
    ...FATES,
    'one side': { grade: 'acceptable', reason: 'the child ran both functions of one side' },
    'not run': { grade: 'acceptable', reason: 'the child did not get so far' },
    mixed: { grade: 'forbidden', reason: 'the child ran an old and a new function in one go' },
  },
  jiffies: 400,
  bounds: { steps: 20_000 },
  ablations: [],
});
