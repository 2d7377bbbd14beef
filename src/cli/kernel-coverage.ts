/** `klp-smp kernel-coverage`: the table of kernel functions, their ports and their tests, from a checkout's sources. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { InvariantViolated, UsageError } from '../errors.js';
import {
  kernelCoverage,
  renderKernelCoverage,
  requiredFunctions,
  type SourceText,
} from '../report/kernel-coverage.js';
import { KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.js';
import { choiceOf, option } from './options.js';
import { emit } from './output.js';

/** Rooms whose functions carry `@kernel` tags. */
const ROOMS = ['src/livepatch', 'src/kernel'];

function typescriptIn(root: string, folder: string): SourceText[] {
  let names: string[];
  try {
    names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  } catch (error) {
    throw new UsageError(`--root: '${root}' has no ${folder}; give a checkout of this project`, {
      cause: error,
    });
  }
  return names
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(folder, name))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

interface CoverageOptions {
  readonly root: string;
  readonly kernel?: KernelVersion;
  readonly json: boolean;
}

function run({ root, kernel, json }: CoverageOptions): void {
  const sources = ROOMS.flatMap((room) => typescriptIn(root, room));
  const required = [
    ...new Set((kernel === undefined ? KERNEL_VERSIONS : [kernel]).flatMap(requiredFunctions)),
  ];
  const coverage = kernelCoverage(sources, typescriptIn(root, 'test'), required, kernel);
  emit({ json }, coverage, renderKernelCoverage);
  if (coverage.missing.length > 0) {
    const detail = coverage.missing.join('; ');
    throw new InvariantViolated({ invariant: 'port coverage', detail });
  }
}

/** Add the command. */
export function registerKernelCoverage(program: Command): void {
  program
    .command('kernel-coverage')
    .description('Show every ported kernel function, where its port is, and which tests name it.')
    .option('--root <folder>', 'checkout to look at', '.')
    .addOption(
      option(
        '--kernel <version>',
        'only ports of that release (default: all)',
        choiceOf(KERNEL_VERSIONS),
      ),
    )
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      '\nExit status 1: a function of transition.c has no port, or a port has no test.',
    )
    .action(run);
}
