/** `klp-smp bench`: the benchmarks, with their own options. */

import { fileURLToPath } from 'node:url';
import { Argument, type Command } from 'commander';
import type * as dispatch from '../../bench/dispatch.js';
import type * as harness from '../../bench/harness.js';
import { UsageError } from '../errors.js';
import { parseAs, choiceOf } from './options.js';

/** Where each set of benchmarks is, and what it exports. */
const SETS = {
  dispatch: {
    file: '../../bench/dispatch.js',
    take: (module: unknown) => (module as typeof dispatch).dispatchBenchmarks,
  },
} as const;

const NAME = choiceOf(Object.keys(SETS) as (keyof typeof SETS)[]);

/** Import a file of the benchmarks, which stand outside the program and use more packages than it. */
async function load(file: string): Promise<unknown> {
  try {
    return await import(new URL(file, import.meta.url).href);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(
      `the benchmarks are not installed (${(error as Error).message}); run them in a checkout, after npm ci`,
    );
  }
}

/** Add `bench` to the program. */
export function registerBench(program: Command): void {
  program
    .command('bench')
    .description('measure; see bench <name> --help for the options')
    .addArgument(
      new Argument('<name>', NAME.accepts).argParser((text) => parseAs('bench', NAME, text)),
    )
    .argument(
      '[options...]',
      'options of the benchmarks: --rounds, --time, --only, --save, --compare, --against, …',
    )
    .helpOption(false)
    .allowUnknownOption()
    .action(async (name: keyof typeof SETS, rest: string[]) => {
      const set = SETS[name];
      const [benchmarks, { main }] = [
        set.take(await load(set.file)),
        (await load('../../bench/harness.js')) as typeof harness,
      ];
      const entry = fileURLToPath(new URL(`../../bench/${name}.bench.js`, import.meta.url));
      await main(benchmarks, rest, entry);
    });
}
