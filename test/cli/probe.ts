/** A program with one command that has every kind of option: what the tests run as a child process. */

import type { Command } from 'commander';
import { InvariantViolated, SimulatorBug, UsageError } from '../../src/errors.js';
import { readJsonFile } from '../../src/campaign/options/files.js';
import { interruptible } from '../../src/cli/interrupt.js';
import * as options from '../../src/cli/options.js';
import { emit } from '../../src/cli/output.js';
import { startProgress } from '../../src/cli/progress.js';
import { buildProgram, runProgram } from '../../src/cli/program.js';

const endings: Record<string, () => void> = {
  usage: () => {
    throw new UsageError('nothing\nto do');
  },
  finding: () => {
    throw new InvariantViolated({ invariant: 'I-8', detail: 'two tasks', replay: 'klp-smp x' });
  },
  bug: () => {
    throw new SimulatorBug('CPU 1 died', { cause: new Error('the cause') });
  },
  unforeseen: () => {
    throw new TypeError('undefined is not a function');
  },
  late: () => {
    setTimeout(() => endings['unforeseen']?.(), 0);
    setInterval(() => undefined, 1000);
  },
  one: () => {
    process.exitCode = 1;
  },
};

type ProbeOptions = { json: boolean; endWith?: string; input?: string; lines: number };

/** A never-ending wait that Ctrl-C ends. */
const untilInterrupted = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    const alive = setInterval(() => undefined, 1000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve('gathered');
    });
    process.stdout.write('waiting\n');
  });

async function probe(given: ProbeOptions): Promise<void> {
  const progress = startProgress({ label: 'probing', total: 10, unit: 'steps' });
  progress.update(3);
  progress.stop();
  if (given.input !== undefined) readJsonFile('scenario file', given.input);
  if (given.endWith === 'interrupt') {
    process.stdout.write(`${await interruptible(untilInterrupted)}\n`);
    return;
  }
  const text = (result: ProbeOptions): string =>
    'line\n'.repeat(result.lines) + JSON.stringify(result);
  emit(given, given, text);
  endings[given.endWith ?? '']?.();
  if (given.endWith === 'late') await new Promise(() => undefined);
}

function registerProbe(program: Command): void {
  const { option, integerIn, numberIn, duration, choiceOf, listOf } = options;
  program
    .command('probe')
    .description('show the options as parsed')
    .addOption(option('--cpus <n>', 'CPUs', integerIn({ min: 1, max: 64 }), { value: 4 }))
    .addOption(option('--duration <time>', 'how long', duration, { value: 60_000, shown: '60s' }))
    .addOption(option('--rate <p>', 'rate', numberIn({ min: 0, max: 1 })))
    .addOption(option('--ablate <sites>', 'what to remove', options.orderingSites))
    .addOption(option('--mix <ops>', 'operations', listOf(choiceOf(['enable', 'fork']))))
    .addOption(option('--file <path>', 'a file', options.existingFile))
    .addOption(option('--out <path>', 'a result', options.writableFile))
    .addOption(option('--input <path>', 'a JSON file', { accepts: 'a path', parse: (x) => x }))
    .addOption(option('--lines <n>', 'lines', integerIn({ min: 0, max: 1e6 }), { value: 0 }))
    .option('--end-with <kind>', 'how to end')
    .addOption(option('--seed <n>', 'seed of every random choice', options.seed, { value: 1 }))
    .option('--json', 'print one JSON document instead of text', false)
    .action(probe);
  program
    .command('needs <argument>')
    .description('needs an argument')
    .action(() => undefined);
}

await runProgram(buildProgram([registerProbe]), process.argv.slice(2));
