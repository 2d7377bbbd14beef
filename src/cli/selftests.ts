/** `klp-smp selftests`: the kernel tree's livepatch selftests, unmodified, on the simulated machine. */

import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { choiceOf, integerIn, seed, textOf } from '../campaign/options/rules.js';
import { DEFAULT_KERNEL_VERSION, KERNEL_VERSIONS } from '../kernel/versions.js';
import { MEMORY_KINDS } from '../memory/backend.js';
import { DEFAULT_GIVE_UP } from '../shell/patience.js';
import { renderSelftests, selftests } from '../shell/run-selftests.js';
import { addCommand, JSON_OPTION } from './command.js';
import { runUseCase } from './use-case.js';

const TABLE = {
  folder: {
    rule: textOf('a text'),
    about: 'tools/testing/selftests/livepatch of a kernel tree, or the tree',
    flags: '<folder>',
    required: true,
  },
  kernel: {
    rule: choiceOf(KERNEL_VERSIONS),
    about: 'the kernel that is tested',
    fallback: DEFAULT_KERNEL_VERSION,
    flags: '--kernel <version>',
  },
  memory: {
    rule: choiceOf(MEMORY_KINDS),
    about: 'memory backend',
    fallback: 'atomics',
    flags: '--memory <kind>',
  },
  cpus: {
    rule: integerIn({ min: 1, max: 16 }),
    about: 'simulated CPUs',
    fallback: 2,
    flags: '--cpus <n>',
  },
  schedules: {
    rule: integerIn({ min: 1, max: 1_000_000 }),
    about: 'execute each script under so many schedules of the explorer, in virtual time',
    shown: 'none: on threads',
    flags: '--schedules <n>',
    not: ['memory', 'cpus'],
  },
  schedule: {
    rule: integerIn({ min: 0, max: 1_000_000 }),
    about: 'execute each script under this one schedule of the explorer',
    flags: '--schedule <n>',
    not: ['memory', 'cpus', 'schedules'],
  },
  threads: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads that execute schedules',
    fallback: availableParallelism(),
    flags: '--threads <n>',
    needs: { schedules: 'given' },
  },
  only: {
    rule: textOf('a text'),
    about: 'only scripts whose name contains this',
    flags: '--only <text>',
  },
  giveUp: {
    rule: integerIn({ min: 1, max: 86_400 }),
    about: "give a script up after so many seconds of the machine's time",
    fallback: DEFAULT_GIVE_UP,
    flags: '--give-up <seconds>',
  },
  seed: { rule: seed, about: 'seed of the weak memory', fallback: 1, flags: '--seed <n>' },
} as const;

/** Register `selftests`. */
export function registerSelftests(program: Command): void {
  addCommand(program, {
    name: 'selftests',
    description: "run the kernel tree's livepatch selftests as they are, on the simulated machine",
    table: { ...TABLE, ...JSON_OPTION },
    after:
      '\nGet the scripts with: apt-get download linux-source-6.1 (or 6.12), outside of this project.',
    run: async ({ json, ...given }) => {
      const { scripts } = await runUseCase(
        { label: 'selftests', json, text: renderSelftests },
        (watching) =>
          selftests({
            folder: given.folder ?? '',
            kernel: given.kernel ?? DEFAULT_KERNEL_VERSION,
            memory: given.memory ?? 'atomics',
            cpus: given.cpus ?? 2,
            seed: given.seed ?? 1,
            only: given.only,
            giveUp: given.giveUp,
            schedules: given.schedules,
            schedule: given.schedule,
            threads: given.threads,
            ...watching,
          }),
      );
      const failed = scripts.filter(({ outcome }) => outcome === 'not ok');
      // A script that was given up says nothing of the kernel.
      if (failed.length > 0) process.exitCode = failed.every(({ gaveUp }) => gaveUp) ? 2 : 1;
    },
  });
}
