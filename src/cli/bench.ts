/** `klp-smp bench`: the benchmarks, with their own options. */

import { fileURLToPath } from 'node:url';
import { Argument, type Command } from 'commander';
import type * as dispatch from '../../bench/dispatch.js';
import type * as harness from '../../bench/harness.js';
import { loadBenchmarks } from '../campaign/bench-dispatch.js';
import { choiceOf } from '../campaign/options/rules.js';
import { parseAs } from './command.js';

/** Where each set of benchmarks is, and what it exports. */
const SETS = {
  dispatch: {
    file: 'dispatch.js',
    take: (module: unknown) => (module as typeof dispatch).dispatchBenchmarks,
  },
} as const;

const NAME = choiceOf(Object.keys(SETS) as (keyof typeof SETS)[]);
const HELP = ['--help', '-h'];

/** Add `bench` to the program. */
export function registerBench(program: Command): void {
  const command = program
    .command('bench')
    .description('measure; see bench <name> --help for the options')
    .addArgument(new Argument('<name>', NAME.accepts))
    .argument(
      '[options...]',
      'options of the benchmarks: --rounds, --time, --only, --save, --compare, --against, …',
    )
    .helpOption(false)
    .allowUnknownOption();
  command.action(async (text: string, rest: string[]) => {
    if (HELP.includes(text)) {
      command.outputHelp();
      return;
    }
    const name = parseAs('bench', NAME, text);
    const set = SETS[name];
    const benchmarks = set.take(await loadBenchmarks(set.file));
    const { main } = (await loadBenchmarks('harness.js')) as typeof harness;
    const entry = fileURLToPath(new URL(`../../bench/${name}.bench.js`, import.meta.url));
    await main(benchmarks, rest, entry, `klp-smp bench ${name}`);
  });
}
