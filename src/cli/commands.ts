/** The commands: what the help says of each without loading it, and where it is. */

import type { RegisterCommand } from './program.js';

/** A command that is not loaded yet. */
export interface CommandEntry {
  readonly name: string;
  /** Its options and arguments, as the help lists them. */
  readonly usage: string;
  readonly description: string;
  readonly load: () => Promise<RegisterCommand>;
}

/** All of them, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'stress',
    usage: '[options]',
    description: 'patch a busy machine at random on real threads, and check it all the while',
    load: async () => (await import('./stress.js')).registerStress,
  },
  {
    name: 'explore',
    usage: '[options] [scenario]',
    description: 'explore the interleavings and reorderings of a scenario, deterministically',
    load: async () => (await import('./explore.js')).registerExplore,
  },
  {
    name: 'replay',
    usage: '[options] <token>',
    description: 'reproduce a finding from its token or recording',
    load: async () => (await import('./replay.js')).registerReplay,
  },
  {
    name: 'compare',
    usage: '[options] <scenario>',
    description: 'run a scenario in the explorer and on real threads, and compare the outcomes',
    load: async () => (await import('./compare.js')).registerCompare,
  },
  {
    name: 'weaken',
    usage: '[options] <program>',
    description:
      'weaken the Atomics of a SharedArrayBuffer program one at a time, and see what breaks',
    load: async () => (await import('./weaken.js')).registerWeaken,
  },
  {
    name: 'verify',
    usage: '[options] [scenarios...]',
    description:
      'execute every scenario with nothing removed, and see that nothing forbidden happens',
    load: async () => (await import('./verify.js')).registerVerify,
  },
  {
    name: 'campaign',
    usage: '[options] [command]',
    description: 'run whole campaigns from one file, here or on many machines',
    load: async () => (await import('./campaign.js')).registerCampaign,
  },
  {
    name: 'orderings',
    usage: '[options] [site]',
    description: 'list the places where live patching relies on order, or tell the story of one',
    load: async () => (await import('./orderings.js')).registerOrderings,
  },
  {
    name: 'ablate',
    usage: '[options] [sites]',
    description: 'remove ordering sites from the races of the catalogue, and see what breaks',
    load: async () => (await import('./ablate.js')).registerAblate,
  },
  {
    name: 'history',
    usage: '[options] [bug]',
    description:
      'replay bugs of the past: the old code must fail as described, that of today must not',
    load: async () => (await import('./history.js')).registerHistory,
  },
  {
    name: 'latent',
    usage: '[options] [issue]',
    description: 'look for suspected bugs in the subsystem as it is, and say what was searched',
    load: async () => (await import('./latent.js')).registerLatent,
  },
  {
    name: 'proposals',
    usage: '[options] [proposal]',
    description: 'run changes of livepatch that are debated, and say which races fail with them',
    load: async () => (await import('./proposals.js')).registerProposals,
  },
  {
    name: 'litmus',
    usage: '[options] [path]',
    description: 'run a litmus test, or a folder of them, and say what it may show and why',
    load: async () => (await import('./litmus.js')).registerLitmus,
  },
  {
    name: 'conformance',
    usage: '[options] <dir>',
    description: "compare each engine's verdicts with recorded ones of herd7",
    load: async () => (await import('./conformance.js')).registerConformance,
  },
  {
    name: 'bench',
    usage: '<name> [options...]',
    description: 'measure; see bench <name> --help for the options',
    load: async () => (await import('./bench.js')).registerBench,
  },
  {
    name: 'shell',
    usage: '[options] [script]',
    description:
      'a shell in the simulated machine: load livepatches, watch transitions, read the log',
    load: async () => (await import('./shell.js')).registerShell,
  },
  {
    name: 'selftests',
    usage: '[options] <folder>',
    description: "run the kernel tree's livepatch selftests as they are, on the simulated machine",
    load: async () => (await import('./selftests.js')).registerSelftests,
  },
  {
    name: 'kernel-coverage',
    usage: '[options]',
    description: 'Show every ported kernel function, where its port is, and which tests name it.',
    load: async () => (await import('./kernel-coverage.js')).registerKernelCoverage,
  },
];

/** A command by what the help says of it; it does nothing. */
const standIn =
  ({ name, usage, description }: CommandEntry): RegisterCommand =>
  (program) => {
    program.command(name).usage(usage).description(description);
  };

/**
 * What a command line needs: its command alone, or, where it names none, what the help says of all.
 *
 * @param argv arguments after the program's name
 */
export async function commandsFor(argv: readonly string[]): Promise<readonly RegisterCommand[]> {
  const name = argv[0] === 'help' ? argv[1] : argv[0];
  const wanted = COMMANDS.find((command) => command.name === name);
  return wanted === undefined ? COMMANDS.map(standIn) : [await wanted.load()];
}
